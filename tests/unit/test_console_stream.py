"""Streams of Live: so many of one visitor, none longer than its session."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from streams.console.access import Viewer
from streams.console.stream import Open, Stream
from streams.settings import load
from tests.support.console import NOBODY_LISTENS, Console

SECRET = "a secret that is long enough"


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
                                   "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": SECRET}))  # fmt: skip
    yield made
    made.close()


def test_the_oldest_of_one_visitor_is_told_to_end_and_no_other():
    streams = Open(most=2)
    with streams.one_more("kim") as first, streams.one_more("lee") as others, streams.one_more("kim") as second:
        with streams.one_more("kim") as third:
            assert [told.is_set() for told in (first, second, third, others)] == [True, False, False, False]
        with streams.one_more("kim"):
            assert second.is_set() is False, "one of them went by itself"
    assert not streams._of, "nothing is kept of who has none"


async def test_one_too_many_hears_at_once_that_it_ends_and_when_to_come_again(console):
    desk = desk_of(console)
    stream = Stream(desk)
    first = stream._parts(asking(console), 0)
    assert "data" in await anext(first)
    waiting = asyncio.ensure_future(anext(first))
    rest = [stream._parts(asking(console), 0) for _ in range(8)]
    for each in rest:
        await anext(each)
    assert await waiting == {"event": "ended", "retry": 60_000}
    assert [part async for part in first] == []
    for each in rest:
        await each.aclose()


async def test_a_stream_ends_with_its_session_and_after_an_hour(console):
    times = iter((0.0, 0.0, 3601.0))
    stream = Stream(desk_of(console), clock=lambda: next(times))
    parts = stream._parts(asking(console), 0)
    await anext(parts)
    console.feed._tell()
    assert [part async for part in parts] == []
    console.access._clock = lambda: 1e12  # twelve hours are over
    assert [part async for part in Stream(desk_of(console))._parts(asking(console), 0)] == []


def desk_of(console: Console) -> Any:
    return next(route.endpoint.__self__._desk for route in routes(console) if route.path == "/live/stream")


def routes(console: Console) -> list[Any]:
    app: Any = console.app
    while not hasattr(app, "routes"):
        app = app._app
    return list(app.routes)


def asking(console: Console) -> Any:
    if "threadwatch" not in console.client.cookies:
        assert console.client.post("/login", data={"token": SECRET}).status_code == 303
    cookie = console.client.cookies["threadwatch"]
    viewer = console.access._read(cookie)
    assert viewer is not None
    state = SimpleNamespace(viewer=Viewer(viewer.session, viewer.name, "reader"))
    return SimpleNamespace(state=state, cookies={"threadwatch": cookie}, client=SimpleNamespace(host="127.0.0.1"), query_params={},
                           url=SimpleNamespace(path="/live/stream"))  # fmt: skip
