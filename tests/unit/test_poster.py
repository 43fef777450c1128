"""The lease: what changed is told at once and alone, all that fires is told again in every round."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from streams.engine import Effects
from streams.instruments import OTHER
from streams.live import alertmanager, poster
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
        self.registry = CollectorRegistry()
        self.poster = Poster(settings, Watch(settings, self.registry, [STAGE], "none@0", "test"))
        self.store = STAGE.new_store()
        self.should_stop = False

    def standing(self, look: Callable[[Any], list[Any]]) -> list[Any]:
        return look(SimpleNamespace(told=list(self.store.entries.values())))

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"threadwatch_{name}", labels) or 0.0

    def delays(self) -> float:
        return self.counted("alert_delay_seconds_count", source=OTHER)

    def turn(self, *transitions: Any) -> None:
        effects = Effects()
        effects.outputs = folded(STAGE, transitions, self.store).outputs
        self.poster.applied(STAGE, effects)


@pytest.fixture
async def posts() -> AsyncIterator[Posts]:
    async with Posts() as receiver:
        yield receiver


class Unwell(Posts):
    """Answers what it is told, and takes only with 200."""

    answer = 503

    async def _take(self, request: Any) -> Any:
        await super()._take(request)
        return web.Response(status=self.answer)


class Hanging(Posts):
    """Answers nobody; notes how many posts it had, and how many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = self.most = 0
        self._held: list[Any] = []
        self._over = asyncio.Event()

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await super().__aexit__()

    async def _take(self, request: Any) -> Any:
        self._held = [one for one in self._held if one.transport is not None] + [request]  # without those that gave up
        self.tries, self.most = self.tries + 1, max(self.most, len(self._held))
        await self._over.wait()
        return await super()._take(request)


@pytest.fixture
async def hanging() -> AsyncIterator[Hanging]:
    async with Hanging() as receiver:
        yield receiver


@pytest.fixture
async def unwell() -> AsyncIterator[Unwell]:
    async with Unwell() as receiver:
        yield receiver


async def _running(posts: Posts, every: str, doing: Callable[[Lease], Awaitable[None]], *others: str) -> None:
    lease = Lease(load({}, options={"alertmanager.urls": [*others, posts.url], "alertmanager.post_every": every}))
    running = asyncio.create_task(lease.poster.run(lease, lease))  # type: ignore[arg-type]  # all it asks of an agent is standing
    await doing(lease)
    await lease.poster.close()
    await asyncio.gather(running, return_exceptions=True)


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


async def test_a_round_in_which_nothing_fires_is_posted_empty_and_counted(posts: Posts) -> None:
    async def doing(lease: Lease) -> None:
        await until("three rounds", lambda: lease.counted("alerts_posted_total", outcome="ok") >= 3)

    await _running(posts, "PT0.05S", doing)
    assert posts.posts[:3] == [[], [], []]


async def test_one_that_is_away_is_counted_before_anything_fires(unwell: Unwell) -> None:
    async def doing(lease: Lease) -> None:
        await until("it is counted", lambda: lease.counted("alerts_posted_total", outcome="failed") >= 1)
        assert lease.counted("alerts_posted_total", outcome="ok") == 0

    await _running(unwell, "PT0.05S", doing)


async def test_between_two_rounds_nothing_is_posted_for_what_tells_nobody(posts: Posts) -> None:
    async def doing(lease: Lease) -> None:
        await until("the first round is over", lambda: posts.posts)
        lease.poster._leases[0].tell("unknown")
        await until("it is looked at", lambda: not lease.poster._leases[0]._news)
        lease.turn(pileon(IDS[0]))
        await until("news are posted", lambda: len(posts.posts) >= 2)

    await _running(posts, "PT10M", doing)
    assert posts.posts == [[], [f"{IDS[0]} warning"]]


async def test_one_that_hangs_holds_back_no_round_to_the_other_and_has_one_post_at_a_time(posts: Posts, hanging: Hanging) -> None:
    async def doing(lease: Lease) -> None:
        lease.turn(*map(pileon, IDS))
        await until("the other is rounds ahead", lambda: hanging.tries and len(posts.posts) >= hanging.tries + 5, within=30)

    await _running(posts, "PT0.05S", doing, hanging.url)
    assert hanging.most == 1


async def test_one_that_hangs_holds_back_no_news_to_the_other(posts: Posts, hanging: Hanging) -> None:
    async def doing(lease: Lease) -> None:
        for number, name in enumerate(f"pileon-{letter}" for letter in "abcde"):
            lease.turn(pileon(name))
            await until("it is posted", lambda told=number: len(posts.posts) > told)
        assert len(posts.posts) > hanging.tries

    await _running(posts, "PT10M", doing, hanging.url)


async def test_nothing_goes_on_after_the_end(posts: Posts, hanging: Hanging) -> None:
    before = asyncio.all_tasks()
    lease = Lease(load({}, options={"alertmanager.urls": [hanging.url, posts.url], "alertmanager.post_every": "PT0.05S"}))
    running = asyncio.create_task(lease.poster.run(lease, lease))  # type: ignore[arg-type]
    lease.turn(pileon("a"))
    await until("both are posted to", lambda: hanging.tries and posts.posts)
    await lease.poster.close()
    await asyncio.gather(running, return_exceptions=True)
    left = [task.get_coro().__qualname__ for task in asyncio.all_tasks() - before]  # type: ignore[union-attr]
    assert not [name for name in left if "Poster" in name or "_Lease" in name or "Alertmanager" in name]


