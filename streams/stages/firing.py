"""What fires now: the alert stage's state."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from operator import itemgetter
from typing import Annotated

from msgspec import Meta, Struct

from streams.records import Moment, PileOn, Severity
from streams.stages.alert_config import Config
from streams.topics import json_key


class Firing(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="firing"):
    """One pile-on as the lease needs it. No person, conversation or text is in it."""

    pileon_id: str
    revision: int
    source: str
    community: str
    severities: tuple[Severity, ...] = ()
    """What was told, in order: after an escalation both, until the end. Empty: held, nobody was told."""
    held_because: str = ""
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
    is_on: bool = False
    """Whether the last one opened belongs to a storm."""

    def with_opened(self, pileon: PileOn, config: Config) -> "Storm":
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
            is_on=passed or goes_on,
        )  # fmt: skip


def together(storms: Iterable[Storm], config: Config) -> list[Storm]:
    """Return one watch for each source, sorted by name: what opened on several partitions is counted as one."""
    of_source: dict[str, list[Storm]] = {}
    for storm in storms:
        of_source.setdefault(storm.source, []).append(storm)
    return [_joined(source, of_source[source], config) for source in sorted(of_source)]


def _joined(source: str, parts: Sequence[Storm], config: Config) -> Storm:
    opened = sorted(at for part in parts for at in part.opened)
    passed = [last for first, last in zip(opened, opened[config.max_opened :], strict=False) if last - first <= config.storm_window]
    lasting = [(part.since, part.until) for part in parts if part.since is not None and part.until is not None]
    lasting += [(at, later(at, config.storm_length)) for at in passed]
    last = max(lasting, key=itemgetter(1), default=None)
    since = last and min(begins for begins, ends in lasting if ends >= last[0])
    is_on = last is not None and opened[-1] < last[1]
    return Storm(source=source, opened=tuple(opened[-config.max_opened - 1 :]), since=since, until=last and last[1], is_on=is_on)


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

    def __init__(self, keep_closed: timedelta) -> None:
        """``keep_closed``: how long after its close arrived an entry stays."""
        self.entries: dict[str, Firing | Storm] = {}
        self._keep = keep_closed
        self._done: list[tuple[datetime, str]] = []

    def apply(self, key: str, entry: Firing | Storm | None) -> None:
        """Put one entry, or remove it."""
        if entry is None:
            self.entries.pop(key, None)
            return
        self.entries[key] = entry
        if isinstance(entry, Firing) and entry.done_at is not None:
            heappush(self._done, (later(entry.done_at, self._keep), key))

    def firing(self, pileon_id: str) -> Firing | None:
        """Return what is known of a pile-on."""
        entry = self.entries.get(pileon_id)
        return entry if isinstance(entry, Firing) else None

    def storm(self, source: str) -> Storm | None:
        """Return the storm watch of a source."""
        entry = self.entries.get(storm_key(source))
        return entry if isinstance(entry, Storm) else None

    def done_by(self, at: datetime) -> list[str]:
        """Return the ids of what ended long enough ago, sorted."""
        found = []
        while self._done and self._done[0][0] <= at:
            due, key = heappop(self._done)
            entry = self.firing(key)
            if entry is not None and entry.done_at is not None and later(entry.done_at, self._keep) == due:
                found.append((due, key))
        for item in found:  # they are gone only when the caller says so, by ``apply``
            heappush(self._done, item)
        return sorted({key for _, key in found})


def storm_key(source: str) -> str:
    """Return the key of a source's storm watch. No pile-on's id looks like this."""
    return json_key("storm", source).decode()
