"""Processes that compute, one thread each, sharing one model's memory. Nothing is lost with one that dies: its batch goes to the next."""

import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import recv_handle
from typing import Any, Final

import msgspec

from streams.scorers import ScorerUnavailable
from streams.scorers.loading import Recipe
from streams.scorers.transformer import mother
from streams.scorers.transformer.engine import About, Batch, Logits, nothing
from streams.scorers.transformer.jobs import TRIES, Job, Jobs

_ENDS_WITHIN: Final = 5.0
"""Seconds that the loading process has to see that nobody wants it any more."""
_HARMLESS: Final = "no"
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


class _Child:
    """A process that computes, and what it is at."""

    def __init__(self, pid: int, connection: Connection) -> None:
        self.pid, self.connection = pid, connection
        self.at: Job | None = None
        """What it computes."""


class Pool:
    """An engine whose work is done by other processes. Call it from one thread at a time."""

    def __init__(self, recipe: Recipe, processes: int) -> None:
        """Load the model in another process, and fork ``processes`` of it. Raises ScorerUnavailable with one line."""
        self._recipe = recipe
        self.computed = nothing
        self.restarts = 0
        """Processes that died and were replaced."""
        self.about = self._loaded()
        self._children = [self._born() for _ in range(processes)]

    @property
    def processes(self) -> tuple[int, ...]:
        """Ids of those that compute."""
        return tuple(child.pid for child in self._children)

    def pieces(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Return the token ids of all pieces, and whose each is."""
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        (pieces, owners), _ = self._asked(mother.PIECES, readable)
        return pieces, owners

    def run(self, batches: Sequence[Batch], exact: bool) -> list[list[Logits]]:
        """Return the logits per batch, piece and label; none of a piece that kills whoever computes it, its neighbours lose nothing.

        Raises ScorerUnavailable where a harmless piece kills them, too: then it is not the text.
        """
        jobs = Jobs(batches)
        while jobs.left:
            for child in [child for child in self._children if child.at is None][: len(jobs.waiting)]:
                self._give(child, jobs.waiting.popleft(), jobs, exact)
            busy = {child.connection: child for child in self._children if child.at is not None}
            for ready in wait(list(busy)):
                self._take(busy[ready], jobs, exact)  # type: ignore[index]  # what comes out is what went in
        return jobs.found

    def _give(self, child: _Child, job: Job, jobs: Jobs, exact: bool) -> None:
        child.at = job
        self._send(child, jobs.pieces(job), exact)

    def _send(self, child: _Child, batch: Batch, exact: bool) -> None:
        with suppress(ConnectionError):  # it is dead: so says its end of the connection, where all deaths are seen
            child.connection.send_bytes(msgspec.msgpack.encode((batch, exact)))

    def _take(self, child: _Child, jobs: Jobs, exact: bool) -> None:
        """Take what a child says of its job, or that it died over it."""
        job = child.at
        assert job is not None
        if (rows := _received(child.connection)) is not None:
            child.at = None
            jobs.done(job, rows)
            self.computed()
            return
        born = self._replaced(child)
        if jobs.died(job):
            self._see_that_it_is_the_text(born, exact)

    def _replaced(self, child: _Child) -> _Child:
        self._children.remove(child)
        child.connection.close()
        self.restarts += 1
        self._children.append(self._born())
        return self._children[-1]

    def _see_that_it_is_the_text(self, child: _Child, exact: bool) -> None:
        """Have the child compute what harms nobody. Raises ScorerUnavailable where it dies all the same."""
        self._send(child, self.pieces([_HARMLESS])[0], exact)
        if _received(child.connection) is None:
            self.close()
            raise ScorerUnavailable(
                f"{TRIES} processes died over the same batch of detoxify:{self._recipe.model}, and the next over a harmless one: out of "
                "memory, or a broken runtime; look at the system's log, give it more memory or fewer scoring.processes"
            )

    def _born(self) -> _Child:
        pid, handle = self._asked(mother.CHILD, then=lambda: recv_handle(self._mother))
        return _Child(pid, Connection(handle))

    def _asked(self, *question: Any, then: Callable[[], Any] = lambda: None) -> tuple[Any, Any]:
        """Return the loading process's answer, and what ``then`` takes from it; if it died, another one loads the model first."""
        for _ in range(TRIES):
            try:
                self._mother.send_bytes(msgspec.msgpack.encode(question))
                return msgspec.msgpack.decode(self._mother.recv_bytes()), then()
            except (EOFError, ConnectionError):
                self._reload()
        raise ScorerUnavailable(f"the process that loads detoxify:{self._recipe.model} died {TRIES} times: look at the system's log")

    def _reload(self) -> None:
        self._ended()
        self.restarts += 1
        if (about := self._loaded()) != self.about:
            raise ScorerUnavailable(f"what is loaded now is {about.version}, it was {self.about.version}: its files changed; start again")

    def _loaded(self) -> About:
        ours, theirs = socket.socketpair()
        with theirs:
            started = subprocess.Popen(
                [sys.executable, "-m", mother.__name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=os.environ | _ONE_THREAD,
            )  # fmt: skip
        self._mother = Connection(ours.detach())
        self._ended = weakref.finalize(self, _end, self._mother, started)
        with suppress(ConnectionError):  # if it is dead already, that is what we are told next
            self._mother.send_bytes(msgspec.msgpack.encode(self._recipe, enc_hook=str))
        said = None
        try:
            said = _received(self._mother)
        finally:
            if said is None:  # it died, or we are asked to stop: nobody waits until it has loaded
                started.kill()
        if said is None:
            raise ScorerUnavailable(
                f"the process that loads detoxify:{self._recipe.model} ended with {_how(started)}; "
                "look at the system's log (out of memory?), or use --scorer linear"
            )
        if said[0] == mother.REFUSED:
            raise ScorerUnavailable(said[1])
        return msgspec.convert(said[1], About)

    def close(self) -> None:
        """End all processes."""
        for child in self._children:
            child.connection.close()
        self._children = []
        self._ended()


def _received(connection: Connection) -> Any:
    """Return what the other side says, or None where it died."""
    try:
        return msgspec.msgpack.decode(connection.recv_bytes())
    except (EOFError, ConnectionError):
        return None


def _end(connection: Connection, process: "subprocess.Popen[bytes]") -> None:
    """Close the socket: it ends by itself, or, where it still loads, by our hand."""
    connection.close()
    try:
        process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _how(process: "subprocess.Popen[bytes]") -> str:
    code = process.wait()
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
