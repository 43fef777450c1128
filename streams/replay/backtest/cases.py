"""Pile-ons as wholes, and which of one configuration are which of the other.

Two are the same case where they are on the same target and overlap in event time, from the first hostile reply to the end.
One is matched to one at most: where the candidate makes two cases of one, it tells people twice, and the second is gained.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.records import PileOn, Severity, Status
from streams.stages.targets import Target

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Case(Struct, frozen=True, kw_only=True):
    """One pile-on from its opening to its end, or to the end of what was read."""

    pileon_id: str
    source: str
    community: str
    target_id: str
    first_hostile_at: datetime
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    severity: Severity
    """The worst."""
    hostile_authors: int
    """People, as of the last transition."""
    reason: str = ""
    """Why it was open, as of its last transition before the end."""

    @property
    def target(self) -> Target:
        """Return whom it is on."""
        return self.source, self.community, self.target_id

    def overlaps(self, other: "Case") -> bool:
        """Return whether there is a time at which both are."""
        return self.first_hostile_at <= (other.closed_at or _NEVER) and other.first_hostile_at <= (self.closed_at or _NEVER)


class Kind(StrEnum):
    """What became of a pile-on under the candidate: a closed set, because it labels a metric."""

    UNCHANGED = "unchanged"
    """In both, opened at the same time."""
    EARLIER = "earlier"
    """In both, opened earlier by the candidate."""
    LATER = "later"
    GAINED = "gained"
    """The candidate's only."""
    LOST = "lost"
    """The baseline's only."""


class Change(Struct, frozen=True, kw_only=True):
    """One line of ``changes.jsonl``."""

    change: Kind
    baseline: Case | None
    candidate: Case | None

    @property
    def case(self) -> Case:
        """Return the candidate's case, or the baseline's where the candidate has none."""
        found = self.candidate or self.baseline
        if found is None:
            raise ValueError("a change of nothing")
        return found


def cases(transitions: Iterable[PileOn]) -> list[Case]:
    """Return the pile-ons of these transitions, in the order of their opening."""
    found: dict[str, Case] = {}
    for pileon in transitions:
        before = found.get(pileon.pileon_id)
        found[pileon.pileon_id] = _opened(pileon) if before is None else _moved_on(before, pileon)
    return sorted(found.values(), key=_order)


def _opened(pileon: PileOn) -> Case:
    return Case(
        pileon_id=pileon.pileon_id, source=pileon.source, community=pileon.community, target_id=pileon.target_id,
        first_hostile_at=pileon.first_hostile_at, opened_at=pileon.opened_at, updated_at=pileon.updated_at, closed_at=pileon.closed_at,
        severity=pileon.severity, hostile_authors=pileon.hostile_authors, reason=pileon.reason,
    )  # fmt: skip


def _moved_on(case: Case, pileon: PileOn) -> Case:
    is_over = pileon.status is Status.CLOSED
    return replace(
        case, updated_at=pileon.updated_at, closed_at=pileon.closed_at if is_over else None, severity=pileon.severity,
        hostile_authors=pileon.hostile_authors, reason=case.reason if is_over else pileon.reason,
    )  # fmt: skip


def matched(baseline: Sequence[Case], candidate: Sequence[Case]) -> list[Change]:
    """Return what became of every pile-on of both, in order of time.

    A target's cases of one configuration follow each other, so taking the earliest that overlaps matches as many as can be.
    """
    free: dict[Target, list[Case]] = {}
    for case in sorted(candidate, key=_order):
        free.setdefault(case.target, []).append(case)
    changes = []
    for case in sorted(baseline, key=_order):
        left = free.get(case.target, [])
        partner = next((other for other in left if case.overlaps(other)), None)
        if partner is not None:
            left.remove(partner)
        changes.append(_change(case, partner))
    changes += [Change(change=Kind.GAINED, baseline=None, candidate=case) for left in free.values() for case in left]
    return sorted(changes, key=lambda change: _order(change.case))


def _change(baseline: Case, candidate: Case | None) -> Change:
    if candidate is None:
        return Change(change=Kind.LOST, baseline=baseline, candidate=None)
    if candidate.opened_at == baseline.opened_at:
        return Change(change=Kind.UNCHANGED, baseline=baseline, candidate=candidate)
    kind = Kind.EARLIER if candidate.opened_at < baseline.opened_at else Kind.LATER
    return Change(change=kind, baseline=baseline, candidate=candidate)


def of_period(changes: Iterable[Change], begun: Collection[str]) -> list[Change]:
    """Return the changes of which a side opened in the period. ``begun``: ids of pile-ons that opened in the warm-up.

    All of both sides, also those of the warm-up, are matched first: so what one side opened before the period and the other in it is
    earlier or later, not lost or gained; and what both opened before it is nobody's change, however it ended.
    """
    return [
        change
        for change in changes
        if any(case is not None and case.pileon_id not in begun for case in (change.baseline, change.candidate))
    ]


def _order(case: Case) -> tuple[datetime, Target, str]:
    return case.opened_at, case.target, case.pileon_id
