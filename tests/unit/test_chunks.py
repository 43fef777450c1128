"""Chunks: what Faust carries, what a lane takes at once, and what may be committed."""

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.engine import Message
from streams.live.lanes import Lanes
from streams.live.transport import Chunk, _Consumer

RAW = TP("comments.raw", 0)
OTHER = TP("comments.raw", 1)


def record(offset: int, partition: int = 0) -> Message:
    return Message("comments.raw", partition, offset, 1_700_000_000_123, None, b"{}")


def raw(offset: int, place: TP) -> Any:
    return SimpleNamespace(topic=place.topic, partition=place.partition, offset=offset, timestamp=1_700_000_000_123, key=None, value=b"{}")


def consumer(chunk: int = 3) -> Any:
    """Return our consumer without Faust around it: only what chunks and commits need."""
    made: Any = _Consumer.__new__(_Consumer)
    made.chunk, made.app = chunk, SimpleNamespace(consumer_generation_id=7)
    made._acked, made._acked_index = defaultdict(list), defaultdict(set)
    return made


def offsets(chunk: Chunk) -> list[int]:
    return [message.offset for message in chunk.records]


def test_a_chunk_stands_at_its_last_record() -> None:
    chunk = Chunk(RAW, [record(4), record(9)], 7)
    assert (chunk.offset, chunk.partition, chunk.generation_id) == (9, 0, 7)


def test_partitions_take_turns_and_every_record_comes_once_in_order() -> None:
    records = {RAW: [raw(n, RAW) for n in range(7)], OTHER: [raw(n, OTHER) for n in (10, 14)]}
    made = [(place, offsets(chunk)) for place, chunk in consumer()._chunks(records)]
    assert made == [(RAW, [0, 1, 2]), (OTHER, [10, 14]), (RAW, [3, 4, 5]), (RAW, [6])]


def test_the_broker_s_milliseconds_come_as_they_are() -> None:
    (_, chunk), *_ = consumer()._chunks({RAW: [raw(0, RAW)]})
    assert chunk.records[0].timestamp_ms == 1_700_000_000_123


def test_what_may_be_committed_is_all_up_to_the_last_chunk_acknowledged() -> None:
    made = consumer()
    made._acked[RAW] = [2, 9]  # markers and compaction leave holes between chunks
    assert made._new_offset(RAW) == 10
    assert made._new_offset(RAW) is None
    assert made._new_offset(OTHER) is None


class _Event:
    """A chunk on its way, and whether it was acknowledged."""

    def __init__(self, *numbers: int, generation: int = 7) -> None:
        self.message = Chunk(RAW, [record(n) for n in numbers], generation)
        self.is_acknowledged = False

    def ack(self) -> None:
        self.is_acknowledged = True


async def _lanes(events: list[_Event], batch: int, applied: bool = True) -> list[list[int]]:
    turned: list[list[int]] = []

    async def work(_: int, __: int, messages: list[Message]) -> bool:
        turned.append([message.offset for message in messages])
        return applied

    await Lanes(work, batch, 0.0).put(events, at_most=0)
    await asyncio.sleep(0.01)
    return turned


async def test_lanes_are_full_while_more_waits_than_may() -> None:
    going_on = asyncio.Event()

    async def work(*_: object) -> bool:
        return await going_on.wait()

    lanes = Lanes(work, 1, 0.0)
    putting = asyncio.create_task(lanes.put([_Event(0), _Event(1), _Event(2)], at_most=1))
    await asyncio.sleep(0)
    assert lanes.is_full
    going_on.set()
    await putting
    assert not lanes.is_full


async def test_a_lane_takes_whole_chunks_as_many_as_fit() -> None:
    assert await _lanes([_Event(0, 1), _Event(2), _Event(3, 4), _Event(5)], batch=4) == [[0, 1, 2], [3, 4, 5]]


async def test_a_chunk_larger_than_a_batch_is_taken_alone() -> None:
    assert await _lanes([_Event(0, 1, 2, 3), _Event(4)], batch=2) == [[0, 1, 2, 3], [4]]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_chunk_is_acknowledged_exactly_when_it_is_applied(applied: bool) -> None:
    events = [_Event(0, 1), _Event(2)]
    await _lanes(events, batch=10, applied=applied)
    assert [event.is_acknowledged for event in events] == [applied, applied]


async def test_chunks_of_two_generations_of_the_group_are_no_batch_together() -> None:
    assert await _lanes([_Event(0, 1), _Event(0, 1, 2, generation=8)], batch=10) == [[0, 1], [0, 1, 2]]
