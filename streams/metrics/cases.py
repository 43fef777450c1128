"""What is counted of pile-ons, of what was decided about them, and of telling people."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import product
from operator import attrgetter
from typing import Final

from prometheus_client import Gauge

from streams.instruments import AUTHOR_BUCKETS, DELAY_BUCKETS, OTHER, Instruments, closed
from streams.metrics.sites import Sites
from streams.records import Judgement, PileOn, Severity, Status
from streams.stages.alert import HELD, AlertDecision, Decision, Reason
from streams.stages.decode import Reason as Unreadable
from streams.stages.firing import Firing

POSTED: Final = ("ok", "refused", "failed")
"""What became of a post to one Alertmanager: taken; answered 4xx; no answer or 5xx."""
DELIVERED: Final = ("ok", "refused", "failed", "forbidden", "expired")
"""What became of one try of a webhook: 2xx; another answer; none; its address is not public; tried long enough, given up."""
DECISIONS: Final = {
    **dict.fromkeys(map(str, (Reason.NEW, Reason.STORM)), str(Decision.FIRE)),
    **dict.fromkeys(map(str, (Reason.WORSE,)), str(Decision.ESCALATE)),
    **dict.fromkeys(map(str, HELD), str(Decision.HOLD)),
    **dict.fromkeys(map(str, (Reason.QUIET, Reason.REMOVED, Reason.JUDGED)), str(Decision.RESOLVE)),
}
"""Reason → the decision that has it: one look at a record is enough."""

# The words of enums, not the enums: hashing one of those is a call into Python, hundreds of times a batch.
_TURN: Final = attrgetter("source", "severity._value_", "status._value_")


class Cases:
    """The instruments, and how pile-ons are counted with them."""

    def __init__(self, make: Instruments, sites: Sites, receivers: Iterable[str] = ()) -> None:
        """Register them. ``receivers``: the names of webhooks that the settings have."""
        self._sites = sites
        self._pileons(make)
        self._alerts(make)
        self._webhooks(make, (*receivers, OTHER))

    def _pileons(self, make: Instruments) -> None:
        self.pileons = make.counts(
            "pileons_total", "Pile-on transitions, by source, severity and status.",
            source=self._sites.names, severity=Severity, status=Status,
        )  # fmt: skip
        self.active = make.gauge(
            "pileons_active", "Pile-ons open now on this worker's partitions.", source=self._sites.names, severity=Severity
        )
        self.told = make.gauge(
            "pileons_told", "Open pile-ons that people were told of, by the worst that was told, on this worker's partitions.",
            source=self._sites.names, severity=Severity,
        )  # fmt: skip
        self.authors = make.histogram(
            "pileon_authors", "Distinct people whose replies scored hostile, when a pile-on closed.", AUTHOR_BUCKETS
        )
        self.feedback = make.counts("feedback_total", "Verdicts of moderators on pile-ons.", verdict=Judgement)
        self.judged = make.gauge(
            "cases_judged", "Cases by the last verdict on each, where it was given within 7 days; every worker knows all.",
            verdict=Judgement,
        )  # fmt: skip
        self.unreadable = make.counts(
            "feedback_unreadable_total", "Verdicts that could not be read, by reason.", reason=(*Unreadable, OTHER)
        )

    def _alerts(self, make: Instruments) -> None:
        sources = self._sites.names
        self.decided = make.counts(
            "alerts_decided_total",
            "Transitions of pile-ons, by source and by what was decided.",
            source=sources,
            decision=(*Decision, OTHER),
        )
        self.held = make.counts(
            "alerts_held_total", "Transitions that told nobody, by source and reason.", source=sources, reason=(*HELD, OTHER)
        )
        self.delay = make.histogram(
            "alert_delay_seconds",
            "Seconds from the first hostile reply until an Alertmanager took its alert.",
            DELAY_BUCKETS,
            source=sources,
        )
        self.posted = make.counts("alerts_posted_total", "Posts to an Alertmanager, by what became of them.", outcome=POSTED)

    def _webhooks(self, make: Instruments, receivers: Collection[str]) -> None:
        self.delivered = make.counts(
            "webhooks_posted_total", "Tries to deliver a webhook, by receiver and by what became of them.",
            receiver=receivers, outcome=DELIVERED,
        )  # fmt: skip
        self.waiting = make.gauge(
            "webhooks_waiting", "Webhooks that the log holds: not delivered, or not taken out yet.", receiver=receivers
        )
        self.oldest_waiting = make.gauge(
            "webhooks_oldest_waiting_seconds", "Seconds since the oldest webhook that is not delivered was decided; 0 where none is.",
            receiver=receivers,
        )  # fmt: skip

    def count_turns(self, transitions: Sequence[PileOn]) -> None:
        """Count transitions."""
        for (source, severity, status), number in Tally(map(_TURN, transitions)).items():
            self.pileons.labels(self._sites.source(source), severity, status).inc(number)
        if ended := [one.hostile_authors for one in transitions if one.status is Status.CLOSED]:
            self.authors.observe_all(ended)

    def count_decisions(self, decisions: Sequence[AlertDecision]) -> None:
        """Count what was decided, and why nobody was told where nobody was. A reason says which decision it is of."""
        by_source: defaultdict[str, list[str]] = defaultdict(list)
        name, reasons = "", by_source[""]
        for one in decisions:
            if one.source != name:  # mostly it is not: compared sooner than hashed
                name, reasons = one.source, by_source[one.source]
            reasons.append(one.reason._value_)
        for name, reasons in by_source.items():
            for reason, number in Tally(reasons).items():
                self._decided(self._sites.source(name), reason, number)

    def _decided(self, source: str, reason: str, number: int) -> None:
        decision = DECISIONS.get(reason, OTHER)
        self.decided.labels(source, decision).inc(number)
        if decision == Decision.HOLD:
            self.held.labels(source, closed(reason, HELD)).inc(number)

    def set_open(self, open_now: Iterable[PileOn]) -> None:
        """Set how many pile-ons are open on this worker's partitions: give all of them."""
        self._set(self.active, ((one.source, one.severity) for one in open_now))

    def set_told(self, firings: Iterable[Firing]) -> None:
        """Set of how many of them people were told: give all that the alert stage knows. Muted and stale ones are told to nobody."""
        told = [one for one in firings if one.severities and one.done_at is None]
        worst = (Severity.CRITICAL if Severity.CRITICAL in one.severities else Severity.WARNING for one in told)
        self._set(self.told, ((one.source, severity) for one, severity in zip(told, worst, strict=True)))

    def _set(self, gauge: Gauge, found: Iterable[tuple[str, Severity]]) -> None:
        counted = dict.fromkeys(product(self._sites.names, Severity), 0)
        for source, severity in found:
            counted[self._sites.source(source), severity] += 1
        for labels, number in counted.items():
            gauge.labels(*labels).set(number)

    def set_judged(self, judged: Iterable[Judgement]) -> None:
        """Set how many cases were judged lately, and as what: give the last verdict on each."""
        counted = Tally(judged)
        for judgement in Judgement:
            self.judged.labels(judgement).set(counted[judgement])

    def count_fired(self, source: str, pileon_id: str, first_hostile_at: datetime, now: datetime) -> None:
        """Measure from the first hostile reply until an Alertmanager took the alert. The exemplar is the alert's opaque id."""
        seconds, delay = max(0.0, (now - first_hostile_at).total_seconds()), self.delay.labels(self._sites.source(source))
        delay.observe(seconds)
        delay.show(seconds, now, {"pileon": pileon_id})
