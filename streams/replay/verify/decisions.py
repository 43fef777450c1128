"""``pileons`` through the very ``alert`` stage, beside what is left of what the live one wrote: its state, and deliveries. Pure.

An entry of ``state.alert`` says of a pile-on what was told of it up to a revision. Compaction and removal take entries, so only those
that are left attest anything; the last of each pile-on always is, until it ended and was let go.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.engine import APPLIED, Message, decoder_of, moment
from streams.replay.verify.causes import UNEXPLAINED, Ends
from streams.replay.verify.differences import Cause, Found, Key, Kind, Place, Record, differing, place_of
from streams.replay.verify.spool import Spool, group_of, joined
from streams.replay.verify.storms import Watch
from streams.stages.alert import Decision
from streams.stages.decode import Unreadable
from streams.stages.firing import Firing, Storm, storm_source
from streams.stages.step import Arrived, Stage
from streams.topics import PILEONS, state_topic

DELIVERIES: Final = "deliveries"
_STATE: Final = state_topic("alert")


class Decided(Struct, frozen=True):
    """What the replay decides about a transition, and the entry that says so; no entry where it was seen before."""

    pileon_id: str
    revision: int
    decision: Decision
    entry: Firing | None
    input: Place

    @property
    def key(self) -> Key:
        """Return the transition."""
        return self.pileon_id, self.revision


class Attested(Struct, frozen=True):
    """An entry that was written live; None: it was let go."""

    entry: Firing | None
    place: Place


class Delivered(Struct, frozen=True):
    """A delivery to a webhook that was written live, of whatever became of it."""

    pileon_id: str
    revision: int
    event: str
    began: datetime
    place: Place


class Live:
    """Takes what is left of what was written live."""

    def __init__(self, folder: Path | None = None) -> None:
        self.applied: dict[int, int] = {}
        """Partition of ``pileons`` → last offset applied."""
        self.attested, self.deliveries = Spool(folder, "attested"), Spool(folder, "deliveries")
        self.storms: dict[tuple[int, str], Watch] = {}

    def take_state(self, message: Message) -> None:
        """Take a message of ``state.alert``."""
        name = (message.key or b"").decode()
        if message.key == APPLIED:
            if message.value:
                self.applied[message.partition] = msgspec.json.decode(message.value)["offset"]
            return
        entry = msgspec.json.decode(message.value, type=Firing | Storm) if message.value else None
        if isinstance(entry, Storm):
            self.storms[message.partition, entry.source] = Watch(entry, place_of(message))
        elif (source := storm_source(name)) is not None:
            self.storms.pop((message.partition, source), None)
        else:
            self.attested.add(group_of(name), Attested(entry, place_of(message)))

    def take_delivery(self, message: Message) -> None:
        """Take a message of ``deliveries``."""
        entry: Any = msgspec.json.decode(message.value) if message.value else {}
        if entry.get("type") == "delivery" and not entry["pileon_id"].startswith("storm-"):
            began = msgspec.convert(msgspec.json.decode(entry["body"])["first_hostile_at"], datetime)
            told = Delivered(entry["pileon_id"], entry["revision"], entry["event"], began, place_of(message))
            self.deliveries.add(group_of(told.pileon_id), told)


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


class Redecided:
    """Folds ``pileons``, each partition up to the last offset that was applied live."""

    def __init__(self, stage: Stage, applied: Mapping[int, int], folder: Path | None = None) -> None:
        self.decided = Spool(folder, "decided")
        self.storms: dict[tuple[int, str], Watch] = {}
        self._stage, self._applied = stage, applied
        self._stores: dict[int, Any] = {}

    def take(self, message: Message) -> None:
        """Fold one message of ``pileons``."""
        if message.offset > self._applied.get(message.partition, -1):
            return
        try:
            pileon = decoder_of(PILEONS)(message.value)
        except Unreadable:
            return
        store = self._stores.setdefault(message.partition, self._stage.new_store())
        for step in self._stage.steps(store, [Arrived(pileon, moment(message.timestamp_ms), message.key)]):
            entry = None
            for key, changed in step.entries:
                store.apply(key, changed)
                if isinstance(changed, Storm):
                    self.storms[message.partition, changed.source] = Watch(changed, place_of(message))
                elif (source := storm_source(key)) is not None:
                    self.storms.pop((message.partition, source), None)
                elif key == pileon.pileon_id:
                    entry = changed
            told = Decided(pileon.pileon_id, pileon.revision, step.outputs[0].decision, entry, place_of(message))
            self.decided.add(group_of(pileon.pileon_id), told)

    def standing(self) -> dict[str, Firing]:
        """Return what fires, or did lately, after all that was folded."""
        return {key: one for store in self._stores.values() for key, one in store.entries.items() if isinstance(one, Firing)}


class Compared(Struct):
    """Entries and deliveries that could be compared, and how many of them differ. Gathered while the differences are told."""

    attested: int = 0
    differing: int = 0


class _Case(Struct, frozen=True, kw_only=True):
    """All that is known of one pile-on."""

    again: Mapping[Key, Decided]
    attested: Sequence[Attested]
    deliveries: Sequence[Delivered]
    standing: Firing | None
    ends: Ends


def compared(again: Redecided, live: Live, ends: Ends, holds: Callable[[datetime], bool], counted: Compared) -> Iterator[Divergence]:
    """Yield how the decisions of the period differ, pile-on by pile-on. ``holds`` tells the times of the period."""
    standing = again.standing()
    for _, parts in joined(again.decided.sorted(), live.attested.sorted(), live.deliveries.sorted()):
        case = _case(parts, standing, ends)
        for one in _compared(case, holds, counted):
            counted.differing += one.live is not None
            yield one


def _case(parts: list[list[bytes]], standing: Mapping[str, Firing], ends: Ends) -> _Case:
    decided: dict[Key, Decided] = {}
    for told in map(_READ_DECIDED, parts[0]):
        decided.setdefault(told.key, told)
    fires = standing.get(next(iter(decided))[0]) if decided else None
    return _Case(
        again=decided, attested=[*map(_READ_ATTESTED, parts[1])], deliveries=[*map(_READ_DELIVERED, parts[2])], standing=fires, ends=ends
    )


def _compared(case: _Case, holds: Callable[[datetime], bool], counted: Compared) -> Iterator[Divergence]:
    entries = [(one.entry, one.place) for one in case.attested if one.entry is not None]
    found = [_of_entry(one, place, case) for one, place in entries if holds(_at((one.pileon_id, one.revision), place, case))]
    found += [_of_delivery(one, case) for one in case.deliveries if holds(_at((one.pileon_id, one.revision), one.place, case))]
    counted.attested += len(found)
    if case.standing is not None and (not case.attested or case.attested[-1].entry is None):
        gone = case.standing
        place = case.again[gone.pileon_id, gone.revision].input
        found += [_not_standing(gone, place)] if holds(place.at) else []
    yield from (_because(one, case) for one in found if one is not None)


def _at(key: Key, place: Place, case: _Case) -> datetime:
    """Return when the broker got what was decided; where that is not left, when it got the decision."""
    return case.again[key].input.at if key in case.again else place.at


def _of_entry(entry: Firing, place: Place, case: _Case) -> Divergence | None:
    decided = case.again.get((entry.pileon_id, entry.revision))
    fields = {} if decided is None else differing(msgspec.to_builtins(entry), msgspec.to_builtins(decided.entry) or {})
    if decided is not None and not fields:
        return None
    return Divergence(
        kind=Kind.EXTRA if decided is None else Kind.ALTERED, pileon_id=entry.pileon_id, revision=entry.revision, source=entry.source,
        community=entry.community, told=_STATE, began=entry.first_hostile_at, fields=fields, input=decided.input if decided else None,
        live=place,
    )  # fmt: skip


def _of_delivery(one: Delivered, case: _Case) -> Divergence | None:
    decided = case.again.get((one.pileon_id, one.revision))
    if decided is not None and decided.decision is not Decision.HOLD:
        return None
    return Divergence(
        kind=Kind.EXTRA, pileon_id=one.pileon_id, revision=one.revision, told=DELIVERIES, began=one.began,
        fields={} if decided is None else {"decision": (one.event, str(decided.decision))},
        input=decided.input if decided else None, live=one.place,
    )  # fmt: skip


def _not_standing(firing: Firing, place: Place) -> Divergence:
    return Divergence(
        kind=Kind.MISSING, pileon_id=firing.pileon_id, revision=firing.revision, source=firing.source, community=firing.community,
        told=_STATE, began=firing.first_hostile_at, input=place,
    )  # fmt: skip


def _because(one: Divergence, case: _Case) -> Divergence:
    return msgspec.structs.replace(one, found=_muted(one) or _of_before(one, case) or UNEXPLAINED)


def _muted(one: Divergence) -> Found | None:
    if one.live is None or one.fields.get("held_because", ("", ""))[0] != "muted":
        return None
    told = "state.alert says that a mute held it; the settings here have none that does"
    return Found(Cause.VERSION, told, (Record(_STATE, one.live.partition, one.live.offset),))


def _of_before(one: Divergence, case: _Case) -> Found | None:
    """Whether what decided it stood in ``pileons`` before the first message that is left."""
    place = one.live or one.input
    first, at = case.ends.get(place.partition, (0, None)) if place else (0, None)
    if place is None or not first or (one.pileon_id, 1) in case.again or (at is not None and one.began >= at):
        return None
    told, records = f"pileons partition {place.partition} begins at offset {first}", (Record(PILEONS.name, place.partition, first),)
    if (one.pileon_id, one.revision) in case.again:
        return Found(Cause.APPROXIMATE_START, f"{told}, and the opening of this case is not in it", records)
    return Found(Cause.RETENTION, f"{told}, after this was decided", records) if at is None or place.at < at else None


_READ_DECIDED: Final = msgspec.msgpack.Decoder(Decided).decode
_READ_ATTESTED: Final = msgspec.msgpack.Decoder(Attested).decode
_READ_DELIVERED: Final = msgspec.msgpack.Decoder(Delivered).decode
