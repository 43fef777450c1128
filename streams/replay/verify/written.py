"""What the live program left beside the log that it read: transitions, decisions, deliveries, and how far it was."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.engine import Message, moment
from streams.kafka.read import bounded
from streams.replay.verify import decisions
from streams.replay.verify.applied import Course
from streams.replay.verify.causes import Ends
from streams.replay.verify.differences import Fired, Place, fired_of
from streams.replay.verify.rules import Rules
from streams.replay.verify.spool import Spool, group_of
from streams.settings import Settings
from streams.topics import PILEONS, state_topic


class _Told(Struct, frozen=True):
    place: Place
    value: bytes


class Written:
    """Takes ``pileons``, a message at a time: kept by person, and folded through the ``alert`` stage again."""

    def __init__(self, rules: Rules, firsts: Mapping[int, int], folder: Path | None, live: decisions.Live | None = None) -> None:
        """``firsts``: the oldest offset of each partition; ``live``: what the alert stage wrote, None: not known."""
        self.fired = Spool(folder, "fired")
        self.live = live
        self.again = None if live is None else decisions.Redecided(rules.alert, live.applied, folder)
        self.until: Mapping[int, int] | None = None
        """Partition of ``pileons`` → its end when nothing else was read yet; None: as much as there is."""
        self.course: Course | None = None
        """How ``pileon`` came to ``replies``; None: not known, and all of it was applied."""
        self._firsts, self._begins = firsts, dict[int, datetime]()

    def take(self, message: Message) -> None:
        """Take one message."""
        self._begins.setdefault(message.partition, moment(message.timestamp_ms))
        if (fired := fired_of(message)) is not None:
            told = fired.pileon
            self.fired.add(group_of(told.source, told.community, told.target_id), _Told(fired.place, fired.value))
        if self.again is not None:
            self.again.take(message)

    @property
    def ends(self) -> Ends:
        """Return where each partition begins, and when the broker got what is first there."""
        return {partition: (first, self._begins.get(partition)) for partition, first in self._firsts.items()}

    @property
    def partitions(self) -> int:
        """Return how many ``pileons`` has."""
        return len(self._firsts)

    def is_told(self, place: Place) -> bool:
        """Return whether a message was there when nothing else was read yet: then its input is among what is read later."""
        return self.until is None or place.offset < self.until.get(place.partition, 0)


def read_fired(record: bytes) -> Fired:
    """Return a transition as it was kept."""
    told = _READ(record)
    message = Message(PILEONS.name, told.place.partition, told.place.offset, 0, None, told.value)
    fired = fired_of(message)
    assert fired is not None
    return msgspec.structs.replace(fired, place=told.place)


async def written(settings: Settings, rules: Rules, folder: Path | None) -> Written:
    """Return what the broker has of it. What was written is read before what was read: so all of it had its input in what comes later."""
    live, course = decisions.Live(folder), Course()
    await _each(settings, decisions.DELIVERIES, live.take_delivery)
    await _each(settings, state_topic("alert"), live.take_state)
    async with bounded(settings, PILEONS.name) as reading:
        until = {number: bound.end for number, bound in reading.bounds.items()}
    await _each(settings, state_topic("pileon"), course.take)
    async with bounded(settings, PILEONS.name) as reading:
        found = Written(rules, {number: bound.first for number, bound in reading.bounds.items()}, folder, live)
        async for batch in reading.in_order():
            for message in batch:
                found.take(message)
    found.until, found.course = until, course
    return found


async def _each(settings: Settings, topic: str, take: Callable[[Message], None]) -> None:
    async with bounded(settings, topic) as reading:
        async for batch in reading.in_order():
            for message in batch:
                take(message)


_READ: Final = msgspec.msgpack.Decoder(_Told).decode
