"""From the topics into the read model: what is there, then what comes. While the broker is away, what is known stays shown."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka.errors import KafkaError
from msgspec import Struct, field

from streams.console.numbers import Numbers
from streams.console.schema import Unusable
from streams.console.store import Store
from streams.console.taking import TOPICS, Taken, millis, take
from streams.engine import Message
from streams.errors import UserError
from streams.kafka.connection import client_options, topic_name, wait_for_broker
from streams.kafka.read import message_of, open_reader, partition_places
from streams.kafka.refusals import let_in
from streams.settings import Settings

_AT_ONCE: Final = 5000
_POLL_MS: Final = 300
_LOOK_EVERY: Final = 2.0
_SWEEP_EVERY: Final = 10.0
"""Seconds. What was deleted is gone from the file after at most so long, unless somebody reads just then."""
_SWEEP_NUMBERS_EVERY: Final = 3600.0
_TRY_AGAIN_AFTER: Final = 2.0


class Reading(Struct):
    """How far the console is: what pages say of themselves."""

    since: datetime
    """When this process began."""
    as_of: datetime | None = None
    """When the broker last answered."""
    away_since: datetime | None = None
    why: str = ""
    """In words, while it is away."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Messages of each topic that are not in the read model yet."""
    caught_up: bool = False
    """Whether it was at the end of every topic once."""
    taken: int = 0
    unreadable: int = 0


class Feed:
    """Reads the topics into a store, for as long as the process lives."""

    def __init__(self, settings: Settings, store: Store, numbers: Numbers) -> None:
        self._settings, self._store, self._numbers = settings, store, numbers
        self.reading = Reading(since=datetime.now(UTC))
        self.news = 0
        self._told = asyncio.Event()
        self._swept = self._swept_numbers = float("-inf")
        self.has_ended = False
        """Whether the process is about to end: streams end too."""

    async def run(self) -> None:
        """Read until cancelled. Unusable where the read model does not fit the topics, or is damaged."""
        while True:
            try:
                await self._connected()
            except Unusable:
                raise
            except (KafkaError, OSError, UserError) as error:  # away, or its topics are not there yet
                self._away(str(error) or type(error).__name__)
            await self._sweep()
            await asyncio.sleep(_TRY_AGAIN_AFTER)

    async def changed(self, known: int, within: float) -> int:
        """Return the number of the latest news, at once if it is not the one that is known, else at the latest after so many seconds.

        It is news when something was read, and when the broker goes or comes back.
        """
        if self.news == known:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), within)
        return self.news

    def end(self) -> None:
        """Let everybody who waits for news go."""
        self.has_ended = True
        self._tell()

    def _tell(self) -> None:
        self.news += 1
        self._told.set()
        self._told = asyncio.Event()

    async def _connected(self) -> None:
        await wait_for_broker(self._settings, timedelta(seconds=2))
        consumer = await open_reader(self._settings)
        looking: asyncio.Task[None] | None = None
        try:
            names = {topic_name(self._settings, topic.name): topic.name for topic in TOPICS}
            places = [place for name in names for place in await partition_places(consumer, name)]
            consumer.assign(places)
            await self._sought(consumer, names, places)
            # Beside the reading: the broker may take long to say how much there is, and meanwhile it gives records.
            looking = asyncio.create_task(self._looking(consumer, names, places))
            while not looking.done():
                found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
                if found:
                    await self._take(names, found)
                await self._sweep()
            await looking
        finally:
            if looking is not None:
                looking.cancel()
            await consumer.stop()

    async def _sought(self, consumer: Any, names: dict[str, str], places: list[Any]) -> None:
        stored = self._store.offsets()
        ends = await consumer.end_offsets(places)
        firsts = await consumer.beginning_offsets(places)
        for place in places:
            offset = stored.get((names[place.topic], place.partition), 0)
            if offset > ends[place]:
                raise Unusable(self._store.file, f"is ahead of the topic {place.topic} ({offset}, its end is {ends[place]})")
            consumer.seek(place, max(offset, firsts[place]))

    async def _take(self, names: dict[str, str], found: dict[Any, Any]) -> None:
        batches: dict[str, list[Message]] = {}
        for place, raws in found.items():
            batches.setdefault(names[place.topic], []).extend(map(message_of, raws))
        taken = await asyncio.to_thread(self._applied, batches)
        self.reading.taken += sum(map(len, batches.values()))
        self.reading.unreadable += taken.unreadable
        self._tell()

    def _applied(self, batches: dict[str, list[Message]]) -> Taken:
        taken = take(self._numbers, batches, millis(datetime.now(UTC) - self._settings.retention))
        self._store.apply(taken)
        return taken

    async def _looking(self, consumer: Any, names: dict[str, str], places: list[Any]) -> None:
        """Ask from time to time whether the broker answers, and how much there is still to read."""
        while True:
            await self._look(consumer, names, places)
            await asyncio.sleep(_LOOK_EVERY)

    async def _look(self, consumer: Any, names: dict[str, str], places: list[Any]) -> None:
        if why := await let_in(client_options(self._settings)):
            self._away(why)
            return
        ends = await consumer.end_offsets(places)
        waiting = dict.fromkeys(names.values(), 0)
        for place, end in ends.items():
            waiting[names[place.topic]] += max(0, end - await consumer.position(place))
        self._here(waiting)

    def _here(self, waiting: dict[str, int]) -> None:
        reading = self.reading
        is_news = reading.away_since is not None or reading.as_of is None or (not any(waiting.values()) and not reading.caught_up)
        reading.as_of, reading.away_since, reading.why, reading.waiting = datetime.now(UTC), None, "", waiting
        reading.caught_up = reading.caught_up or not any(waiting.values())
        if is_news:
            self._tell()

    def _away(self, why: str) -> None:
        is_news = self.reading.away_since is None
        self.reading.away_since = self.reading.away_since or datetime.now(UTC)
        self.reading.why = why
        if is_news:
            self._tell()

    async def _sweep(self) -> None:
        if time.monotonic() - self._swept >= _SWEEP_EVERY:
            self._swept = time.monotonic()
            await asyncio.to_thread(self._store.sweep, datetime.now(UTC), self._settings.retention)
            if await asyncio.to_thread(self._store.mutes_passed, self._settings.mutes, datetime.now(UTC)):
                self._tell()
        if time.monotonic() - self._swept_numbers >= _SWEEP_NUMBERS_EVERY:
            self._swept_numbers = time.monotonic()
            await asyncio.to_thread(self._store.sweep_numbers, datetime.now(UTC))
