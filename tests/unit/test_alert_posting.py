"""Posting to an Alertmanager that is well, away, slow, or refuse: nothing is raised, everything is counted."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from streams.live.alertmanager import BATCH, Alertmanager
from tests.support.hooks import UNANSWERABLE

Answer = Callable[[list[dict[str, Any]]], Awaitable[int]]
Server = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Server]:
    """Start servers that answer as they are told; gives their addresses."""
    runners: list[web.AppRunner] = []

    async def start(answer: Answer) -> str:
        async def handle(request: web.Request) -> web.Response:
            return web.Response(status=await answer(await request.json()))

        app = web.Application()
        app.router.add_post("/api/v2/alerts", handle)
        runners.append(web.AppRunner(app, access_log=None))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


def named(*names: str) -> list[dict[str, Any]]:
    return [{"labels": {"alertname": name}} for name in names]


class Recorder:
    """An Alertmanager that takes all but the bad ones."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def answer(self, alerts: list[dict[str, Any]]) -> int:
        names = [alert["labels"]["alertname"] for alert in alerts]
        if "bad" in names:
            return 400
        self.taken += names
        return 200


async def posting(urls: list[str], alerts: list[dict[str, Any]], rounds: int = 1) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    short = timedelta(milliseconds=300)
    for url in urls:
        manager = Alertmanager(url, lambda outcome, url=url: counted.update([(url, outcome)]), deadline=short, attempt=short)
        for _ in range(rounds):
            await manager.post(alerts)
        await manager.close()
    return counted


async def test_every_alertmanager_gets_every_alert(serve: Server) -> None:
    one, other = Recorder(), Recorder()
    urls = [await serve(one.answer), await serve(other.answer)]
    counted = await posting(urls, named("a", "b"))
    assert one.taken == other.taken == ["a", "b"]
    assert counted == {(urls[0], "ok"): 1, (urls[1], "ok"): 1}


async def test_one_bad_alert_does_not_stop_the_others(serve: Server) -> None:
    manager = Recorder()
    url = await serve(manager.answer)
    counted = await posting([url], named("a", "b", "bad", "c", "d"))
    assert sorted(manager.taken) == ["a", "b", "c", "d"]
    assert counted[url, "refused"] > 0


async def test_one_that_is_away_does_not_stop_the_other_and_is_said_once(serve: Server, caplog: pytest.LogCaptureFixture) -> None:
    manager = Recorder()
    url, away = await serve(manager.answer), "http://127.0.0.1:1"
    with caplog.at_level(logging.INFO):
        counted = await posting([away, url], named("a"), rounds=3)
    assert manager.taken == ["a"] * 3
    assert counted == {(url, "ok"): 3, (away, "failed"): 3}
    said = [record.getMessage() for record in caplog.records if record.name == "threadwatch.live"]
    assert said == ["alertmanager 127.0.0.1:1 does not answer (connection refused); alerts are posted again every round"]


async def test_a_host_that_cannot_be_looked_up_is_one_that_is_away() -> None:
    assert await posting([(url := f"http://{UNANSWERABLE[0]}:9093")], named("a")) == {(url, "failed"): 1}


async def test_one_that_comes_back_within_the_deadline_is_tried_again(serve: Server) -> None:
    calls: list[int] = []

    async def slow_at_first(alerts: list[dict[str, Any]]) -> int:
        calls.append(len(alerts))
        await asyncio.sleep(0.15 if len(calls) == 1 else 0)
        return 200

    url = await serve(slow_at_first)
    counted: Counter[str] = Counter()
    attempt = timedelta(milliseconds=100)
    manager = Alertmanager(url, lambda outcome: counted.update([outcome]), deadline=timedelta(seconds=5), attempt=attempt)
    await manager.post(named("a"))
    await manager.close()
    assert (calls, counted) == ([1, 1], {"ok": 1})


@pytest.mark.parametrize(("status", "outcome"), [(503, "failed"), (302, "failed"), (401, "refused"), (404, "refused"), (429, "refused")])
async def test_what_is_answered_to_everything_is_counted_said_and_left_to_the_next_round(
    serve: Server, caplog: pytest.LogCaptureFixture, status: int, outcome: str
) -> None:
    async def unwell(alerts: list[dict[str, Any]]) -> int:
        return status

    url = await serve(unwell)
    assert await posting([url], named("a", "b", "c"), rounds=2) == {(url, outcome): 2}
    said = [record.getMessage() for record in caplog.records if record.name == "threadwatch.live"]
    assert said == [f"alertmanager {url.removeprefix('http://')} answers {status}; alerts are posted again every round"]


async def test_something_that_speaks_no_http_is_counted_as_failed() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"\x00\x01 what?\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    assert await posting([url], named("a")) == {(url, "failed"): 1}
    server.close()
    await server.wait_closed()


async def test_thousands_go_out_in_batches(serve: Server) -> None:
    manager = Recorder()
    url = await serve(manager.answer)
    counted = await posting([url], named(*(f"a{n}" for n in range(BATCH * 2 + 1))))
    assert (len(manager.taken), counted) == (BATCH * 2 + 1, {(url, "ok"): 3})


async def test_the_log_names_the_place_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    await posting(["http://user:hidden@127.0.0.1:1"], named("a"))
    assert "hidden" not in caplog.text
    assert "127.0.0.1:1" in caplog.text
