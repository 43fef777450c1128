"""Every metric, once, given a registry. Base units; label sets closed and created at zero.

Never a person, conversation, comment, URL or text in a label. Sources and communities come from the settings; any other
is counted as ``other``, and so is any word outside its closed set: a hostile record cannot make a series.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import product
from typing import Any, Final, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.records import Action, Comment, Judgement, PileOn, ScoredComment, Severity, Status
from streams.stages.alert import HELD
from streams.stages.decode import Reason
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, REPLIES

OTHER: Final = "other"
FLAGGED_AT: Final = 0.8
"""From this score on a comment counts as flagged with a label."""
LABELS: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit")
READ_TOPICS: Final = (COMMENTS_RAW.name, COMMENTS_SCORED.name, REPLIES.name, PILEONS.name)
POSTED: Final = ("ok", "refused", "failed")
"""What became of a post to one Alertmanager: taken; answered 4xx; no answer or 5xx."""
DELIVERED: Final = ("ok", "refused", "failed", "forbidden", "expired")
"""What became of one try of a webhook: 2xx; another answer; none; its address is not public; tried long enough, given up."""
NO_SCORER: Final = "none@0"

SCORE_BUCKETS: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Thresholds that people use."""
SECONDS_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
DELAY_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
SIZE_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4096)
AUTHOR_BUCKETS: Final = (4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


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
        self._registry = registry
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
        self.messages = self._by_stage("messages_total", "Messages taken by a stage, by outcome.", "outcome", self._outcomes)
        notes = dict.fromkeys(self._outcomes, self._notes)
        self.notes = self._by_stage("notes_total", "Odd things that a stage met on the way, by kind.", "note", notes)
        self.stage_seconds = self._histogram(
            "stage_seconds", "Seconds from the start of a batch to its acknowledged transaction.", SECONDS_BUCKETS, stage=self._outcomes
        )
        self.stage_batch_size = self._histogram("stage_batch_size", "Messages in one batch of a stage.", SIZE_BUCKETS, stage=self._outcomes)
        self.dead_lettered = self._counts(
            "dead_lettered_total", "Messages that could not be read, by topic and reason.", topic=READ_TOPICS, reason=(*Reason, OTHER)
        )
        self.ticks = self._counts("ticks_total", "Ticks written into the replies log.")

    def _comments(self) -> None:
        self.consumed = self._counts(
            "comments_consumed_total", "Comments read, by source and by what happened to them.", source=self._sources, action=Action
        )
        self.scored = self._counts(
            "comments_scored_total", "Comments scored, by source and scorer (name@version).", source=self._sources, scorer=self._scorers
        )
        self.flagged = self._counts(
            "comments_flagged_total",
            f"Comments that scored at least {FLAGGED_AT} on a label.",
            source=self._sources,
            label=(*LABELS, OTHER),
        )
        self.toxicity = self._histogram(
            "toxicity_score", "Score of a comment on a label, 0 to 1.", SCORE_BUCKETS, source=self._sources, label=(*LABELS, OTHER)
        )
        self.score_seconds = self._histogram("score_seconds", "Seconds to score one batch of texts.", SECONDS_BUCKETS)
        self.score_batch_size = self._histogram("score_batch_size", "Texts in one scored batch.", SIZE_BUCKETS)
        self.end_to_end = self._histogram(
            "end_to_end_seconds", "Seconds from writing a comment to its score.", DELAY_BUCKETS, source=self._sources
        )
        self.community_comments = self._counts(
            "community_comments_total", f"Comments scored, by community, and whether toxicity was at least {FLAGGED_AT}.",
            source=(), community=(), flagged=(),
        )  # fmt: skip
        for source, communities in self._sources.items():
            for community, flagged in product(sorted(communities), ("true", "false")):
                self.community_comments.labels(source, community, flagged)

    def _pileons(self) -> None:
        self.pileons = self._counts(
            "pileons_total", "Pile-on transitions, by source, severity and status.", source=self._sources, severity=Severity, status=Status
        )
        self.active = self._gauge(
            "pileons_active", "Pile-ons open now on this worker's partitions.", source=self._sources, severity=Severity
        )
        self.authors = self._histogram(
            "pileon_authors", "Distinct people whose replies scored hostile, when a pile-on closed.", AUTHOR_BUCKETS
        )
        self.feedback = self._counts("feedback_total", "Verdicts of moderators on pile-ons.", verdict=Judgement)

    def _alerts(self) -> None:
        self.posted = self._counts("alerts_posted_total", "Posts to an Alertmanager, by what became of them.", outcome=POSTED)
        self.delivered = self._counts("webhooks_posted_total", "Tries to deliver a webhook, by what became of them.", outcome=DELIVERED)
        self.waiting = self._gauge("webhooks_waiting", "Webhooks not delivered yet, on this worker's partitions.")
        self.held = self._counts("alerts_held_total", "Transitions that told nobody, by reason.", reason=(*HELD, OTHER))
        self.alert_delay = self._histogram(
            "alert_delay_seconds", "Seconds from the first hostile reply to the first post of its alert.", DELAY_BUCKETS
        )

    def _streams(self) -> None:
        self.watermark = self._gauge(
            "event_time_watermark_seconds", "Unix time of the newest comment scored; 0 before the first.", source=self._sources
        )
        self.consumer_lag = self._gauge("consumer_lag", "Messages between what is applied and the log's end.", topic=(), partition=())
        self.applied_lag = self._gauge(
            "applied_offset_lag", "Offsets between Faust's commit and what our transactions applied.", stage=(), partition=()
        )
        self._watermarks: dict[str, float] = {}

    def turned(self, stage: str, effects: Turned, seconds: float, now: datetime) -> None:
        """Count one batch that was applied: ``seconds`` it took; ``now`` is processing time, for delays only."""
        known = self._outcomes[stage]
        for outcome, number in effects.outcomes.items():
            self.messages.labels(stage, _closed(outcome, known)).inc(number)
        for note, number in effects.notes.items():
            self.notes.labels(stage, _closed(note, self._notes)).inc(number)
        for letter in effects.dead_letters:
            self.dead_letter(letter.message.topic, letter.reason)
        self.stage_seconds.labels(stage).observe(seconds)
        self.stage_batch_size.labels(stage).observe(sum(effects.outcomes.values()) + len(effects.dead_letters))
        for record in effects.outputs:
            self.sent(record, now)

    def sent(self, record: object, now: datetime) -> None:
        """Count a record that a stage sent on, if it is one that we count."""
        if isinstance(record, ScoredComment):
            self.comment_scored(record, now)
        elif isinstance(record, PileOn):
            self.pileon(record)

    def comment_scored(self, scored: ScoredComment, now: datetime) -> None:
        """Count a comment and its scores; a deletion has none."""
        comment, source = scored.comment, self.source(scored.comment.source)
        self.consumed.labels(source, comment.action).inc()
        if scored.scorer == NO_SCORER:
            return
        self.scored.labels(source, _closed(scored.scorer, self._scorers)).inc()
        flagged = "true" if scored.toxicity >= FLAGGED_AT else "false"
        self.community_comments.labels(source, self.community(source, comment.community), flagged).inc()
        for label, score in {**scored.labels, "toxicity": scored.toxicity}.items():
            self._label(source, _closed(label, LABELS), score)
        if not comment.created_at_is_estimated:
            self._timed(source, comment, now)

    def _label(self, source: str, label: str, score: float) -> None:
        self.toxicity.labels(source, label).observe(score)
        if score >= FLAGGED_AT:
            self.flagged.labels(source, label).inc()

    def _timed(self, source: str, comment: Comment, now: datetime) -> None:
        written = comment.created_at
        self.end_to_end.labels(source).observe(max(0.0, (now - written).total_seconds()))
        # A writer's clock may be ahead by years; the watermark never is, or one lie would hide every delay after it.
        seconds = min(written, now).timestamp()
        if seconds > self._watermarks.get(source, 0.0):
            self._watermarks[source] = seconds
            self.watermark.labels(source).set(seconds)

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
            self.dead_lettered.labels(name, _closed(reason, set(Reason))).inc()

    def alert_posted(self, outcome: str, times: int = 1) -> None:
        """Count posts to an Alertmanager; ``outcome`` is one of POSTED."""
        self.posted.labels(outcome if outcome in POSTED else "failed").inc(times)

    def alert_held(self, reason: str) -> None:
        """Count a transition that told nobody."""
        self.held.labels(_closed(reason, HELD)).inc()

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
        self._replace(self.consumer_lag, next((known for known in READ_TOPICS if topic.endswith(known)), OTHER), waiting)

    def applied(self, stage: str, behind: Mapping[int, int]) -> None:
        """Set offsets between commit and applied per partition; partitions not named are no longer this worker's."""
        self._replace(self.applied_lag, _closed(stage, self._outcomes), behind)

    @staticmethod
    def _replace(gauge: Gauge, first: str, values: Mapping[int, int]) -> None:
        for held, number in [labels for labels in list(gauge._metrics) if labels[0] == first]:  # noqa: SLF001 the client has no public list
            if int(number) not in values:
                gauge.remove(held, number)
        for partition, value in values.items():
            gauge.labels(first, str(int(partition))).set(value)

    def describe(self, *, version: str, python: str, scorer: str, configuration: str) -> None:
        """Say what runs: program and Python version, scorer@version, hash of the settings that matter to results."""
        self._info("build_info", "The program that runs.", version=version, python=python)
        self._info("model_info", "The scorer that runs.", scorer=scorer)
        self._info("config_info", "Hash of the settings that matter to results.", digest=configuration)

    def source(self, name: str) -> str:
        """Return a source as a label value."""
        return _closed(name, self._sources)

    def community(self, source: str, name: str) -> str:
        """Return a community as a label value."""
        return _closed(name, self._sources[self.source(source)])

    def _info(self, name: str, said: str, **labels: str) -> None:
        Gauge(f"threadwatch_{name}", said, list(labels), registry=self._registry).labels(**labels).set(1)

    def _counts(self, name: str, said: str, **labels: Iterable[str]) -> Counter:
        return _zeroed(Counter(f"threadwatch_{name}", said, list(labels), registry=self._registry), labels)

    def _by_stage(self, name: str, said: str, label: str, words: Mapping[str, Iterable[str]]) -> Counter:
        counter = Counter(f"threadwatch_{name}", said, ["stage", label], registry=self._registry)
        for stage, word in ((stage, word) for stage, allowed in words.items() for word in sorted(allowed)):
            counter.labels(stage, word)
        return counter

    def _gauge(self, name: str, said: str, **labels: Iterable[str]) -> Gauge:
        return _zeroed(Gauge(f"threadwatch_{name}", said, list(labels), registry=self._registry), labels)

    def _histogram(self, name: str, said: str, buckets: Sequence[float], **labels: Iterable[str]) -> Histogram:
        return _zeroed(Histogram(f"threadwatch_{name}", said, list(labels), registry=self._registry, buckets=buckets), labels)


_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)


def _zeroed(metric: _Metric, labels: Mapping[str, Iterable[str]]) -> _Metric:
    if labels and not isinstance(metric, Gauge):  # looked up several times a comment; a gauge's come and go with partitions
        metric.labels = cache(metric.labels)  # type: ignore[method-assign]
    for values in product(*(sorted(allowed) for allowed in labels.values())) if labels else ():
        metric.labels(*values)
    return metric


def _closed(word: str, allowed: Collection[str]) -> str:
    return word if word in allowed else OTHER
