"""Counts what moderators say of pile-ons, as it comes: the worker that holds partition 0 of ``alert`` does, so that each counts once."""

from typing import Any

from streams.engine import decoder_of
from streams.kafka.connection import topic_name
from streams.kafka.read import open_reader, partition_places
from streams.live.agent import StageAgent
from streams.live.watch import Watch
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import FEEDBACK

_OURS = 0


class Verdicts:
    """Reads ``feedback`` from its end on, outside any group: a count of what comes needs no memory of what came."""

    def __init__(self, settings: Settings, alerts: StageAgent, watch: Watch) -> None:
        self._settings, self._alerts, self._watch = settings, alerts, watch
        self._consumer: Any = None

    async def look(self) -> None:
        """Count what came since the last look, while the partition is held here."""
        if _OURS not in self._alerts.rooms:
            await self.close()
        elif self._consumer is None:
            await self._open()
        else:
            for messages in (await self._consumer.getmany(timeout_ms=0)).values():
                for message in messages:
                    self._count(message.value)

    async def close(self) -> None:
        """Let go of the topic."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _open(self) -> None:
        consumer = await open_reader(self._settings)
        try:
            places = await partition_places(consumer, topic_name(self._settings, FEEDBACK.name))
            consumer.assign(places)
            await consumer.seek_to_end(*places)
            self._consumer = consumer
        finally:
            if self._consumer is None:  # the broker went away meanwhile
                await consumer.stop()

    def _count(self, value: bytes | None) -> None:
        try:
            self._watch.metrics.judged(decoder_of(FEEDBACK)(value).judgement)
        except Unreadable:
            return  # whoever acts on verdicts puts it aside
