"""Is a stage getting on? A watchdog *thread* ends a worker that is not: a stuck event loop could not end itself."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from streams.errors import UNEXPECTED
from streams.live.guard import leave

_LOOK_EVERY: Final = 2.0
STOPPING_AT_MOST: Final = 30.0


class Progress:
    """When a stage last began and ended a batch, and which of its partitions stand still. Seconds of a monotonic clock."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._busy: dict[int, float] = {}
        self._waiting: dict[int, float] = {}
        """Partition → since when input was seen to wait there without anything having moved."""
        self._turning: set[int] = set()
        """Whose batch is being turned, or waits for its turn: one thread scores, for all of them."""
        self.last_end = time.monotonic()
        self._computed_at = float("-inf")
        self.lag = 0

    def computed(self, now: float) -> None:
        """Some of a batch is computed, and more of it is not: long texts take long. Safe to call from any thread."""
        self._computed_at = now

    def began(self, partition: int, now: float) -> None:
        """A batch of this partition began."""
        self._busy[partition] = now

    def turning(self, partition: int) -> None:
        """A batch of this partition is being turned from now on, or waits for its turn: what is computed meanwhile is its progress."""
        self._turning.add(partition)

    def turned(self, partition: int, now: float) -> None:
        """It is turned, and not applied yet: what is computed for others says nothing of it any more."""
        self._turning.discard(partition)
        for since in (self._busy, self._waiting):
            if partition in since:
                since[partition] = now

    def moved(self, partition: int, now: float) -> None:
        """Something of this partition is applied, written down or loaded; whether more waits is known at the next look."""
        self._waiting.pop(partition, None)
        if partition in self._busy:
            self._busy[partition] = now
        self.last_end = now

    def ended(self, partition: int, now: float) -> None:
        """The batch is over: applied, or not ours any more."""
        self._busy.pop(partition, None)
        self._turning.discard(partition)
        self.last_end = now

    def saw_lags(self, lags: Mapping[int, int], now: float) -> None:
        """So many messages wait per partition of ours. Idleness is no standstill: the clock starts when something waits."""
        self._waiting = {partition: self._waiting.get(partition, now) for partition, lag in lags.items() if lag > 0}
        lag = sum(lags.values())
        if lag == 0 or self.lag == 0:
            self.last_end = max(self.last_end, now)
        self.lag = lag

    def stuck_for(self, now: float) -> float:
        """Return the seconds since something of the stage last moved although there is work; 0 when there is none."""
        if self._busy:
            return now - max(min(list(self._busy.values())), self._computed_at)
        return now - self.last_end if self.lag > 0 else 0.0

    def standstills(self, partitions: Iterable[int], now: float, is_full: bool = False) -> dict[int, float]:
        """Return, for each of these, the seconds since it last moved although there is work for it; 0 when there is none.

        Not how old a message is: what a backfill brings is old, and stands still only where nothing of it is applied. Nor how long a
        batch takes: one whose texts are being computed, or whose turn comes after others', gets on with them. ``is_full``: so does what
        cannot be taken for all that waits here.
        """
        return {partition: now - self._still_since(partition, now, is_full) for partition in partitions}

    def _still_since(self, partition: int, now: float, is_full: bool) -> float:
        since = min(self._busy.get(partition, now), self._waiting.get(partition, now))
        waits_for_others = partition in self._turning or (is_full and partition not in self._busy)
        return min(now, max(since, self._computed_at)) if waits_for_others else since


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
