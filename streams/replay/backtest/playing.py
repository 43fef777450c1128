"""Recorded comments through two configurations at once: scored and addressed once where both do that alike."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Reply
from streams.replay.addressing import BEFORE, Made
from streams.replay.backtest.played import Rules, Side, Taking, Undecodable, nothing
from streams.replay.backtest.stopped import Checkpoint, Position, Stopped
from streams.replay.checkpoint import remembered, restore_stores
from streams.replay.order import clock_of
from streams.replay.recorded import Cut, Progress, Recorded
from streams.replay.run import Going
from streams.replay.workers import Here, Several, Stages
from streams.settings import Settings
from streams.stages.step import Arrived

_REPLY: Final = msgspec.json.Decoder(Reply).decode
_ENCODE: Final = msgspec.json.Encoder().encode


class How(Struct, frozen=True, kw_only=True):
    """How a backtest is done. It changes no byte of what comes of it."""

    processes: int = 1
    worth: int = 0
    """Comments that there must be more of, for it to be worth while to start processes."""
    stages: Callable[[Settings, str], Stages] | None = None
    """Makes what makes the stages before the detector in another process, of settings and the scorer's name; without it there is none."""
    resumed: Checkpoint | None = None
    """Where another run was stopped."""
    ends: Callable[[], dict[int, int]] = dict
    """Tells where the topic ended that was read, by partition."""


class Playing:
    """Two configurations on their way through the comments: wherever they are stopped, both have taken the same."""

    def __init__(self, rules: Mapping[Side, Rules], recorded: Recorded, undecodable: Undecodable) -> None:
        """Begin with nothing taken."""
        self.made = {side: nothing(one, undecodable) for side, one in rules.items()}
        self.count, self.place = 0, b""
        self._rules, self._recorded = rules, recorded
        self._behind = {side: Going(one.plan.stages[len(BEFORE) :], ticks_until=recorded.until) for side, one in rules.items()}
        self._taking = {side: Taking(self.made[side], one.settings, recorded.since) for side, one in rules.items()}
        self._addressed: list[list[tuple[str, bytes]]] = [[] for _ in self._groups]

    @property
    def _groups(self) -> list[list[Side]]:
        """Return the sides, together those that score and address alike."""
        groups: dict[bytes, list[Side]] = {}
        for side, one in self._rules.items():
            groups.setdefault(_ENCODE((one.plan.scorer, one.settings.scorer, one.settings.address)), []).append(side)
        return list(groups.values())

    def play(self, progress: Progress, cut: Cut, how: How) -> None:
        """Take the comments, up to the cut."""
        with ExitStack() as undo:
            makings = [self._making(place, how) for place in range(len(self._groups))]
            for making in makings:
                undo.enter_context(making)
            coming = zip_longest(*(making.all() for making in makings))
            is_stopped = False
            for some in coming:
                self._take(some)
                progress(self.count, self._recorded.count)
                if cut.is_asked and not is_stopped:
                    until = max([making.stop() for making in makings])
                    for making in makings:
                        making.go_on(until)
                    is_stopped = True
            cut.reached = self.count
            cut.check()
            if self.count < self._recorded.count:
                self._addressed = [list(making.entries()) for making in makings]
        self._end()

    def _making(self, place: int, how: How) -> Here | Several:
        rules = self._rules[self._groups[place][0]]
        entries = self._addressed[place]
        if how.stages and how.processes > 1 and self._recorded.count > how.worth:
            return Several(how.stages(rules.settings, rules.plan.scorer), self._recorded, self.place, entries)
        return Here(rules.plan.stages[: len(BEFORE)], self._recorded, self.place, entries)

    def _take(self, by_group: Sequence[Sequence[Made]]) -> None:
        for sides, some in zip(self._groups, by_group, strict=True):
            begins = bisect_left(some, self._recorded.edge, key=_place)
            replies = [Arrived(_REPLY(line), clock_of(one.place)) for one in some for line in one.replies]
            for side in sides:
                made, behind = self.made[side], self._behind[side]
                made.warm_up.made(some[:begins])
                made.tally.made(some[begins:])
                made.answered.update((one.record.source, one.record.community, one.record.target_id) for one in replies)
                for turn in behind.take(replies):
                    self._taking[side].take(turn)
        self.count, self.place = self.count + len(by_group[0]), by_group[0][-1].place

    def _end(self) -> None:
        """Let the last tick do what it does, unless it goes on from here."""
        self._stopped = {side: self._of(side) for side in self._rules} if self.count < self._recorded.count else {}
        for side, behind in self._behind.items():
            for turn in behind.end(clock_of(self.place) if self.count else None):
                self._taking[side].take(turn)

    def _of(self, side: Side) -> Stopped:
        """Return what another run goes on with, as bytes: the last tick is still to come, and is none of that."""
        behind = self._behind[side]
        return Stopped(
            played=msgspec.msgpack.encode(self.made[side]), tick=behind.ticks.last, now=behind.now,
            seen=sorted(self._taking[side].hostility.seen), entries=list(remembered(behind)),
        )  # fmt: skip

    def position(self, ends: dict[int, int]) -> Position:
        """Return where another run goes on."""
        plan = self._rules[Side.CANDIDATE].plan
        return Position(
            program=plan.program, configurations={side: one.plan.configuration for side, one in self._rules.items()},
            input=self._recorded.digest, ends=ends, place=self.place, count=self.count, addressed=self._addressed, sides=self._stopped,
        )  # fmt: skip

    def go_on_from(self, stopped: Checkpoint) -> None:
        """Take over what another run did. UserError where that was of something else."""
        position = stopped.position
        plan = self._rules[Side.CANDIDATE].plan
        stopped.check(plan.program, {side: one.plan.configuration for side, one in self._rules.items()}, self._recorded.digest)
        self.count, self.place, self._addressed = position.count, position.place, position.addressed
        for side, one in position.sides.items():
            made, before = self.made[side], one.made()
            made.tally.go_on_from(before.tally)
            made.warm_up.go_on_from(before.warm_up)
            made.before, made.told, made.hostile, made.answered = before.before, before.told, before.hostile, before.answered
            self._taking[side].hostility.seen = set(one.seen)
            behind = self._behind[side]
            behind.ticks.last, behind.now = one.tick, one.now
            restore_stores(behind, one.by_stage())


def played(rules: Mapping[Side, Rules], recorded: Recorded, undecodable: Undecodable, progress: Progress, cut: Cut, how: How) -> Playing:
    """Run the comments through each configuration's stages, by turns: wherever they are cut, all have taken the same."""
    playing = Playing(rules, recorded, undecodable)
    if how.resumed is not None:
        playing.go_on_from(how.resumed)
    playing.play(progress, cut, how)
    return playing


def _place(made: Made) -> bytes:
    return made.place
