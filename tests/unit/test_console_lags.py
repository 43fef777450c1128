"""What waits for each stage is asked of the broker once, however many ask at once and in the seconds after."""

import asyncio
import re
from contextlib import suppress

import httpx

from streams.settings import load
from tests.support.console import AT, Console


async def test_many_who_ask_at_once_or_shortly_after_cost_the_broker_one_connection(tmp_path):
    seen = 0

    async def closing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    console = Console(tmp_path, load({"THREADWATCH_KAFKA": f"127.0.0.1:{port}", "THREADWATCH_DATA": str(tmp_path)}))
    async with server, httpx.AsyncClient(transport=httpx.ASGITransport(console.app), base_url=AT) as browser:
        first = await browser.get("/health/lags")
        cost, again = seen, [each.text for each in await asyncio.gather(*(browser.get("/health/lags") for _ in range(5)))]
    assert cost > 0 and seen == cost and set(again) == {first.text} and re.search("does not say how far", first.text)
    console.close()
