"""One batch of messages of one input partition through one stage → Effects. Pure: the shell does what it says.

A *stage* reads records and a *store*, and says which entries to put and which records to send. The store is a
function of its entries alone (``apply`` is the only door, when folding and when loading), so what a restarted worker
loads from the state topic is what the stopped one had.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.stages.decode import Unreadable, decoder
from streams.stages.step import Arrived, Stage, Step
from streams.topics import PILEONS_SHADOW as SHADOW
from streams.topics import Topic

APPLIED = b"applied"
"""Key of the entry that holds the last input offset applied, one per input partition."""
FEW = 50
"""Records after which a fold lets others have their turn: some milliseconds."""
_ENCODE: Final = msgspec.json.Encoder().encode


class Message(Struct, frozen=True, gc=False):
    """Bytes at (topic, partition, offset), and the broker's time in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class Send(Struct, frozen=True, gc=False):
    """A record to write. ``partition`` is None where the key decides."""

    topic: str
    key: bytes
    value: bytes
    partition: int | None = None


class DeadLetter(Struct, frozen=True):
    """A message that could not be read, and why."""

    message: Message
    reason: str
    detail: str


class Effects(Struct):
    """All that one batch asks for, to be done at once or not at all."""

    sends: list[Send] = msgspec.field(default_factory=list)
    entries: dict[bytes, bytes | None] = msgspec.field(default_factory=dict)
    dead_letters: list[DeadLetter] = msgspec.field(default_factory=list)
    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    notes: Counter[str] = msgspec.field(default_factory=Counter)
    outputs: list[Any] = msgspec.field(default_factory=list)
    """The records behind ``sends``, for metrics and for replay."""
    aside: list[Any] = msgspec.field(default_factory=list)
    """Records for ``pileons.shadow``, which nobody acts on; they are not in ``outputs``."""
    steps: list[Step] = msgspec.field(default_factory=list)
    """One per readable message, in order."""
    arrivals: list[datetime] = msgspec.field(default_factory=list)
    """When the broker got each of them, in the same order."""
    clock_ms: int | None = None
    """Largest arrival time among the records, in the log's own time; None where they have none."""
    clock_seen_ms: int = 0
    """The broker's time of the message that carried it."""


@lru_cache(maxsize=16)  # a broker stamps what it takes at once with one time
def moment(timestamp_ms: int) -> datetime:
    """Return a broker's milliseconds as an aware time."""
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)


def turn(stage: Stage, messages: Sequence[Message], store: Any) -> Effects:
    """Return what a batch of one input partition asks for; the store has moved on by it.

    Raises nothing for what cannot be read: that is a dead letter. Anything else that is raised is a bug.
    """
    effects = Effects()
    for _ in turning(stage, messages, store, effects):
        pass
    return effects


def turning(stage: Stage, messages: Sequence[Message], store: Any, effects: Effects) -> Iterator[None]:
    """Do what ``turn`` does, into ``effects``, and yield every few records: an event loop has others to serve meanwhile."""
    arrived = list(_readable(stage, messages, effects))
    yield
    yield from folding(stage, arrived, store, effects)


def fold(stage: Stage, arrived: Sequence[Arrived], store: Any, effects: Effects, *, writes_state: bool = True) -> None:
    """Take each record into account, in order, and gather what it asks for. Without ``writes_state`` no entry is made bytes."""
    for _ in folding(stage, arrived, store, effects, writes_state=writes_state):
        pass


def folding(stage: Stage, arrived: Sequence[Arrived], store: Any, effects: Effects, *, writes_state: bool = True) -> Iterator[None]:
    """Do what ``fold`` does, and yield every few records."""
    changed: dict[str, Any] = {}
    effects.arrivals.extend([each.at for each in arrived])
    for count, step in enumerate(stage.steps(store, arrived), 1):
        for key, entry in step.entries:
            store.apply(key, entry)
            changed[key] = entry
        effects.outcomes[step.outcome] += 1
        if step.notes:  # an empty update costs as much as all the rest here
            effects.notes.update(step.notes)
        effects.outputs.extend(step.outputs)
        if step.aside:
            effects.aside.extend(step.aside)
        effects.steps.append(step)
        if not count % FEW:
            yield
    if writes_state:
        effects.entries = {key.encode(): None if entry is None else _ENCODE(entry) for key, entry in changed.items()}
    if stage.sink is not None:  # what leaves Kafka (alerts) is kept in outputs, for a sender with its own rules
        effects.sends = [send_of(stage, record) for record in effects.outputs]
        effects.sends += [Send(SHADOW.name, SHADOW.key(record), _ENCODE(record)) for record in effects.aside]


def send_of(stage: Stage, record: Any) -> Send:
    """Return a record of the stage's sink as bytes with its key."""
    if stage.sink is None:
        raise ValueError(f"stage {stage.name} has no sink, but gave a record")
    return Send(stage.sink.name, stage.sink.key(record), _ENCODE(record))


def _readable(stage: Stage, messages: Sequence[Message], effects: Effects) -> Iterable[Arrived]:
    read = decoder_of(stage.source)
    for message in messages:
        try:
            record = read(message.value)
        except Unreadable as unreadable:
            effects.dead_letters.append(DeadLetter(message, str(unreadable.reason), unreadable.detail))
            continue
        _watch_clock(effects, record, message)
        yield Arrived(record, moment(message.timestamp_ms), message.key)


def _watch_clock(effects: Effects, record: Any, message: Message) -> None:
    at = getattr(record, "at", None) or getattr(record, "ingested_at", None)
    if at is None:
        return
    # Nothing arrived after it was written here, whatever it says.
    clock_ms = min(int(at.timestamp() * 1000), message.timestamp_ms)
    if effects.clock_ms is None or clock_ms >= effects.clock_ms:
        effects.clock_ms, effects.clock_seen_ms = clock_ms, message.timestamp_ms


_DECODERS: dict[str, Any] = {}


def decoder_of(topic: Topic) -> Any:
    """Return the topic's decoder, made once."""
    if topic.name not in _DECODERS:
        _DECODERS[topic.name] = decoder(topic.record)
    return _DECODERS[topic.name]


def load(stage: Stage, entries: Iterable[tuple[bytes, bytes | None]]) -> Any:
    """Return the store that these state entries make (the last of a key wins)."""
    store = stage.new_store()
    decode = msgspec.json.Decoder(stage.entry).decode
    last = dict(entries)
    for key, value in last.items():
        if value is not None and key != APPLIED:
            store.apply(key.decode(), decode(value))
    return store
