"""Ticks: where silence must close something, the owner of a ``replies`` partition says in its log that time passed.

A tick claims that nothing older is still on its way. So it is written only when something is due, and it never runs
ahead of what an earlier stage has yet to finish.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.connection import client_options, topic_name
from streams.kafka.groups import group_of
from streams.kafka.waiting import Probe
from streams.live.agent import StageAgent
from streams.live.room import Room, now_ms
from streams.records import Tick
from streams.settings import Settings
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED

UPSTREAM: Final = (("score", COMMENTS_RAW), ("address", COMMENTS_SCORED))


def tick_at(clock_ms: int, clock_seen_ms: int, low_ms: int) -> datetime:
    """Return how late it is in the log's own time: its clock, and what passed since that was read, upstream work left out.

    For live input the clock is the arrival of the last comment, so its way through the pipeline is subtracted by itself;
    for history played "as of then" it is that day's time, moving on at the pace of ours. It is never later than now.
    """
    return datetime.fromtimestamp(min(low_ms, clock_ms + max(0, low_ms - clock_seen_ms)) / 1000, UTC)


class Ticker:
    """Writes the ticks of the partitions that this worker's ``pileon`` stage owns."""

    def __init__(self, settings: Settings, pileons: StageAgent, probe: Probe, ticked: Callable[[], None]) -> None:
        self._settings, self._pileons, self._probe, self._ticked = settings, pileons, probe, ticked

    async def tick(self) -> int:
        """Write what is due now; return how many ticks that were."""
        due = [room for partition in list(self._pileons.rooms) if (room := await self._due(partition))]
        if not due:
            return 0
        low = await self._low_ms()
        return sum([await self._write(room, low) for room in due])

    async def _due(self, partition: int) -> Room | None:
        async with self._pileons.lock(partition):
            room = self._pileons.rooms.get(partition)
            return room if room is not None and self._is_due(room, now_ms()) else None

    async def _write(self, room: Room, low: int) -> int:
        async with self._pileons.lock(room.partition):
            if self._pileons.rooms.get(room.partition) is not room or not self._is_due(room, low):
                return 0
            await room.write(b"tick", Tick(at=tick_at(room.applied.clock_ms or 0, room.applied.clock_seen_ms, low)))
            self._ticked()
            return 1

    def _is_due(self, room: Room, low: int) -> bool:
        applied, next_due = room.applied, room.store.next_due()
        return applied.clock_ms is not None and next_due is not None and next_due <= tick_at(applied.clock_ms, applied.clock_seen_ms, low)

    async def _low_ms(self) -> int:
        """Return the broker's time of the oldest message that an earlier stage has not finished; now, when there is none."""
        low = now_ms()
        admin = AIOKafkaAdminClient(**client_options(self._settings))
        await admin.start()
        try:
            for stage, topic in UPSTREAM:
                committed = await admin.list_consumer_group_offsets(group_of(self._settings, stage))
                low = min(low, await self._oldest(topic_name(self._settings, topic.name), committed, low))
        finally:
            await admin.close()
        return low

    async def _oldest(self, topic: str, committed: dict[Any, Any], low: int) -> int:
        for place, offset in committed.items():
            if place.topic == topic and offset.offset >= 0:
                waiting = await self._probe.between(place, offset.offset, await self._probe.end(place), at_most=1)
                low = min([low, *(message.timestamp_ms for message in waiting)])
        return low
