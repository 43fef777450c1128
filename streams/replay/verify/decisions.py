"""``pileons`` through the very ``alert`` stage, beside what is left of what the live one wrote: its state, and deliveries. Pure.

An entry of ``state.alert`` says of a pile-on what was told of it up to a revision. Compaction and removal take entries, so only those
that are left attest anything; the last of each pile-on always is, until it ended and was let go.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from streams.engine import APPLIED, Message, decoder_of, moment
from streams.replay.verify.causes import UNEXPLAINED, Found
from streams.replay.verify.differences import Cause, Key, Kind, Place, differing, place_of
from streams.stages.alert import AlertDecision, Decision
from streams.stages.decode import Unreadable
from streams.stages.firing import Firing, Storm
from streams.stages.step import Arrived, Stage
from streams.topics import PILEONS


class Decided(Struct, frozen=True):
    """What the replay decides about a transition, and the entry that says so; no entry where it was seen before."""

    decision: AlertDecision
    entry: Firing | None
    input: Place


class Attested(Struct, frozen=True):
    """An entry that was written live."""

    entry: Firing
    place: Place

    @property
    def key(self) -> Key:
        """Return up to which transition it speaks."""
        return self.entry.pileon_id, self.entry.revision


class Delivered(Struct, frozen=True):
    """A delivery to a webhook that was written live, of whatever became of it."""

    pileon_id: str
    revision: int
    event: str
    began: datetime
    place: Place

    @property
    def key(self) -> Key:
        """Return which transition it tells of."""
        return self.pileon_id, self.revision


class Live(Struct, frozen=True, kw_only=True):
    """What is left of it."""

    applied: Mapping[int, int] = {}
    """Partition of ``pileons`` → last offset applied."""
    attested: Sequence[Attested] = ()
    standing: Mapping[str, Attested] = {}
    """Pile-on → its last entry, where it was not removed."""
    deliveries: Sequence[Delivered] = ()


class Divergence(Struct, frozen=True, kw_only=True):
    """A difference of decisions, with its cause."""

    kind: Kind
    pileon_id: str
    revision: int
    source: str = ""
    community: str = ""
    told: str
    """What attests it."""
    began: datetime
    """The first hostile reply of the case, as that says."""
    fields: dict[str, tuple[Any, Any]] = {}
    input: Place | None = None
    live: Place | None = None
    found: Found = UNEXPLAINED


class Compared(Struct, frozen=True):
    """Entries and deliveries that could be compared, how many of them differ, and all differences."""

    attested: int
    differing: int
    differences: list[Divergence]


def live_in(state: Sequence[Message], deliveries: Sequence[Message]) -> Live:
    """Return what messages of ``state.alert`` and of ``deliveries`` tell."""
    applied: dict[int, int] = {}
    attested: list[Attested] = []
    standing: dict[str, Attested] = {}
    for message in state:
        name = (message.key or b"").decode()
        if message.key == APPLIED and message.value:
            applied[message.partition] = msgspec.json.decode(message.value)["offset"]
        elif message.value is None:
            standing.pop(name, None)
        elif isinstance(entry := msgspec.json.decode(message.value, type=Firing | Storm), Firing):
            standing[name] = Attested(entry, place_of(message))
            attested.append(standing[name])
    return Live(applied=applied, attested=attested, standing=standing, deliveries=_delivered(deliveries))


def _delivered(messages: Sequence[Message]) -> list[Delivered]:
    told: list[Delivered] = []
    for message in messages:
        entry: Any = msgspec.json.decode(message.value) if message.value else {}
        if entry.get("type") == "delivery" and entry["event"] != "storm":
            told.append(Delivered(entry["pileon_id"], entry["revision"], entry["event"], _began(entry), place_of(message)))
    return told


def _began(entry: Any) -> datetime:
    return msgspec.convert(msgspec.json.decode(entry["body"])["first_hostile_at"], datetime)


class Redecided:
    """Folds ``pileons``, each partition up to the last offset that was applied live."""

    def __init__(self, stage: Stage, live: Live) -> None:
        self.decided: dict[Key, Decided] = {}
        self._stage, self._live = stage, live
        self._stores: dict[int, Any] = {}

    def take(self, message: Message) -> None:
        """Fold one message of ``pileons``."""
        if message.offset > self._live.applied.get(message.partition, -1):
            return
        try:
            pileon = decoder_of(PILEONS)(message.value)
        except Unreadable:
            return
        store = self._stores.setdefault(message.partition, self._stage.new_store())
        for step in self._stage.steps(store, [Arrived(pileon, moment(message.timestamp_ms), message.key)]):
            entry = next((one for key, one in step.entries if key == pileon.pileon_id and isinstance(one, Firing)), None)
            for key, changed in step.entries:
                store.apply(key, changed)
            self.decided.setdefault((pileon.pileon_id, pileon.revision), Decided(step.outputs[0], entry, place_of(message)))

    def moment_of(self, key: Key) -> datetime | None:
        """Return when the broker got this transition; None: it is not among those folded."""
        return self.decided[key].input.at if key in self.decided else None

    def standing(self) -> dict[str, Firing]:
        """Return what fires, or did lately, after all that was folded."""
        return {key: one for store in self._stores.values() for key, one in store.entries.items() if isinstance(one, Firing)}


def compared(
    again: Redecided, live: Live, begins: Mapping[int, tuple[int, datetime | None]], holds: Callable[[datetime], bool]
) -> Compared:
    """Return how the decisions of the period differ.

    ``begins``: partition of ``pileons`` → first offset that is left, time of the first message; ``holds`` tells the times of the period.
    """
    attested: list[Attested | Delivered] = [*live.attested, *live.deliveries]
    within = [one for one in attested if holds(again.moment_of(one.key) or one.place.at)]
    found = [_of_entry(one, again) if isinstance(one, Attested) else _of_delivery(one, again) for one in within]
    gone = [one for name, one in again.standing().items() if name not in live.standing]
    found += [_not_standing(one, again) for one in gone if holds(again.decided[one.pileon_id, one.revision].input.at)]
    differences = [_because(one, set(again.decided), begins) for one in found if one is not None]
    return Compared(len(within), sum(one.live is not None for one in differences), differences)


def _of_entry(one: Attested, again: Redecided) -> Divergence | None:
    entry = one.entry
    decided = again.decided.get((entry.pileon_id, entry.revision))
    fields = {} if decided is None else differing(msgspec.to_builtins(entry), msgspec.to_builtins(decided.entry) or {})
    if decided is not None and not fields:
        return None
    return Divergence(
        kind=Kind.EXTRA if decided is None else Kind.ALTERED, pileon_id=entry.pileon_id, revision=entry.revision, source=entry.source,
        community=entry.community, told="state.alert",
        began=entry.first_hostile_at, fields=fields, input=decided.input if decided else None, live=one.place,
    )  # fmt: skip


def _of_delivery(one: Delivered, again: Redecided) -> Divergence | None:
    decided = again.decided.get((one.pileon_id, one.revision))
    if decided is not None and decided.decision.decision is not Decision.HOLD:
        return None
    return Divergence(
        kind=Kind.EXTRA, pileon_id=one.pileon_id, revision=one.revision, told="deliveries", began=one.began,
        fields={} if decided is None else {"decision": (one.event, str(decided.decision.decision))},
        input=decided.input if decided else None, live=one.place,
    )  # fmt: skip


def _not_standing(firing: Firing, again: Redecided) -> Divergence:
    return Divergence(
        kind=Kind.MISSING, pileon_id=firing.pileon_id, revision=firing.revision, source=firing.source, community=firing.community,
        told="state.alert", began=firing.first_hostile_at, input=again.decided[firing.pileon_id, firing.revision].input,
    )  # fmt: skip


def _because(one: Divergence, ours: set[Key], begins: Mapping[int, tuple[int, datetime | None]]) -> Divergence:
    return msgspec.structs.replace(one, found=_muted(one) or _of_before(one, ours, begins) or UNEXPLAINED)


def _muted(one: Divergence) -> Found | None:
    if one.fields.get("held_because", ("", ""))[0] != "muted":
        return None
    return Found(Cause.VERSION, "state.alert says that a mute held it; the settings here have none that does")


def _of_before(one: Divergence, ours: set[Key], begins: Mapping[int, tuple[int, datetime | None]]) -> Found | None:
    """Whether what decided it stood in ``pileons`` before the first message that is left."""
    place = one.live or one.input
    first, at = begins.get(place.partition, (0, None)) if place else (0, None)
    if place is None or not first or (one.pileon_id, 1) in ours or (at is not None and one.began >= at):
        return None
    told = f"pileons partition {place.partition} begins at offset {first}"
    if (one.pileon_id, one.revision) in ours:
        return Found(Cause.APPROXIMATE_START, f"{told}, and the opening of this case is not in it")
    return Found(Cause.RETENTION, f"{told}, after this was decided") if at is None or place.at < at else None
