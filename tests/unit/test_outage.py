"""An outage of the broker is said once as it begins and once as it ends, whatever else is said meanwhile."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from streams.errors import UserError
from streams.kafka.connection import OneLinePerChange
from streams.live.outage import Outage
from streams.live.watch import Watch
from streams.settings import Kafka, Settings


def outage(answers: Iterator[str | Exception | None]) -> tuple[Outage, Watch]:
    settings = Settings(kafka=Kafka(bootstrap="127.0.0.1:9"))
    watch = Watch(settings, CollectorRegistry(), [], "linear@1", "c")

    async def ask(options: Mapping[str, Any]) -> str | None:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Outage(settings, watch, OneLinePerChange(), ask), watch


async def test_one_line_as_it_goes_and_one_as_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    found, _ = outage(iter(["connection refused", "connection refused", "it knows of no broker yet", None]))
    began = time.monotonic()
    assert [await found.explains(began) for _ in range(3)] == [True] * 3
    await found.look()
    assert caplog.messages == ["the broker does not answer (connection refused); waiting for it", "the broker answers again"]


async def test_an_answer_that_took_long_does_not_contradict_a_newer_one(caplog: pytest.LogCaptureFixture) -> None:
    slow, seen = asyncio.Event(), []

    async def ask(options: Mapping[str, Any]) -> str | None:
        seen.append(options)
        if len(seen) == 1:
            await slow.wait()
            return "no answer"
        return None

    _, watch = outage(iter([]))
    found = Outage(Settings(kafka=Kafka(bootstrap="127.0.0.1:9")), watch, OneLinePerChange(), ask)
    both = asyncio.gather(found.is_on(), found.is_on())
    await asyncio.sleep(0)
    slow.set()
    assert list(await both) == [True, False]
    assert not watch.broker_is_away


async def test_where_nobody_complains_the_broker_is_not_asked() -> None:
    found, _ = outage(iter([]))
    for _ in range(3):
        await found.look()


async def test_what_was_begun_in_an_outage_or_just_after_it_is_explained_by_it() -> None:
    found, watch = outage(iter([None, "away", None, None, None]))
    began = time.monotonic()
    assert not await found.explains(began)
    await found.is_on()
    await found.look()
    assert not watch.broker_is_away
    assert await found.explains(began)
    assert not await found.explains(time.monotonic() + 60)


async def test_a_broker_that_no_longer_lets_us_in_is_said_in_words_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    found, _ = outage(iter([UserError("look at kafka.sasl_password")]))
    assert await found.is_on()
    assert "look at kafka.sasl_password" in caplog.text


async def test_a_connection_that_breaks_in_the_middle_of_a_look_is_an_outage_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    found, _ = outage(iter([ConnectionResetError()]))
    assert await found.is_on()
    assert "the broker does not answer (ConnectionResetError)" in caplog.text


async def test_what_fails_although_the_broker_answers_is_another_line(caplog: pytest.LogCaptureFixture) -> None:
    _, watch = outage(iter([]))
    for _ in range(3):
        watch.broker_refused("lag", "TopicAuthorizationFailedError")
    assert caplog.messages == ["the broker answers, but lag is not possible (TopicAuthorizationFailedError); trying again"]
