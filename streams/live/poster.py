"""Keeps the lease of everything that fires: what changed at once, all of it every 30 s while it lasts. Each Alertmanager has its own."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from streams.alert_settings import Alertmanager as Where
from streams.engine import Effects
from streams.live.agent import StageAgent
from streams.live.alertmanager import Alert, Alertmanager, alerts
from streams.live.watch import Watch
from streams.settings import Settings
from streams.stages.alert import AlertDecision, Decision
from streams.stages.alert_config import Config
from streams.stages.firing import Firing, Storm, together
from streams.stages.step import Stage

Entries = list[Firing | Storm]
_AWAY_AFTER: Final = 15.0
"""Seconds: a post is tried for ten, and again after five."""

_AGAIN: Final = 5.0
"""Seconds after which a round that nobody took is tried again: one that restarts need not be without its alerts for a whole round."""


class Poster:
    """Posts what the alert stage's partitions on this worker say. A partition that is revoked is no longer posted."""

    def __init__(self, settings: Settings, watch: Watch) -> None:
        self._delays = _Delays(watch)
        urls = dict.fromkeys(url.rstrip("/") for url in settings.alertmanager.urls)
        managers = (Alertmanager(url, watch.metrics.alert_posted) for url in urls)
        self._leases = [_Lease(manager, settings.alertmanager, settings.alert, self._delays) for manager in managers]
        self._running: list[asyncio.Task[None]] = []

    def applied(self, stage: Stage, effects: Effects) -> None:
        """Look at the decisions of a batch; what changes something for a receiver is posted at once."""
        if stage.name != "alert" or not self._leases:
            return
        for told in effects.outputs:
            if isinstance(told, AlertDecision) and told.decision is not Decision.HOLD:
                if told.decision is Decision.FIRE:
                    self._delays.untold.add(told.pileon_id)
                for lease in self._leases:
                    lease.tell(told.pileon_id)

    async def run(self, agent: StageAgent, service: Any) -> None:
        """Post until the worker stops. One Alertmanager that hangs holds back no other."""
        self._running = [asyncio.create_task(lease.keep(agent, service)) for lease in self._leases]
        try:
            await asyncio.gather(*self._running)
        finally:
            await _stopped(self._running)

    def untaken_for(self) -> float:
        """Return the seconds since a post was due that no Alertmanager has taken; 0 where one took its last, or there is none."""
        return min((lease.untaken_for() for lease in self._leases), default=0.0)

    def away(self) -> int:
        """Return how many Alertmanagers have taken nothing for longer than a post and its repeat last."""
        return sum(lease.untaken_for() > _AWAY_AFTER for lease in self._leases)

    async def close(self) -> None:
        """Stop, and close the connections. Nothing is resolved: the lease tells receivers that nobody watches any longer."""
        await _stopped(self._running)
        for lease in self._leases:
            await lease.close()


class _Delays:
    """Measures how long it took until the first Alertmanager had the alert of a pile-on that fired here."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.untold: set[str] = set()

    def taken(self, entries: Entries, posted: Sequence[Alert]) -> None:
        """Measure what one of them has taken. One that ended before is told to nobody."""
        new, now = self.untold & {alert["labels"].get("pileon") for alert in posted}, datetime.now(UTC)
        for entry in entries:
            if isinstance(entry, Firing) and entry.pileon_id in new:
                self.untold.discard(entry.pileon_id)
                if entry.done_at is None:
                    self._watch.metrics.alert_fired(entry.source, entry.pileon_id, entry.first_hostile_at, now)

    def keep(self, before: set[str], entries: Entries) -> None:
        """Forget what of ``before`` no longer fires here: it ended long ago, or another worker has it."""
        self.untold -= before - {entry.pileon_id for entry in entries if isinstance(entry, Firing)}


class _Lease:
    """What one Alertmanager is told, at its own pace: never two posts at once."""

    def __init__(self, manager: Alertmanager, where: Where, config: Config, delays: _Delays) -> None:
        self._config = config
        self._manager, self._lease, self._console_url = manager, where.lease, where.console_url
        self._every, self._delays = where.post_every.total_seconds(), delays
        self._changed = asyncio.Event()
        self._news: set[str] = set()
        self._storms: set[tuple[str, datetime]] = set()
        self._untaken_since: float | None = None
        self._heard_since: datetime | None = None
        """From when on it took whatever was posted; None: it does not, or was not asked yet."""

    def untaken_for(self) -> float:
        """Return the seconds since a post was due that it has not taken; 0 where it took the last."""
        return time.monotonic() - self._untaken_since if self._untaken_since is not None else 0.0

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
            before, self._untaken_since = self._untaken_since, self._untaken_since or time.monotonic()
            untold, entries = set(self._delays.untold), self._entries(agent)
            if is_round := clock() >= next_round:
                next_round = clock() + self._every
                self._storms.clear()
                self._delays.keep(untold, entries)
            else:  # a thousand open pile-ons are not posted again for each that changes
                entries = [entry for entry in entries if self._is_news(entry, news)]
            if await self._is_taken(entries, is_round, is_well=before is None):
                self._untaken_since, self._heard_since = None, self._heard_since or datetime.now(UTC)
            else:
                self._heard_since = None
                next_round = min(next_round, clock() + _AGAIN)
            await self._pause(next_round - clock())

    async def close(self) -> None:
        """Close the connections."""
        await self._manager.close()

    def _entries(self, agent: StageAgent) -> Entries:
        """Return what fires on every partition held here; a storm is one of all of them, however the cases fall on partitions."""
        found: Entries = agent.standing(lambda room: list(room.told))
        storms = [entry for entry in found if isinstance(entry, Storm)]
        return [*(entry for entry in found if isinstance(entry, Firing)), *together(storms, self._config)]

    def _is_news(self, entry: Firing | Storm, news: set[str]) -> bool:
        if isinstance(entry, Firing):
            return entry.pileon_id in news
        return entry.since is not None and (entry.source, entry.since) not in self._storms

    async def _is_taken(self, entries: Entries, is_round: bool, is_well: bool) -> bool:
        """Post, and return whether it was taken; whether it was well before, where there is nothing to post."""
        now = datetime.now(UTC)
        posted = alerts(entries, now, self._lease, self._console_url, self._heard_since or now)
        if not posted and not is_round:
            return is_well
        # An empty round too: one that is dead or mistyped is noticed before anybody has to be told.
        is_taken = await self._manager.post(posted, partial(self._delays.taken, entries))
        self._storms |= {(entry.source, entry.since) for entry in entries if isinstance(entry, Storm) and entry.since}
        return is_taken

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), max(0.0, seconds))
        except TimeoutError:
            return
        self._changed.clear()


async def _stopped(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
