"""Keeps the lease of everything that fires: what changed at once, and all of it every 30 s while it lasts."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from streams.engine import Effects
from streams.live.agent import StageAgent
from streams.live.alertmanager import Alertmanagers, alerts
from streams.live.watch import Watch
from streams.settings import Settings
from streams.stages.alert import AlertDecision, Decision
from streams.stages.firing import Firing, Storm
from streams.stages.step import Stage


class Poster:
    """Posts what the alert stage's partitions on this worker say. A partition that is revoked is no longer posted."""

    def __init__(self, settings: Settings, watch: Watch) -> None:
        self._lease, self._every = settings.alertmanager.lease, settings.alertmanager.post_every.total_seconds()
        self._console_url, self._watch = settings.alertmanager.console_url, watch
        self._managers = Alertmanagers(settings.alertmanager.urls, lambda _, outcome: watch.metrics.alert_posted(outcome))
        self._changed = asyncio.Event()
        self._news: set[str] = set()
        self._fresh: set[str] = set()
        self._storms: set[tuple[str, datetime]] = set()

    def applied(self, stage: Stage, effects: Effects) -> None:
        """Look at the decisions of a batch; what changes something for a receiver is posted at once."""
        if stage.name != "alert":
            return
        for told in effects.outputs:
            if isinstance(told, AlertDecision) and told.decision is not Decision.HOLD:
                self._changed.set()
                self._news.add(told.pileon_id)
                self._fresh |= {told.pileon_id} if told.decision is Decision.FIRE else set()

    async def run(self, agent: StageAgent, service: Any) -> None:
        """Post until the worker stops: news at once and alone, everything in every round."""
        clock = asyncio.get_running_loop().time
        next_round = clock()
        while not service.should_stop:
            news, self._news = self._news, set()
            entries = await self._entries(agent)
            if clock() >= next_round:
                next_round = clock() + self._every
                self._storms.clear()
            else:  # a thousand open pile-ons are not posted again for each that changes
                entries = [entry for entry in entries if self._is_news(entry, news)]
            await self._post(entries)
            await self._pause(next_round - clock())

    def _is_news(self, entry: Firing | Storm, news: set[str]) -> bool:
        if isinstance(entry, Firing):
            return entry.pileon_id in news
        return entry.since is not None and (entry.source, entry.since) not in self._storms

    async def _post(self, entries: list[Firing | Storm]) -> None:
        if posted := alerts(entries, datetime.now(UTC), self._lease, self._console_url):
            await self._managers.post(posted)
            self._storms |= {(entry.source, entry.since) for entry in entries if isinstance(entry, Storm) and entry.since}
            self._measure(entries, datetime.now(UTC))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), max(0.0, seconds))
        except TimeoutError:
            return
        self._changed.clear()

    async def _entries(self, agent: StageAgent) -> list[Firing | Storm]:
        """Return what fires on every partition held here."""
        return await agent.looked_at(lambda room: list(room.store.entries.values()))

    def _measure(self, entries: list[Firing | Storm], now: datetime) -> None:
        for entry in entries:
            if isinstance(entry, Firing) and entry.pileon_id in self._fresh:
                self._watch.metrics.alert_fired(entry.source, entry.pileon_id, entry.first_hostile_at, now)
                self._fresh.discard(entry.pileon_id)

    async def close(self) -> None:
        """Close the connections. Nothing is resolved: the lease tells receivers that nobody watches any longer."""
        await self._managers.close()
