"""What fires now: the alert stage's state."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import dropwhile
from operator import itemgetter
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from streams.records import Moment, PileOn, Severity
from streams.stages.alert_config import Config
from streams.topics import json_key

MAX_MINUTES: Final = 240
"""Minutes of a source in which any opened that are counted, at most: of a longer storm the last of them."""
MAX_APART: Final = 5
"""How many of those that opened within ``storm_length`` in one source (and partition) have a message of their own: of a storm hundreds are
still open when it has passed, and are told by community."""


class Firing(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="firing"):
    """One pile-on as the lease needs it. No person, conversation or text is in it."""

    pileon_id: str
    revision: int
    source: str
    community: str
    severities: tuple[Severity, ...] = ()
    """What was told, in order: after an escalation both, until the end. Empty: held, nobody was told."""
    held_because: str = ""
    is_one_of_many: bool = False
    """Whether so many opened about then that it is told beside others of its community (ADR 37). Said once, when it opens."""
    first_hostile_at: Moment
    fired_at: Moment | None = None
    """When it was first told, by the arrival of what opened it; None: nobody was told, or by a program that did not note it."""
    last_hostile_at: Moment | None = None
    updated_at: Moment
    hostile_authors: int
    usual_hostile_authors: float | None = None
    replying_authors: int
    hostile_replies: int
    conversations: int
    unknown_author_replies: int = 0
    reason: Annotated[str, Meta(max_length=1000)]
    ended_because: str = ""
    done_at: Moment | None = None
    """When its close arrived."""


class Storm(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="storm"):
    """How many opened lately in one source (and partition), by the arrival of the replies that opened them."""

    source: str
    opened: tuple[Moment, ...] = ()
    """The last arrivals, sorted; as many as tell whether the bound is passed."""
    since: Moment | None = None
    until: Moment | None = None
    """A storm is on until then; None: there was none."""
    began: Moment | None = None
    """When the first of those opened that made it one."""
    is_on: bool = False
    """Whether the last one opened belongs to a storm."""
    minutes: tuple[tuple[int, int], ...] = ()
    """How many opened in which minute (since 1970), the last ``MAX_MINUTES`` of those in which any did."""
    seen_at: Moment | None = None
    """When the last of them was seen, by the log of ``pileons``: whatever a source claims, its watch is let go some time after."""

    @property
    def counted(self) -> tuple[tuple[int, int], ...]:
        """Return the minutes of the storm in which any opened, and how many."""
        first = minute(self.began or self.since or self.opened[0]) if self.opened else 0
        return tuple(dropwhile(lambda each: each[0] < first, self.minutes))

    def is_crowded(self, config: Config) -> bool:
        """Return whether the last one opened is one of more than ``MAX_APART``."""
        lately = [at for at in self.opened if self.opened[-1] - at <= config.storm_length]
        return len(lately) > min(MAX_APART, config.max_opened)

    def with_opened(self, pileon: PileOn, config: Config, seen_at: datetime) -> "Storm":
        """Return the watch with one more opened."""
        at = arrival(pileon)
        opened = tuple(sorted((*self.opened, at))[-config.max_opened - 1 :])
        now = opened[-1]
        passed = len(opened) > config.max_opened and now - opened[0] <= config.storm_window
        goes_on = self.until is not None and now < self.until
        return Storm(
            source=self.source, opened=opened,
            since=self.since if goes_on else now if passed else None,
            until=later(now, config.storm_length) if passed else self.until if goes_on else None,
            began=self.began if goes_on else opened[0] if passed else None,
            is_on=passed or goes_on, minutes=_summed([*self.minutes, (minute(at), 1)]), seen_at=seen_at,
        )  # fmt: skip


def together(storms: Iterable[Storm], config: Config) -> list[Storm]:
    """Return one watch for each source, sorted by name: what opened on several partitions is counted as one."""
    of_source: dict[str, list[Storm]] = {}
    for storm in storms:
        of_source.setdefault(storm.source, []).append(storm)
    return [_joined(source, of_source[source], config) for source in sorted(of_source)]


def _joined(source: str, parts: Sequence[Storm], config: Config) -> Storm:
    opened = sorted(at for part in parts for at in part.opened)
    spans = zip(opened, opened[config.max_opened :], strict=False)
    lasting = [(part.since, part.until, part.began or part.since) for part in parts if part.since is not None and part.until is not None]
    lasting += [(last, later(last, config.storm_length), first) for first, last in spans if last - first <= config.storm_window]
    last = max(lasting, key=itemgetter(1), default=None)
    begins = [one for one in lasting if last is not None and one[1] >= last[0]]
    return Storm(
        source=source, opened=tuple(opened[-config.max_opened - 1 :]), since=min((one[0] for one in begins), default=None),
        until=last and last[1], began=min((one[2] for one in begins), default=None), is_on=last is not None and opened[-1] < last[1],
        minutes=_summed([each for part in parts for each in part.minutes]),
        seen_at=max((part.seen_at for part in parts if part.seen_at is not None), default=None),
    )  # fmt: skip


def _summed(minutes: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    counted: dict[int, int] = {}
    for at, number in minutes:
        counted[at] = counted.get(at, 0) + number
    return tuple(sorted(counted.items())[-MAX_MINUTES:])


def minute(at: datetime) -> int:
    """Return the minute since 1970 in which a moment lies."""
    return int(at.timestamp() // 60)


def arrival(pileon: PileOn) -> datetime:
    """Return when the reply arrived that opened it."""
    return later(pileon.opened_at, timedelta(seconds=min(pileon.opening_delay_seconds, 10.0**9)))


def later(at: datetime, by: timedelta) -> datetime:
    """Return ``at + by``, or ``at`` where that is past what a datetime can say."""
    try:
        return at + by
    except OverflowError:
        return at


class Firings:
    """What fires, by pile-on id, and the storm watches. A function of its entries alone."""

    def __init__(self, keep_closed: timedelta, keep_storms: timedelta) -> None:
        """``keep_closed``: how long after its close arrived an entry stays; ``keep_storms``: a watch after the last that opened."""
        self.entries: dict[str, Firing | Storm] = {}
        self._keep, self._keep_storms = keep_closed, keep_storms
        self._done: list[tuple[datetime, str]] = []

    def apply(self, key: str, entry: Firing | Storm | None) -> None:
        """Put one entry, or remove it."""
        if entry is None:
            self.entries.pop(key, None)
            return
        self.entries[key] = entry
        if (due := self._due(entry)) is not None:
            heappush(self._done, (due, key))

    def _due(self, entry: Firing | Storm | None) -> datetime | None:
        """Return when an entry is let go, if that is known."""
        if isinstance(entry, Storm):
            return later(entry.seen_at or entry.opened[-1], self._keep_storms) if entry.opened else None
        return later(entry.done_at, self._keep) if entry is not None and entry.done_at is not None else None

    def firing(self, pileon_id: str) -> Firing | None:
        """Return what is known of a pile-on."""
        entry = self.entries.get(pileon_id)
        return entry if isinstance(entry, Firing) else None

    def storm(self, source: str) -> Storm | None:
        """Return the storm watch of a source."""
        entry = self.entries.get(storm_key(source))
        return entry if isinstance(entry, Storm) else None

    def done_by(self, at: datetime) -> list[str]:
        """Return the keys of what ended, or was quiet, long enough, sorted."""
        found = []
        while self._done and self._done[0][0] <= at:
            due, key = heappop(self._done)
            if self._due(self.entries.get(key)) == due:
                found.append((due, key))
        for item in found:  # they are gone only when the caller says so, by ``apply``
            heappush(self._done, item)
        return sorted({key for _, key in found})


def storm_key(source: str) -> str:
    """Return the key of a source's storm watch. No pile-on's id looks like this."""
    return json_key("storm", source).decode()


def storm_source(key: str) -> str | None:
    """Return the source whose storm watch has this key; None: it is a pile-on's."""
    try:
        kind, source = msgspec.json.decode(key, type=tuple[str, str])
    except msgspec.MsgspecError:
        return None
    return source if kind == "storm" else None
