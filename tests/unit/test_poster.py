"""The lease: what changed is told at once and alone, all that fires is told again in every round."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from streams.engine import Effects
from streams.live.poster import Poster
from streams.live.watch import Watch
from streams.records import Severity, Status
from streams.settings import Settings, load
from streams.stages.alert import Alerts, Config
from tests.bench.receiver import Receiver
from tests.support.builders import pileon
from tests.support.folding import folded
from tests.support.live import until

STAGE: Any = Alerts(Config(), ())
IDS = ("pileon-a", "pileon-b", "pileon-c")


class Posts(Receiver):
    """Notes the pile-ons of every post, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[list[str]] = []

    async def _take(self, request: Any) -> Any:
        self.posts.append([f"{one['labels']['pileon']} {one['labels']['severity']}" for one in await request.json()])
        return await super()._take(request)


class Lease:
    """A poster over an alert stage's store, without a broker."""

    def __init__(self, settings: Settings) -> None:
        self.poster = Poster(settings, Watch(settings, CollectorRegistry(), [STAGE], "none@0", "test"))
        self.store = STAGE.new_store()
        self.should_stop = False

    async def looked_at(self, look: Callable[[Any], list[Any]]) -> list[Any]:
        return look(SimpleNamespace(store=self.store))

    def turn(self, *transitions: Any) -> None:
        effects = Effects()
        effects.outputs = folded(STAGE, transitions, self.store).outputs
        self.poster.applied(STAGE, effects)


@pytest.fixture
async def posts() -> AsyncIterator[Posts]:
    async with Posts() as receiver:
        yield receiver


async def _running(posts: Posts, every: str, doing: Callable[[Lease], Awaitable[None]]) -> None:
    lease = Lease(load({}, options={"alertmanager.urls": [posts.url], "alertmanager.post_every": every}))
    running = asyncio.create_task(lease.poster.run(lease, lease))  # type: ignore[arg-type]  # all it asks of an agent is looked_at
    await doing(lease)
    running.cancel()
    await lease.poster.close()


async def test_what_changes_is_posted_at_once_and_alone(posts: Posts) -> None:
    async def doing(lease: Lease) -> None:
        lease.turn(*map(pileon, IDS))
        await until("all three are posted", lambda: posts.posts)
        lease.turn(pileon(IDS[1], 2, Status.ONGOING, severity=Severity.CRITICAL))
        await until("the one that escalated is posted", lambda: len(posts.posts) == 2)

    await _running(posts, "PT10M", doing)
    assert posts.posts == [[f"{one} warning" for one in IDS], [f"{IDS[1]} warning", f"{IDS[1]} critical"]]


async def test_every_round_posts_all_that_fires(posts: Posts) -> None:
    async def doing(lease: Lease) -> None:
        lease.turn(*map(pileon, IDS))
        await until("three rounds", lambda: len(posts.posts) >= 3)

    await _running(posts, "PT0.05S", doing)
    assert all(post == [f"{one} warning" for one in IDS] for post in posts.posts[:3])
