"""Topics as they should be and as they are: make what is missing, give them a changed retention, tell what differs."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.errors import UserError
from streams.kafka.connection import client_options
from streams.kafka.declared import DeclaredTopic, declared
from streams.settings import Settings

ALTERED: Final = ("retention.ms", "segment.ms", "max.message.bytes")
"""What may be changed of a topic that exists: how long text lives (whole segments go, so both) and the largest message."""
_SET_ON_THE_TOPIC: Final = 1
"""Kafka's number for a setting that the topic itself has, not its broker."""
COMPARED: Final = ("cleanup.policy", "retention.ms", "max.message.bytes", "message.timestamp.type")


def declared_topics(settings: Settings) -> tuple[DeclaredTopic, ...]:
    """Return every topic as ``schemas/topics`` and the settings say."""
    return declared(settings.retention, settings.kafka.replication, settings.kafka.prefix, settings.kafka.partitions)


async def create_topics(settings: Settings) -> list[str]:
    """Create the declared topics that are missing and return their names, once every one of them has a leader."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        there = set(await admin.list_topics())
        missing = [topic for topic in declared_topics(settings) if topic.name not in there]
        answer = (
            await admin.create_topics(
                [
                    NewTopic(
                        name=topic.name,
                        num_partitions=topic.partitions,
                        replication_factor=topic.replication,
                        topic_configs=topic.configs,
                    )
                    for topic in missing
                ]
            )
            if missing
            else None
        )
        _raise_errors(answer)
        await _until_led(admin, [topic.name for topic in missing])
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def delete_topics(settings: Settings) -> None:
    """Delete the declared topics under the settings' prefix. UserError without a prefix: that would be everything."""
    if not settings.kafka.prefix:
        raise UserError("topics are deleted only under a prefix")
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        there = set(await admin.list_topics())
        await admin.delete_topics([topic.name for topic in declared_topics(settings) if topic.name in there])
    finally:
        await admin.close()


def _raise_errors(answer: Any) -> None:
    for topic, code, *message in answer.topic_errors if answer else ():
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise UserError(f"the broker refused to create {topic}: {error.__name__} {' '.join(str(part) for part in message if part)}")


async def _until_led(admin: Any, names: list[str]) -> None:
    for _ in range(100):
        described = await admin.describe_topics(names) if names else []
        if all(part["leader"] >= 0 for topic in described for part in topic["partitions"]) and all(
            topic["partitions"] for topic in described
        ):
            return
        await asyncio.sleep(0.1)


async def differences(settings: Settings) -> list[str]:
    """Return one line per difference between the declared topics and the broker's: missing, partitions, settings."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        topics = declared_topics(settings)
        there = set(await admin.list_topics())
        missing = [f"{topic.name}: missing; `threadwatch topics create` makes it" for topic in topics if topic.name not in there]
        present = [topic for topic in topics if topic.name in there]
        return missing + await _partition_differences(admin, present) + await _config_differences(admin, present)
    finally:
        await admin.close()


async def _partition_differences(admin: Any, topics: list[DeclaredTopic]) -> list[str]:
    described = (
        {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics([topic.name for topic in topics])}
        if topics
        else {}
    )
    return [
        f"{topic.name}: {described[topic.name]} partitions, declared {topic.partitions}"
        for topic in topics
        if described[topic.name] != topic.partitions
    ]


async def _config_differences(admin: Any, topics: list[DeclaredTopic]) -> list[str]:
    found = await _entries(admin, topics)
    return [line for topic in topics for line in _compared(topic, {entry[0]: entry[1] for entry in found[topic.name]})]


async def _entries(admin: Any, topics: list[DeclaredTopic]) -> dict[str, list[Any]]:
    """Return each topic's settings as the broker lists them: (name, value, read only, where it is set, …)."""
    if not topics:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics])
    return {topic.name: [] for topic in topics} | {resource[3]: resource[4] for answer in answers for resource in answer.resources}


async def alter_topics(settings: Settings) -> tuple[list[str], list[str]]:
    """Give the topics that exist the declared retention and largest message.

    Returns a line per setting changed, and a line per difference that is never changed: partitions (a key would move), cleanup
    policy (it could delete state), timestamps.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        there = set(await admin.list_topics())
        present = [topic for topic in declared_topics(settings) if topic.name in there]
        found = await _entries(admin, present)
        changed = {topic.name: lines for topic in present if (lines := list(_alterations(topic, _values(found[topic.name]))))}
        await _alter(admin, [topic for topic in present if topic.name in changed], found)
        left = await _partition_differences(admin, present) + [line for topic in present for line in _kept(topic, found[topic.name])]
        return [line for lines in changed.values() for line in lines], left
    finally:
        await admin.close()


def _values(entries: list[Any]) -> dict[str, str]:
    return {entry[0]: str(entry[1]) for entry in entries}


def _alterations(topic: DeclaredTopic, found: dict[str, str]) -> Iterable[str]:
    for name in ALTERED:
        if name in topic.configs and found.get(name) != topic.configs[name]:
            yield f"{topic.name}: {name} was {found.get(name)}, is {topic.configs[name]} now"


def _kept(topic: DeclaredTopic, entries: list[Any]) -> Iterable[str]:
    never_altered = {name: value for name, value in topic.configs.items() if name not in ALTERED}
    return _compared(msgspec.structs.replace(topic, configs=never_altered), _values(entries))


async def _alter(admin: Any, topics: list[DeclaredTopic], found: dict[str, list[Any]]) -> None:
    if not topics:
        return
    answers = await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic.name, _complete(topic, found[topic.name])) for topic in topics]
    )
    for code, message, _, topic_named in (resource for answer in answers for resource in answer.resources):
        if code:
            raise UserError(f"the broker refused to change {topic_named}: {for_code(code).__name__} {message or ''}".rstrip())


def _complete(topic: DeclaredTopic, entries: list[Any]) -> dict[str, str]:
    """Return all settings that the topic is to have of its own: Kafka's request replaces the whole set, and what it leaves out is lost."""
    own = {entry[0]: str(entry[1]) for entry in entries if entry[3] == _SET_ON_THE_TOPIC}
    return own | {name: topic.configs[name] for name in ALTERED if name in topic.configs}


def _compared(topic: DeclaredTopic, found: dict[str, str]) -> Iterable[str]:
    for name in COMPARED:
        if name in topic.configs and str(found.get(name)) != topic.configs[name]:
            yield f"{topic.name}: {name} is {found.get(name)}, declared {topic.configs[name]}"
