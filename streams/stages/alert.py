"""pileons → Alertmanager: whom to tell, and why or why not. The decisions here are pure; ``live/alertmanager.py`` posts them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.records import EndedBecause, Moment, PileOn, Severity, Status
from streams.stages.alert_config import Config, Mute
from streams.stages.firing import Firing, Firings, Storm, arrival, storm_key
from streams.stages.step import Arrived, Step
from streams.topics import PILEONS, Topic

__all__ = ["HELD", "AlertDecision", "Alerts", "Config", "Decision", "Mute", "Reason"]


class Decision(StrEnum):
    """What becomes of a transition."""

    FIRE = "fire"
    ESCALATE = "escalate"
    HOLD = "hold"
    RESOLVE = "resolve"


class Reason(StrEnum):
    """Why: a closed set, because it labels a metric."""

    NEW = "new"
    STORM = "storm"
    """Fired, but so many opened at once that one ``PileOnStorm`` stands for them (it inhibits them)."""
    WORSE = "worse"
    NOT_WORSE = "not_worse"
    STALE = "stale"
    MUTED = "muted"
    SEEN = "seen"
    NOT_FIRING = "not_firing"
    QUIET = "quiet"
    REMOVED = "removed"
    JUDGED = "judged"


HELD: Final = (Reason.NOT_WORSE, Reason.STALE, Reason.MUTED, Reason.SEEN, Reason.NOT_FIRING)
"""The reasons that a HOLD can have."""


class AlertDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of ``alerts.jsonl``: what was decided about one transition of one pile-on."""

    pileon_id: str
    revision: int
    decision: Decision
    reason: Reason
    severity: Severity
    source: str
    community: str
    at: Moment
    """The transition's own time."""


