"""What moderators mute by a button: read along from ``config``, without a group, and held by the alert stage from then on."""

import logging
from typing import Any

from streams.engine import Message, decoder_of
from streams.kafka.connection import topic_name
from streams.kafka.read import message_of, open_reader_from_the_beginning
from streams.records import ConfigRecord
from streams.settings import Settings
from streams.stages.alert import Alerts
from streams.stages.decode import Unreadable
from streams.stages.muting import is_muting, mutes_of, muting_of
from streams.topics import CONFIG

log = logging.getLogger("threadwatch.live")


class Mutes:
    """Brings them to this worker's alert stage."""

    def __init__(self, settings: Settings, alerts: Alerts) -> None:
        self._settings, self._alerts = settings, alerts
        self._consumer: Any = None
        self._latest: dict[str, ConfigRecord] = {}

    async def look(self) -> None:
        """Read what came, and let the stage hold it."""
        if self._consumer is None:
            self._consumer = await open_reader_from_the_beginning(self._settings, topic_name(self._settings, CONFIG.name))
        is_news = False
        while batches := await self._consumer.getmany(timeout_ms=0):
            for raw in (raw for raws in batches.values() for raw in raws):
                is_news |= self._take(message_of(raw))
        if is_news:
            self._alerts.mute((*self._settings.mutes, *mutes_of(self._latest.values())))

    async def close(self) -> None:
        """Let go."""
        if self._consumer is not None:
            await self._consumer.stop()

    def _take(self, message: Message) -> bool:
        name = (message.key or b"").decode(errors="replace")
        if not is_muting(name):
            return False
        if message.value is None:
            return self._latest.pop(name, None) is not None
        try:
            record: ConfigRecord = decoder_of(CONFIG)(message.value)
        except Unreadable as unreadable:
            return self._refused(message, unreadable.reason)
        if record.name != name or muting_of(record) is None:
            return self._refused(message, "it says no mute")
        self._latest[name] = record
        return True

    def _refused(self, message: Message, why: str) -> bool:
        """Say where it stands: a mute that is none holds nothing back, and the one before it stands."""
        log.warning("a mute cannot be read and holds nothing: %s, partition %d, offset %d (%s)", message.topic, message.partition,
                    message.offset, why)  # fmt: skip
        return False
