"""A log of ``replies`` as a worker leaves it, made without a broker: ticks, verdicts and what nobody can read among the replies."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from streams.engine import Message, load, turn
from streams.kafka.batches import partition_of
from streams.records import Comment, Judged, PileOn, Reply, Status, Tick
from streams.replay.order import arrivals, in_order
from streams.replay.run import results, run
from streams.scorers import open_scorer
from streams.stages.step import Arrived, Stage
from streams.topics import PILEONS, REPLIES, by_target
from streams.topology import Config, topology
from tests.support.recording import recording

KEY = "0f" * 32
_UNREADABLE: tuple[bytes | None, ...] = (b"{}", None, b"\xff", b'{"type":"tick"}', b'{"type":"reply","schema_version":9}')
_SAYS_SO = timedelta(minutes=7)
"""After its opening a pile-on is judged."""


def stages() -> tuple[Stage, ...]:
    """Return the stages of a worker with the settings that hold without any."""
    return topology(open_scorer("linear"), Config(installation_key=bytes.fromhex(KEY)))


@cache
def addressed() -> tuple[Arrived, ...]:
    """Return the replies of the recording, as they come, with what else stands in the log."""
    comments = in_order(_comments())
    found = results(run(stages()[:3], arrivals(comments)))
    verdicts = _verdicts(found.outputs["pileon"])
    return tuple(sorted([*found.inputs["pileon"], *verdicts], key=lambda one: one.at))


def _comments() -> list[Comment]:
    found = []
    for line in recording().lines:
        try:
            found.append(msgspec.json.decode(line, type=Comment))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
    return found


def _verdicts(pileons: list[PileOn]) -> list[Arrived]:
    opened = [one for one in pileons if one.status is Status.OPENED]
    return [_judged(one, one.updated_at + _SAYS_SO) for one in opened[::4]]


def _judged(pileon: PileOn, at: datetime) -> Arrived:
    return Arrived(
        Judged(source=pileon.source, community=pileon.community, target_id=pileon.target_id, pileon_id=pileon.pileon_id, judged_at=at), at
    )


def log_of(partitions: int) -> list[Message]:
    """Return it over so many partitions, one after the other, with a hole behind each offset."""
    apart: list[list[tuple[int, bytes | None]]] = [[] for _ in range(partitions)]
    for number, one in enumerate(addressed()):
        value, at = msgspec.json.encode(one.record), int(one.at.timestamp() * 1000)
        for partition in range(partitions) if isinstance(one.record, Tick) else [_partition(one.record, partitions)]:
            apart[partition].append((at, value))
            if number % 97 == 0:
                apart[partition].append((at, _UNREADABLE[number // 97 % len(_UNREADABLE)]))
    return [
        Message(REPLIES.name, partition, 2 * number, at, b"k", value)
        for partition, some in enumerate(apart)
        for number, (at, value) in enumerate(some)
    ]


def _partition(record: Reply | Judged, partitions: int) -> int:
    return partition_of(by_target(record), partitions)


def as_a_worker(messages: list[Message], restart_every: int = 211) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of ``pileons`` and of decisions that workers make of it, partition after partition, restarted now and then."""
    _, _, pileon, alert = stages()
    transitions, decisions = [], []
    for partition in sorted({one.partition for one in messages}):
        made = _folded(pileon, [one for one in messages if one.partition == partition], restart_every)
        sent = [Message(PILEONS.name, partition, number, 0, None, line) for number, line in enumerate(made)]
        transitions += made
        decisions += _folded(alert, sent, restart_every)
    return transitions, decisions


def _folded(stage: Stage, messages: list[Message], restart_every: int) -> list[bytes]:
    lines: list[bytes] = []
    state: dict[bytes, Any] = {}
    for start in range(0, len(messages), restart_every):
        effects = turn(stage, messages[start : start + restart_every], load(stage, state.items()))
        state |= effects.entries
        lines += map(msgspec.json.encode, effects.outputs)
    return lines