class Alerts:
    """The stage. It sends no record on: its outputs are decisions, and its state is what fires."""

    name = "alert"
    source = PILEONS
    sink: Topic | None = None
    entry: Any = Firing | Storm
    outcomes: tuple[str, ...] = tuple(str(decision) for decision in Decision)
    notes = ("storm",)

    def __init__(self, config: Config, mutes: tuple[Mute, ...]) -> None:
        """Mutes hold what they match, until they end."""
        self._config = config
        self._mutes = mutes

    def mute(self, mutes: tuple[Mute, ...]) -> None:
        """Hold what these match from now on, in place of those before."""
        self._mutes = mutes

    def new_store(self) -> Firings:
        """Return an empty store."""
        config = self._config
        return Firings(config.keep_closed, config.storm_window + config.storm_length + config.keep_closed)

    def steps(self, store: Firings, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per transition, in order."""
        for each in arrived:
            yield self.step(store, each.record, each.at)

    def step(self, store: Firings, pileon: PileOn, arrived_at: datetime) -> Step:
        """Return what one transition changes.

        ``arrived_at`` says what is history, what the console's mutes hold, and how long what ended is remembered.
        """
        held = self._held(pileon, arrived_at)
        storm = self._storm(store, pileon, arrived_at, held)
        decision, reason = self._decide(store.firing(pileon.pileon_id), pileon, storm, held)
        stays = (pileon.pileon_id, storm_key(pileon.source) if storm is not None else "")
        gone = tuple((key, None) for key in store.done_by(arrived_at) if key not in stays)
        entries: list[tuple[str, Firing | Storm | None]] = [*gone]
        if storm is not None:
            entries.append((storm_key(pileon.source), storm))
        if reason is not Reason.SEEN:
            entry = _firing(store.firing(pileon.pileon_id), pileon, decision, reason, arrived_at)
            is_many = entry.is_one_of_many or (storm is not None and storm.is_crowded(self._config))
            entries.append((pileon.pileon_id, msgspec.structs.replace(entry, is_one_of_many=is_many)))
        return Step(str(decision), (_told(pileon, decision, reason),), tuple(entries), ("storm",) if reason is Reason.STORM else ())

    def _decide(
        self, before: Firing | None, pileon: PileOn, storm: Storm | None, held: Reason | None
    ) -> tuple[Decision, Reason]:  # fmt: skip
        if before is not None and pileon.revision <= before.revision:
            return Decision.HOLD, Reason.SEEN
        fires = before is not None and bool(before.severities)
        if pileon.status is Status.CLOSED:
            return (Decision.RESOLVE, _ended(pileon)) if fires else (Decision.HOLD, Reason.NOT_FIRING)
        if held is not None:
            return Decision.HOLD, held
        if before is None or not fires:
            return Decision.FIRE, Reason.STORM if storm is not None and storm.is_on else Reason.NEW
        worse = pileon.severity is Severity.CRITICAL and Severity.CRITICAL not in before.severities
        return (Decision.ESCALATE, Reason.WORSE) if worse else (Decision.HOLD, Reason.NOT_WORSE)

    def _held(self, pileon: PileOn, arrived_at: datetime) -> Reason | None:
        if self._is_stale(pileon, arrived_at):
            return Reason.STALE
        return Reason.MUTED if any(mute.holds(pileon, arrived_at) for mute in self._mutes) else None

    def _is_stale(self, pileon: PileOn, arrived_at: datetime) -> bool:
        """Return whether it opened late, or is history: what a backfill says came as of then comes long after it was written."""
        heard_at = pileon.last_hostile_at or pileon.updated_at
        opened_late = pileon.opening_delay_seconds > self._config.stale_after.total_seconds()
        return opened_late or arrived_at - heard_at > self._config.stale_after

    def _storm(self, store: Firings, pileon: PileOn, arrived_at: datetime, held: Reason | None) -> Storm | None:
        """Return the storm watch of this source with one more opened, or None where nothing new opened."""
        before = store.firing(pileon.pileon_id)
        if pileon.status is not Status.OPENED or held is not None or (before is not None and pileon.revision <= before.revision):
            return None
        watched = store.storm(pileon.source) or Storm(source=pileon.source)
        return watched.with_opened(pileon, self._config, arrived_at)


def _ended(pileon: PileOn) -> Reason:
    return Reason(str(pileon.ended_because or EndedBecause.QUIET))


def _told(pileon: PileOn, decision: Decision, reason: Reason) -> AlertDecision:
    return AlertDecision(
        pileon_id=pileon.pileon_id, revision=pileon.revision, decision=decision, reason=reason, severity=pileon.severity,
        source=pileon.source, community=pileon.community, at=pileon.updated_at,
    )  # fmt: skip


def _firing(before: Firing | None, pileon: PileOn, decision: Decision, reason: Reason, arrived_at: datetime) -> Firing:
    """Return the numbers that the lease needs, as of this transition."""
    severities = before.severities if before is not None else ()
    if decision in (Decision.FIRE, Decision.ESCALATE):
        severities = (*severities, pileon.severity)
    fired_at = before.fired_at if before is not None else None
    firing = Firing(
        pileon_id=pileon.pileon_id, revision=pileon.revision, source=pileon.source, community=pileon.community,
        severities=severities, is_one_of_many=before is not None and before.is_one_of_many,
        first_hostile_at=pileon.first_hostile_at, last_hostile_at=pileon.last_hostile_at,
        fired_at=max(pileon.updated_at, arrival(pileon)) if decision is Decision.FIRE else fired_at, updated_at=pileon.updated_at,
        hostile_authors=pileon.hostile_authors, usual_hostile_authors=pileon.usual_hostile_authors,
        replying_authors=pileon.replying_authors, hostile_replies=pileon.hostile_replies,
        conversations=len(pileon.conversations), unknown_author_replies=pileon.unknown_author_replies, reason=pileon.reason,
        held_because=str(reason) if decision is Decision.HOLD and not severities else "",
    )  # fmt: skip
    if pileon.status is not Status.CLOSED:
        return firing
    return msgspec.structs.replace(firing, ended_because=str(_ended(pileon)), done_at=arrived_at)
