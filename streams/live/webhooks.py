"""Delivers what waits in the outboxes: signed, at least once, each receiver for itself.

A receiver that is away, slow or refuses stops nobody else: its deliveries wait in the log, where a worker that starts
again, or another, finds them, and are tried again until ``give_up_after``.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from streams.engine import Effects
from streams.instruments import OTHER
from streams.live.delivering import LOOK_EVERY, Receiver, Waiting, named
from streams.live.outbox import Delivery, Outbox
from streams.live.removals import Removals, posted
from streams.live.storms import Storms
from streams.metrics import Metrics
from streams.settings import Settings
from streams.stages.alert import AlertDecision, Decision
from streams.stages.firing import Storm, together
from streams.stages.step import Stage

log = logging.getLogger("threadwatch.live")

FOR_NOBODY: Final = timedelta(hours=24)
"""How long a delivery waits for a receiver that is no longer in the settings: a mistake there must lose nothing."""


class Webhooks:
    """All receivers of this worker."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._receivers: list[Receiver] = []
        self._news: dict[str, asyncio.Event] = {}
        self._running: asyncio.Future[Any] | None = None

    def outbox(self, stage: Stage) -> Callable[[], Outbox] | None:
        """Return what makes a partition's outbox: for the alert stage, if there is a receiver."""
        if stage.name != "alert" or not self._settings.webhooks:
            return None
        storms = Storms(self._settings.alert)
        return lambda: Outbox(self._settings.webhooks, self._settings.alertmanager.console_url, storms)

    def applied(self, stage: Stage, effects: Effects) -> None:
        """Wake the receivers after a batch of the alert stage: news are told at once."""
        if stage.name == "alert" and any(told.decision is not Decision.HOLD for told in effects.outputs if isinstance(told, AlertDecision)):
            self._wake()

    async def run(self, agent: Any) -> None:
        """Deliver until cancelled. ``agent`` holds the rooms of the alert stage's partitions."""
        removals = Removals(agent)
        for webhook in self._settings.webhooks:
            self._news[webhook.name] = asyncio.Event()
            self._receivers.append(Receiver(webhook, agent, removals, self._news[webhook.name], self._metrics))
        if self._receivers:
            beside = (removals.run(), self._look_after(agent, removals), self._look_for_ends(agent))
            self._running = asyncio.gather(*beside, *(receiver.serve() for receiver in self._receivers))
            await self._running

    async def _look_after(self, agent: Any, removals: Removals) -> None:
        """Measure what waits, and in the end forget what is for nobody. A broker that is away holds up neither."""
        while True:
            stands: Waiting = agent.standing(lambda room: [(room.partition, one) for one in room.outbox.waiting()])
            waiting = [one for one in stands if not removals.has(*one)]
            self._measure([delivery for _, delivery in stands], [delivery for _, delivery in waiting])
            for partition, delivery in waiting:
                if delivery.receiver not in self._news and datetime.now(UTC) - delivery.queued_at > FOR_NOBODY:
                    removals.add(partition, delivery)
                    self._metrics.delivered.labels(OTHER, "expired").inc()
                    log.error("webhook %s is not in the settings: %s forgotten", delivery.receiver, named(delivery))
            await asyncio.sleep(LOOK_EVERY)

    async def _look_for_ends(self, agent: Any) -> None:
        while True:
            await self._end_storms(agent)
            await asyncio.sleep(LOOK_EVERY)

    async def _end_storms(self, agent: Any) -> None:
        """Tell once that a storm is over: nothing comes then that would tell it."""
        if not agent.standing(lambda room: list(room.outbox.storms_told())):
            return
        found = agent.standing(lambda room: [one for one in room.told if isinstance(one, Storm)])
        storms = {one.source: one for one in together(found, self._settings.alert)}
        for partition in list(agent.rooms):
            async with agent.lock(partition):
                room = agent.rooms.get(partition)
                entries = room.outbox.passed(storms, datetime.now(UTC)) if room is not None else {}
                if entries and await posted(room, entries):
                    self._wake()

    def _wake(self) -> None:
        for news in self._news.values():
            news.set()

    def _measure(self, stands: list[Delivery], waiting: list[Delivery]) -> None:
        """``stands``: what is in the log; ``waiting``: without what is told already."""
        of = Counter(one.receiver if one.receiver in self._news else OTHER for one in stands)
        oldest = {name: max((_age(one) for one in waiting if one.receiver == name), default=0.0) for name in self._news}
        for name in (*self._news, OTHER):
            self._metrics.waiting.labels(name).set(of[name])
        for name, age in oldest.items():
            self._metrics.oldest_waiting.labels(name).set(age)

    async def close(self) -> None:
        """Stop, and close the connections. What was on its way is sent again, with the same key, by who has the partition next."""
        if self._running is not None:
            self._running.cancel()
        for receiver in self._receivers:
            await receiver.close()


def _age(delivery: Delivery) -> float:
    return max(0.0, (datetime.now(UTC) - delivery.queued_at).total_seconds())
