"""The stages before the detector, in this process or in several: each has its share of the conversations, and the result is the same."""

import contextlib
import fcntl
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import islice
from multiprocessing import get_context, resource_tracker
from typing import Any, Final, Self

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.replay.addressing import AT_ONCE, Addressing, Made
from streams.replay.parts import part_of
from streams.replay.recorded import Cut, Recorded, Share, placed
from streams.stages.step import Stage

Stages = Callable[[], Sequence[Stage]]
"""Makes the stages anew. It is sent to another process."""
Entries = Sequence[tuple[str, bytes]]

MADE, STOPPED, DONE, REMEMBERED, TOLD, MISTAKE = b"m", b"s", b"d", b"r", b"t", b"u"
STOP: Final = b"stop"
_AHEAD: Final = 1 << 20
"""Bytes that a process may be ahead of what is taken from it."""
_READ: Final = msgspec.msgpack.Decoder(list[Made]).decode
_READ_ENTRIES: Final = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode
_WRITE: Final = msgspec.msgpack.Encoder().encode
_JSON: Final = msgspec.json.Encoder().encode
_PATIENCE: Final = 5.0


class ProcessFailed(Exception):
    """A process of a replay met something unexpected, and said what: a bug of this program."""


class Here:
    """All in this process. Use as a context manager, like ``Several``."""

    def __init__(self, stages: Sequence[Stage], recorded: Recorded, after: bytes = b"", entries: Entries = ()) -> None:
        """``after`` and ``entries``: what an earlier run did."""
        self._addressing = Addressing(stages, placed(recorded.shares), after, entries, recorded.edge)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def batches(self, cut: Cut) -> Iterator[list[Made]]:
        """Yield what is made of the comments, in order, up to the cut."""
        for some in self.all():
            yield some
            if cut.is_asked:
                return

    def all(self) -> Iterator[list[Made]]:
        """Yield it AT_ONCE comments at a time, up to where it is told to go."""
        return self._addressing.batches()

    def stop(self) -> bytes:
        """Return the place that it has come to; it waits for ``go_on``."""
        return self._addressing.last

    def go_on(self, until: bytes) -> None:
        """Let it go to this place and no further."""
        self._addressing.until = until

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Yield what ``address`` remembers at the cut."""
        return ((key, _JSON(entry)) for key, entry in self._addressing.entries())


class Task(Struct, frozen=True):
    """What one process does."""

    stages: Stages
    share: Share
    after: bytes = b""
    entries: Entries = ()
    edge: bytes = b""


def work(results: Any, control: Any) -> None:
    """Do a task in a process of its own: send what is made, until the share is done or the other end is gone."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, EOFError):  # nobody is there any more who wants it
        try:
            _Working(control.recv(), results, control).work()
        except UserError as mistake:
            results.send_bytes(MISTAKE + str(mistake).encode())


class _Working:
    def __init__(self, task: Task, results: Any, control: Any) -> None:
        self._addressing = Addressing(task.stages(), task.share, task.after, task.entries, task.edge)
        self._results, self._control = results, control

    def work(self) -> None:
        for some in self._addressing.batches():
            self._results.send_bytes(MADE + _WRITE(some))
            if self._addressing.until is None and self._control.poll():
                self._stop()
        self._results.send_bytes(DONE)
        if self._addressing.until is None:
            self._stop()
        entries = ((key, _JSON(entry)) for key, entry in self._addressing.entries())
        while some_entries := list(islice(entries, AT_ONCE)):
            self._results.send_bytes(REMEMBERED + _WRITE(some_entries))
        self._results.send_bytes(TOLD)

    def _stop(self) -> None:
        """Say how far this is, and be told how far all go. EOFError where the other end is gone."""
        self._control.recv_bytes()
        self._results.send_bytes(STOPPED + self._addressing.last)
        self._addressing.until = self._control.recv_bytes()


