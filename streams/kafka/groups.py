"""The stages' consumer groups, seen from outside: how much of each topic they have still to read. Nobody joins one."""

from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from msgspec import Struct

from streams.kafka.connection import client_options, topic_name
from streams.kafka.waiting import Probe
from streams.settings import Settings
from streams.topics import Topic

GROUP: Final = "threadwatch"


class Lag(Struct, frozen=True):
    """What waits for one stage."""

    waiting: dict[int, int]
    """Partition → messages that it has not finished."""
    has_begun: bool
    """Whether it ever finished any."""

    @property
    def total(self) -> int:
        """Return it of all partitions."""
        return sum(self.waiting.values())


def group_of(settings: Settings, stage: str) -> str:
    """Return the consumer group of a stage."""
    return f"{settings.kafka.prefix}{GROUP}.{stage}"


async def lags(settings: Settings, stages: dict[str, Topic]) -> dict[str, Lag]:
    """Return what waits for each stage, which reads this topic. UserError where there is no such topic."""
    probe = Probe(settings)
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        await probe.open()
        return {stage: await _lag(settings, admin, probe, stage, topic) for stage, topic in stages.items()}
    finally:
        await probe.close()
        await admin.close()


async def _lag(settings: Settings, admin: Any, probe: Probe, stage: str, topic: Topic) -> Lag:
    committed = await admin.list_consumer_group_offsets(group_of(settings, stage))
    name = topic_name(settings, topic.name)
    finished = {place.partition: at.offset - 1 for place, at in committed.items() if place.topic == name and at.offset >= 0}
    before = {number: first - 1 for number, first in (await probe.firsts(topic.name)).items()}
    return Lag(await probe.lags(topic.name, before | finished), bool(finished))
