"""Keeps the lease of everything that fires: what changed at once, all of it every 30 s while it lasts. Each Alertmanager has its own."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from streams.engine import Effects
from streams.live.agent import StageAgent
from streams.live.alertmanager import Alertmanager, alerts
from streams.live.watch import Watch
from streams.settings import Alertmanager as Where
from streams.settings import Settings
from streams.stages.alert import AlertDecision, Decision
from streams.stages.firing import Firing, Storm
from streams.stages.step import Stage

Entries = list[Firing | Storm]


class Poster:
    """Posts what the alert stage's partitions on this worker say. A partition that is revoked is no longer posted."""

    def __init__(self, settings: Settings, watch: Watch) -> None:
        self._watch = watch
        urls = dict.fromkeys(url.rstrip("/") for url in settings.alertmanager.urls)
        managers = (Alertmanager(url, watch.metrics.alert_posted) for url in urls)
        self._leases = [_Lease(manager, settings.alertmanager, self._measure) for manager in managers]
        self._running: list[asyncio.Task[None]] = []
        self._fresh: set[str] = set()

    def applied(self, stage: Stage, effects: Effects) -> None:
        """Look at the decisions of a batch; what changes something for a receiver is posted at once."""
        if stage.name != "alert":
            return
        for told in effects.outputs:
            if isinstance(told, AlertDecision) and told.decision is not Decision.HOLD:
                self._fresh |= {told.pileon_id} if told.decision is Decision.FIRE else set()
                for lease in self._leases:
                    lease.tell(told.pileon_id)

    async def run(self, agent: StageAgent, service: Any) -> None:
        """Post until the worker stops. One Alertmanager that hangs holds back no other."""
        self._running = [asyncio.create_task(lease.keep(agent, service)) for lease in self._leases]
        try:
            await asyncio.gather(*self._running)
        finally:
            await _stopped(self._running)

    async def close(self) -> None:
        """Stop, and close the connections. Nothing is resolved: the lease tells receivers that nobody watches any longer."""
        await _stopped(self._running)
        for lease in self._leases:
            await lease.close()

    def _measure(self, entries: Entries, now: datetime) -> None:
        for entry in entries:
            if isinstance(entry, Firing) and entry.pileon_id in self._fresh:
                self._watch.metrics.alert_fired(entry.source, entry.pileon_id, entry.first_hostile_at, now)
                self._fresh.discard(entry.pileon_id)


class _Lease:
    """What one Alertmanager is told, at its own pace: never two posts at once."""

    def __init__(self, manager: Alertmanager, where: Where, measure: Callable[[Entries, datetime], None]) -> None:
        self._manager, self._lease, self._console_url = manager, where.lease, where.console_url
        self._every, self._measure = where.post_every.total_seconds(), measure
        self._changed = asyncio.Event()
        self._news: set[str] = set()
        self._storms: set[tuple[str, datetime]] = set()

    def tell(self, pileon_id: str) -> None:
        """Post this pile-on as soon as the post that is under way is over."""
        self._news.add(pileon_id)
        self._changed.set()

    async def keep(self, agent: StageAgent, service: Any) -> None:
        """Post until the worker stops: news at once and alone, everything in every round."""
        clock = asyncio.get_running_loop().time
        next_round = clock()
        while not service.should_stop:
            news, self._news = self._news, set()
            entries = await _entries(agent)
            if clock() >= next_round:
                next_round = clock() + self._every
                self._storms.clear()
            else:  # a thousand open pile-ons are not posted again for each that changes
                entries = [entry for entry in entries if self._is_news(entry, news)]
            await self._post(entries)
            await self._pause(next_round - clock())

    async def close(self) -> None:
        """Close the connections."""
        await self._manager.close()

    def _is_news(self, entry: Firing | Storm, news: set[str]) -> bool:
        if isinstance(entry, Firing):
            return entry.pileon_id in news
        return entry.since is not None and (entry.source, entry.since) not in self._storms

    async def _post(self, entries: Entries) -> None:
        if posted := alerts(entries, datetime.now(UTC), self._lease, self._console_url):
            await self._manager.post(posted)
            self._storms |= {(entry.source, entry.since) for entry in entries if isinstance(entry, Storm) and entry.since}
            self._measure(entries, datetime.now(UTC))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), max(0.0, seconds))
        except TimeoutError:
            return
        self._changed.clear()


async def _entries(agent: StageAgent) -> Entries:
    """Return what fires on every partition held here."""
    return await agent.looked_at(lambda room: list(room.store.entries.values()))


async def _stopped(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
