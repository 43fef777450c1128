"""Storms, as people read them and as webhooks tell them: how many in how long, since when; once as it begins, once as it is over."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from streams.records import Moment, Severity
from streams.site_names import shown
from streams.stages.alert_config import Config
from streams.stages.firing import Storm, minute, together
from streams.stages.instants import micros
from streams.stages.reasons import spoken

OPENED: Final = "storm"
PASSED: Final = "passed"
"""Why a storm ended: the bound was not passed for a while. Several partitions may post one storm; Alertmanager keeps the latest end."""
KEPT: Final = timedelta(hours=1)
"""How long it is remembered that a storm's end was told: an opening that comes late belongs to what was told."""
_MAX_LINK: Final = 1000
"""Characters of an address that a chat still takes as one."""


class StormTold(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="storm"):
    """The storm that was told of a source. One partition of a worker tells it, to ``receivers``; the others only know of it."""

    since: Moment
    until: Moment
    receivers: tuple[str, ...] = ()
    revision: int = 1
    """Of what was told last."""
    has_ended: bool = False
    """Whether its end was told."""
    storm: Storm | None = None
    """As it was when it was told, for an end that a worker tells which does not know it any more."""


def summary(storm: Storm) -> str:
    """Return what a storm is: numbers and times alone."""
    began = (storm.began or storm.since or storm.opened[0]).astimezone(UTC)
    return f"{opened(storm)} pile-ons opened within {within(storm)}, since {began:%Y-%m-%d %H:%M} UTC"


def opened(storm: Storm) -> int:
    """Return how many opened in it."""
    return sum(number for _, number in storm.counted) or len(storm.opened)


def within(storm: Storm) -> str:
    """Return from the first to the last of those that are counted."""
    first = storm.began or storm.since or storm.opened[0]
    if storm.counted and storm.counted[0][0] > minute(first):  # of a very long one only the last hours are counted
        first = datetime.fromtimestamp(storm.counted[0][0] * 60, UTC)
    return spoken(micros(storm.opened[-1]) - micros(first))


def link(console_url: str, source: str) -> str:
    """Return the address of the console's list of this source's open cases; of all where the name is too long; none without a console."""
    if not console_url:
        return ""
    address = f"{console_url.rstrip('/')}/?{urlencode({'source': source})}"
    return address if len(address) <= _MAX_LINK else f"{console_url.rstrip('/')}/"


def told(storm: Storm, name: str, revision: int, console_url: str, *, has_ended: bool) -> dict[str, Any]:
    """Return what a webhook says of a storm as it begins, or as it is over."""
    source, where = shown(storm.source), link(console_url, storm.source)
    state = f"ENDED ({PASSED})" if has_ended else "ongoing"
    parts = (f"[{Severity.CRITICAL}] {source}", summary(storm), state, where or "threadwatch watch")
    return {
        "event": "ended" if has_ended else OPENED, "text": " · ".join(parts), "pileon_id": name, "revision": revision,
        "severity": str(Severity.CRITICAL), "source": source, "pileons": opened(storm), "began_at": storm.began or storm.since,
        "at": storm.until if has_ended else storm.since, **({"ended_because": PASSED} if has_ended else {}),
        **({"link": where} if where else {}),
    }  # fmt: skip


def name_of(source: str, since: datetime) -> str:
    """Return the id under which a storm is told: another worker's storm of the same source is another, with numbers of its own."""
    return "storm-" + hashlib.sha256(f"{source}\n{since.astimezone(UTC).isoformat()}".encode()).hexdigest()[:24]


def is_same(told: StormTold, storm: Storm) -> bool:
    """Return whether a storm of the source is the one that was told: what began before that was over."""
    return storm.since is not None and storm.since <= told.until


class Partition(Protocol):
    """What ``Storms`` needs to know of an outbox."""

    @property
    def is_written(self) -> bool: ...  # noqa: D102

    def storm_told(self, source: str) -> StormTold | None: ...  # noqa: D102


class Storms:
    """What opened on the partitions of this worker: a storm is one, however its cases fall on them."""

    def __init__(self, config: Config) -> None:
        """``config`` says what a storm is."""
        self.config = config
        self._of: WeakKeyDictionary[Partition, dict[str, Storm]] = WeakKeyDictionary()

    def join(self, outbox: Partition) -> None:
        """Take a partition in."""
        self._of[outbox] = {}

    def seen(self, outbox: Partition, storm: Storm) -> Storm:
        """Take what a partition sees of a source; return what all of them see. What is long over is forgotten."""
        old = _seen_at(storm) - self.config.storm_window - self.config.storm_length
        for of in self._of.values():
            for source in [source for source, one in of.items() if _seen_at(one) < old]:
                del of[source]
        self._of[outbox][storm.source] = storm
        (found,) = together([of[storm.source] for of in self._of.values() if storm.source in of], self.config)
        return found

    def told(self, source: str) -> StormTold | None:
        """Return what was told of a source's last storm, by the partition that told it, if it is here; until the latest that any knows."""
        found = [one for outbox in self._of if (one := outbox.storm_told(source)) is not None]
        if not found:
            return None
        last = max(found, key=lambda one: (one.since, bool(one.receivers), one.revision))
        return msgspec.structs.replace(last, until=max(one.until for one in found if one.since == last.since))

    def is_written(self, source: str) -> bool:
        """Return whether what was told of it stands in the log, as far as it was told here."""
        return all(outbox.is_written for outbox in self._of if (one := outbox.storm_told(source)) is not None and one.receivers)


def _seen_at(storm: Storm) -> datetime:
    return storm.seen_at or storm.opened[-1]


def over(stands: Mapping[str, StormTold], storms: Mapping[str, Storm], now: datetime) -> Iterator[tuple[str, StormTold, Storm | None]]:
    """Yield what is over of that which was told: the source, what was told, and the storm as it ended, if anybody knows it.

    ``storms`` is what the worker sees of each source by now.
    """
    for source, one in stands.items():
        seen = storms.get(source)
        last = seen if seen is not None and is_same(one, seen) else one.storm
        if now >= max(one.until, last.until if last is not None and last.until is not None else one.until):
            yield source, one, last
