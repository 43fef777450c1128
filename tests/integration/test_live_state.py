"""What a worker remembers outlives it; where it cannot be trusted, the worker says what to do and ends with exit 2."""

from datetime import datetime
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.errors import USER_MISTAKE
from streams.kafka.admin import create_topics
from streams.kafka.connection import client_options, topic_name
from streams.records import Comment, Status
from streams.topics import PILEONS
from tests.conftest import Another
from tests.support.builders import MINUTE, NOON, comment
from tests.support.live import ALL, Live, Worker, until

pytestmark = pytest.mark.kafka

INSULT = "You are a stupid, pathetic idiot. Shut up, you moron."


def crowd(first: int, last: int, talk: str = "talk", since: datetime = NOON) -> list[Comment]:
    """Return hostile answers to ``ann`` by different people, one a minute."""
    said = {"conversation_id": talk, "parent_id": f"{talk}-root", "text": INSULT}
    return [comment(f"{talk}-{n}", author_id=f"{talk}-p{n}", created_at=since + n * MINUTE, **said) for n in range(first, last)]


def root(talk: str = "talk", since: datetime = NOON) -> Comment:
    """Return what they answer."""
    return comment(f"{talk}-root", conversation_id=talk, author_id=f"ann-{talk}", created_at=since - MINUTE)


async def stopped(live: Live) -> None:
    """Stop the worker in order and let the next one begin with a clean page."""
    for worker in live.workers:
        worker.stop()
    live.workers.clear()


async def refused(worker: Worker, live: Live) -> str:
    """Return the last line of a worker that ends with exit 2."""
    assert await worker.exited() == USER_MISTAKE
    live.workers.clear()
    return worker.last_words()


async def test_a_worker_that_starts_again_goes_on_where_the_last_one_stopped(live: Live) -> None:
    live.worker()
    await live.send([root(), *crowd(1, 4)])
    await live.settled()
    assert live.pileons() == []
    await stopped(live)
    await live.send(crowd(4, 6))
    live.worker()
    await live.settled()
    live.check()
    assert [one.status for one in live.pileons()][:1] == [Status.OPENED]


async def test_a_config_that_changed_is_refused_until_it_is_accepted(another: Another) -> None:
    live: Live = await another()
    live.worker()
    await live.send([root(), *crowd(1, 4)])
    await live.settled()
    await stopped(live)
    said = await refused(live.worker(THREADWATCH_PILEON__MIN_HOSTILE_AUTHORS="3"), live)
    assert "other pileon settings" in said
    assert "--accept-config" in said
    assert "--rebuild" in said

    await live.worker("--accept-config", THREADWATCH_PILEON__MIN_HOSTILE_AUTHORS="3").ready()
    await stopped(live)
    live.worker(THREADWATCH_PILEON__MIN_HOSTILE_AUTHORS="3")  # accepted once is accepted, where no message came too
    await live.send([root("other"), *crowd(1, 4, "other")])
    await live.settled()
    assert [one.target_id for one in live.pileons() if one.status is Status.OPENED] == ["ann-other"], "past decisions stand"


async def test_a_rebuild_gives_the_same_state_and_sends_nothing_twice(live: Live) -> None:
    live.worker()
    await live.send([root(), *crowd(1, 9), root("other"), *crowd(1, 4, "other")])
    await live.settled()
    before = {topic: live.log(topic) for topic in ("comments.scored", "replies", "pileons")}
    states = {stage: [live.state(stage, number) for number in range(4)] for stage in ALL}
    await stopped(live)
    worker = live.worker("--rebuild")
    await worker.ready()
    await live.send([root("third")])
    await live.settled()
    assert sum(map(len, live.log("pileons"))) == sum(map(len, before["pileons"]))
    assert sum(map(len, live.log("replies"))) == sum(map(len, before["replies"]))
    assert sum(map(len, live.log("comments.scored"))) == sum(map(len, before["comments.scored"])) + 1
    for stage in ("pileon", "alert"):
        assert [live.state(stage, number) for number in range(4)] == states[stage]
    live.check()
    await stopped(live)
    live.worker()
    await live.send(crowd(4, 6, "other"))
    await live.settled()
    live.check()


async def test_a_topic_made_anew_is_noticed_and_a_rebuild_goes_on_with_it(live: Live) -> None:
    live.worker()
    await live.send([root(), *crowd(1, 9)])
    await live.settled()
    await stopped(live)
    await made_anew(live, PILEONS.name)
    said = await refused(live.worker("--stages", "alert"), live)
    assert "made anew" in said
    assert "--rebuild" in said
    worker = live.worker("--stages", "alert", "--rebuild")
    await worker.ready()
    await until("the rebuilt worker stays up", lambda: worker.gave_up is None)


async def made_anew(live: Live, topic: str) -> None:
    name, admin = topic_name(live.settings, topic), AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        await admin.delete_topics([name])

        async def is_gone() -> Any:
            return name not in await admin.list_topics()

        await until("the topic is gone", is_gone)
    finally:
        await admin.close()
    await create_topics(live.settings)
