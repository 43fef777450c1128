"""A broker that goes away while history is read: one plain line, exit 2, nothing half-written, and no waiting for ever."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import Another
from tests.support.broker import OwnBroker
from tests.support.live import PATIENCE, Live
from tests.support.recording import recording

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SLOW = """
import sys
from streams.kafka import read
fetched, waits = read._fetched, [True]
async def slowly(consumer, stops):
    async for batch in fetched(consumer, stops):
        if waits and not waits.clear():
            print("reading", flush=True)
            sys.stdin.readline()
        yield batch
read._fetched, read._AT_ONCE, read.MAX_MESSAGE = slowly, 10, 2000
from streams.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""The program, which takes little at once, and waits for a word when it has begun to read."""
READERS = (("replay", "--topic", "comments.raw"), ("record", "comments.raw"), ("replay", "--topic", "replies", "--processes", "1"),
           ("backtest", "verify"))  # fmt: skip


def reading(live: Live, command: Sequence[str], out: Path) -> "subprocess.Popen[str]":
    """Return a command that has begun to read."""
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW, *command, "--out", str(out)], env=os.environ | live.environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None and run.stdout.readline() == "reading\n"
    return run


async def test_a_broker_that_goes_away_for_good_is_one_line_and_leaves_nothing(another: Another, own_broker: OwnBroker) -> None:
    live: Live = await another(own_broker.address)
    worker, lines = live.worker(), recording().lines
    for start in range(0, len(lines), 100):  # many batches: what one fetch brings is not all there is
        await live.put_lines(lines[start : start + 100])
    await live.settled()
    await asyncio.to_thread(worker.stop)
    before = sorted(live.folder.iterdir())
    runs = [reading(live, command, live.folder / f"out-{number}") for number, command in enumerate(READERS)]
    own_broker.kill()
    try:
        ended = await asyncio.gather(*(asyncio.to_thread(run.communicate, "go on\n", timeout=PATIENCE) for run in runs))
    finally:
        await asyncio.to_thread(own_broker.up)
    for command, run, (_, said) in zip(READERS, runs, ended, strict=True):
        assert (run.returncode, said.count("\n")) == (2, 1), f"{command}: {said}"
        assert said.startswith("threadwatch: no broker answers at "), said
    assert sorted(live.folder.iterdir()) == before


async def test_one_that_only_pauses_costs_time_and_nothing_else(another: Another, own_broker: OwnBroker) -> None:
    live: Live = await another(own_broker.address)
    await live.put_lines(recording().lines)
    whole = await live.command("record", "comments.raw", "--out", str(live.folder / "whole.rec"))
    run = reading(live, ("record", "comments.raw"), live.folder / "a.rec")
    own_broker.signal(signal.SIGSTOP)
    ending = asyncio.create_task(asyncio.to_thread(run.communicate, "go on\n", timeout=PATIENCE))
    await asyncio.sleep(7)
    own_broker.signal(signal.SIGCONT)
    _, said = await ending
    assert (whole.returncode, run.returncode) == (0, 0), said
    assert (live.folder / "a.rec").read_bytes() == (live.folder / "whole.rec").read_bytes()
