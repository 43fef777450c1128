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
from streams.stages.alert_config import Mute

PREFIX: Final = "mute "
GRACE: Final = timedelta(seconds=10)
"""So long after it was said a mute begins or ends: by then every worker has read it, and holds what a replay will hold."""
_OF_A_MUTE: Final = ("target", "conversation", "source", "community", "reason", "since", "until")


class Muting(Struct, frozen=True, kw_only=True):
    """A mute, by what name it is known, and who made it."""

    name: Name
    version: int
    by: Name
    mute: Mute


def is_muting(name: str) -> bool:
    """Return whether a record of ``config`` with this name is a mute."""
    return name.startswith(PREFIX)


def record_of(muting: Muting) -> ConfigRecord:
    """Return the record that says it."""
    given = msgspec.to_builtins(muting.mute)
    values = {name: given[name] for name in _OF_A_MUTE if given.get(name) is not None} | {"by": muting.by}
    return ConfigRecord(name=muting.name, version=muting.version, effective_from=muting.mute.since, values=values)


def muting_of(record: ConfigRecord) -> Muting | None:
    """Return what such a record says; None where it says no mute."""
    values: dict[str, Any] = {name: record.values.get(name) for name in _OF_A_MUTE}
    try:
        mute = msgspec.convert(values | {"from_arrival": True}, Mute)
        return msgspec.convert({"name": record.name, "version": record.version, "by": record.values.get("by"), "mute": mute}, Muting)
    except msgspec.ValidationError:
        return None


def ended(muting: Muting, now: datetime, by: str) -> Muting:
    """Return the same, ended from now on."""
    until = min(muting.mute.until, max(now + GRACE, muting.mute.since + timedelta(seconds=1)))
    return msgspec.structs.replace(muting, version=muting.version + 1, by=by, mute=msgspec.structs.replace(muting.mute, until=until))


def mutes_of(records: Iterable[ConfigRecord]) -> tuple[Mute, ...]:
    """Return the mutes that these records say, in order of their names; of each name the highest version, the latest where two have it."""
    latest: dict[str, ConfigRecord] = {}
    for record in records:
        if is_muting(record.name) and record.version >= (latest[record.name].version if record.name in latest else 0):
            latest[record.name] = record
    return tuple(said.mute for name in sorted(latest) if (said := muting_of(latest[name])) is not None)
