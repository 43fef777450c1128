"""Topics are created as schemas/topics declares them, and what differs on the broker is told, with exit 1."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka.admin import declared_topics
from streams.kafka.connection import client_options
from streams.kafka.declared import topic_files
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka


async def test_what_create_makes_check_finds_as_declared_and_a_second_create_changes_nothing(live: Live) -> None:
    again = await live.command("topics", "create")
    assert (again.returncode, again.stdout) == (0, "")
    assert "every topic is there already" in again.stderr
    checked = await live.command("topics", "check")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout


async def test_create_makes_every_declared_topic_and_names_it(live: Live) -> None:
    made = await live.command("topics", "create", "--prefix", f"{live.settings.kafka.prefix}more.")
    names = [f"{live.settings.kafka.prefix}more.{topic.name}" for topic in topic_files()]
    assert made.returncode == 0
    assert sorted(made.stdout.split()) == sorted(names)
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        assert set(names) <= set(await admin.list_topics())
        await admin.delete_topics(names)
    finally:
        await admin.close()


async def test_partitions_retention_and_cleanup_that_differ_are_each_told(live: Live) -> None:
    prefix = live.settings.kafka.prefix
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        await admin.create_partitions({f"{prefix}comments.raw": NewPartitions(5)})
        await admin.alter_configs([_changed(f"{prefix}replies", {"retention.ms": "1000", "cleanup.policy": "delete"}),
                                   _changed(f"{prefix}state.pileon", {"cleanup.policy": "delete"})])  # fmt: skip
        await admin.delete_topics([f"{prefix}feedback"])
    finally:
        await admin.close()

    async def told() -> bool:
        checked = await live.command("topics", "check")
        lines = checked.stdout.splitlines()
        wanted = (f"{prefix}comments.raw: 5 partitions, declared 4", f"{prefix}replies: retention.ms is 1000, declared",
                  f"{prefix}state.pileon: cleanup.policy is delete, declared compact", f"{prefix}feedback: missing")  # fmt: skip
        return checked.returncode == 1 and all(any(line.startswith(start) for line in lines) for start in wanted)

    await until("every difference is told, with exit 1", told, within=30)


def _changed(topic: str, configs: dict[str, str]) -> ConfigResource:
    return ConfigResource(ConfigResourceType.TOPIC, topic, configs)


async def test_a_worker_whose_topics_are_missing_says_so_and_ends(live: Live) -> None:
    worker = live.worker(THREADWATCH_KAFKA__PREFIX="nobody-made-these.")
    assert await worker.exited() == 2
    live.workers.clear()
    assert f"{len(declared_topics(live.settings))} topics on " in worker.last_words()
    assert "missing; `threadwatch topics create` makes it" in worker.last_words()
    assert "threadwatch topics create" in worker.last_words()


async def test_no_broker_is_one_plain_line(live: Live) -> None:
    done = await live.command("topics", "check", "--kafka", "127.0.0.1:9")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("threadwatch: no broker answers at 127.0.0.1:9")


@pytest.mark.parametrize(
    "command",
    [("ingest", "page", "page.txt", "--source", "page"), ("watch", "--once"), ("redrive", "comments.raw", "--list"),
     ("forget", "--author", "a"), ("replay", "--topic", "comments.raw", "--out", "out"), ("verdict", "abcdefgh", "not_one", "--by", "kim")],
    ids=lambda command: command[0],
)  # fmt: skip
async def test_where_topics_are_missing_every_command_says_so_in_one_line(live: Live, command: tuple[str, ...]) -> None:
    page = live.folder / "page.txt"
    page.write_text("A heading of some length\n\nView all comments\n\nAnn\n\nHello there.\n")
    arguments = [str(page) if part == "page.txt" else str(live.folder / part) if part == "out" else part for part in command]
    done = await live.command(*arguments, "--prefix", "not-there.")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "is not on the broker" in done.stderr
    assert "threadwatch topics create" in done.stderr
