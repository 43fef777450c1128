"""``threadwatch replay``: comments through the stages into a folder of results."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Comment, PileOn, Reply, Status
from streams.replay import summary as account
from streams.replay.addressing import BEFORE, Made
from streams.replay.at_the_end import digest_of, target_lines
from streams.replay.checkpoint import CHECKPOINT, Checkpoint, Position, packed, restore, written
from streams.replay.folder import Folder
from streams.replay.order import clock_of
from streams.replay.reach import Reach
from streams.replay.reading import BadLine
from streams.replay.recorded import Cut, Progress, Recorded, in_replays_order
from streams.replay.reuse import scores_of
from streams.replay.run import Going, Turn
from streams.replay.summary import Summary, Tally, tally_of
from streams.replay.warm_up import sections, split, warm_up
from streams.replay.workers import Here, Several, Stages
from streams.stages.step import Arrived, Stage
from streams.stages.targets import Target

WRITTEN: Final = ("scored", "replies", "pileons", "alerts", "late")
"""Files that grow while comments are replayed."""
_REPLY: Final = msgspec.json.Decoder(Reply).decode


class Run(Struct, frozen=True, kw_only=True):
    """What a replay rests on, named in its summary."""

    stages: tuple[Stage, ...]
    program: str
    scorer: str
    detector: str
    configuration: str
    min_hostile_authors: int = 4
    """People who open a pile-on: half of it is worth watching."""


class How(Struct, frozen=True, kw_only=True):
    """How a replay is done. It changes no byte of what comes of it."""

    processes: int = 1
    worth: int = 0
    """Comments that there must be more of, for it to be worth while to start processes."""
    stages: Stages | None = None
    """Makes the stages before the detector in another process; without it there is none."""
    resumed: Checkpoint | None = None
    """Where another run was stopped, whose files stand in the folder."""
    ends: Callable[[], dict[int, int]] = dict
    """Tells where the topic ended that was read, by partition."""


def replay(
    plan: Run,
    lines: Iterator[Comment | BadLine],
    out: Folder,
    progress: Progress = lambda _done, _all: None,
    *,
    attested: bool = False,
    reach: Reach | None = None,
    cut: Cut | None = None,
    how: How | None = None,
) -> Summary:
    """Run the comments through the stages and write everything to ``out``. Raises Unbalanced if a record went missing.

    ``attested``: a broker's own time bounds every arrival. Else the other records must, so that one that lies moves time for nobody.
    ``reach``: where the period begins; what comes before it is its warm-up, of which nothing is written.
    ``cut``: may end it early; what was taken by then is accounted for, and the summary says that it is not complete.
    Raises UserError where it cannot go on where another one was stopped, where scores are missing, or a process of its own is killed.
    """
    cut, how, reach = cut or Cut(), how or How(), reach or Reach()
    before, tally = tally_of(plan.stages), tally_of(plan.stages)
    shares = how.processes if how.stages else 1
    read = _comments(lines, before, tally, out)
    recorded = in_replays_order(read, attested, out.room(), scores_of(plan.stages), shares, reach.since)
    tally.not_believed = recorded.not_believed
    replaying = _Replaying(plan, out, recorded, before, tally)
    entries = replaying.go_on_from(how.resumed) if how.resumed else []
    many = how.stages if shares > 1 and recorded.count > how.worth else None
    with Several(many, recorded, replaying.place, entries) if many else Here(plan.stages[:2], recorded, replaying.place, entries) as making:
        for some in making.batches(cut):
            replaying.take(some)
            cut.reached = replaying.count
            progress(cut.reached, recorded.count)
        cut.check()
        if cut.reached < recorded.count:
            out.put(CHECKPOINT, replaying.checkpoint(how.ends(), making.entries()))
    return replaying.end(reach)


class _Replaying:
    """What comes behind ``address``, what is written, and the account of it."""

    def __init__(self, plan: Run, out: Folder, recorded: Recorded, before: Tally, tally: Tally) -> None:
        """``before``: counts the warm-up, ``tally`` the period."""
        self._plan, self._out, self._recorded = plan, out, recorded
        self._before, self._tally = before, tally
        self._behind = Going(plan.stages[len(BEFORE) :], ticks_until=recorded.until)
        self._piled_on: set[Target] = set()
        self.count, self.place = 0, b""

    def take(self, some: Sequence[Made]) -> None:
        """Take what was made of the next comments."""
        begins = bisect_left(some, self._recorded.edge, key=_place)
        unseen, seen = some[:begins], some[begins:]
        self._before.made(unseen)
        self._tally.made(seen)
        self._out.write("scored", (one.scored for one in seen))
        self._out.write("replies", (line for one in seen for line in one.replies))
        self.count, self.place = self.count + len(some), some[-1].place
        self._keep(self._behind.take([Arrived(_REPLY(line), clock_of(one.place)) for one in some for line in one.replies]))

    def go_on_from(self, stopped: Checkpoint) -> list[tuple[str, bytes]]:
        """Take over what another run did, and return what its ``address`` remembered. UserError where that was of something else."""
        stopped.check_input(self._recorded.digest)
        position, entries = stopped.position, stopped.entries()
        for name, before in position.written.items():
            stopped.check_written(name, before == written(self._out.take_over(name, before.size)))
        restore(self._behind, position, entries)
        self._before.go_on_from(position.warm_up)
        self._tally.go_on_from(position.tally)
        self._piled_on = set(position.piled_on)
        self.count, self.place = position.count, position.place
        return entries.get(BEFORE[-1], [])

    def checkpoint(self, ends: dict[int, int], addressed: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
        """Yield the file from which another run goes on."""
        position = Position(
            program=self._plan.program, configuration=self._plan.configuration, input=self._recorded.digest,
            ends={str(partition): end for partition, end in ends.items()},
            place=self.place, count=self.count, tick=self._behind.ticks.last, now=self._behind.now,
            piled_on=sorted(self._piled_on), warm_up=self._before, tally=self._tally,
            written={name: written(self._out.file(name)) for name in WRITTEN},
        )  # fmt: skip
        return packed(position, addressed, self._behind)

    def end(self, reach: Reach) -> Summary:
        """Let the last tick do what it does, and account for everything."""
        room, out, plan = self._out.room(), self._out, self._plan
        self._keep(self._behind.end(clock_of(self.place) if self.count else None))
        statuses: Counter[str] = Counter()
        out.write("targets", target_lines(out.read("replies"), self._piled_on, plan.min_hostile_authors, room, statuses))
        not_replayed = self._recorded.count - self.count
        found = _summary(
            plan, (self._before, self._tally), digest_of(out.read("alerts"), room), self._span(), self._begins(reach), not_replayed,
            account.targets_section(statuses),
        )  # fmt: skip
        out.finish(account.encoded(found))
        return found

    def _span(self) -> tuple[datetime, datetime] | None:
        taken = self._recorded.first(self.count)
        return (clock_of(self._recorded.period_begins), clock_of(self.place)) if len(taken.period()) else None

    def _begins(self, reach: Reach) -> tuple[str, float]:
        return str(reach.start), reach.days_found(self._recorded.begins_at if self.count else None)

    def _keep(self, turns: Iterator[Turn]) -> None:
        for turn in turns:
            unseen, seen = split(turn, self._recorded.since)
            if unseen is not None:
                self._count(unseen, self._before)
            if seen is not None:
                self._count(seen, self._tally)
                self._write(seen)

    def _count(self, turn: Turn, tally: Tally) -> None:
        tally.turn(turn)
        if turn.stage.name == "pileon":
            _follow(turn.effects.outputs, tally, self._piled_on)

    def _write(self, turn: Turn) -> None:
        if turn.stage.name == "pileon":
            self._out.write("pileons", [send.value for send in turn.effects.sends])
            self._out.write("late", _late(turn))
        else:
            self._out.write("alerts", map(msgspec.json.encode, turn.effects.outputs))


def _place(made: Made) -> bytes:
    return made.place


def _comments(lines: Iterator[Comment | BadLine], before: Tally, tally: Tally, out: Folder) -> Iterator[Comment]:
    for line in lines:
        if isinstance(line, BadLine):
            (before if line.is_before else tally).bad_line()
            if not line.is_before:
                out.write("dead-letters", [msgspec.json.encode(line)])
        else:
            yield line


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


def _summary(
    plan: Run,
    tallies: tuple[Tally, Tally],
    alerts: str,
    span: tuple[datetime, datetime] | None,
    start: tuple[str, float],
    not_replayed: int,
    targets: dict[str, int],
) -> Summary:
    (first, last), (before, tally) = span or (None, None), tallies
    return Summary(
        complete=not not_replayed,
        not_replayed=not_replayed,
        program=plan.program,
        scorer=plan.scorer,
        detector=plan.detector,
        configuration=plan.configuration,
        start=start[0],
        warm_up_days=start[1],
        **sections(tally, before),
        warm_up=warm_up(before) if before.lines else None,
        comments=account.comments_section(tally),
        targets=targets,
        notes=account.all_notes(tally),
        first_arrival=_utc(first) if first else None,
        last_arrival=_utc(last) if last else None,
        alerts_digest=alerts,
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
