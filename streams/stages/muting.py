"""Mutes that moderators make while the program runs: records of ``config`` that live and replay take over. Pure.

A name is never used twice, so that the topic, which keeps the latest record of each, keeps every mute that there was: what is replayed is
held where it was held live. Ending one earlier is the same name, one version higher.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.records import ConfigRecord, Name
from streams.stages.alert_config import MAX_MUTE, Mute

PREFIX: Final = "mute "
GRACE: Final = timedelta(seconds=10)
"""So long after the log has it a mute begins or ends at the earliest: by then every worker has read it, and holds what a replay holds."""
FIRST: Final = 1
"""The version that makes a mute; a higher one ends it."""
_OF_A_MUTE: Final = ("target", "conversation", "source", "community", "reason", "since", "until")


class Muting(Struct, frozen=True, kw_only=True):
    """A mute, by what name it is known, and who made it."""

    name: Name
    version: int
    by: Name
    ended_by: Name | None = None
    mute: Mute


def is_muting(name: str) -> bool:
    """Return whether a record of ``config`` with this name is a mute."""
    return name.startswith(PREFIX)


def record_of(muting: Muting) -> ConfigRecord:
    """Return the record that says it."""
    given = msgspec.to_builtins(muting.mute)
    values = {name: given[name] for name in _OF_A_MUTE if given.get(name) is not None} | {"by": muting.by}
    if muting.ended_by is not None:
        values["ended_by"] = muting.ended_by
    return ConfigRecord(name=muting.name, version=muting.version, effective_from=muting.mute.since, values=values)


def muting_of(record: ConfigRecord) -> Muting | None:
    """Return what such a record says; None where it says no mute."""
    values: dict[str, Any] = {name: record.values.get(name) for name in _OF_A_MUTE}
    said = {"name": record.name, "version": record.version, "by": record.values.get("by"), "ended_by": record.values.get("ended_by")}
    try:
        mute = msgspec.convert(values | {"from_arrival": True}, Mute)
        return msgspec.convert(said | {"mute": mute}, Muting)
    except msgspec.ValidationError:
        return None


def settled(muting: Muting, came_at: datetime) -> Muting | None:
    """Return what holds of a record that the broker got at this time; None where nothing does.

    It may lie long between making a record and the broker's having it: a mute begins, and one that was ended ends, no sooner than
    ``GRACE`` after that.
    """
    mute, earliest = muting.mute, came_at + GRACE
    if muting.version > FIRST:
        until = min(max(mute.until, earliest), mute.since + MAX_MUTE)
        return msgspec.structs.replace(muting, mute=msgspec.structs.replace(mute, until=until))
    if earliest >= mute.until:
        return None
    return msgspec.structs.replace(muting, mute=msgspec.structs.replace(mute, since=max(mute.since, earliest)))


def ended(muting: Muting, now: datetime, by: str) -> Muting:
    """Return the same, ended from now on; who made it stands beside who ended it."""
    until = min(muting.mute.until, max(now + GRACE, muting.mute.since + timedelta(seconds=1)))
    mute = msgspec.structs.replace(muting.mute, until=until)
    return msgspec.structs.replace(muting, version=muting.version + 1, ended_by=by, mute=mute)


def mutes_of(said: Iterable[Muting]) -> tuple[Mute, ...]:
    """Return the mutes, in order of their names."""
    return tuple(each.mute for each in sorted(said, key=lambda each: each.name))
