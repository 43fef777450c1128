"""Every metric, once, given a registry. Base units; label sets closed and created at zero.

Never a person, conversation, comment, URL or text in a label. Sources and communities come from the settings; any other
is counted as ``other``, and so is any word outside its closed set: a hostile record cannot make a series.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import CollectorRegistry

from streams.instruments import OTHER, SECONDS_BUCKETS, SIZE_BUCKETS, Instruments, closed, replace_second
from streams.metrics.broker import Broker
from streams.metrics.cases import DELIVERED, POSTED, Cases
from streams.metrics.comments import FLAGGED_AT, LABELS, NO_SCORER, Comments, Refer
from streams.metrics.sites import Sites
from streams.records import Judgement, PileOn, ScoredComment
from streams.scorers import Work
from streams.stages.alert import AlertDecision
from streams.stages.decode import Reason
from streams.stages.firing import Firing
from streams.topics import READ_TOPICS

__all__ = ["DELIVERED", "FLAGGED_AT", "LABELS", "NO_SCORER", "POSTED", "Metrics", "Turned"]

CASCADED: Final = ("cheap", "expensive")
SCORED_HOW: Final = ("remembered", "exact", "fast")
_READ: Final = tuple(topic.name for topic in READ_TOPICS)
_REASONS: Final = frozenset(Reason)


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
        receivers: Collection[str] = (),
        scorer: str = NO_SCORER,
        refer: Refer | None = None,
    ) -> None:
        """Register everything. ``stages``: name → its outcomes; ``sources``: name → its communities.

        ``receivers``: the names of webhooks; ``scorer``: name@version; ``refer`` makes what exemplars carry of a comment:
        without it there are none.
        """
        self._make, self._sites = Instruments(registry), Sites(sources or {})
        self._outcomes = {name: {*outcomes, OTHER} for name, outcomes in stages.items()}
        self._notes = {*notes, OTHER}
        self._stages()
        self._comments = Comments(self._make, self._sites, scorer, refer)
        self._cases = Cases(self._make, self._sites, receivers)
        self._streams()
        self.waiting, self.oldest_waiting, self.delivered = self._cases.waiting, self._cases.oldest_waiting, self._cases.delivered

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
            "dead_lettered_total", "Messages that could not be read, by topic and reason.", topic=_READ, reason=(*Reason, OTHER)
        )
        self.ticks = self._make.counts("ticks_total", "Ticks written into the replies log.")
        self.score_seconds = self._make.histogram("score_seconds", "Seconds to score one batch of texts.", SECONDS_BUCKETS)
        self.score_pieces = self._make.counts(
            "score_pieces_total", "Pieces of texts that a transformer was asked for, by how each got its score.", outcome=SCORED_HOW
        )
        self.score_cascaded = self._make.counts(
            "score_cascade_total", "Texts scored by a cascade, by which of its scorers decided.", outcome=CASCADED
        )
        self.score_restarts = self._make.counts("score_process_restarts_total", "Scoring processes that died and were replaced.")
        self.score_batch_size = self._make.histogram("score_batch_size", "Texts in one scored batch.", SIZE_BUCKETS)

    def _streams(self) -> None:
        self.start_time = self._make.gauge("start_time_seconds", "Unix time when this worker started.")
        self.consumer_lag = self._make.gauge("consumer_lag", "Messages between what is applied and the log's end.", topic=(), partition=())
        self.standstill = self._make.gauge(
            "standstill_seconds", "Seconds since a stage last applied anything of a partition although input waits.", stage=(), partition=()
        )
        self.held = self._make.gauge(
            "partitions_held", "Partitions of a stage whose state is loaded and that this worker works on.", stage=self._outcomes
        )
        self.broker_up = Broker(self._make).up
        self.loop_pause = self._make.gauge(
            "event_loop_pause_seconds", "Longest time, of the last 15 to 30 seconds, for which the event loop served nobody."
        )
        self.loop_pause_cpu = self._make.gauge(
            "event_loop_pause_cpu_seconds", "Most CPU time, of the last 15 to 30 seconds, that the worker itself used in one such pause."
        )
        self.alerts_untaken = self._make.gauge(
            "alerts_untaken_seconds", "Seconds since a post to Alertmanager was due that none has taken; 0 where one took the last."
        )
        self.alertmanagers_away = self._make.gauge(
            "alertmanagers_away", "Alertmanagers that have taken nothing of this worker for 15 seconds: away, or refusing all of it."
        )

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
        self._sent(effects, now)

    def _sent(self, effects: Turned, now: datetime) -> None:
        first = effects.outputs[0] if effects.outputs else None  # a stage sends records of one kind
        if isinstance(first, ScoredComment):
            self._comments.count(effects.outputs, now, effects.arrivals)
        elif isinstance(first, PileOn):
            self._cases.count_turns(effects.outputs)
        elif isinstance(first, AlertDecision):
            self._cases.count_decisions(effects.outputs)

    def comments_scored(self, scored: Sequence[ScoredComment], now: datetime, arrivals: Sequence[datetime]) -> None:
        """Count a batch of comments and their scores; a deletion has none. ``arrivals``: when the broker got each of them."""
        self._comments.count(scored, now, arrivals)

    def batch_scored(self, texts: int, seconds: float) -> None:
        """Count one call of the scorer."""
        self.score_seconds.observe(seconds)
        self.score_batch_size.observe(texts)

    def scorer_worked(self, work: Work) -> None:
        """Count what a transformer did."""
        for how in SCORED_HOW:
            self.score_pieces.labels(how).inc(getattr(work, how))
        self.score_cascaded.labels("cheap").inc(work.decided)
        self.score_cascaded.labels("expensive").inc(work.passed_on)
        self.score_restarts.inc(work.restarts)

    def pileons_open(self, open_now: Iterable[PileOn]) -> None:
        """Set how many pile-ons are open on this worker's partitions: give all of them."""
        self._cases.set_open(open_now)

    def pileons_told(self, firings: Iterable[Firing]) -> None:
        """Set of how many open pile-ons people were told: give all that the alert stage knows on this worker's partitions."""
        self._cases.set_told(firings)

    def cases_judged(self, judged: Iterable[Judgement]) -> None:
        """Set how many cases were judged within 7 days, and as what: give the last verdict on each."""
        self._cases.set_judged(judged)

    def dead_letter(self, topic: str, reason: str) -> None:
        """Count a message that could not be read; the topic may carry the instance's prefix."""
        name = next((known for known in _READ if topic.endswith(known)), None)
        if name is not None:
            self.dead_lettered.labels(name, closed(reason, _REASONS)).inc()

    def alert_posted(self, outcome: str, times: int = 1) -> None:
        """Count posts to an Alertmanager; ``outcome`` is one of POSTED."""
        self._cases.posted.labels(outcome if outcome in POSTED else "failed").inc(times)

    def alert_fired(self, source: str, pileon_id: str, first_hostile_at: datetime, now: datetime) -> None:
        """Measure from the first hostile reply until an Alertmanager took the alert."""
        self._cases.count_fired(source, pileon_id, first_hostile_at, now)

    def judged(self, judgement: Judgement) -> None:
        """Count a verdict."""
        self._cases.feedback.labels(judgement).inc()

    def verdict_unreadable(self, reason: str) -> None:
        """Count a verdict that could not be read."""
        self._cases.unreadable.labels(closed(reason, _REASONS)).inc()

    def ticked(self) -> None:
        """Count a tick written."""
        self.ticks.inc()

    def lag(self, topic: str, waiting: Mapping[int, int]) -> None:
        """Set how many messages wait per partition; partitions not named are no longer this worker's."""
        replace_second(self.consumer_lag, next((known for known in _READ if topic.endswith(known)), OTHER), waiting)

    def standing_still(self, stage: str, seconds: Mapping[int, float]) -> None:
        """Set for how long each partition stands still although input waits; those not named are no longer this worker's."""
        self.held.labels(stage).set(len(seconds))
        replace_second(self.standstill, stage, seconds)

    def loop_paused(self, seconds: float, own: float) -> None:
        """Set the longest pause of the event loop lately, and the most CPU seconds that the worker itself used in one."""
        self.loop_pause.set(seconds)
        self.loop_pause_cpu.set(own)

    def started(self, now: datetime) -> None:
        """Say when this worker started: one that starts again and again is seen by it."""
        self.start_time.set(now.timestamp())

    def describe(self, *, version: str, python: str, scorer: str, configuration: str, telling: str = "") -> None:
        """Say what runs: program and Python version, scorer@version, hash of the settings that matter to results.

        ``telling``: the same of those that say who is told; empty where this worker tells nobody anything.
        """
        self._make.info("build_info", "The program that runs.", version=version, python=python)
        self._make.info("model_info", "The scorer that runs.", scorer=scorer)
        self._make.info("config_info", "Hash of the settings that matter to results.", digest=configuration)
        if telling:
            self._make.info("telling_info", "Hash of the settings that say who is told; only where the alert stage runs.", telling=telling)
