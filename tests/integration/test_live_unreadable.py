"""More bad input than an accident makes: the worker says so, stays down, and goes on when somebody says that it is known."""

import re

import msgspec
import pytest

from streams.errors import INPUT_UNREADABLE
from streams.topics import COMMENTS_RAW
from tests.support.builders import comment
from tests.support.live import ALL, Live, Worker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

COUNT = 11_504
EVERY = 8
"""One in so many is bad: 12.5 %."""


def mostly_good() -> list[tuple[bytes | None, bytes]]:
    """Return messages without a key, so that one partition has them all, each bad one with its number."""
    good = (comment(f"c{n}", conversation_id=f"talk{n}", text="Well said.") for n in range(COUNT))
    return [(None, b"nonsense %d" % n if n % EVERY == 0 else msgspec.json.encode(one)) for n, one in enumerate(good)]


async def stopped(worker: Worker, live: Live) -> int:
    """Return the offset that the last line of a worker names, which ended with exit 3 and was not started again."""
    assert await worker.exited() == INPUT_UNREADABLE
    assert worker.restarts == 0
    live.workers.clear()
    assert not [line for line in worker.said() if "Traceback" in line]
    line = worker.said()[-1]
    said = re.fullmatch(
        r"threadwatch: .* stopped the worker \(exit 3\): .*score, partition \d of \S+comments\.raw: \d+ of the last 10000 messages "
        r"cannot be read; done up to offset (\d+)\. Look at the dead letters, .* go on with --accept-bad-until \1", line
    )  # fmt: skip
    assert said, line
    return int(said[1])


async def test_a_worker_stops_for_bad_input_stays_where_it_is_and_goes_on_when_that_is_accepted(live: Live) -> None:
    await live.put(COMMENTS_RAW, mostly_good())
    await live.send([comment("elsewhere", conversation_id="other")])
    offset = await stopped(live.worker(), live)
    assert 9_999 <= offset < COUNT
    await live.settled([])
    letters = live.dead(COMMENTS_RAW)
    assert letters == [b"nonsense %d" % n for n in range(0, offset + 1, EVERY)], "all that it passed, once, to be looked at"

    assert await stopped(live.worker("--stages", "score"), live) == offset, "nobody passes who was not told to"
    await live.settled([])
    assert live.dead(COMMENTS_RAW) == letters

    accepting = live.worker("--stages", "score", "--accept-bad-until", str(offset))
    await live.settled(["score"])
    assert len(live.dead(COMMENTS_RAW)) == COUNT // EVERY
    accepting.stop()
    live.workers.clear()

    live.worker()  # what was accepted stays accepted
    await live.send([comment("afterwards")])
    await live.settled(ALL)
    live.check()
