"""``threadwatch backtest run`` from ``replies``: what was scored and addressed live, through two configurations of what comes behind."""

from collections.abc import Mapping, Sequence
from functools import partial

from streams.replay.backtest.folding import Done, Unit, folded, joined
from streams.replay.backtest.logged import Logged, logged
from streams.replay.backtest.played import Played, Side
from streams.replay.backtest.playing import How
from streams.replay.backtest.report import Summary
from streams.replay.backtest.run import Asked, compared
from streams.replay.backtest.stopped import CHECKPOINT, Begun, Position
from streams.replay.folder import Folder
from streams.replay.held import nothing_in
from streams.replay.pool import all_done
from streams.replay.positions import packed
from streams.replay.recorded import Cut, Progress
from streams.replay.replies.logs import Log, LogOfPeriod
from streams.replay.taken import Asked as Bounds

_SIDES = (Side.BASELINE, Side.CANDIDATE)


def backtest_of_replies(asked: Asked, log: LogOfPeriod, bounds: Bounds, out: Folder, progress: Progress, cut: Cut, how: How) -> Summary:
    """Fold every partition with both configurations and write everything to ``out``. Raises as ``run.backtest`` does."""
    read = logged(log, bounds, told=cut.check)
    if not read.count:
        raise nothing_in(bounds, log.held(), read.undecodable.lines)
    begun = _begun(asked, read, how)
    before, of = len(_SIDES) * _taken(begun), len(_SIDES) * sum(map(len, log.parts))
    found = all_done(_jobs(asked, log, read, begun), how.processes, lambda done: progress(before + done, of), cut)
    stopped = {number: some for one in found for number, some in one.begun.items()}
    cut.reached, left = _taken(stopped), 0
    if not all(one.is_whole for one in found):
        cut.check()
        ends = {number: some[0].offset for number, some in stopped.items()}
        left = max(1, sum(max(0, part.end - max(part.first, ends[part.partition] + 1)) for part in log.parts))
        out.put(CHECKPOINT, [packed(_position(asked, log, read, stopped))])
        read = logged(log, bounds, ends)
    return compared(asked, read, read.undecodable, _made(found, read), read.reach(bounds), left, out)


def _begun(asked: Asked, read: Logged, how: How) -> Mapping[int, Sequence[Begun]]:
    if how.resumed is None:
        return {}
    how.resumed.check(asked.program, _configurations(asked), read.digest)
    return how.resumed.position.partitions


def _taken(begun: Mapping[int, Sequence[Begun]]) -> int:
    return sum(some[0].messages for some in begun.values())


def _jobs(asked: Asked, log: Log, read: Logged, begun: Mapping[int, Sequence[Begun]]) -> list[partial[Done]]:
    settings = tuple(asked.rules[side].settings for side in _SIDES)
    of = {part.partition: {part.partition: begun[part.partition]} if part.partition in begun else {} for part in log.parts}
    return [partial(folded, Unit(log, (number,), settings, read.since_ms, keeps=True, begun=some)) for number, some in of.items()]


def _made(found: Sequence[Done], read: Logged) -> dict[Side, Played]:
    made = {side: joined([one.played[place] for one in found]) for place, side in enumerate(_SIDES)}
    for one in made.values():
        one.answered = read.answered
    return made


def _position(asked: Asked, log: Log, read: Logged, stopped: Mapping[int, Sequence[Begun]]) -> Position:
    ends = {part.partition: part.end for part in log.parts}
    partitions = {number: list(some) for number, some in stopped.items()}
    return Position(
        program=asked.program, configurations=_configurations(asked), input=read.digest, ends=ends, partitions=partitions
    )  # fmt: skip


def _configurations(asked: Asked) -> dict[Side, str]:
    return {side: one.plan.configuration for side, one in asked.rules.items()}
