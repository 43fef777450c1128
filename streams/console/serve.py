"""The console's process: the feed and the web server on one loop, until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import uvicorn

from streams.console.access import Access, check_address
from streams.console.application import application
from streams.console.audit import FILE, Audit
from streams.console.desk import Desk, templates
from streams.console.feed import Feed
from streams.console.numbers import Numbers
from streams.console.store import Store
from streams.errors import UserError
from streams.kafka.connection import calm_logging
from streams.pseudonyms import installation_key
from streams.settings import Settings

MODEL: Final = "console.db"
_LAST_ANSWERS: Final = 2
"""Seconds that open streams get when the process ends."""


def run(settings: Settings, model: Path | None = None, rebuild: bool = False, said: Callable[[str], None] = print) -> None:
    """Serve until SIGINT or SIGTERM; ``said`` gets the address. UserError for what the user can mend."""
    check_address(settings.console)
    listening = _listening(settings.console.host, settings.console.port)
    with contextlib.closing(listening):
        key = installation_key(settings.data)
        store = Store(model or Path(settings.data) / MODEL, settings.kafka.prefix, rebuild)
        with contextlib.closing(store):
            asyncio.run(_served(settings, key, store, listening, said))


async def _served(settings: Settings, key: bytes, store: Store, listening: socket.socket, said: Callable[[str], None]) -> None:
    calm_logging()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the pages say it when the broker is away
    numbers = Numbers(key)
    feed = Feed(settings, store, numbers)
    desk = Desk(
        settings,
        store.file,
        numbers,
        Access(settings.console, key),
        Audit(Path(settings.data) / FILE, settings.console.keep_audit),
        feed,
        templates(),
    )
    server = _Server(uvicorn.Config(
        application(desk), log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="off",
        timeout_graceful_shutdown=_LAST_ANSWERS,
    ))  # fmt: skip
    reading = asyncio.create_task(feed.run())

    def stop(_: object = None) -> None:
        feed.end()
        server.should_exit = True

    reading.add_done_callback(stop)  # pages that never change again would be a lie
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    said(f"console {address(listening)}")
    await server.serve([listening])
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading


class _Server(uvicorn.Server):
    """A server whose signals are ours: it ends the feed and closes the read model after itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket. UserError where nobody can listen there."""
    try:
        (family, kind, protocol, _, where), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen(128)
    except OSError as error:
        raise UserError(f"nobody can listen on {host}:{port} ({error.strerror}): choose another with --port or console.port") from error
    return made


def address(listening: socket.socket) -> str:
    """Return where a browser finds us."""
    host, port, *_ = listening.getsockname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
