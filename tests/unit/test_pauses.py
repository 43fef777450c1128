"""How long the event loop keeps others waiting is known for a while, and then forgotten."""

import asyncio
import time

from streams.live.pauses import Pauses, look


def test_the_longest_pause_is_told_for_fifteen_seconds_at_least_and_thirty_at_most():
    pauses = Pauses(100.0)
    pauses.saw(0.2, 109.0)
    assert [pauses.longest(at) for at in (114.9, 115.1)] == [0.2, 0.2]
    pauses.saw(0.05, 120.0)
    assert [pauses.longest(at) for at in (130.0, 130.2, 145.3)] == [0.2, 0.05, 0.0]


def test_a_pause_is_forgotten_where_nobody_looked_for_long():
    pauses = Pauses(0.0)
    pauses.saw(0.3, 1.0)
    assert pauses.longest(31.0) == 0.0


async def test_a_loop_that_something_blocks_is_seen_to_pause():
    pauses, over = Pauses(time.monotonic()), asyncio.Event()
    looking = asyncio.create_task(look(pauses, over.is_set))
    await asyncio.sleep(0.05)
    time.sleep(0.3)
    await asyncio.sleep(0.05)
    over.set()
    await looking
    assert pauses.longest(time.monotonic()) >= 0.2
