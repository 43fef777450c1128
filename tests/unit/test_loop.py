"""A worker's event loop: a TLS connection that is closed is gone, whether or not the other side says goodbye."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.live.loop import Loop
from tests.support.certificates import Authority, Certificate

PATIENCE = 10.0
"""A third of what uvloop waits by itself."""


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[tuple[int, Path, threading.Event]]:
    """Return the port of somebody who speaks TLS and never says goodbye, and who signed the certificate; the event ends it."""
    authority, done = Authority(tmp_path / "certificates"), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, authority.sign("mute", "IP:127.0.0.1"), done))
        thread.start()
        yield listening.getsockname()[1], authority.file, done
        done.set()
        thread.join()


def _serve(listening: socket.socket, certificate: Certificate, done: threading.Event) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    met, _ = listening.accept()
    with met, context.wrap_socket(met, server_side=True, suppress_ragged_eofs=True):
        done.wait()


class _Closed(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set_result(None)


async def _closed(port: int, authority: Path, done: threading.Event) -> None:
    context = ssl.create_default_context(cafile=authority)
    transport, protocol = await asyncio.get_running_loop().create_connection(_Closed, "127.0.0.1", port, ssl=context)
    transport.close()
    try:
        await asyncio.wait_for(protocol.lost, PATIENCE)
    finally:
        done.set()  # or the loop itself waits for the connection, and this test does not fail but hang


def test_a_closed_tls_connection_does_not_wait_for_the_other_side_s_goodbye(mute: tuple[int, Path, threading.Event]):
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_closed(*mute))
