"""Whoever looks at history changes nothing: the broker is watched while every command that reads it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.connection import client_options
from tests.conftest import Another
from tests.support.broker import OwnBroker
from tests.support.live import Live
from tests.support.recording import recording

pytestmark = pytest.mark.kafka

RAW = ("--topic", "comments.raw")
READERS = {
    "replay": ("replay", *RAW),
    "replay, scores reused": ("replay", *RAW, "--scores", "reuse"),
    "backtest run": ("backtest", "run", *RAW, "--config", "{folder}/new.toml"),
    "backtest sweep": ("backtest", "sweep", *RAW, "--grid", "pileon.min_hostile_authors=3..5"),
    "replay of replies": ("replay", "--topic", "replies", "--processes", "2"),
    "backtest run on replies": ("backtest", "run", "--topic", "replies", "--config", "{folder}/new.toml"),
    "backtest sweep on replies": ("backtest", "sweep", "--topic", "replies", "--grid", "pileon.min_hostile_authors=3..5"),
    "backtest run with the verdicts": ("backtest", "run", *RAW, "--config", "{folder}/new.toml", "--labels", "feedback"),
    "verify": ("backtest", "verify"),
    "verify raw": ("backtest", "verify", "--raw"),
    "replay of replies from a time": ("replay", "--topic", "replies", "--from", "2020-01-01"),
    "record comments.raw": ("record", "comments.raw"),
    "record comments.scored": ("record", "comments.scored"),
    "record replies": ("record", "replies"),
    "record pileons": ("record", "pileons"),
}
INTERNAL = ("__consumer_offsets", "__transaction_state")
"""Where a commit, a group or a transaction would show."""


@asynccontextmanager
async def counting() -> AsyncIterator[tuple[str, list[str]]]:
    """Give the address of something that stands where an Alertmanager would, and what was asked of it."""
    asked: list[str] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


async def watched(live: Live) -> tuple[dict[str, int], list[str]]:
    """Return where every log of the broker ends, its own too, and which groups there are."""
    admin, consumer = AIOKafkaAdminClient(**client_options(live.settings)), AIOKafkaConsumer(**client_options(live.settings))
    await asyncio.gather(admin.start(), consumer.start())
    try:
        described = await admin.describe_topics(await admin.list_topics())
        places = [TopicPartition(topic["topic"], part["partition"]) for topic in described for part in topic["partitions"]]
        ends = await consumer.end_offsets(
            [one for one in places if one.topic in INTERNAL or one.topic.startswith(live.settings.kafka.prefix)]
        )
        return {f"{one.topic}/{one.partition}": end for one, end in ends.items()}, sorted(map(str, await admin.list_consumer_groups()))
    finally:
        await asyncio.gather(admin.close(), consumer.stop())


async def test_no_reader_commits_joins_a_group_writes_or_tells_anybody(another: Another, own_broker: OwnBroker) -> None:
    """On a broker of its own: one that is shared forgets the groups of other tests meanwhile, which is written down too."""
    async with counting() as (url, asked):
        live: Live = await another(own_broker.address, THREADWATCH_ALERTMANAGER__URLS=url)
        worker = live.worker()
        await live.put_lines(recording().lines)
        await live.settled()
        await asyncio.to_thread(worker.stop)
        assert live.pileons() and asked, "there is something to tell, and the worker told it"
        assert (await live.command("verdict", live.pileons()[0].pileon_id, "pile_on", "--by", "kim")).returncode == 0
        (live.folder / "new.toml").write_text("[pileon]\nmin_hostile_authors = 3\n")
        before, told = await watched(live), len(asked)
        assert any(name.startswith(INTERNAL) for name in before[0])
        for number, (name, command) in enumerate(READERS.items()):
            done = await live.command(*(part.format(folder=live.folder) for part in command), "--out", str(live.folder / f"out-{number}"))
            assert done.returncode == 0, (name, done.stderr)
            assert await watched(live) == before, name
            assert len(asked) == told, name
