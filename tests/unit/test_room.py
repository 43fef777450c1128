"""What a room keeps of how far it is, and what makes two configurations two."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from streams.engine import Effects, Message
from streams.live.room import Applied, Room
from streams.settings import Kafka, Settings
from streams.stages.alert import Alerts
from streams.stages.alert import Config as AlertConfig
from streams.stages.pileon import Config
from streams.topology import config_hash


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


def test_the_same_settings_have_one_hash_whatever_their_order_and_others_another() -> None:
    config = Config()
    assert config_hash(config, [("b", 1), ("a", 2)]) == config_hash(config, [("b", 1), ("a", 2)])
    assert config_hash(config) != config_hash(Config(window=timedelta(minutes=5)))
    assert len(config_hash()) == 12
