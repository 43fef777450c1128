"""What is made of moments and of other processes' accounts: rates, CPU seconds, the pauses of a loop that has nothing else to do."""

import asyncio
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from streams.live import loop
from streams.live.pauses import look

BATCH_WITHIN: Final = 0.02
"""Seconds: what comes within so much of what came before was one batch."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def steady_rate(moments: Iterable[float]) -> float:
    """Return how many came a second from the end of the first batch to the last one: what came first had a start before it."""
    ordered = sorted(moments)
    first = 1
    while first < len(ordered) and ordered[first] - ordered[first - 1] < BATCH_WITHIN:
        first += 1
    return (len(ordered) - first) / (ordered[-1] - ordered[first - 1]) if first < len(ordered) else float("nan")


def percentile(amounts: Iterable[float], share: float) -> float:
    """Return the amount that this share of them does not exceed."""
    ordered = sorted(amounts)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Used(NamedTuple):
    """What processes used so far."""

    cpu: float
    """Seconds."""
    wanted: float
    """Seconds that they computed, or waited for a processor: they had work. NaN where the system does not say."""


def used_by(processes: Iterable[int]) -> Used:
    """Return what these single-threaded processes used; those that are gone used nothing."""
    each = [_used(process) for process in processes]
    return Used(sum(one.cpu for one in each), sum(one.wanted for one in each))


def _used(process: int) -> Used:
    try:
        computed, waited, _ = map(int, Path(f"/proc/{process}/schedstat").read_text().split())
        return Used(computed / 1e9, (computed + waited) / 1e9)
    except OSError:
        return Used(_cpu(process), math.nan)


def _cpu(process: int) -> float:
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / _TICKS


class _Longest:
    def __init__(self) -> None:
        self.seconds = 0.0

    def saw(self, seconds: float, own: float, now: float) -> None:
        self.seconds = max(self.seconds, seconds)


def _idle(ours: Any) -> None:
    """Tell, whenever asked, the longest pause since the last time."""
    longest = _Longest()

    async def answer() -> None:
        looking = asyncio.create_task(look(longest, lambda: False))
        while await asyncio.to_thread(ours.recv):
            ours.send(longest.seconds)
            longest.seconds = 0.0
        looking.cancel()

    loop.install().run_until_complete(answer())


class IdleLoop:
    """A process beside all others, with a loop like a worker's and nothing to do: its pauses are the machine's."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def longest(self) -> float:
        """Return the seconds of its longest pause since this was asked the last time."""
        self._connection.send(True)
        return float(self._connection.recv())


@contextmanager
def idle_loop() -> Iterator[IdleLoop]:
    """Run such a process."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_idle, args=(theirs,), daemon=True)
    process.start()
    try:
        yield IdleLoop(ours)
    finally:
        ours.send(False)
        process.join()


class Came(NamedTuple):
    """What lines of another program were seen to come with."""

    moments: list[float]
    """Of each line, by a clock without an epoch."""
    looks: list[tuple[float, Used]]
    """At the first line of each batch: when, and what had been used by then."""


def came(lines: Iterable[bytes], look_at: Callable[[], Used]) -> Came:
    """Return when each line came, and what was used by then."""
    found = Came([], [])
    for _ in lines:
        now = time.monotonic()
        if not found.moments or now - found.moments[-1] > BATCH_WITHIN:
            found.looks.append((now, look_at()))
        found.moments.append(now)
    return found
