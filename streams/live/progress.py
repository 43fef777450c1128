"""Is a stage getting on? A watchdog *thread* ends a worker that is not: a stuck event loop could not end itself."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from streams.errors import UNEXPECTED
from streams.live.guard import leave

_LOOK_EVERY: Final = 2.0
STOPPING_AT_MOST: Final = 30.0


class Progress:
    """When a stage last began and ended a batch, and whether input waits for it. Seconds of a monotonic clock."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._busy: dict[int, float] = {}
        self.last_end = time.monotonic()
        self.lag = 0

    def began(self, partition: int, now: float) -> None:
        """A batch of this partition began."""
        self._busy[partition] = now

    def moved(self, partition: int, now: float) -> None:
        """What began gets on, however long it takes."""
        self.last_end = now
        if partition in self._busy:
            self._busy[partition] = now

    def ended(self, partition: int, now: float) -> None:
        """It is applied."""
        self._busy.pop(partition, None)
        self.last_end = now

    def saw_lag(self, lag: int, now: float) -> None:
        """So many messages wait. Idleness is no standstill: the clock starts when something waits."""
        if lag == 0 or self.lag == 0:
            self.last_end = max(self.last_end, now)
        self.lag = lag

    def stuck_for(self, now: float) -> float:
        """Return the seconds since something last moved although there is work; 0 when there is none."""
        if self._busy:
            return now - min(list(self._busy.values()))
        return now - self.last_end if self.lag > 0 else 0.0


class Watchdog(threading.Thread):
    """Ends the process (70) when a stage is stuck, the event loop stands still, or stopping takes too long."""

    def __init__(self, stages: list[Progress], stuck_after: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._stages, self._stuck_after, self._clock = stages, stuck_after, clock
        self.loop_seen = clock()
        self.stopping_since: float | None = None

    def run(self) -> None:
        """Look every two seconds."""
        while True:
            time.sleep(_LOOK_EVERY)
            if why := self.verdict(self._clock()):
                print(
                    f"threadwatch: {why}: ending the worker (exit {UNEXPECTED}), nothing half-done is applied", file=sys.stderr, flush=True
                )
                leave(UNEXPECTED)

    def verdict(self, now: float) -> str | None:
        """Return why the process must end, or None."""
        if self.stopping_since is not None:
            return "stopping takes more than 30 s" if now - self.stopping_since > STOPPING_AT_MOST else None
        if now - self.loop_seen > self._stuck_after:
            return f"the event loop stood still for {now - self.loop_seen:.0f} s"
        for stage in self._stages:
            if stage.stuck_for(now) > self._stuck_after:
                return f"stage {stage.stage} made no progress for {stage.stuck_for(now):.0f} s although input waits"
        return None
