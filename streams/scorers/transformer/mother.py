"""The process that loads a model and forks those that compute: ``python -m streams.scorers.transformer.mother FD``.

One thread, so that it may fork at any time. Its children share the weights' memory with it. It cuts texts into tokens
itself, and ends, as they do, when its caller's socket closes: so nothing is left of a worker that was killed.
"""

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import Any, Final

import msgspec

from streams.scorers import ScorerUnavailable
from streams.scorers.loading import Recipe
from streams.scorers.transformer.engine import Loaded

ABOUT: Final = "about"
REFUSED: Final = "refused"
PIECES: Final = "pieces"
CHILD: Final = "child"


def main() -> None:
    """Serve one caller over the socket of that number until it closes."""
    # Whoever stops a worker stops all its processes: it finishes what is in flight, and then closes the sockets.
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    caller = Connection(int(sys.argv[1]))
    try:
        _serve(caller, _loaded(caller))
    except (EOFError, ConnectionError):  # the caller is gone
        return


def _loaded(caller: Connection) -> Loaded | str:
    """Return what the caller asks for, or why not."""
    recipe = msgspec.msgpack.decode(caller.recv_bytes(), type=Recipe, dec_hook=lambda kind, value: kind(value))
    with leaving_with(caller.fileno()):
        import torch

        torch.set_num_threads(1)
        try:
            return Loaded(recipe)
        except ScorerUnavailable as refused:
            return str(refused)


@contextmanager
def leaving_with(caller: int) -> Iterator[None]:
    """End this process at once if the caller closes this socket meanwhile. Afterwards there is one thread again, and it may fork."""
    stop, stopping = os.pipe()
    watching = threading.Thread(target=_watch, args=(caller, stop), daemon=True)
    watching.start()
    try:
        yield
    finally:
        os.close(stopping)
        watching.join()
        os.close(stop)


def _watch(caller: int, stop: int) -> None:
    ended = select.poll()
    for each in (caller, stop):
        ended.register(each, 0)  # nothing but that the other end is closed
    if any(each == caller for each, _ in ended.poll()):
        os._exit(1)


def _serve(caller: Connection, loaded: Loaded | str) -> None:
    if isinstance(loaded, str):
        _send(caller, (REFUSED, loaded))
        return
    _send(caller, (ABOUT, loaded.about))
    until_closed(caller, lambda asked: _answer(caller, loaded, asked))


def until_closed(caller: Connection, answer: Callable[[Any], None]) -> None:
    """Answer each message of the caller until there is none any more."""
    while True:
        try:
            asked = msgspec.msgpack.decode(caller.recv_bytes())
        except (EOFError, ConnectionError):
            return
        try:
            answer(asked)
        except ConnectionError:
            return


def _answer(caller: Connection, loaded: Loaded, asked: Any) -> None:
    if asked[0] == PIECES:
        _send(caller, loaded.pieces(asked[1]))
        return
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        ours.close()
        caller.close()
        _compute(Connection(theirs.detach()), loaded)
        os._exit(0)
    theirs.close()
    _send(caller, child)
    send_handle(caller, ours.fileno(), None)
    ours.close()


def _compute(caller: Connection, loaded: Loaded) -> None:
    """Be one that computes: a batch of token ids in, their logits out."""
    until_closed(caller, lambda asked: _send(caller, loaded.run([asked[0]], asked[1])[0]))


def _send(caller: Connection, answer: Any) -> None:
    caller.send_bytes(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
