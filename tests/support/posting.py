"""What the live program does with the alert stage, without a broker: fold transitions, post the lease."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.live.alertmanager import Alertmanager, alerts
from streams.records import PileOn, Severity, Status
from streams.stages.alert import Alerts, Config, Mute
from streams.stages.firing import Firing, Storm, together
from tests.support.builders import MINUTE, pileon


class Posting:
    """The alert stage, and the Alertmanagers that hear of it. ``partitions``: among how many the cases fall, by turns."""

    def __init__(self, *urls: str, console: str = "", mutes: tuple[Mute, ...] = (), config: Config = Config(),  # noqa: B008
                 partitions: int = 1) -> None:  # fmt: skip
        self._stage, self._console, self._config = Alerts(config, mutes), console, config
        self._stores = [self._stage.new_store() for _ in range(partitions)]
        self._of: dict[str, int] = {}
        self.outcomes: list[tuple[str, str]] = []
        self._heard: dict[Alertmanager, datetime | None] = {}
        self._managers = [Alertmanager(url, lambda outcome, url=url: self.outcomes.append((url, outcome))) for url in urls]

    def sees(self, transition: PileOn, ago: timedelta = timedelta(0)) -> None:
        """Fold one transition, as if it had arrived so long ago."""
        store = self._stores[self._of.setdefault(transition.pileon_id, len(self._of) % len(self._stores))]
        for key, entry in self._stage.step(store, transition, datetime.now(UTC) - ago).entries:
            store.apply(key, entry)

    async def posts(self, rounds: int = 1, lease: timedelta = 15 * MINUTE) -> None:
        """Post all that fires, so often."""
        for _ in range(rounds):
            entries = [entry for store in self._stores for entry in store.entries.values()]
            storms = together([entry for entry in entries if isinstance(entry, Storm)], self._config)
            cases = [entry for entry in entries if isinstance(entry, Firing)]
            await asyncio.gather(*(self._post(manager, [*cases, *storms], lease) for manager in self._managers))

    async def _post(self, manager: Alertmanager, entries: list[Firing | Storm], lease: timedelta) -> None:
        now, heard = datetime.now(UTC), self._heard.get(manager)
        takes = await manager.post(alerts(entries, now, lease, self._console, heard or now))
        self._heard[manager] = (heard or now) if takes else None

    async def stop(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(manager.close() for manager in self._managers))


def opened(severity: Severity = Severity.WARNING, name: str = "case-1", **fields: Any) -> PileOn:
    """Return a pile-on that opens now."""
    now = datetime.now(UTC)
    return pileon(name, severity=severity, **({"first_hostile_at": now - 10 * MINUTE, "opened_at": now, "updated_at": now} | fields))


def changed(before: PileOn, revision: int, status: Status = Status.ONGOING, **fields: Any) -> PileOn:
    """Return how it goes on."""
    names = ("first_hostile_at", "opened_at", "updated_at", "severity", "source", "community", "target_id", "opening_delay_seconds")
    return pileon(before.pileon_id, revision, status, **({name: getattr(before, name) for name in names} | fields))
