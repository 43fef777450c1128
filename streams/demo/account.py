"""What became of every comment: read back from the topics themselves, when every stage has applied its whole input."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from streams.kafka.applied import applied_offsets
from streams.kafka.read import read_bounded, read_records
from streams.kafka.waiting import Probe
from streams.records import Comment, PileOn, Reply, Status
from streams.settings import Settings
from streams.stages.targets import Target, TargetSummary, soft_counts
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, REPLIES, Topic

INPUTS: Final = {"score": COMMENTS_RAW, "address": COMMENTS_SCORED, "pileon": REPLIES, "alert": PILEONS}
_LOOK_EVERY: Final = 0.3


class Account(Struct):
    """The sums of one run."""

    sent: int
    scored: int
    missing: int
    dead_letters: int
    opened: int
    closed: int
    targets: list[TargetSummary]
    ended: set[Target]
    """Whose last pile-on is over."""


async def settled(settings: Settings, within: float, check: Callable[[], None]) -> bool:
    """Wait until no stage has input left; return whether that came true in time. ``check`` may raise to give up."""
    probe, deadline = Probe(settings), time.monotonic() + within
    await probe.open()
    try:
        while time.monotonic() < deadline:
            check()
            if await _drained(settings, probe):
                return True
            await asyncio.sleep(_LOOK_EVERY)
        return False
    finally:
        await probe.close()


async def _drained(settings: Settings, probe: Probe) -> bool:
    for stage, topic in INPUTS.items():
        applied = await applied_offsets(settings, stage)
        every = dict.fromkeys(await probe.partitions(topic.name), -1) | applied
        if any((await probe.lags(topic.name, every)).values()):
            return False
    return True


async def account(settings: Settings, sent: list[Comment]) -> Account:
    """Return what became of these comments."""
    scored = {(record.comment.source, record.comment.comment_id) for record in await read_records(settings, COMMENTS_SCORED)}
    dead = await _count(settings, COMMENTS_RAW)
    pileons: list[PileOn] = await read_records(settings, PILEONS)
    replies = [record for record in await read_records(settings, REPLIES) if isinstance(record, Reply)]
    last = {(each.source, each.community, each.target_id): each.status for each in pileons}
    piled_on = {target for target, status in last.items() if status is not Status.CLOSED}
    return Account(
        sent=len(sent),
        scored=len(scored),
        dead_letters=dead,
        missing=len({(comment.source, comment.comment_id) for comment in sent} - scored),
        opened=sum(each.status is Status.OPENED for each in pileons),
        closed=sum(each.status is Status.CLOSED for each in pileons),
        targets=soft_counts(replies, piled_on),
        ended=set(last) - piled_on,
    )


async def _count(settings: Settings, topic: Topic) -> int:
    return sum([len(batch) async for batch in read_bounded(settings, topic.dead_letters)])