class _Worker:
    """The other end of one process."""

    def __init__(self, context: Any) -> None:
        self._results, results = context.Pipe(duplex=False)
        control, self._control = context.Pipe(duplex=False)
        with contextlib.suppress(OSError, AttributeError):  # a small pipe is slower, and no more
            fcntl.fcntl(results.fileno(), fcntl.F_SETPIPE_SZ, _AHEAD)
        self.process = context.Process(target=work, args=(results, control), daemon=True)
        self.process.start()
        results.close()
        control.close()
        self._waiting: deque[list[Made]] = deque()
        self._is_done = False

    def begin(self, task: Task) -> None:
        """Send its task; not with the start of the process, which waits for ever for one that is killed meanwhile."""
        with self._gone_told():
            self._control.send(task)

    def made(self) -> Iterator[Made]:
        while True:
            while self._waiting:
                yield from self._waiting.popleft()
            if self._is_done:
                return
            self._take()

    def stop(self) -> bytes:
        """Return the place of the last comment that it has taken."""
        self._send(STOP)
        while (told := self._take())[:1] != STOPPED:
            pass
        return told[1:]

    def go_on(self, until: bytes) -> None:
        self._send(until)

    def entries(self) -> Iterator[tuple[str, bytes]]:
        while (told := self._take())[:1] != TOLD:
            if told[:1] == REMEMBERED:
                yield from _READ_ENTRIES(told[1:])

    def end(self) -> None:
        self._control.close()
        self._results.close()
        self.process.terminate()
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()

    def _take(self) -> bytes:
        with self._gone_told():
            told: bytes = self._results.recv_bytes()
        if told[:1] == MADE:
            self._waiting.append(_READ(told[1:]))
        elif told[:1] == MISTAKE:
            raise UserError(told[1:].decode())
        self._is_done = self._is_done or told == DONE
        return told

    def _send(self, what: bytes) -> None:
        with self._gone_told():
            self._control.send_bytes(what)

    @contextlib.contextmanager
    def _gone_told(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as gone:
            raise self._ended() from gone

    def _ended(self) -> Exception:
        self.process.join()
        code = self.process.exitcode or 0
        if code >= 0:
            return ProcessFailed(f"a process of this replay ended with exit code {code}; it said why above")
        how = signal.Signals(-code).name
        return UserError(f"a process of this replay was ended by {how}: start again; where memory is short, with fewer --processes")


class Several:
    """A process for each share. Use as a context manager: none of them outlives it."""

    def __init__(self, stages: Stages, recorded: Recorded, after: bytes = b"", entries: Entries = ()) -> None:
        """``after`` and ``entries``: what an earlier run did."""
        count = len(recorded.shares)
        apart: list[list[tuple[str, bytes]]] = [[] for _ in range(count)]
        for key, entry in entries:
            apart[part_of(*msgspec.json.decode(key)[:3]) % count].append((key, entry))
        self._tasks = [Task(stages, share, after, some, recorded.edge) for share, some in zip(recorded.shares, apart, strict=True)]
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        context = get_context("spawn")
        with contextlib.ExitStack() as undo:
            undo.callback(self.__exit__)
            with ctrl_c_is_ours():
                for _ in self._tasks:
                    self._workers.append(_Worker(context))
            for worker, task in zip(self._workers, self._tasks, strict=True):
                worker.begin(task)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def batches(self, cut: Cut) -> Iterator[list[Made]]:
        """Yield what is made of the comments, in order, up to the cut: the place that the fastest has come to by then."""
        is_stopped = False
        for some in self.all():
            yield some
            if cut.is_asked and not is_stopped:
                self.go_on(self.stop())
                is_stopped = True

    def all(self) -> Iterator[list[Made]]:
        """Yield it AT_ONCE comments at a time, up to where it is told to go."""
        coming = merge(*(worker.made() for worker in self._workers), key=_place)
        while some := list(islice(coming, AT_ONCE)):
            yield some

    def stop(self) -> bytes:
        """Return the place that the fastest has come to; they wait for ``go_on``."""
        return max(worker.stop() for worker in self._workers)

    def go_on(self, until: bytes) -> None:
        """Let all go to this place and no further."""
        for worker in self._workers:
            worker.go_on(until)

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Yield what ``address`` remembers at the cut."""
        for worker in self._workers:
            yield from worker.entries()


def _place(made: Made) -> bytes:
    return made.place


@contextlib.contextmanager
def ctrl_c_is_ours() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: what is to be done then is decided in one place."""
    resource_tracker.ensure_running()  # else it is started between, and lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
