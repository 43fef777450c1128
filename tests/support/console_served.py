"""A console over a read model fed by hand, served to a real browser; no broker is in it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tests.support.live import until


def free_port() -> tuple[socket.socket, int]:
    """Return a socket of the loopback that nobody else has, and its port."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made, int(made.getsockname()[1])


@asynccontextmanager
async def served(app: Any, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an application while the block runs."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve([listening]))
    await until("the console is served", lambda: server.started, every=0.02)
    try:
        yield
    finally:
        server.should_exit = True
        await serving
