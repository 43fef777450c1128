"""Jobs that know nothing of each other, in this process or in several: whatever ends one of them ends all."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from ctypes import c_longlong
from multiprocessing import get_context
from typing import Any, Final, TypeVar

from streams.errors import UserError
from streams.replay.recorded import Cut
from streams.replay.workers import ctrl_c_is_ours

R = TypeVar("R")
Told = Callable[[int], object]
Job = Callable[[Told, Callable[[], bool]], R]
"""Does something, tells how much more of it is done, and ends early where it is asked to. It can be sent to another process."""
_EVERY: Final = 0.1
"""Seconds between two looks at how far others are."""


def all_done(jobs: Sequence[Job[R]], processes: int, told: Told, cut: Cut) -> list[R]:
    """Return what each job comes to, in their order. ``told``: how much is done in all by now.

    Raises UserError where a process is ended from outside.
    """
    if processes > 1 and len(jobs) > 1:
        return _apart(jobs, min(processes, len(jobs)), told, cut)
    count = 0

    def more(some: int) -> None:
        nonlocal count
        told(count := count + some)

    return [job(more, lambda: cut.is_asked) for job in jobs]


def _apart(jobs: Sequence[Job[R]], processes: int, told: Told, cut: Cut) -> list[R]:
    context = get_context("spawn")
    counts, stop = context.Array(c_longlong, len(jobs), lock=False), context.Value("b", 0, lock=False)
    with ProcessPoolExecutor(processes, context, _begin, (counts, stop)) as pool:
        try:
            with ctrl_c_is_ours():  # the processes are started here
                futures = [pool.submit(_done, job, number) for number, job in enumerate(jobs)]
            _wait(futures, lambda: told(sum(counts[:])), cut, stop)
            return [future.result() for future in futures]
        except BrokenProcessPool as gone:
            raise UserError("a process of this replay was ended: start again; where memory is short, with fewer --processes") from gone
        finally:
            stop.value = 1
            pool.shutdown(wait=True, cancel_futures=True)


def _wait(futures: Sequence[Future[Any]], told: Callable[[], object], cut: Cut, stop: Any) -> None:
    waiting: set[Future[Any]] = set(futures)
    while waiting:
        ended, waiting = wait(waiting, _EVERY, FIRST_EXCEPTION)
        told()
        if cut.is_asked:
            stop.value = 1
        for one in ended:
            one.result()


_COUNTS: Any = None
_STOP: Any = None


def _begin(counts: Any, stop: Any) -> None:
    global _COUNTS, _STOP  # what all processes share comes in no other way
    _COUNTS, _STOP = counts, stop


def _done(job: Job[R], number: int) -> R:
    def more(some: int) -> None:
        _COUNTS[number] += some

    return job(more, lambda: bool(_STOP.value))
