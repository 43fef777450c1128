"""Verdicts: what moderators say of a pile-on enters the log where the pile-on lives, as ticks do.

``feedback`` is read along, without a group. The owner of a ``replies`` partition writes into it that an open pile-on of
there was judged to be none; the fold ends it at that place of the log, live and in replay.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from streams.engine import Message, decoder_of, moment
from streams.kafka.connection import topic_name
from streams.kafka.read import message_of, open_reader_from_the_beginning
from streams.live.agent import StageAgent
from streams.live.room import Room, now_ms
from streams.metrics import Metrics
from streams.records import Judged, Judgement, Verdict
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.stages.watched import OpenCase
from streams.topics import FEEDBACK, json_key

log = logging.getLogger("threadwatch.live")

MAX_REMEMBERED: Final = 20_000
"""Latest verdicts kept in memory; a pile-on is open for hours or days, not for so many verdicts."""
COUNTED_FOR: Final = timedelta(days=7)
"""How long a case counts as judged after its last verdict."""
COUNTED_BY: Final = 0
"""The owner of this partition counts verdicts, so that each is counted once."""


class Verdicts:
    """Brings verdicts to the partitions that this worker's ``pileon`` stage owns."""

    def __init__(self, settings: Settings, pileons: StageAgent, metrics: Metrics) -> None:
        """``metrics`` are told of each verdict that comes while we own the partition that counts; of cases whoever reads."""
        self._settings, self._pileons, self._metrics = settings, pileons, metrics
        self._consumer: Any = None
        self._latest: dict[str, Verdict] = {}
        self._given_at: dict[str, datetime] = {}
        """When the broker took the last verdict on a case, of those of ``COUNTED_FOR``, oldest first."""
        self._since = moment(now_ms())
        self._looked_at: frozenset[int] = frozenset()

    async def look(self) -> None:
        """Read what came, and write what it means for the pile-ons that are open here."""
        news = await self._read()
        self._count_cases(moment(now_ms()))
        rooms = frozenset(self._pileons.rooms)
        if not news and rooms <= self._looked_at:
            return
        for partition in rooms:
            await self._write(partition)
        self._looked_at = rooms

    async def close(self) -> None:
        """Let go."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def _read(self) -> bool:
        """Take in the verdicts that came since last time; return whether there are any that end a pile-on."""
        if self._consumer is None:
            self._consumer = await open_reader_from_the_beginning(self._settings, topic_name(self._settings, FEEDBACK.name))
        ends = False
        while batches := await self._consumer.getmany(timeout_ms=0):
            for raw in (raw for raws in batches.values() for raw in raws):
                ends |= self._take(raw)
        return ends

    def _take(self, raw: Any) -> bool:
        message = message_of(raw)
        try:
            verdict: Verdict = decoder_of(FEEDBACK)(message.value)
        except Unreadable as unreadable:
            self._refuse(message, unreadable)
            return False
        self._given_at.pop(verdict.pileon_id, None)
        self._given_at[verdict.pileon_id] = moment(message.timestamp_ms)
        self._latest.pop(verdict.pileon_id, None)
        self._latest[verdict.pileon_id] = verdict
        while len(self._latest) > MAX_REMEMBERED:
            oldest = next(iter(self._latest))
            del self._latest[oldest]
            self._given_at.pop(oldest, None)
        self._count(verdict, moment(message.timestamp_ms))
        return verdict.judgement is Judgement.NOT_ONE

    def _count(self, verdict: Verdict, at: datetime) -> None:
        if self._is_to_be_counted(at):
            self._metrics.judged(verdict.judgement)

    def _count_cases(self, now: datetime) -> None:
        """Say how many cases were judged lately, each once and as it was last: verdicts are given again, and changed."""
        while self._given_at and now - self._given_at[first := next(iter(self._given_at))] > COUNTED_FOR:
            del self._given_at[first]
        self._metrics.cases_judged(self._latest[name].judgement for name in self._given_at)

    def _refuse(self, message: Message, unreadable: Unreadable) -> None:
        """Say where it stands. No stage reads feedback, so it has no dead letters: a verdict that is none judges nothing."""
        if self._is_to_be_counted(moment(message.timestamp_ms)):
            self._metrics.verdict_unreadable(unreadable.reason)
            where = f"{message.topic}, partition {message.partition}, offset {message.offset}"
            log.warning("a verdict cannot be read and judges nothing: %s (%s)", where, unreadable.reason)

    def _is_to_be_counted(self, at: datetime) -> bool:
        return at >= self._since and COUNTED_BY in self._pileons.rooms

    async def _write(self, partition: int) -> None:
        async with self._pileons.lock(partition):
            room = self._pileons.rooms.get(partition)
            if room is None:
                return
            for case in [case for case in room.store.open_cases() if self._is_none(case)]:
                await self._end(room, case)

    def _is_none(self, case: OpenCase) -> bool:
        verdict = self._latest.get(case.pileon_id)
        return verdict is not None and verdict.judgement is Judgement.NOT_ONE

    async def _end(self, room: Room, case: OpenCase) -> None:
        """Write it. Twice does no harm: what is judged already is no open case any more when the second is read."""
        verdict = self._latest[case.pileon_id]
        judged = Judged(
            source=case.source, community=case.community, target_id=case.target_id, pileon_id=case.pileon_id,
            hostile_authors=verdict.hostile_authors, judged_at=verdict.judged_at,
        )  # fmt: skip
        await room.write(json_key(case.source, case.community, case.target_id), judged)
