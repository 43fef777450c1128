"""Why a receiver does not answer is said so that one knows whom to call, and whether it waits for us or for them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from streams.live.addresses import Resolver
from streams.live.unanswered import why_unanswered
from tests.support.certificates import Authority
from tests.support.programs import free_port

WITHIN = timedelta(milliseconds=1500)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def why(url: str) -> str:
    """Return what is said of a request that has no answer, made as those of webhooks are."""
    connector = aiohttp.TCPConnector(use_dns_cache=False, resolver=Resolver())
    timeout = aiohttp.ClientTimeout(total=WITHIN.total_seconds())
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        with pytest.raises((aiohttp.ClientError, TimeoutError, OSError)) as raised:
            await session.post(url, data=b"{}")
    return why_unanswered(raised.value, WITHIN)


@asynccontextmanager
async def listening(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    talks: list[asyncio.Task[None]] = []

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())  # type: ignore[arg-type]
        await talk(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(taken, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*talks)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def leaving(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def test_a_port_that_is_shut() -> None:
    assert await why(f"http://127.0.0.1:{free_port()}/") == "connection refused"
    assert await why(f"http://localhost:{free_port()}/") == "connection refused", "of each of its addresses"


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'a' * 64}.example"])
async def test_a_name_that_is_not_found(host: str) -> None:
    assert (await why(f"http://{host}/")).startswith("its name is not found")


async def test_names_that_cannot_be_asked_for_now_are_told_apart_from_those_that_are_none() -> None:
    def found(number: int) -> str:
        key = aiohttp.client_reqrep.ConnectionKey("hooks.example", 443, True, True, None, None, None)
        return why_unanswered(aiohttp.ClientConnectorDNSError(key, socket.gaierror(number, "…")), WITHIN)

    assert found(socket.EAI_NONAME) == "its name is not found"
    assert found(socket.EAI_AGAIN) == "its name is not found: no name server answers"


async def test_a_certificate_that_nobody_signed_whom_we_trust(tmp_path: Path) -> None:
    signed = Authority(tmp_path / "ca").sign("localhost", "IP:127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(signed.certificate, signed.key)
    async with listening(silent, context) as port:
        said = await why(f"https://127.0.0.1:{port}/")
    assert said.startswith("its certificate is not trusted: ") and "issuer" in said


async def test_a_port_without_tls() -> None:
    async with listening(plain) as port:
        assert await why(f"https://127.0.0.1:{port}/") == "its port speaks no TLS that we take"


async def test_one_that_takes_the_connection_and_says_nothing() -> None:
    async with listening(silent) as port:
        assert await why(f"http://127.0.0.1:{port}/") == "no answer within 1.5 s"


async def test_one_that_hangs_up() -> None:
    async with listening(leaving) as port:
        assert await why(f"http://127.0.0.1:{port}/") in ("it ends the connection without an answer", "connection reset by peer")
