"""Delivering: a receiver that is down, slow, unwell or moved loses nothing, stops nobody, and has every repeat under one key."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from streams.alert_settings import Webhook
from streams.live import addresses, pace
from streams.live.retry_after import retry_after
from streams.live.storms import Storms
from streams.live.webhooks import Webhooks
from streams.metrics import Metrics
from streams.records import Severity, Status
from streams.stages.alert import Config
from tests.support.builders import NOON, pileon
from tests.support.hooks import OTHER, SECRET, TRICKS, UNANSWERABLE, Hooks, Rooms, settings_with, webhook
from tests.support.live import until

WORSE = pileon("a", 2, Status.ONGOING, severity=Severity.CRITICAL)
CLOSED = pileon("a", 3, Status.CLOSED, severity=Severity.CRITICAL)


class Running:
    """Webhooks over rooms without a broker."""

    def __init__(self, *hooks: Webhook, rooms: Rooms | None = None) -> None:
        self.rooms = rooms or Rooms(hooks)
        self.registry = CollectorRegistry()
        metrics = Metrics(self.registry, {}, receivers=[one.name for one in hooks])
        self.webhooks = Webhooks(settings_with(*hooks), metrics)
        self.task: asyncio.Future[Any] = asyncio.ensure_future(self.webhooks.run(self.rooms))

    def turn(self, *transitions: Any) -> None:
        effects = self.rooms.turn(*transitions, now=datetime.now(UTC))
        self.webhooks.applied(self.rooms.stage, effects)

    def counted(self, outcome: str, receiver: str = "mods") -> float:
        found = self.registry.get_sample_value("threadwatch_webhooks_posted_total", {"receiver": receiver, "outcome": outcome})
        assert found is not None, "every receiver has every outcome, at zero"
        return found

    def waiting(self, receiver: str) -> float | None:
        return self.registry.get_sample_value("threadwatch_webhooks_waiting", {"receiver": receiver})

    def oldest(self, receiver: str) -> float | None:
        return self.registry.get_sample_value("threadwatch_webhooks_oldest_waiting_seconds", {"receiver": receiver})

    async def empty(self) -> None:
        await until("nothing waits", lambda: not self.rooms.outbox.waiting(), within=20, every=0.02)

    async def stop(self) -> None:
        await self.webhooks.close()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks() as receiver:
        yield receiver


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    monkeypatch.setattr(pace, "MAX_PAUSE", 0.1)
    made: list[Running] = []

    async def begin(*receivers: Webhook, **options: Any) -> Running:
        made.append(Running(*receivers, **options))
        await asyncio.sleep(0)
        return made[-1]

    yield begin
    for running in made:
        await running.stop()


async def test_what_is_decided_is_delivered_at_once_and_in_order(start: Start, hooks: Hooks) -> None:
    running = await start(webhook(hooks.url))
    running.turn(pileon("a"), WORSE, CLOSED)
    await running.empty()
    assert hooks.events() == ["opened", "escalated", "ended"]
    assert hooks.tries == ["a/1/mods", "a/2/mods", "a/3/mods"]
    assert running.counted("ok") == 3


async def test_a_receiver_that_is_down_loses_nothing_and_stops_no_other(start: Start, hooks: Hooks) -> None:
    async with Hooks() as well:
        await hooks.down()
        running = await start(webhook(hooks.url), webhook(well.url, name="well"))
        running.turn(pileon("a"), pileon("b"))
        running.turn(WORSE)
        await until("the other has all", lambda: len(well.taken) == 3)
        await until("it was tried in vain", lambda: running.counted("failed") > 2)
        await hooks.up()
        await running.empty()
        assert sorted(hooks.tries) == ["a/1/mods", "a/2/mods", "b/1/mods"]


def pauses_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace.Pace.__init__, "__defaults__", (lambda failures: 3600.0,))


async def test_news_cut_no_pause_short_after_a_failure(start: Start, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses_of_an_hour(monkeypatch)
    hooks.answer = 500
    running = await start(webhook(hooks.url))
    running.turn(pileon("a"))
    await until("it was tried", lambda: running.counted("refused"))
    for transition in (WORSE, CLOSED, *(pileon(f"news-{number}") for number in range(10))):
        running.turn(transition)
        await asyncio.sleep(0.02)
    await until("the first of the news were tried", lambda: len(hooks.tries) >= 3)
    await asyncio.sleep(0.3)
    assert max(Counter(hooks.tries).values()) == 1, "nothing is tried twice before its pause is over"
    assert len(hooks.tries) <= 4, "once several failed the receiver is away, and new cases come one by one"


async def test_a_case_that_is_refused_or_hangs_for_ever_delays_no_other(
    start: Start, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses_of_an_hour(monkeypatch)
    hooks.answers = {"a/": 422, "b/": 503, "c/": "hang"}
    running = await start(webhook(hooks.url, timeout=timedelta(hours=1)))
    running.turn(pileon("a"), pileon("b"), pileon("c"))
    await until("the three were tried", lambda: {"a/1/mods", "b/1/mods", "c/1/mods"} <= set(hooks.tries))
    for number in range(6):
        running.turn(pileon(f"good-{number}"))
        await until("it is told", lambda number=number: len(hooks.taken) > number)
    assert Counter(hooks.tries)["a/1/mods"] == 1
    assert [one["id"] for one in hooks.taken] == [f"good-{number}/1/mods" for number in range(6)]


class Moody(Hooks):
    """Refuses each delivery, asks to be left alone or takes it in the end: some at once, some after three tries."""

    async def _take(self, request: Any) -> Any:
        key = request.headers["Idempotency-Key"]
        self.answers[key] = 204 if self.tries.count(key) >= crc32(key.encode()) % 4 else (500, 503, 422)[len(self.tries) % 3]
        return await super()._take(request)


async def test_whatever_is_refused_in_whatever_order_each_is_taken_once_and_each_case_in_order(start: Start) -> None:
    async with Moody() as hooks:
        running = await start(webhook(hooks.url))
        for number in range(12):
            worse = pileon(f"case-{number}", 2, Status.ONGOING, severity=Severity.CRITICAL)
            running.turn(pileon(f"case-{number}"), worse, pileon(f"case-{number}", 3, Status.CLOSED, severity=Severity.CRITICAL))
        await running.empty()
        assert Counter(one["id"] for one in hooks.taken) == Counter(
            f"case-{n}/{revision}/mods" for n in range(12) for revision in (1, 2, 3)
        )
        for number in range(12):
            assert [one["revision"] for one in hooks.taken if one["pileon_id"] == f"case-{number}"] == [1, 2, 3]


async def test_while_a_receiver_is_away_a_new_case_is_told_as_soon_as_it_takes_it(
    start: Start, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses_of_an_hour(monkeypatch)
    hooks.answers = {"bad-": 500}
    running = await start(webhook(hooks.url))
    running.turn(*(pileon(f"bad-{number}") for number in range(12)))
    await until("it counts as away", lambda: len(hooks.tries) >= 3)
    running.turn(pileon("good"))
    await until("the good one is told", lambda: hooks.events() == ["opened"], within=30)


async def test_each_receiver_has_its_own_numbers_and_who_left_the_settings_is_other(start: Start, hooks: Hooks) -> None:
    async with Hooks() as away:
        await away.down()
        both = [webhook(hooks.url), webhook(away.url, name="away"), webhook(away.url, name="gone")]
        rooms = Rooms(both)
        rooms.turn(pileon("a"), pileon("b"), now=datetime.now(UTC))
        running = await start(*both[:2], rooms=rooms.restarted(both[:2]))
        await until("one has all", lambda: (running.counted("ok"), running.waiting("mods")) == (2, 0))
        assert (running.waiting("away"), running.waiting("other")) == (2, 2)
        assert running.counted("failed", "away") >= 2
        assert running.counted("failed") == running.counted("ok", "away") == running.counted("expired", "other") == 0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("0", 0.0), ("", 0.0), ("soon", 0.0), ("-5", 0.0), ("1.5", 0.0), ("\u0663", 0.0),
        ("Wed, 01 May 2024 12:02:00 GMT", 120.0), ("Wed, 01 May 2024 11:00:00 GMT", 0.0), ("Wed, 01 May 2024 12:02:00", 120.0),
        ("99999999999999999999", 9_999_999_999.0), ("Wed, 99 May 2024 12:02:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_how_long_a_receiver_asks_us_to_wait_is_seconds_or_a_date(said: str, seconds: float) -> None:
    assert retry_after({"Retry-After": said}, NOON) == seconds


async def test_a_receiver_that_asks_us_to_wait_is_waited_for_and_no_other_with_it(start: Start, hooks: Hooks) -> None:
    async with Hooks() as other:
        hooks.answer, other.answer, hooks.headers = 429, 429, {"Retry-After": "3600"}
        running = await start(webhook(hooks.url), webhook(other.url, name="other"))
        running.turn(pileon("a"), pileon("b"))
        await until("the other was tried again and again", lambda: len(other.tries) >= 8)
        assert max(Counter(hooks.tries).values()) == 1


async def test_a_receiver_cannot_ask_for_longer_than_we_try(start: Start, hooks: Hooks) -> None:
    hooks.answer, hooks.headers = 503, {"Retry-After": "86400"}
    running = await start(webhook(hooks.url, give_up_after=timedelta(seconds=1)))
    running.turn(pileon("a"))
    await running.empty()
    assert running.counted("expired") == 1
    assert len(hooks.tries) == 2, "at once, and when it is given up"


async def test_after_an_answer_that_asks_for_nothing_our_own_pauses_count_again(start: Start, hooks: Hooks) -> None:
    hooks.answer, hooks.headers = 503, {"Retry-After": "1"}
    running = await start(webhook(hooks.url))
    running.turn(pileon("a"))
    await until("it was refused", lambda: running.counted("refused") >= 1)
    hooks.headers = {}
    await until("it is tried on", lambda: len(hooks.tries) >= 5)


@pytest.mark.parametrize("answer", [500, 503, 404, 302, 400])
async def test_any_answer_but_2xx_is_tried_again_with_the_same_key_and_body(start: Start, hooks: Hooks, answer: int) -> None:
    hooks.answer = answer
    running = await start(webhook(hooks.url))
    running.turn(pileon("a"))
    await until("it was tried again", lambda: len(hooks.tries) >= 3)
    hooks.answer = 200
    await running.empty()
    assert set(hooks.tries) == {"a/1/mods"}
    assert len({body for _, body in hooks.raw}) == 1
    assert len(hooks.taken) == 1
    assert hooks.redirected == 0
    assert running.counted("refused") >= 3


async def test_one_delivery_that_is_refused_for_ever_stops_no_other_and_is_said_once(
    start: Start, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    hooks.answers = {"a/": 422}
    running = await start(webhook(hooks.url))
    running.turn(pileon("a"), pileon("b"))
    await until("b is told", lambda: hooks.events() == ["opened"])
    running.turn(pileon("c"), WORSE)
    await until("c is told", lambda: hooks.events() == ["opened", "opened"])
    await until("a was tried again", lambda: Counter(hooks.tries)["a/1/mods"] >= 3)
    assert [one.id for one in running.rooms.outbox.waiting()] == ["a/1/mods", "a/2/mods"], "in order, or not at all"
    assert caplog.text.count("it answers 422") == 1


async def test_one_that_hangs_is_left_after_its_time_and_tried_again(start: Start, hooks: Hooks) -> None:
    hooks.answer = "hang"
    running = await start(webhook(hooks.url, timeout=timedelta(milliseconds=100)))
    running.turn(pileon("a"))
    await until("two tries ran out of time", lambda: running.counted("failed") >= 2)
    hooks.answer = 204
    await running.empty()
    assert set(hooks.tries) == {"a/1/mods"}


async def test_a_worker_that_starts_again_goes_on_with_what_is_left_and_forgets_nothing_delivered(start: Start, hooks: Hooks) -> None:
    receiver = webhook(hooks.url)
    first = await start(receiver)
    first.turn(pileon("a"))
    await first.empty()
    await hooks.down()
    first.turn(WORSE, pileon("b"))
    await until("it was tried in vain", lambda: first.counted("failed"))
    await first.stop()
    await hooks.up()
    second = await start(receiver, rooms=first.rooms.restarted([receiver]))
    second.turn(CLOSED)
    await second.empty()
    assert sorted(hooks.tries) == ["a/1/mods", "a/2/mods", "a/3/mods", "b/1/mods"]
    assert [one["event"] for one in hooks.taken if one["pileon_id"] == "a"] == ["opened", "escalated", "ended"]


async def test_what_was_delivered_while_the_broker_was_away_is_not_sent_twice(start: Start, hooks: Hooks) -> None:
    running = await start(webhook(hooks.url))
    running.rooms.is_away = KafkaConnectionError()
    running.turn(pileon("a"))
    await until("it was delivered", lambda: hooks.taken)
    await asyncio.sleep(0.3)
    running.rooms.is_away = None
    await running.empty()
    assert hooks.tries == ["a/1/mods"]


async def test_a_broker_that_leaves_us_waiting_holds_up_no_delivery_and_nothing_is_told_twice(start: Start, hooks: Hooks) -> None:
    async with Hooks() as other:
        running = await start(webhook(hooks.url), webhook(other.url, name="other"))
        running.rooms.answers.clear()
        running.turn(*(pileon(f"case-{number}") for number in range(6)), pileon("a"), WORSE, CLOSED)
        for told in (hooks, other):
            await until("all are told", lambda told=told: len(told.taken) == 9)
        await until("the log holds all, and none of it waits", lambda: (running.waiting("mods"), running.oldest("mods")) == (9, 0))
        assert running.rooms.lock(0).locked()
        running.rooms.answers.set()
        await running.empty()
    for told in (hooks, other):
        assert set(Counter(told.tries).values()) == {1}
        assert [one["event"] for one in told.taken if one["pileon_id"] == "a"] == ["opened", "escalated", "ended"]


async def test_after_its_term_a_delivery_is_given_up_said_and_counted(start: Start, hooks: Hooks, caplog: pytest.LogCaptureFixture) -> None:
    hooks.answer = 500
    with caplog.at_level(logging.INFO):
        running = await start(webhook(hooks.url, give_up_after=timedelta(milliseconds=300)))
        running.turn(pileon("a"))
        await running.empty()
    assert running.counted("expired") == 1
    assert "webhook mods: case A revision 1 (opened) given up after 0:00:00.300000, it answers 500" in caplog.messages


async def test_what_is_refused_for_what_it_is_is_given_up_sooner_and_the_case_goes_on(
    start: Start, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    hooks.answers, hooks.headers = {"a/1/": 422, "b/": 500}, {"Retry-After": "3600"}
    running = await start(webhook(hooks.url, give_up_refused_after=timedelta(milliseconds=300)))
    running.turn(pileon("a"), WORSE, pileon("b"))
    await until("the case goes on", lambda: [one["id"] for one in hooks.taken] == ["a/2/mods"])
    assert "webhook mods: case A revision 1 (opened) given up after 0:00:00.300000, it answers 422" in caplog.messages
    assert running.counted("expired") == 1
    assert Counter(hooks.tries)["a/1/mods"] >= 2, "not for the first answer, though it asks us to wait"
    assert [one.id for one in running.rooms.outbox.waiting()] == ["b/1/mods"], "of an answer of 5xx its receiver may recover"


async def test_only_a_refusal_that_stays_counts_as_one_of_what_was_sent(start: Start, hooks: Hooks) -> None:
    hooks.answer = 400
    running = await start(webhook(hooks.url, give_up_refused_after=timedelta(hours=1)))
    (receiver,) = running.webhooks._receivers
    running.turn(pileon("a"))
    await until("it is refused", lambda: receiver._refused_since)
    hooks.answer = 500
    await until("it counts anew", lambda: not receiver._refused_since)
    hooks.answer = 413
    await until("it is refused again", lambda: receiver._refused_since)
    hooks.answer = 204
    await running.empty()
    assert receiver._refused_since == {}
    assert running.counted("expired") == 0


async def test_what_waits_for_a_receiver_that_left_the_settings_is_kept_for_a_day(start: Start, hooks: Hooks) -> None:
    both = [webhook(hooks.url), webhook(hooks.url, name="gone")]
    rooms = Rooms(both)
    rooms.turn(pileon("a"), now=datetime.now(UTC))
    rooms.turn(pileon("b"), now=datetime.now(UTC) - timedelta(hours=25))
    running = await start(both[0], rooms=rooms.restarted(both[:1]))
    await until("only the fresh one is left", lambda: [one.id for one in running.rooms.outbox.waiting()] == ["a/1/gone"])


async def test_a_log_line_for_each_delivery_and_one_while_it_fails_none_with_an_address_or_a_secret(
    start: Start, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    hooks.answer = 500
    with caplog.at_level(logging.INFO):
        running = await start(webhook(hooks.url + "?token=hidden", secrets=(SECRET, OTHER)))
        running.turn(pileon("a"))
        await until("it was tried again", lambda: len(hooks.tries) >= 3)
        hooks.answer = 204
        await running.empty()
    said = [record.getMessage() for record in caplog.records if record.name == "threadwatch.live"]
    assert said[0] == "webhook mods: not delivered, it answers 500; it is tried again"
    assert said[1].startswith("webhook mods: case A revision 1 (opened) delivered (204, try ")
    assert len(said) == 2
    assert not [word for word in ("hidden", SECRET, OTHER, "ann") if word in caplog.text]


async def test_an_address_that_is_not_public_is_never_connected_to_and_said(
    start: Start, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        running = await start(webhook(f"https://localhost:{hooks.port}/hook", allow_private=False))
        running.turn(pileon("a"))
        await until("it was refused", lambda: running.counted("forbidden") >= 1)
    assert hooks.tries == []
    assert "webhook mods: not delivered, its name leads to an address that is not public; it is tried again" in caplog.messages


@pytest.mark.parametrize("host", [*TRICKS, "localhost", "local\u24d7ost"])
async def test_this_machine_in_any_writing_is_never_reached(start: Start, hooks: Hooks, host: str) -> None:
    running = await start(webhook(f"http://{host}:{hooks.port}/hook", allow_private=False))
    running.turn(pileon("a"))
    await until("it was tried", lambda: running.counted("forbidden") + running.counted("failed") + running.counted("ok"))
    assert hooks.tries == []


async def test_a_literal_that_no_resolver_saw_is_refused_by_its_address(start: Start, hooks: Hooks) -> None:
    running = await start(webhook(f"http://\uff11\uff12\uff17.0.0.1:{hooks.port}/hook", allow_private=False))
    running.turn(pileon("a"))
    await until("it was refused", lambda: running.counted("forbidden"))
    assert hooks.tries == []


@pytest.mark.parametrize("allow_private", [True, False])
async def test_a_host_that_cannot_be_looked_up_is_a_failed_try_and_stops_nobody(start: Start, hooks: Hooks, allow_private: bool) -> None:
    odd = webhook(f"http://{UNANSWERABLE[0]}/hook", name="odd", allow_private=allow_private)  # the settings refuse it: should one get by
    running = await start(odd, webhook(hooks.url))
    running.turn(pileon("a"))
    await until("it was tried again", lambda: running.counted("failed", "odd") >= 2)
    await until("the other is told", lambda: hooks.events() == ["opened"])


async def test_a_name_is_resolved_once_for_a_connection_which_goes_to_what_was_checked(
    start: Start, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def rebinding(self: Any, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        asked.append(host)
        found = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [{"hostname": host, "host": found, "port": port, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr(addresses.ThreadedResolver, "resolve", rebinding)
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    running = await start(webhook(f"http://hooks.example:{hooks.port}/hook", allow_private=False))
    running.turn(pileon("a"))
    await running.empty()
    assert asked == ["hooks.example"]
    assert hooks.events() == ["opened"]


async def test_a_storm_in_two_partitions_is_posted_once(start: Start, hooks: Hooks) -> None:
    receiver = webhook(hooks.url)
    storms = Storms(Config())
    running = await start(receiver, rooms=Rooms([receiver], storms=storms))
    other = Rooms([receiver], storms=storms)
    other.partition, running.rooms.rooms[1] = 1, other
    for rooms in (running.rooms, other):
        rooms.turn(*(pileon(f"{rooms.partition}-{n}") for n in range(30)), now=datetime.now(UTC))
    await until("nothing waits anywhere", lambda: not running.rooms.outbox.waiting() and not other.outbox.waiting(), within=20)
    await until("its end is told", lambda: "ended" in hooks.events())
    assert Counter(hooks.events()) == {"opened": 20, "storm": 1, "ended": 1}
    begun, over = (one for one in hooks.taken if one["pileon_id"].startswith("storm-"))
    assert (begun["pileon_id"], begun["revision"], over["revision"]) == (over["pileon_id"], 1, 2)
    assert (begun["pileons"], over["pileons"], over["ended_because"]) == (21, 60, "passed")
