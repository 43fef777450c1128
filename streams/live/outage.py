"""Is the broker away? Asked where there is a reason to, and said once as it goes and once as it is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiokafka.errors import KafkaError

from streams.errors import UserError
from streams.kafka.connection import CALM, OneLinePerChange, client_options
from streams.kafka.refusals import let_in
from streams.live.watch import Watch
from streams.settings import Settings

COMING_BACK: Final = 20.0
"""Seconds after an outage in which what fails may still fail because of it."""


class Outage:
    """Looks after the broker for the log: Kafka's clients tell of an outage in a dozen ways, none of which says that it is one."""

    def __init__(
        self,
        settings: Settings,
        watch: Watch,
        calm: OneLinePerChange = CALM,
        ask: Callable[[Mapping[str, Any]], Awaitable[str | None]] = let_in,
    ) -> None:
        self._options, self._watch, self._calm, self._ask = client_options(settings), watch, calm, ask
        self._over_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> None:
        """Ask the broker if its clients have complained, or if it was away."""
        if self._calm.holds_lines or self._watch.broker_is_away:
            await self.is_on()
        else:
            self._calm.settle(is_away=False, began=time.time(), now=time.time())

    async def is_on(self) -> bool:
        """Return whether the broker is away, having said so where that is news."""
        async with self._one_at_a_time:  # an answer that took long must not contradict a newer one
            return await self._asked()

    async def _asked(self) -> bool:
        began, was_on = time.time(), self._watch.broker_is_away
        why = await self._why()
        if why is None:
            self._watch.broker_back()
            self._over_at = time.monotonic() if was_on else self._over_at
        else:
            self._watch.broker_away(why)
        self._calm.settle(is_away=why is not None, began=began, now=time.time())
        return why is not None

    async def explains(self, attempt_began: float) -> bool:
        """Return whether what was begun then (``time.monotonic()``) failed because of an outage, now or lately."""
        return await self.is_on() or attempt_began <= self._over_at + COMING_BACK

    async def _why(self) -> str | None:
        try:
            return await self._ask(self._options)
        except UserError as refused:
            return str(refused)
        except (KafkaError, OSError) as broken:
            return type(broken).__name__
