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


async def test_create_gives_topics_that_exist_a_changed_retention_and_keeps_their_other_settings(live: Live) -> None:
    prefix = live.settings.kafka.prefix
    await _alter(live, _changed(f"{prefix}comments.raw", {"retention.ms": "1000", "max.message.bytes": "9", "flush.messages": "77"}))
    done = await live.command("topics", "create")
    timestamps = f"{prefix}comments.raw: message.timestamp.type is CreateTime, declared LogAppendTime; that is never changed here"
    assert (done.returncode, done.stderr.strip()) == (1, timestamps)
    assert f"{prefix}comments.raw: retention.ms was 1000, is 2592000000 now" in done.stdout.splitlines()
    assert f"{prefix}comments.raw: max.message.bytes was 9, is " in done.stdout
    assert {line.split(":")[0] for line in done.stdout.splitlines()} == {f"{prefix}comments.raw"}

    async def kept() -> bool:
        found = await _configs(live, f"{prefix}comments.raw")
        return (found["retention.ms"], found["flush.messages"]) == ("2592000000", "77")

    await until("the declared retention is there, beside what was set by hand", kept, within=30)


async def test_create_never_changes_partitions_or_cleanup_policy_and_says_so(live: Live) -> None:
    prefix = live.settings.kafka.prefix
    declared = next(topic for topic in declared_topics(live.settings) if topic.name == f"{prefix}state.pileon")
    await _alter(live, _changed(declared.name, declared.configs | {"cleanup.policy": "delete"}))
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        await admin.create_partitions({f"{prefix}replies": NewPartitions(5)})
    finally:
        await admin.close()
    done = await live.command("topics", "create")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{prefix}replies: 5 partitions, declared 4; that is never changed here" in done.stderr
    assert f"{declared.name}: cleanup.policy is delete, declared compact; that is never changed here" in done.stderr
    assert (await _configs(live, declared.name))["cleanup.policy"] == "delete"


async def _alter(live: Live, *resources: ConfigResource) -> None:
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        await admin.alter_configs(list(resources))
    finally:
        await admin.close()
    await until("the broker has taken it", lambda: _holds(live, resources), within=30)


async def _holds(live: Live, resources: tuple[ConfigResource, ...]) -> bool:
    for resource in resources:
        found = await _configs(live, resource.name)
        if any(found[name] != value for name, value in resource.configs.items()):
            return False
    return True


async def _configs(live: Live, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await admin.close()


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
     ("record", "replies", "--out", "out"),
     ("forget", "--author", "a"), ("replay", "--topic", "comments.raw", "--out", "out"), ("verdict", "abcdefgh", "not_one", "--by", "kim"),
     ("backtest", "run", "--topic", "comments.raw", "--config", "new.toml", "--out", "out"),
     ("backtest", "sweep", "--topic", "comments.raw", "--grid", "pileon.window=1h", "--out", "out")],
    ids=lambda command: command[0],
)  # fmt: skip
async def test_where_topics_are_missing_every_command_says_so_in_one_line(live: Live, command: tuple[str, ...]) -> None:
    page = live.folder / "page.txt"
    page.write_text("A heading of some length\n\nView all comments\n\nAnn\n\nHello there.\n")
    (live.folder / "new.toml").touch()
    arguments = [str(live.folder / part) if part in {"page.txt", "new.toml", "out"} else part for part in command]
    done = await live.command(*arguments, "--prefix", "not-there.")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "is not on the broker" in done.stderr
    assert "threadwatch topics create" in done.stderr
    assert not (live.folder / "out").exists()
