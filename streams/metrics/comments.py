"""What is counted of scored comments: how many, how toxic, how late."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter
from typing import Final

from streams.instruments import DELAY_BUCKETS, OTHER, SCORE_BUCKETS, Instruments, closed
from streams.metrics.rated import Rated, rated_by_kind
from streams.metrics.sites import Sites
from streams.records import Abstained, Action, Comment, ScoredComment

FLAGGED_AT: Final = 0.8
"""From this score on a comment counts as flagged with a label."""
LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit")
NO_SCORER: Final = "none@0"
EXEMPLAR_EVERY: Final = timedelta(seconds=5)
"""Of a source, in processing time: Prometheus sees no more than one a scrape, and looking for them costs as much as counting."""

Refer = Callable[[Comment], str]
"""Makes the opaque reference of a comment that an exemplar carries."""
_Rated = tuple[ScoredComment, datetime]
"""A scored comment, and when the broker got it."""


class Comments:
    """The instruments, and how a batch is counted with them."""

    def __init__(self, make: Instruments, sites: Sites, scorer: str, refer: Refer | None) -> None:
        """Register them. Without ``refer`` there are no exemplars."""
        self._sites, self._refer, self._scorers = sites, refer, {scorer, NO_SCORER, OTHER}
        self._watermarks: dict[str, float] = {}
        self._shown_at: dict[str, datetime] = {}
        self._counts(make, sites.names)
        self._measures(make, sites.names)
        for source, community in sites.pairs():
            for flagged in ("true", "false"):
                self.communities.labels(source, community, flagged)

    def _counts(self, make: Instruments, sources: Collection[str]) -> None:
        self.consumed = make.counts(
            "comments_consumed_total", "Comments read, by source and by what happened to them.", source=sources, action=Action
        )
        self.scored = make.counts(
            "comments_scored_total", "Comments scored, by source and scorer (name@version).", source=sources, scorer=self._scorers
        )
        self.abstained = make.counts(
            "comments_abstained_total", "Comments of which the scorer says nothing, by source and reason.", source=sources, reason=Abstained
        )
        self.flagged = make.counts(
            "comments_flagged_total", f"Comments that scored at least {FLAGGED_AT} on a label.", source=sources, label=(*LABELS, OTHER)
        )
        self.communities = make.counts(
            "community_comments_total", f"Comments scored, by community, and whether toxicity was at least {FLAGGED_AT}.",
            source=(), community=(), flagged=(),
        )  # fmt: skip

    def _measures(self, make: Instruments, sources: Collection[str]) -> None:
        self.toxicity = make.histogram(
            "toxicity_score", "Score of a comment on a label, 0 to 1.", SCORE_BUCKETS, source=sources, label=(*LABELS, OTHER)
        )
        self.end_to_end = make.histogram(
            "end_to_end_seconds", "Seconds from writing a comment to its score.", DELAY_BUCKETS, source=sources
        )
        self.scoring_delay = make.histogram(
            "scoring_delay_seconds",
            "Seconds from a comment's arrival at the broker to its written score; comments over 24 hours old on arrival left out.",
            DELAY_BUCKETS,
            source=sources,
        )
        self.watermark = make.gauge(
            "event_time_watermark_seconds", "Unix time of the newest comment scored; 0 before the first.", source=sources
        )

    def count(self, scored: Sequence[ScoredComment], now: datetime, arrivals: Sequence[datetime]) -> None:
        """Count a batch; a deletion has no score. ``arrivals``: when the broker got each of them."""
        if any(one.abstained for one in scored):
            scored, arrivals = self._without_abstained(scored, arrivals, now)
        by_source: defaultdict[str, Rated] = defaultdict(Rated)
        for (name, community, action, scorer), rated in rated_by_kind(scored, arrivals, now).items():
            source = self._sites.source(name)
            self.consumed.labels(source, action).inc(len(rated.scores))
            if scorer != NO_SCORER:
                rated.scores.sort()  # then what is flagged is found and not looked for, and all of a source are sorted runs
                self.scored.labels(source, closed(scorer, self._scorers)).inc(len(rated.scores))
                self._community(source, self._sites.community(source, community), rated.scores)
                by_source[source].add(rated)
        for source, rated in by_source.items():
            self._scores(source, rated)
            self._delays(source, rated, now)
        if self._refer is not None:
            self._show([source for source in by_source if self._is_due(source, now)], zip(scored, arrivals, strict=True), now)

    def _without_abstained(
        self, scored: Sequence[ScoredComment], arrivals: Sequence[datetime], now: datetime
    ) -> tuple[list[ScoredComment], list[datetime]]:
        """Count those of which their scorer says nothing, and return the others: what is unknown is neither clean nor flagged."""
        unknown, told = (
            [(one, at) for one, at in zip(scored, arrivals, strict=True) if bool(one.abstained) is is_so] for is_so in (True, False)
        )
        for one, _ in unknown:
            self.abstained.labels(self._sites.source(one.comment.source), one.abstained).inc()
        for (name, _, action, _), rated in rated_by_kind([one for one, _ in unknown], [at for _, at in unknown], now).items():
            self.consumed.labels(self._sites.source(name), action).inc(len(rated.scores))
            self._delays(self._sites.source(name), rated, now)
        return [one for one, _ in told], [at for _, at in told]

    def _community(self, source: str, community: str, ordered: Sequence[float]) -> None:
        flagged = _flagged(ordered)
        self.communities.labels(source, community, "true").inc(flagged)
        self.communities.labels(source, community, "false").inc(len(ordered) - flagged)

    def _scores(self, source: str, rated: Rated) -> None:
        by_label: defaultdict[str, list[float]] = defaultdict(list)
        for label, score in chain.from_iterable(labels.items() for labels in rated.labels):
            by_label[closed(label, LABELS)].append(score)
        by_label["toxicity"] = rated.scores
        for label, scores in by_label.items():
            scores.sort()
            self.toxicity.labels(source, label).observe_all(scores)
            if flagged := _flagged(scores):
                self.flagged.labels(source, label).inc(flagged)

    def _delays(self, source: str, rated: Rated, now: datetime) -> None:
        """Measure from writing, and from arrival at the broker: a late scraper is no delay of ours, and for history nobody waits."""
        self.scoring_delay.labels(source).observe_all(rated.waits)
        self.end_to_end.labels(source).observe_all(rated.ages)
        # A writer's clock may be ahead by years; the watermark never is, or one lie would hide every delay after it.
        newest = now.timestamp() - min(rated.ages) if rated.ages else 0.0
        if newest > self._watermarks.get(source, 0.0):
            self._watermarks[source] = newest
            self.watermark.labels(source).set(newest)

    def _is_due(self, source: str, now: datetime) -> bool:
        shown_at = self._shown_at.get(source)
        if shown_at is not None and now - shown_at < EXEMPLAR_EVERY:
            return False
        self._shown_at[source] = now
        return True

    def _show(self, due: Collection[str], scored: Iterator[_Rated], now: datetime) -> None:
        """Make exemplars of the most toxic comment of each source, of the longest written and of the longest waiting."""
        ours: dict[str, list[_Rated]] = {source: [] for source in due}
        for one, at in scored if due else ():
            if one.scorer != NO_SCORER and (source := self._sites.source(one.comment.source)) in ours:
                ours[source].append((one, at))
        for source, them in ours.items():
            self._show_most_toxic(source, max(them, key=_toxicity)[0], now)
            self._show_slowest(source, min(them, key=_written), min(them, key=itemgetter(1)), now)

    def _show_most_toxic(self, source: str, one: ScoredComment, now: datetime) -> None:
        self.toxicity.labels(source, "toxicity").show(one.toxicity or 0.0, now, self._reference(one))

    def _show_slowest(self, source: str, oldest: _Rated, longest: _Rated, now: datetime) -> None:
        if ages := _alone(oldest, now).ages:
            self.end_to_end.labels(source).show(ages[0], now, self._reference(oldest[0]))
        if waits := _alone(longest, now).waits:
            self.scoring_delay.labels(source).show(waits[0], now, self._reference(longest[0]))

    def _reference(self, one: ScoredComment) -> dict[str, str]:
        assert self._refer is not None
        return {"comment": self._refer(one.comment)}


def _flagged(ordered: Sequence[float]) -> int:
    return len(ordered) - bisect_left(ordered, FLAGGED_AT)


def _toxicity(rated: _Rated) -> float:
    return rated[0].toxicity or 0.0


def _written(rated: _Rated) -> datetime:
    return rated[0].comment.created_at


def _alone(rated: _Rated, now: datetime) -> Rated:
    """Return one comment's numbers."""
    (found,) = rated_by_kind([rated[0]], [rated[1]], now).values()
    return found
