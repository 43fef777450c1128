"""What the live program does with the alert stage, without a broker: fold transitions, post the lease."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.live.alertmanager import Alertmanager, alerts
from streams.records import PileOn, Severity, Status
from streams.stages.alert import Alerts, Config, Mute
from tests.support.builders import MINUTE, pileon


class Posting:
    """The alert stage on one partition, and the Alertmanagers that hear of it."""

    def __init__(self, *urls: str, console: str = "", mutes: tuple[Mute, ...] = (), config: Config = Config()) -> None:  # noqa: B008
        self._stage, self._console = Alerts(config, mutes), console
        self._store = self._stage.new_store()
        self.outcomes: list[tuple[str, str]] = []
        self._managers = [Alertmanager(url, lambda outcome, url=url: self.outcomes.append((url, outcome))) for url in urls]

    def sees(self, transition: PileOn) -> None:
        """Fold one transition."""
        for key, entry in self._stage.step(self._store, transition, datetime.now(UTC)).entries:
            self._store.apply(key, entry)

    async def posts(self, rounds: int = 1, lease: timedelta = 15 * MINUTE) -> None:
        """Post all that fires, so often."""
        for _ in range(rounds):
            fires = alerts(self._store.entries.values(), datetime.now(UTC), lease, self._console)
            await asyncio.gather(*(manager.post(fires) for manager in self._managers))

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
