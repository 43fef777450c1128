"""What was written live beside what the replay makes of the same input, record by record. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.engine import Message, decoder_of, moment
from streams.records import Moment, PileOn
from streams.stages.decode import Unreadable
from streams.topics import PILEONS


class Cause(StrEnum):
    """Why a difference is there: a closed list. Each but the last is proven by a record."""

    MERGE_ORDER = "merge order"
    LATE = "late"
    DELETED_SINCE = "deleted since"
    RETENTION = "retention"
    VERSION = "version"
    APPROXIMATE_START = "approximate start"
    UNEXPLAINED = "unexplained"


class Kind(StrEnum):
    """How live and replay differ."""

    MISSING = "missing"
    """The replay makes it; nothing of it was written live."""
    EXTRA = "extra"
    """It was written live; the replay makes nothing of it."""
    ALTERED = "altered"
    """Both have it, and not alike."""
    DOUBLED = "doubled"
    """It was written live more than once."""


class Place(Struct, frozen=True):
    """Where a message stands, and when the broker got it."""

    partition: int
    offset: int
    at: Moment


class Record(Struct, frozen=True):
    """A message that proves something: where it stands, and nothing of what it says."""

    topic: str
    partition: int
    offset: int


class Found(Struct, frozen=True):
    """A cause, the proof in words, and the records that it rests on."""

    cause: Cause
    proof: str = ""
    records: tuple[Record, ...] = ()


class Made(Struct, frozen=True):
    """A transition that the replay makes, and the message of ``replies`` that makes it."""

    pileon: PileOn
    input: Place


class Fired(Struct, frozen=True):
    """A transition as it stands in ``pileons``."""

    pileon: PileOn
    place: Place
    value: bytes


Key = tuple[str, int]
"""Pile-on and revision."""


class Pair(Struct, frozen=True, kw_only=True):
    """One difference before anybody asked why."""

    kind: Kind
    made: Made | None = None
    fired: Fired | None = None
    fields: dict[str, tuple[Any, Any]] = {}
    """Field → live, replayed."""

    @property
    def pileon(self) -> PileOn:
        """Return the transition: the live one where there is one."""
        told = self.fired or self.made
        assert told is not None
        return told.pileon


def place_of(message: Message) -> Place:
    """Return where a message stands."""
    return Place(message.partition, message.offset, moment(message.timestamp_ms))


def fired_of(message: Message) -> Fired | None:
    """Return the transition that a message of ``pileons`` holds; what cannot be read is none."""
    try:
        pileon = decoder_of(PILEONS)(message.value)
    except Unreadable:
        return None
    return Fired(pileon, place_of(message), message.value or b"")


def paired(made: Iterable[Made], fired: Iterable[Fired]) -> tuple[list[Pair], int]:
    """Return the differences, ordered by time, and how many transitions are equal byte for byte."""
    ours = {key_of(one.pileon): one for one in made}
    theirs: dict[Key, Fired] = {}
    again = [one for one in fired if theirs.setdefault(key_of(one.pileon), one) is not one]
    pairs = [Pair(kind=Kind.DOUBLED, made=ours.get(key_of(one.pileon)), fired=one) for one in again]
    compared = [_pair(ours.get(key), theirs.get(key)) for key in ours | theirs]
    pairs += [pair for pair in compared if pair is not None]
    return sorted(pairs, key=order_of), len(compared) - sum(pair is not None for pair in compared)


def key_of(pileon: PileOn) -> Key:
    """Return what tells one transition from every other."""
    return pileon.pileon_id, pileon.revision


def _pair(made: Made | None, fired: Fired | None) -> Pair | None:
    if made is None or fired is None:
        return Pair(kind=Kind.MISSING if fired is None else Kind.EXTRA, made=made, fired=fired)
    ours = _ENCODE(made.pileon)
    if ours == fired.value:
        return None
    return Pair(kind=Kind.ALTERED, made=made, fired=fired, fields=differing(msgspec.json.decode(fired.value), msgspec.json.decode(ours)))


def differing(live: Mapping[str, Any], replayed: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two records differ: live, replayed. None stands for a field that one does not have."""
    names = dict.fromkeys((*live, *replayed))
    return {name: (live.get(name), replayed.get(name)) for name in names if live.get(name) != replayed.get(name)}


def order_of(pair: Pair) -> tuple[Any, ...]:
    """Return where a difference stands among others: by time."""
    return pair.pileon.updated_at, pair.pileon.pileon_id, pair.pileon.revision, pair.kind


_ENCODE: Final = msgspec.json.Encoder().encode
