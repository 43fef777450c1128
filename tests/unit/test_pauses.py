"""How long the event loop keeps others waiting is known for a while, and then forgotten."""

import asyncio
import time
from collections.abc import Callable

from streams.live.pauses import Pause, Pauses, look


def test_the_longest_pause_is_told_for_fifteen_seconds_at_least_and_thirty_at_most():
    pauses = Pauses(100.0)
    pauses.saw(0.2, 0.01, 109.0)
    assert [pauses.worst(at).seconds for at in (114.9, 115.1)] == [0.2, 0.2]
    pauses.saw(0.05, 0.05, 120.0)
    assert [pauses.worst(at) for at in (130.0, 130.2, 145.3)] == [(0.2, 0.05), (0.05, 0.05), (0.0, 0.0)]


def test_a_pause_is_forgotten_where_nobody_looked_for_long():
    pauses = Pauses(0.0)
    pauses.saw(0.3, 0.3, 1.0)
    assert pauses.worst(31.0) == (0.0, 0.0)


def test_what_other_threads_compute_beside_a_pause_is_no_more_than_the_pause():
    pauses = Pauses(0.0)
    pauses.saw(0.01, 0.02, 1.0)
    assert pauses.worst(2.0).own == 0.01


async def seen(block: Callable[[], object]) -> Pause:
    """Return the pause that is seen of a loop that this blocks."""
    pauses, over = Pauses(time.monotonic()), asyncio.Event()
    looking = asyncio.create_task(look(pauses, over.is_set))
    await asyncio.sleep(0.05)
    block()
    await asyncio.sleep(0.05)
    over.set()
    await looking
    return pauses.worst(time.monotonic())


async def test_a_loop_that_waits_for_something_is_seen_to_pause_without_work():
    pause = await seen(lambda: time.sleep(0.3))
    assert pause.seconds >= 0.2
    assert pause.own < 0.15


async def test_a_loop_that_computes_is_seen_to_pause_by_its_own_work():
    def compute() -> None:
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass

    assert (await seen(compute)).own >= 0.2