async def test_the_delay_is_measured_once_when_the_first_has_taken_it_and_not_before(posts: Posts, unwell: Unwell) -> None:
    async def doing(lease: Lease) -> None:
        lease.turn(pileon("a"))
        await until("it was refused twice", lambda: len(unwell.posts) >= 2)
        assert lease.counted("alerts_posted_total", outcome="failed") >= 1
        assert lease.delays() == 0
        unwell.answer = 200
        await until("it is taken, again and again", lambda: lease.counted("alerts_posted_total", outcome="ok") >= 3)
        assert lease.delays() == 1

    await _running(unwell, "PT0.05S", doing)


async def test_of_two_the_first_that_takes_it_counts(posts: Posts, unwell: Unwell) -> None:
    async def doing(lease: Lease) -> None:
        lease.turn(pileon("a"))
        await until("it is taken by the one", lambda: lease.delays() == 1)
        unwell.answer = 200
        await until("by both", lambda: lease.counted("alerts_posted_total", outcome="ok") >= len(posts.posts) + 1)
        assert lease.delays() == 1

    await _running(posts, "PT0.05S", doing, unwell.url)


async def test_what_ended_before_anybody_took_it_is_no_delay(unwell: Unwell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alertmanager, "REPEAT_RESOLVE", timedelta.max)  # here it ends at a noon of long ago

    async def doing(lease: Lease) -> None:
        lease.turn(pileon("a"))
        await until("it was refused", lambda: unwell.posts)
        lease.turn(pileon("a", 2, Status.CLOSED))
        unwell.answer = 200
        await until("the end is taken", lambda: lease.counted("alerts_posted_total", outcome="ok") >= 1)
        assert lease.delays() == 0

    await _running(unwell, "PT0.05S", doing)


async def test_what_ended_long_ago_is_told_to_one_that_takes_posts_again(unwell: Unwell) -> None:
    unwell.answer = 200

    async def doing(lease: Lease) -> None:
        lease.turn(pileon("a"))  # at a noon of years ago, and so is its end
        await until("it has it", lambda: unwell.posts[-1:] == [["a warning"]])
        unwell.answer = 401
        await until("it refuses all", lambda: lease.counted("alerts_posted_total", outcome="refused") >= 1)
        lease.turn(pileon("a", 2, Status.CLOSED))
        refused = lease.counted("alerts_posted_total", outcome="refused")
        await until("it refused the end too", lambda: lease.counted("alerts_posted_total", outcome="refused") >= refused + 2)
        unwell.answer, before = 200, len(unwell.posts)
        await until("rounds that it takes", lambda: len(unwell.posts) >= before + 3)
        assert unwell.posts[-1] == ["a warning"]

    await _running(unwell, "PT0.05S", doing)


async def test_one_that_refuses_whatever_is_posted_is_away_and_is_not_searched_for_what_it_dislikes(
    unwell: Unwell, caplog: pytest.LogCaptureFixture
) -> None:
    unwell.answer = 400

    async def doing(lease: Lease) -> None:
        lease.turn(*(pileon(f"case-{number}") for number in range(300)))
        await until("two rounds", lambda: lease.counted("alerts_posted_total", outcome="refused") >= 2)

    await _running(unwell, "PT10M", doing)
    assert len(unwell.posts) <= 8, "of each round the first post and an empty one"
    assert "answers 400 to everything (is that an Alertmanager" in caplog.text


def test_without_an_alertmanager_nothing_is_measured_and_nothing_kept() -> None:
    lease = Lease(load({}))
    lease.turn(pileon("a"))
    assert lease.delays() == 0
    assert not lease.poster._delays.untold
    assert lease.poster.untaken_for() == 0.0


async def test_what_nobody_takes_is_said_until_it_is_taken(unwell: Unwell) -> None:
    async def doing(lease: Lease) -> None:
        await until("it was refused", lambda: unwell.posts)
        first = lease.poster.untaken_for()
        await until("it goes on, whatever is tried", lambda: len(unwell.posts) >= 3 and lease.poster.untaken_for() > first)
        unwell.answer = 200
        await until("it is taken", lambda: lease.poster.untaken_for() == 0.0)

    await _running(unwell, "PT0.05S", doing)


async def test_where_one_of_two_takes_it_the_path_is_whole(posts: Posts, unwell: Unwell) -> None:
    async def doing(lease: Lease) -> None:
        await until("both were tried", lambda: unwell.posts and len(posts.posts) >= 3)
        await until("one took it", lambda: lease.poster.untaken_for() == 0.0)

    await _running(posts, "PT0.05S", doing, unwell.url)


async def test_a_round_that_nobody_took_is_tried_again_soon(unwell: Unwell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poster, "_AGAIN", 0.05)

    async def doing(lease: Lease) -> None:
        lease.turn(*map(pileon, IDS))
        await until("three rounds of ten minutes each", lambda: len(unwell.posts) >= 3)
        unwell.answer = 200
        await until("it is taken", lambda: lease.counted("alerts_posted_total", outcome="ok") == 1)

    await _running(unwell, "PT10M", doing)
    assert unwell.posts[-1] == [f"{one} warning" for one in IDS]


async def test_news_that_are_none_do_not_hide_that_nobody_takes_what_is_posted(unwell: Unwell) -> None:
    async def doing(lease: Lease) -> None:
        await until("it was refused", lambda: lease.counted("alerts_posted_total", outcome="failed") >= 1)
        lease.poster._leases[0].tell("unknown")
        await until("it is looked at", lambda: not lease.poster._leases[0]._news)
        assert lease.poster.untaken_for() > 0.0

    await _running(unwell, "PT10M", doing)
