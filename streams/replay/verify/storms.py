"""Storm watches: what ``state.alert`` says last of each, beside what the same transitions make of it again. Pure.

A watch is one entry per source and partition, written over and over: only the last stands for certain, so only that is compared.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from streams.replay.verify.causes import UNEXPLAINED, Ends
from streams.replay.verify.differences import Cause, Found, Kind, Place, Record, differing
from streams.stages.firing import Storm
from streams.topics import PILEONS

Key = tuple[int, str]
"""Partition of ``pileons`` and source."""


class Watch(Struct, frozen=True):
    """A storm watch, and the message that says it: of ``state.alert`` live, of ``pileons`` in the replay."""

    storm: Storm
    place: Place


class Storming(Struct, frozen=True, kw_only=True):
    """A difference of storm watches, with its cause."""

    kind: Kind
    source: str
    fields: dict[str, tuple[object, object]] = {}
    input: Place | None = None
    live: Place | None = None
    found: Found = UNEXPLAINED


def storms_of(
    live: Mapping[Key, Watch], again: Mapping[Key, Watch], ends: Ends, holds: Callable[[datetime], bool]
) -> Iterator[Storming | None]:
    """Yield for each watch that live last wrote, or the replay last made, in the period how they differ; None: they do not."""
    for key in sorted(live.keys() | again.keys()):
        ours, theirs = again.get(key), live.get(key)
        if any(holds(one.place.at) for one in (ours, theirs) if one is not None):
            yield _compared(key, theirs, ours, ends)


def _compared(key: Key, live: Watch | None, again: Watch | None, ends: Ends) -> Storming | None:
    fields = differing(_plain(live), _plain(again))
    if not fields:
        return None
    kind = Kind.MISSING if live is None else Kind.EXTRA if again is None else Kind.ALTERED
    places = (again.place if again else None, live.place if live else None)
    return Storming(
        kind=kind, source=key[1], fields=fields, input=places[0], live=places[1], found=_of_before(key[0], live, again, ends) or UNEXPLAINED
    )


def _plain(watch: Watch | None) -> dict[str, object]:
    found: dict[str, object] = {} if watch is None else msgspec.to_builtins(watch.storm)
    return found


def _of_before(partition: int, live: Watch | None, again: Watch | None, ends: Ends) -> Found | None:
    """Whether the watch counts an opening that ``pileons`` has lost: older than the first message that is left, and not made again."""
    first, at = ends.get(partition, (0, None))
    if not first or live is None:
        return None
    made = again.storm.opened if again is not None else ()
    told = [live.storm.since, *live.storm.opened]
    if not any(one is not None and one not in made and (at is None or one < at) for one in told):
        return None
    said = f"pileons partition {partition} begins at offset {first}, after what this watch counted"
    return Found(Cause.APPROXIMATE_START, said, (Record(PILEONS.name, partition, first),))
