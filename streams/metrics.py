"""Every metric, once, given a registry. Base units; label sets closed and created at zero.

Never a person, conversation, comment, URL or text in a label. Sources and communities come from the settings; any other
is counted as ``other``, and so is any word outside its closed set: a hostile record cannot make a series.
"""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from operator import attrgetter
from typing import Any, Final, Protocol

from prometheus_client import CollectorRegistry

from streams.instruments import AUTHOR_BUCKETS, DELAY_BUCKETS, OTHER, SCORE_BUCKETS, SECONDS_BUCKETS, SIZE_BUCKETS

from streams.instruments import Instruments, closed, replace_second  # isort: skip
from streams.records import Action, Judgement, PileOn, ScoredComment, Severity, Status
from streams.stages.alert import HELD
from streams.stages.decode import Reason
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, REPLIES

FLAGGED_AT: Final = 0.8
"""From this score on a comment counts as flagged with a label."""
LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit")
READ_TOPICS: Final = (COMMENTS_RAW.name, COMMENTS_SCORED.name, REPLIES.name, PILEONS.name)
POSTED: Final = ("ok", "refused", "failed")
"""What became of a post to one Alertmanager: taken; answered 4xx; no answer or 5xx."""
DELIVERED: Final = ("ok", "refused", "failed", "forbidden", "expired")
"""What became of one try of a webhook: 2xx; another answer; none; its address is not public; tried long enough, given up."""
NO_SCORER: Final = "none@0"
HISTORY: Final = 24 * 3600.0
"""Seconds: what was written so long before it reached the broker is history, and nobody waits for its score."""

_KIND: Final = attrgetter("comment.source", "comment.community", "comment.action", "scorer")
_Rated = tuple[ScoredComment, datetime]
"""A scored comment, and when the broker got it."""


