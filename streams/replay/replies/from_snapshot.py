"""A replay of ``replies`` that begins with what the live stages knew: at a daily snapshot before its period, with the settings of then."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from streams.engine import decoder_of, moment
from streams.kafka.connection import reached
from streams.kafka.ends import bounds_of
from streams.kafka.read import Bound, TopicMissing, bounded
from streams.pseudonyms import installation_key
from streams.records import Status
from streams.replay.reach import Start
from streams.replay.remembered import entries_of
from streams.replay.replies.fold import Rules
from streams.replay.replies.logs import Entries, Known
from streams.replay.replies.plan import rules_of
from streams.replay.start import Opening, opened
from streams.settings import Settings, topology_config
from streams.stages.decode import Unreadable
from streams.topics import PILEONS, REPLIES
from streams.topology import config_hash

_LONGEST_CASE: Final = timedelta(days=60)
"""Nothing that was told before that matters to an alert: a case lasts at most 30 days, what ended is remembered for at most 7."""
_ENCODE: Final = msgspec.json.Encoder().encode


def known_before(settings: Settings, at: datetime) -> Known | None:
    """Return what the live stages had written down at the last midnight up to then.

    None where that would not be what they knew, or not what these settings would have made of it: a partition without a snapshot that the
    log can be followed from, another configuration of the detector, or retention that took what ``pileons`` had of the weeks before.
    """
    try:
        return asyncio.run(reached(settings, _known(settings, at if at.tzinfo else at.replace(tzinfo=UTC))))
    except TopicMissing:  # nobody made the topics of snapshots yet
        return None


async def _known(settings: Settings, at: datetime) -> Known | None:
    rules, told = rules_of(settings), await bounds_of(settings, PILEONS.name)
    partitions = sorted(await bounds_of(settings, REPLIES.name))
    if partitions != sorted(told):  # a person's transitions stand elsewhere
        return None
    found = {number: await opened(settings, rules.pileon, number, at) for number in partitions}
    ours = config_hash(*topology_config(settings, installation_key(settings.data)).of("pileon"))
    if not _are_exact(list(found.values()), ours) or not await _reaches(settings, told, at - _LONGEST_CASE):
        return None
    going_on: set[str] = set()
    entries = {number: [*_of_pileon(one), *await _of_alert(settings, rules, number, one, going_on)] for number, one in found.items()}
    return Known({number: one.offset for number, one in found.items()}, entries, len(going_on))


def _are_exact(found: Sequence[Opening], configuration: str) -> bool:
    taken = [one for one in found if one.start is Start.SNAPSHOT]
    return bool(taken) and all(one.start is not Start.APPROXIMATE for one in found) and {one.config for one in taken} == {configuration}


async def _reaches(settings: Settings, told: Mapping[int, Bound], since: datetime) -> bool:
    """Return whether all that ``pileons`` got from then on is left."""
    async with bounded(settings, PILEONS.name, since=since) as reading:
        return all(bound.first == 0 or reading.bounds[number].first > bound.first for number, bound in told.items())


def _of_pileon(one: Opening) -> Iterator[tuple[str, str, bytes]]:
    return (("pileon", key.decode(), entry) for key, entry in one.entries.items())


async def _of_alert(settings: Settings, rules: Rules, partition: int, one: Opening, going_on: set[str]) -> Entries:
    """Return what these alert settings make of the transitions that came of what the snapshot reflects: all that was written before it.

    ``going_on``: takes the pile-ons that had not ended then.
    """
    if one.written_at is None or one.as_of is None:
        return ()
    store, read = rules.alert.new_store(), decoder_of(PILEONS)
    async with bounded(settings, PILEONS.name, [partition], since=one.as_of - _LONGEST_CASE) as reading:
        async for batch in reading.in_order():
            for message in batch:
                if message.timestamp_ms <= one.written_at.timestamp() * 1000:
                    try:
                        pileon = read(message.value)
                    except Unreadable:
                        continue
                    (going_on.discard if pileon.status is Status.CLOSED else going_on.add)(pileon.pileon_id)
                    for key, entry in rules.alert.step(store, pileon, moment(message.timestamp_ms)).entries:
                        store.apply(key, entry)
    return [("alert", key, _ENCODE(entry)) for key, entry in entries_of(store)]
