"""Messages that would have reached people: what Alertmanager makes of decisions, with the routes that we ship.

Counted as ``deploy/alertmanager/alertmanager.yml`` groups: a critical case is a message of its own; where more than five open within
half an hour in one source, the criticals of a community within a minute are one (ADR 37). Warnings of a source within five minutes are
one, a storm is one for as long as it lasts. Ends and repeats are not counted.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.records import Severity
from streams.replay.backtest.played import Told
from streams.stages.alert import Decision, Reason
from streams.stages.firing import MAX_APART

TELLING: Final = (Decision.FIRE, Decision.ESCALATE)
_TOGETHER: Final = {Severity.CRITICAL: timedelta(minutes=1), Severity.WARNING: timedelta(minutes=5)}
"""``group_interval`` of the shipped routes."""


class Page(Struct, frozen=True):
    """One message to people. A storm's is critical."""

    at: datetime
    source: str
    severity: Severity


def pages(told: Iterable[Told], storm_length: timedelta) -> list[Page]:
    """Return the messages of these decisions, in order of event time."""
    since: dict[tuple[str, ...], datetime] = {}
    found = []
    telling = sorted((one for one in told if one.decision.decision in TELLING), key=lambda one: (one.at, one.pileon.pileon_id))
    many = _of_many(telling, storm_length)
    for one in telling:
        group, severity, within = _grouped(one, storm_length, is_one_of_many=one.pileon.pileon_id in many)
        is_new = group not in since or one.at - since[group] > within
        if is_new:
            found.append(Page(one.at, one.pileon.source, severity))
        if is_new or one.decision.reason is Reason.STORM:  # each that opens keeps a storm going
            since[group] = one.at
    return found


def _of_many(telling: Iterable[Told], storm_length: timedelta) -> set[str]:
    """Return the cases that opened after ``MAX_APART`` others of their source within so long, on whatever partition."""
    lately: dict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=MAX_APART))
    found = set()
    for one in telling:
        if one.decision.decision is Decision.FIRE:
            before = lately[one.pileon.source]
            if len(before) == MAX_APART and one.at - before[0] <= storm_length:
                found.add(one.pileon.pileon_id)
            before.append(one.at)
    return found


def _grouped(one: Told, storm_length: timedelta, *, is_one_of_many: bool) -> tuple[tuple[str, ...], Severity, timedelta]:
    """Return the group that a decision's alert falls into, the message's severity, and how long others join it."""
    source, severity = one.pileon.source, one.decision.severity
    if one.decision.reason is Reason.STORM:
        return ("storm", source), Severity.CRITICAL, storm_length
    if severity is Severity.CRITICAL:
        apart = () if is_one_of_many else (one.pileon.pileon_id,)
        return (severity, source, one.pileon.community, *apart), severity, _TOGETHER[severity]
    return (severity, source), severity, _TOGETHER[severity]
