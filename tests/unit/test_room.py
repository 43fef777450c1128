"""What a room keeps of how far it is, and what makes two configurations two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from streams.engine import Effects, Message
from streams.live.outbox import Outbox
from streams.live.room import Applied, Room
from streams.settings import Kafka, Settings
from streams.stages.alert import Alerts
from streams.stages.alert import Config as AlertConfig
from streams.stages.pileon import Config
from streams.topology import config_hash
from tests.support.builders import pileon
from tests.support.hooks import webhook


@pytest.fixture
async def mine() -> AsyncIterator[Room]:
    room = Room(Settings(kafka=Kafka(bootstrap="nowhere:9")), Alerts(AlertConfig(), ()), 0, "config")
    yield room
    await room.close()


def message(offset: int, timestamp_ms: int) -> Message:
    return Message("pileons", 0, offset, timestamp_ms, b"", b"")


async def test_a_log_s_clock_never_goes_back_and_offsets_go_on(mine: Room) -> None:
    mine.applied = mine._moved(message(3, 1000), Effects(clock_ms=900, clock_seen_ms=1000))
    assert (mine.applied.offset, mine.applied.clock_ms, mine.applied.clock_seen_ms) == (3, 900, 1000)
    mine.applied = mine._moved(message(4, 1100), Effects(clock_ms=500, clock_seen_ms=1100))
    assert (mine.applied.offset, mine.applied.clock_ms, mine.applied.clock_seen_ms) == (4, 900, 1000)
    mine.applied = mine._moved(message(5, 1200), Effects())
    assert (mine.applied.offset, mine.applied.clock_ms) == (5, 900)


async def test_what_is_applied_already_is_not_applied_again(mine: Room) -> None:
    mine.applied = Applied(10)
    assert await mine.apply([message(9, 1), message(10, 2)]) is None


class Waiting:
    """A broker that lets no transaction begin."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def __aenter__(self) -> None:
        self.asked.set()
        await asyncio.Event().wait()

    async def __aexit__(self, *_: object) -> None: ...


async def test_what_a_batch_decides_is_told_to_nobody_before_it_stands_in_the_log(mine: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    mine.outbox, broker = Outbox((webhook(),), ""), Waiting()
    monkeypatch.setattr(mine._producer, "transaction", lambda: broker)
    batch = Message("pileons", 0, 0, 1_714_564_800_000, b"a", msgspec.json.encode(pileon("a")))
    applying = asyncio.create_task(mine.apply([batch]))
    await broker.asked.wait()
    assert mine.store.firing("a") is not None
    assert (mine.told, mine.outbox.waiting()) == ((), [])
    applying.cancel()
    mine._stands()
    assert mine.store.firing("a") in mine.told
    assert [one.id for one in mine.outbox.waiting()] == ["a/1/mods"]


def test_the_same_settings_have_one_hash_whatever_their_order_and_others_another() -> None:
    config = Config()
    assert config_hash(config, [("b", 1), ("a", 2)]) == config_hash(config, [("b", 1), ("a", 2)])
    assert config_hash(config) != config_hash(Config(window=timedelta(minutes=5)))
    assert len(config_hash()) == 12