class Turned(Protocol):
    """What Metrics needs to know of ``engine.Effects``."""

    @property
    def outcomes(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def notes(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def dead_letters(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def outputs(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def arrivals(self) -> Sequence[datetime]: ...  # noqa: D102


class Metrics:
    """What we count. One object per process; safe to call from any thread."""

    def __init__(
        self,
        registry: CollectorRegistry,
        stages: Mapping[str, Collection[str]],
        *,
        sources: Mapping[str, Collection[str]] | None = None,
        notes: Collection[str] = (),
        scorer: str = NO_SCORER,
    ) -> None:
        """Register everything. ``stages``: name → its outcomes; ``sources``: name → its communities; ``scorer``: name@version."""
        self._make = Instruments(registry)
        self._sources = {name: {*communities, OTHER} for name, communities in (sources or {}).items()} | {OTHER: {OTHER}}
        self._outcomes = {name: {*outcomes, OTHER} for name, outcomes in stages.items()}
        self._notes = {*notes, OTHER}
        self._scorers = {scorer, NO_SCORER, OTHER}
        self._stages()
        self._comments()
        self._pileons()
        self._alerts()
        self._streams()

    def _stages(self) -> None:
        self.messages = self._make.nested("messages_total", "Messages taken by a stage, by outcome.", "stage", "outcome", self._outcomes)
        notes = dict.fromkeys(self._outcomes, self._notes)
        self.notes = self._make.nested("notes_total", "Odd things that a stage met on the way, by kind.", "stage", "note", notes)
        self.stage_seconds = self._make.histogram(
            "stage_seconds", "Seconds from the start of a batch to its acknowledged transaction.", SECONDS_BUCKETS, stage=self._outcomes
        )
        self.stage_batch_size = self._make.histogram(
            "stage_batch_size", "Messages in one batch of a stage.", SIZE_BUCKETS, stage=self._outcomes
        )
        self.dead_lettered = self._make.counts(
            "dead_lettered_total", "Messages that could not be read, by topic and reason.", topic=READ_TOPICS, reason=(*Reason, OTHER)
        )
        self.ticks = self._make.counts("ticks_total", "Ticks written into the replies log.")

    def _comments(self) -> None:
        self.consumed = self._make.counts(
            "comments_consumed_total", "Comments read, by source and by what happened to them.", source=self._sources, action=Action
        )
        self.scored = self._make.counts(
            "comments_scored_total", "Comments scored, by source and scorer (name@version).", source=self._sources, scorer=self._scorers
        )
        self.flagged = self._make.counts(
            "comments_flagged_total",
            f"Comments that scored at least {FLAGGED_AT} on a label.",
            source=self._sources,
            label=(*LABELS, OTHER),
        )
        self.toxicity = self._make.histogram(
            "toxicity_score", "Score of a comment on a label, 0 to 1.", SCORE_BUCKETS, source=self._sources, label=(*LABELS, OTHER)
        )
        self.score_seconds = self._make.histogram("score_seconds", "Seconds to score one batch of texts.", SECONDS_BUCKETS)
        self.score_batch_size = self._make.histogram("score_batch_size", "Texts in one scored batch.", SIZE_BUCKETS)
        self.end_to_end = self._make.histogram(
            "end_to_end_seconds", "Seconds from writing a comment to its score.", DELAY_BUCKETS, source=self._sources
        )
        self.scoring_delay = self._make.histogram(
            "scoring_delay_seconds",
            "Seconds from a comment's arrival at the broker to its written score; comments over 24 hours old on arrival left out.",
            DELAY_BUCKETS,
            source=self._sources,
        )
        self.community_comments = self._make.counts(
            "community_comments_total", f"Comments scored, by community, and whether toxicity was at least {FLAGGED_AT}.",
            source=(), community=(), flagged=(),
        )  # fmt: skip
        for source, communities in self._sources.items():
            for community, flagged in product(sorted(communities), ("true", "false")):
                self.community_comments.labels(source, community, flagged)

    def _pileons(self) -> None:
        self.pileons = self._make.counts(
            "pileons_total", "Pile-on transitions, by source, severity and status.", source=self._sources, severity=Severity, status=Status
        )
        self.active = self._make.gauge(
            "pileons_active", "Pile-ons open now on this worker's partitions.", source=self._sources, severity=Severity
        )
        self.authors = self._make.histogram(
            "pileon_authors", "Distinct people whose replies scored hostile, when a pile-on closed.", AUTHOR_BUCKETS
        )
        self.feedback = self._make.counts("feedback_total", "Verdicts of moderators on pile-ons.", verdict=Judgement)

    def _alerts(self) -> None:
        self.posted = self._make.counts("alerts_posted_total", "Posts to an Alertmanager, by what became of them.", outcome=POSTED)
        self.delivered = self._make.counts(
            "webhooks_posted_total", "Tries to deliver a webhook, by what became of them.", outcome=DELIVERED
        )
        self.waiting = self._make.gauge("webhooks_waiting", "Webhooks not delivered yet, on this worker's partitions.")
        self.held = self._make.counts("alerts_held_total", "Transitions that told nobody, by reason.", reason=(*HELD, OTHER))
        self.alert_delay = self._make.histogram(
            "alert_delay_seconds", "Seconds from the first hostile reply to the first post of its alert.", DELAY_BUCKETS
        )

    def _streams(self) -> None:
        self.start_time = self._make.gauge("start_time_seconds", "Unix time when this worker started.")
        self.watermark = self._make.gauge(
            "event_time_watermark_seconds", "Unix time of the newest comment scored; 0 before the first.", source=self._sources
        )
        self.consumer_lag = self._make.gauge("consumer_lag", "Messages between what is applied and the log's end.", topic=(), partition=())
        self._watermarks: dict[str, float] = {}

    def turned(self, stage: str, effects: Turned, seconds: float, now: datetime) -> None:
        """Count one batch that was applied: ``seconds`` it took; ``now`` is processing time, for delays only."""
        known = self._outcomes[stage]
        for outcome, number in effects.outcomes.items():
            self.messages.labels(stage, closed(outcome, known)).inc(number)
        for note, number in effects.notes.items():
            self.notes.labels(stage, closed(note, self._notes)).inc(number)
        for letter in effects.dead_letters:
            self.dead_letter(letter.message.topic, letter.reason)
        self.stage_seconds.labels(stage).observe(seconds)
        self.stage_batch_size.labels(stage).observe(sum(effects.outcomes.values()) + len(effects.dead_letters))
        if effects.outputs and isinstance(effects.outputs[0], ScoredComment):  # a stage sends records of one kind
            self.comments_scored(effects.outputs, now, effects.arrivals)
        elif effects.outputs and isinstance(effects.outputs[0], PileOn):
            for transition in effects.outputs:
                self.pileon(transition)

    def comments_scored(self, scored: Sequence[ScoredComment], now: datetime, arrivals: Sequence[datetime]) -> None:
        """Count a batch of comments and their scores; a deletion has none. ``arrivals``: when the broker got each of them."""
        self._kinds(scored)
        by_source: defaultdict[str, list[_Rated]] = defaultdict(list)
        for each in zip(scored, arrivals, strict=True):
            if each[0].scorer != NO_SCORER:
                name = each[0].comment.source
                by_source[name if name in self._sources else OTHER].append(each)
        for source, rated in by_source.items():
            self._scores(source, [one for one, _ in rated])
            self._delays(source, rated, now)

    def _kinds(self, scored: Sequence[ScoredComment]) -> None:
        flagged = Tally([_KIND(one) for one in scored if one.toxicity >= FLAGGED_AT])
        for kind, number in Tally(map(_KIND, scored)).items():
            name, community, action, scorer = kind
            source = self.source(name)
            self.consumed.labels(source, action).inc(number)
            if scorer != NO_SCORER:
                self.scored.labels(source, closed(scorer, self._scorers)).inc(number)
                community = self.community(source, community)
                self.community_comments.labels(source, community, "true").inc(flagged[kind])
                self.community_comments.labels(source, community, "false").inc(number - flagged[kind])

    def _scores(self, source: str, rated: Sequence[ScoredComment]) -> None:
        by_label: defaultdict[str, list[float]] = defaultdict(list)
        for labels in [one.labels for one in rated if len(one.labels) != 1 or "toxicity" not in one.labels]:
            for label, score in labels.items():
                by_label[closed(label, LABELS)].append(score)
        by_label["toxicity"] = [one.toxicity for one in rated]
        for label, scores in by_label.items():
            self.toxicity.labels(source, label).observe_all(scores)
            if flagged := sum([score >= FLAGGED_AT for score in scores]):
                self.flagged.labels(source, label).inc(flagged)

    def _delays(self, source: str, rated: Sequence[_Rated], now: datetime) -> None:
        """Measure from writing, and from arrival at the broker: a late scraper is no delay of ours, and for history nobody waits."""
        ages = [(now - one.comment.created_at).total_seconds() for one, _ in rated]
        # A broker stamps what it takes at once with one time: few are different.
        waits = {at: max(0.0, (now - at).total_seconds()) for at in {at for _, at in rated}}
        waited = [waits[at] for _, at in rated]
        self.scoring_delay.labels(source).observe_all([wait for wait, age in zip(waited, ages, strict=True) if age - wait < HISTORY])
        known = [max(0.0, age) for age, (one, _) in zip(ages, rated, strict=True) if not one.comment.created_at_is_estimated]
        self.end_to_end.labels(source).observe_all(known)
        # A writer's clock may be ahead by years; the watermark never is, or one lie would hide every delay after it.
        newest = now.timestamp() - min(known) if known else 0.0
        if newest > self._watermarks.get(source, 0.0):
            self._watermarks[source] = newest
            self.watermark.labels(source).set(newest)

    def batch_scored(self, texts: int, seconds: float) -> None:
        """Count one call of the scorer."""
        self.score_seconds.observe(seconds)
        self.score_batch_size.observe(texts)

    def pileon(self, pileon: PileOn) -> None:
        """Count one transition."""
        self.pileons.labels(self.source(pileon.source), pileon.severity, pileon.status).inc()
        if pileon.status is Status.CLOSED:
            self.authors.observe(pileon.hostile_authors)

    def pileons_open(self, open_now: Iterable[PileOn]) -> None:
        """Set how many pile-ons are open on this worker's partitions: give all of them."""
        counted = dict.fromkeys(product(self._sources, Severity), 0)
        for pileon in open_now:
            counted[self.source(pileon.source), pileon.severity] += 1
        for labels, number in counted.items():
            self.active.labels(*labels).set(number)

    def dead_letter(self, topic: str, reason: str) -> None:
        """Count a message that could not be read; the topic may carry the instance's prefix."""
        name = next((known for known in READ_TOPICS if topic.endswith(known)), None)
        if name is not None:
            self.dead_lettered.labels(name, closed(reason, set(Reason))).inc()

    def alert_posted(self, outcome: str, times: int = 1) -> None:
        """Count posts to an Alertmanager; ``outcome`` is one of POSTED."""
        self.posted.labels(outcome if outcome in POSTED else "failed").inc(times)

    def alert_held(self, reason: str) -> None:
        """Count a transition that told nobody."""
        self.held.labels(closed(reason, HELD)).inc()

    def alert_fired(self, first_hostile_at: datetime, now: datetime) -> None:
        """Measure from the first hostile reply to the first post."""
        self.alert_delay.observe(max(0.0, (now - first_hostile_at).total_seconds()))

    def judged(self, judgement: Judgement) -> None:
        """Count a verdict."""
        self.feedback.labels(judgement).inc()

    def ticked(self) -> None:
        """Count a tick written."""
        self.ticks.inc()

    def lag(self, topic: str, waiting: Mapping[int, int]) -> None:
        """Set how many messages wait per partition; partitions not named are no longer this worker's."""
        replace_second(self.consumer_lag, next((known for known in READ_TOPICS if topic.endswith(known)), OTHER), waiting)

    def started(self, now: datetime) -> None:
        """Say when this worker started: one that starts again and again is seen by it."""
        self.start_time.set(now.timestamp())

    def describe(self, *, version: str, python: str, scorer: str, configuration: str) -> None:
        """Say what runs: program and Python version, scorer@version, hash of the settings that matter to results."""
        self._make.info("build_info", "The program that runs.", version=version, python=python)
        self._make.info("model_info", "The scorer that runs.", scorer=scorer)
        self._make.info("config_info", "Hash of the settings that matter to results.", digest=configuration)

    def source(self, name: str) -> str:
        """Return a source as a label value."""
        return closed(name, self._sources)

    def community(self, source: str, name: str) -> str:
        """Return a community as a label value."""
        return closed(name, self._sources[self.source(source)])
