"""Topics as they should be and as they are: make what is missing, tell what differs."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.errors import UserError
from streams.kafka.connection import client_options
from streams.kafka.declared import DeclaredTopic, declared
from streams.settings import Settings

COMPARED: Final = ("cleanup.policy", "retention.ms", "max.message.bytes", "message.timestamp.type")


def declared_topics(settings: Settings) -> tuple[DeclaredTopic, ...]:
    """Return every topic as ``schemas/topics`` and the settings say."""
    return declared(settings.retention, settings.kafka.replication, settings.kafka.prefix)


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
    if not topics:
        return []
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics])
    found = {resource[3]: {entry[0]: entry[1] for entry in resource[4]} for answer in answers for resource in answer.resources}
    return [line for topic in topics for line in _compared(topic, found.get(topic.name, {}))]


def _compared(topic: DeclaredTopic, found: dict[str, str]) -> Iterable[str]:
    for name in COMPARED:
        if name in topic.configs and str(found.get(name)) != topic.configs[name]:
            yield f"{topic.name}: {name} is {found.get(name)}, declared {topic.configs[name]}"
