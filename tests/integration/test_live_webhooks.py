"""From a comment on Kafka to a signed webhook, with a receiver that is down, unwell, redirects and hangs, and a worker that is killed."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from streams.errors import USER_MISTAKE
from streams.live.signing import signature
from streams.records import DeletedBy, Status
from tests.bench.receiver import Receiver
from tests.conftest import Another
from tests.integration.test_live_state import crowd, root
from tests.support.broker import OwnBroker
from tests.support.builders import deleted
from tests.support.hooks import OTHER, SECRET, Hooks
from tests.support.live import Live, answers, until

pytestmark = pytest.mark.kafka

SECRETS = "THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS"


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks() as receiver:
        yield receiver


def settings_file(folder: Path, url: str, more: str = "allow_private = true") -> str:
    file = folder / "webhooks.toml"
    file.write_text(f'[[webhooks]]\nname = "night-shift"\nurl = "{url}"\ntimeout = "PT1S"\n{more}\n', encoding="utf-8")
    return str(file)


NOTHING_WAITS = 'threadwatch_webhooks_waiting{receiver="night-shift"} 0.0'


def failed(address: str | None, outcome: str) -> bool:
    lines = answers(f"{address}/metrics").splitlines()
    counted = f'threadwatch_webhooks_posted_total{{outcome="{outcome}",receiver="night-shift"}}'
    return any(line.startswith(counted) and not line.endswith(" 0.0") for line in lines)


async def test_nothing_is_lost_and_every_repeat_has_the_same_key(another: Another, hooks: Hooks, tmp_path: Path) -> None:
    live: Live = await another(THREADWATCH_CONFIG=settings_file(tmp_path, hooks.url), **{SECRETS: f"{OTHER},{SECRET}"})
    worker = live.worker()
    await worker.came_up()
    await hooks.down()
    await live.send([root("one"), *crowd(1, 6, "one")])
    await until("a receiver that is down is counted", lambda: failed(worker.metrics(), "failed"))

    worker.kill()
    hooks.answer = 500
    await hooks.up()
    await worker.came_up(2)
    await until("the worker that started again tries what was left", lambda: hooks.tries)

    for talk, answer in (("two", 302), ("three", "hang"), ("four", 204)):
        hooks.answer = answer
        before = len(hooks.tries)
        await live.send([root(talk), *crowd(1, 6, talk)])
        await until(f"it is tried while the receiver answers {answer}", lambda before=before: len(hooks.tries) > before)
    await until("all four are told", lambda: len(hooks.taken) == 4)
    assert hooks.events() == ["opened"] * 4
    assert hooks.redirected == 0

    await live.send(crowd(6, 12, "one"))
    await until("it is told that it worsens", lambda: hooks.events()[4:] == ["escalated"])
    await until("nothing waits", lambda: NOTHING_WAITS in answers(f"{worker.metrics()}/metrics"))
    tried = len(hooks.tries)
    worker.kill()
    await worker.came_up(3)
    await live.send([deleted(one, one.created_at + timedelta(minutes=50), deleted_by=DeletedBy.AUTHOR) for one in crowd(1, 12, "one")])
    await until("it is told that it ended", lambda: hooks.events()[5:] == ["ended"])
    await asyncio.sleep(1)
    assert len(hooks.tries) == tried + 1, "what was delivered is not sent again by a worker that starts again"
    await live.settled()
    live.check()

    pileons = {one.pileon_id for one in live.pileons()}
    assert {one["pileon_id"] for one in hooks.taken} == pileons
    assert sum(one.status is Status.OPENED for one in live.pileons()) == 4
    assert len(set(hooks.tries)) == len(hooks.taken) == 6
    for told, body in hooks.raw:
        signed = {f"v1={signature(secret, told['Threadwatch-Timestamp'], body)}" for secret in (SECRET, OTHER)}
        assert set(told["Threadwatch-Signature"].split(",")) == signed
    assert sum("delivered (204, try" in line for line in worker.said()) == 6
    assert not [line for line in worker.said() if SECRET in line or OTHER in line or hooks.url in line]


async def test_a_worker_that_is_asked_to_stop_in_the_middle_of_a_try_leaves_it_to_the_next(
    another: Another, hooks: Hooks, tmp_path: Path
) -> None:
    live: Live = await another(THREADWATCH_CONFIG=settings_file(tmp_path, hooks.url), **{SECRETS: SECRET})
    first = live.worker()
    hooks.answer = "hang"
    await live.send([root("one"), *crowd(1, 6, "one")])
    await until("it is tried", lambda: hooks.tries)
    first.send(signal.SIGTERM)
    assert await first.exited() == 0
    live.workers.clear()
    hooks.answer = 204
    live.worker()
    await until("another worker delivers it", lambda: hooks.taken)
    assert len(set(hooks.tries)) == 1


async def test_a_mistake_in_a_webhook_ends_the_worker_with_one_plain_line(another: Another, tmp_path: Path) -> None:
    live: Live = await another()
    url = "https://hooks.example/x"
    no_secret = f"webhooks.toml:1: webhooks, night-shift: it has no secret; set {SECRETS}"
    for more, said in (("", no_secret), ("colour = 'red'", "webhooks.toml:5: Object contains unknown")):
        worker = live.worker(THREADWATCH_CONFIG=settings_file(tmp_path, url, more))
        assert await worker.exited() == USER_MISTAKE
        assert said in worker.last_words()
        live.workers.clear()


@pytest.mark.slow
async def test_a_broker_that_is_killed_between_a_delivery_and_its_removal_costs_nothing_but_a_repeat(
    another: Another, own_broker: OwnBroker, hooks: Hooks, tmp_path: Path
) -> None:
    live: Live = await another(own_broker.address, THREADWATCH_CONFIG=settings_file(tmp_path, hooks.url), **{SECRETS: SECRET})
    worker = live.worker()
    await worker.ready()
    await hooks.down()
    await live.send([root("one"), *crowd(1, 6, "one")])
    await until("it was tried in vain", lambda: failed(worker.metrics(), "failed"))
    await asyncio.to_thread(own_broker.kill)
    await hooks.up()
    await asyncio.sleep(5)
    await asyncio.to_thread(own_broker.up)
    await live.send([root("two"), *crowd(1, 6, "two")])
    await until("both are told", lambda: len({one["id"] for one in hooks.taken}) == 2)
    await until("nothing waits", lambda: NOTHING_WAITS in answers(f"{worker.metrics()}/metrics"))
    await live.settled()
    live.check()
    assert len({body for _, body in hooks.raw}) == len(set(hooks.tries)) == 2, "a repeat is the same, word for word"


class Gated(Hooks):
    """Takes what comes, once it is let."""

    def __init__(self, opened: asyncio.Event) -> None:
        super().__init__()
        self._opened = opened

    async def _take(self, request: web.Request) -> web.Response:
        await self._opened.wait()
        return await super()._take(request)


class Posts(Receiver):
    """An Alertmanager that counts what is posted to it."""

    def __init__(self) -> None:
        super().__init__()
        self.posts = 0

    async def _take(self, request: web.Request) -> web.Response:
        self.posts += 1
        return await super()._take(request)


TALKS = ("one", "two", "three", "four", "five", "six")
"""More than are tried at once."""


@pytest.mark.slow
async def test_while_the_broker_is_away_leases_are_posted_and_every_receiver_is_told(
    another: Another, own_broker: OwnBroker, tmp_path: Path
) -> None:
    opened = asyncio.Event()
    async with Gated(opened) as night, Gated(opened) as day, Posts() as manager:
        file = tmp_path / "two.toml"
        file.write_text("".join(
            f'[[webhooks]]\nname = "{name}"\nurl = "{hooks.url}"\ntimeout = "PT2M"\nsecrets = ["{SECRET}"]\nallow_private = true\n'
            for name, hooks in (("night-shift", night), ("day-shift", day))
        ))  # fmt: skip
        live: Live = await another(
            own_broker.address, THREADWATCH_CONFIG=str(file), THREADWATCH_ALERTMANAGER__URLS=manager.url,
            THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S",
        )  # fmt: skip
        worker = live.worker()
        await worker.ready()
        await live.send([one for talk in TALKS for one in (root(talk), *crowd(1, 6, talk))])
        await live.settled()
        await until("all six are decided", lambda: f"{NOTHING_WAITS[:-3]}6.0" in answers(f"{worker.metrics()}/metrics"))
        await asyncio.to_thread(own_broker.stop)
        opened.set()
        for hooks in (night, day):
            await until("all six are told", lambda hooks=hooks: len(hooks.taken) == len(TALKS), within=30)
        posts = manager.posts
        await until("the lease goes on", lambda: manager.posts >= posts + 3, within=30)
        await asyncio.to_thread(own_broker.up)
        await until("the log holds none of it any more", lambda: NOTHING_WAITS in answers(f"{worker.metrics()}/metrics"))
        assert worker.restarts == 0
        for hooks in (night, day):
            assert len(set(hooks.tries)) == len(hooks.tries) == len(TALKS), "what was told meanwhile is not told again"
