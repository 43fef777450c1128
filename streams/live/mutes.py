"""What moderators mute by a button: read along from ``config``, without a group, and held by the alert stage from then on."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import KafkaError

from streams.kafka.connection import topic_name
from streams.kafka.mutes import Standing
from streams.kafka.read import message_of, open_reader_from_the_beginning
from streams.settings import Settings
from streams.stages.alert import Alerts
from streams.stages.muting import GRACE
from streams.topics import CONFIG

log = logging.getLogger("threadwatch.live")

_FRESH_FOR: Final = GRACE.total_seconds() / 2
"""Seconds. What the alert stage takes by then came, by the broker's time, before anything begins or ends that was not read yet."""
_WITHIN: Final = 10.0
_AGAIN_AFTER: Final = 1.0
_POLL_MS: Final = 200


class Mutes:
    """Brings them to this worker's alert stage."""

    def __init__(self, settings: Settings, alerts: Alerts, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._alerts, self._clock = settings, alerts, clock
        self._consumer: Any = None
        self._standing = Standing()
        self._looked_at = float("-inf")
        self._is_news = False
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> None:
        """Read what there is, to its end as it is now, and let the stage hold it."""
        async with self._one_at_a_time:
            await self._look()

    async def fresh(self) -> None:
        """Wait until what was read is so new that it decides about anything that came: after an outage, what waited comes at once."""
        while self._clock() - self._looked_at >= _FRESH_FOR:
            try:
                await self.look()
            except (KafkaError, OSError) as away:  # nothing else could be written either
                log.debug("config cannot be read yet: %s", type(away).__name__)
                await asyncio.sleep(_AGAIN_AFTER)

    async def _look(self) -> None:
        began = self._clock()
        async with asyncio.timeout(_WITHIN):
            if self._consumer is None:
                self._consumer = await open_reader_from_the_beginning(self._settings, topic_name(self._settings, CONFIG.name))
            for place, end in (await self._consumer.end_offsets(self._consumer.assignment())).items():
                while await self._consumer.position(place) < end:
                    for raws in (await self._consumer.getmany(timeout_ms=_POLL_MS)).values():
                        for raw in raws:
                            self._is_news |= self._standing.take(message_of(raw))
        self._looked_at = began
        if self._is_news:  # whole or not at all: half of what there is would end the rest
            self._alerts.mute((*self._settings.mutes, *self._standing.mutes))
            self._is_news = False

    async def close(self) -> None:
        """Let go."""
        if self._consumer is not None:
            await self._consumer.stop()
