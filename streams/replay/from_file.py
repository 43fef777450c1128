"""``threadwatch replay --file``: a file of comments through the stages into a folder of results."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Comment, PileOn, Reply, Status
from streams.replay import summary as account
from streams.replay.folder import Folder
from streams.replay.reach import Reach
from streams.replay.reading import BadLine
from streams.replay.recorded import Cut, Progress, Recorded, in_replays_order
from streams.replay.run import Turn, run
from streams.replay.summary import Summary, Tally, tally_of
from streams.replay.warm_up import sections, split, warm_up
from streams.stages.step import Arrived, Stage
from streams.stages.targets import Target, soft_counts

WRITTEN: Final = {"score": "scored", "address": "replies", "pileon": "pileons"}
"""Stage → file of what it sends."""


class Run(Struct, frozen=True, kw_only=True):
    """What a replay rests on, named in its summary."""

    stages: tuple[Stage, ...]
    program: str
    scorer: str
    detector: str
    configuration: str
    min_hostile_authors: int = 4
    """People who open a pile-on: half of it is worth watching."""


def replay(
    plan: Run,
    lines: Iterator[Comment | BadLine],
    out: Folder,
    progress: Progress = lambda _done, _all: None,
    *,
    attested: bool = False,
    reach: Reach | None = None,
    cut: Cut | None = None,
) -> Summary:
    """Run the comments through the stages and write everything to ``out``. Raises Unbalanced if a record went missing.

    ``attested``: a broker's own time bounds every arrival. Else the other records must, so that one that lies moves time for nobody.
    ``reach``: where the period begins; what comes before it is its warm-up, of which nothing is written.
    ``cut``: may end it early; what was taken by then is accounted for, and the summary says that it is not complete.
    """
    cut, reach = cut or Cut(), reach or Reach()
    before, tally = tally_of(plan.stages), tally_of(plan.stages)
    recorded = in_replays_order(_comments(lines, before, tally, out), attested, reach.since)
    tally.not_believed = recorded.not_believed
    piled_on: set[Target] = set()
    for turn in run(plan.stages, _counted(recorded, before, tally, progress, cut), ticks_until=recorded.until):
        unseen, seen = split(turn, reach.since)
        if unseen is not None:
            _count(unseen, before, piled_on)
        if seen is not None:
            _count(seen, tally, piled_on)
            _write(seen, out)
    cut.check()
    _write_targets(plan, out, piled_on)
    found = _summary(plan, before, tally, out, recorded.first(cut.reached), reach, len(recorded.comments) - cut.reached)
    out.finish(account.encoded(found))
    return found


def _comments(lines: Iterator[Comment | BadLine], before: Tally, tally: Tally, out: Folder) -> Iterator[Comment]:
    for line in lines:
        if isinstance(line, BadLine):
            (before if line.is_before else tally).bad_line()
            if not line.is_before:
                out.write("dead-letters", [msgspec.json.encode(line)])
        else:
            yield line


def _counted(recorded: Recorded, before: Tally, tally: Tally, progress: Progress, cut: Cut) -> Iterator[Arrived]:
    for one in recorded.told(progress, cut):
        (before if recorded.since is not None and one.at < recorded.since else tally).comment(one.record)
        yield one


def _count(turn: Turn, tally: Tally, piled_on: set[Target]) -> None:
    tally.turn(turn)
    if turn.stage.name == "pileon":
        _follow(turn.effects.outputs, tally, piled_on)


def _write(turn: Turn, out: Folder) -> None:
    name = turn.stage.name
    if name in WRITTEN:
        out.write(WRITTEN[name], [send.value for send in turn.effects.sends])
    else:
        out.write("alerts", map(msgspec.json.encode, turn.effects.outputs))
    if name == "pileon":
        out.write("late", _late(turn))


def _late(turn: Turn) -> Iterator[bytes]:
    for one, step in zip(turn.arrived, turn.effects.steps, strict=True):
        if step.outcome == "late":
            yield msgspec.json.encode(one.record)


def _follow(transitions: Sequence[PileOn], tally: Tally, piled_on: set[Target]) -> None:
    """Keep count of transitions, and of whom a pile-on is open on."""
    for pileon in transitions:
        target = (pileon.source, pileon.community, pileon.target_id)
        tally.statuses[str(pileon.status)] += 1
        if pileon.status is Status.CLOSED:
            piled_on.discard(target)
        else:
            piled_on.add(target)


def _write_targets(plan: Run, out: Folder, piled_on: set[Target]) -> None:
    replies = map(msgspec.json.Decoder(Reply).decode, out.read("replies"))
    out.write("targets", map(msgspec.json.encode, soft_counts(replies, piled_on, plan.min_hostile_authors)))


def _summary(plan: Run, before: Tally, tally: Tally, out: Folder, taken: Recorded, reach: Reach, not_replayed: int) -> Summary:
    clock = taken.period().clock
    return Summary(
        complete=not not_replayed,
        not_replayed=not_replayed,
        program=plan.program,
        scorer=plan.scorer,
        detector=plan.detector,
        configuration=plan.configuration,
        start=reach.start,
        warm_up_days=reach.days_found(taken.clock),
        **sections(tally, before),
        warm_up=warm_up(before) if before.lines else None,
        comments=account.comments_section(tally),
        notes=account.all_notes(tally),
        first_arrival=_utc(clock[0]) if clock else None,
        last_arrival=_utc(clock[-1]) if clock else None,
        alerts_digest=account.digest_of(out.read("alerts")),
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
