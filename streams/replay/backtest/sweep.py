"""``threadwatch backtest sweep``: one recording through every combination of some settings.

It is scored once, and addressed once where the settings of that are alike.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.records import Comment
from streams.replay.backtest.addressed import Addressed, addressed
from streams.replay.backtest.coverage import Coverage, coverage
from streams.replay.backtest.grid import Axis, combinations
from streams.replay.backtest.judged import in_period
from streams.replay.backtest.labels import Label
from streams.replay.backtest.logged import logged
from streams.replay.backtest.period import Lateness, Period, event_time, period
from streams.replay.backtest.played import Rules
from streams.replay.backtest.points import Point, Some, found, on
from streams.replay.backtest.report import covered
from streams.replay.backtest.run import Input, Read
from streams.replay.backtest.spool import since_ms
from streams.replay.backtest.swept import TABLE, Sweep, budget, table_of
from streams.replay.folder import Folder
from streams.replay.held import nothing_in
from streams.replay.reading import BadLine
from streams.replay.recorded import Cut, Progress, Recorded, in_replays_order
from streams.replay.replies.logs import Log, LogOfPeriod
from streams.replay.reuse import scores_of
from streams.replay.taken import Asked as Bounds
from streams.replay.workers import Stages
from streams.settings import Settings
from streams.stages.targets import Target


class Asked(Struct, frozen=True, kw_only=True):
    """What a sweep is asked for."""

    rules: Callable[[Mapping[str, str]], Rules]
    """Returns the rules with these values; the same scorer in all."""
    grid: Sequence[Axis]
    hidden: Sequence[str] = ()
    labels: Sequence[Label] = ()
    budget: float | None = None
    """Alerts a day that people can take; None: as many as the settings give as they are."""


class How(Struct, frozen=True, kw_only=True):
    """How a sweep is done. It changes no byte of what comes of it."""

    processes: int = 1
    worth: int = 0
    """Comments, or replies times combinations, that there must be more of, for it to be worth while to start processes."""
    stages: Callable[[Settings], Stages] | None = None
    """Makes what makes the stages before the detector in another process; without it that is done here."""
    resumed: "Sweep | None" = None
    """An interrupted one, whose points are not tried again."""


def sweep(
    asked: Asked,
    lines: Iterator[Comment | BadLine],
    input_: Input,
    out: Folder,
    progress: Progress,
    cut: Cut | None = None,
    how: How | None = None,
) -> Sweep:
    """Run what was recorded through every combination and write ``sweep.json`` and ``sweep.csv`` to ``out``.

    ``cut`` may end it early, with those combinations that were tried by then; before the settings as they are were, there is no result.
    Raises UserError where there is no comment at all, a value that cannot be, labels that speak of something else, or another sweep is to
    be gone on with.
    """
    cut, how = cut or Cut(), how or How()
    all_ = [({}, asked.rules({})), *((values, asked.rules(values)) for values in combinations(asked.grid))]
    read = Read(lines)
    shares = how.processes if how.stages else 1
    scores = scores_of(all_[0][1].plan.stages)
    recorded = in_replays_order(read, input_.attested, out.room(), scores, shares, since=input_.reach.since)
    lateness = Lateness([all_[0][1].settings])
    times = [event_time(comment, lateness) for comment in recorded.period()]
    seen = coverage(recorded, times, read.undecodable, lateness, input_.reach)
    sweeping = Sweeping(asked, all_, period(times), seen, how, cut)
    sweeping.from_comments(recorded, out.room(), progress)
    return sweeping.written(out, dict(input_.ends))


def sweep_of_replies(asked: Asked, log: LogOfPeriod, period_asked: Bounds, out: Folder, progress: Progress, cut: Cut, how: How) -> Sweep:
    """Do the same on ``replies``, which were scored and addressed live: nothing of that can be among the settings that vary.

    Raises UserError where it is, and as ``sweep``.
    """
    all_ = [({}, asked.rules({})), *((values, asked.rules(values)) for values in combinations(asked.grid))]
    if any(axis.name.startswith("address.") for axis in asked.grid):
        raise UserError("--grid address.…: replies were addressed live, and that cannot be changed from here; sweep --topic comments.raw")
    read = logged(log, period_asked, told=cut.check)
    if not read.count:
        raise nothing_in(period_asked, log.held(), read.undecodable.lines)
    lateness = Lateness([all_[0][1].settings])
    times = [event_time(comment, lateness) for comment in read.period()]
    seen = coverage(read, times, read.undecodable, lateness, read.reach(period_asked))
    sweeping = Sweeping(asked, all_, period(times), seen, how, cut)
    labels = sweeping.labels(read.answered)
    sweeping.try_all(sweeping.jobs(log, list(range(len(all_))), read.since_ms, labels), 0, progress)
    return sweeping.written(out, {part.partition: part.end for part in log.parts})


class Sweeping:
    """What is known of a sweep beside its points, and the points found by now."""

    def __init__(
        self, asked: Asked, all_: Sequence[tuple[dict[str, str], Rules]], when: Period, seen: Coverage, how: How, cut: Cut
    ) -> None:
        """Raise UserError where the interrupted one is another."""
        self._asked, self._all, self._when, self._seen, self._how, self._cut = asked, all_, when, seen, how, cut
        self._labels = 0
        self._points: dict[int, Point] = {}
        if how.resumed is not None:
            self._points = _taken_over(how.resumed, asked, all_, seen)

    def from_comments(self, recorded: Recorded, room: Path, progress: Progress) -> None:
        """Score and address the comments, once for all that address alike, and try every combination on what comes of them."""
        by_address: dict[bytes, list[int]] = {}
        for number, (_, rules) in enumerate(self._all):
            by_address.setdefault(msgspec.json.encode(rules.settings.address), []).append(number)
        jobs: list[Some] = []
        labels: list[Label] | None = None
        for place, numbers in enumerate(by_address.values()):
            before = self._addressed(self._all[numbers[0]][1], recorded, place, len(by_address), room, progress)
            if labels is None:
                labels = self.labels(before.answered)
            jobs += self.jobs(before.replies, numbers, since_ms(recorded.since), labels)
        self.try_all(jobs, len(by_address) * recorded.count, progress)

    def _addressed(self, rules: Rules, recorded: Recorded, place: int, of: int, room: Path, progress: Progress) -> Addressed:
        how = self._how
        many = how.stages(rules.settings) if how.stages and how.processes > 1 and recorded.count > how.worth else None

        def told(done: int, count: int) -> None:
            self._cut.check()  # there is no part of a result yet
            progress(place * count + done, of * count + len(self._all) * count)

        return addressed(rules, recorded, told, room / f"replies-{place}", many)

    def labels(self, answered: set[Target]) -> list[Label]:
        """Return the labels of the period. UserError where none lies in it, or all speak of nobody who is answered."""
        found = in_period(self._asked.labels, self._when, answered)[0] if self._asked.labels else []
        self._labels = len(found)
        return found

    def jobs(self, log: Log, numbers: Sequence[int], since: float | None, labels: Sequence[Label]) -> list[Some]:
        """Return what is left of these points, to be tried on a log."""
        return on(log, {number: self._all[number] for number in numbers if number not in self._points}, since, self._when.days, labels)

    def try_all(self, jobs: Sequence[Some], before: int, progress: Progress) -> None:
        """Try what is left. ``before``: how much was done, for the progress."""
        work = sum(len(job.points) * sum(map(len, job.unit.log.parts)) for job in jobs)
        processes, of = self._how.processes if work > self._how.worth else 1, before + work
        self._points |= found(jobs, processes, lambda done: progress(min(before + done, of), of), self._cut)

    def written(self, out: Folder, ends: dict[int, int]) -> Sweep:
        """Write what was found, and return it. KeyboardInterrupt where it was interrupted too early to tell anything."""
        if 0 not in self._points:
            raise KeyboardInterrupt
        asked, first = self._asked, self._points[0]
        points = tuple(self._points[number] for number in range(1, len(self._all)) if number in self._points)
        made = Sweep(
            program=self._all[0][1].plan.program, complete=len(self._points) == len(self._all),
            not_tried=len(self._all) - len(self._points), asked=_asked_for(asked), ends=ends,
            coverage=self._seen, period=covered(self._when),
            grid=tuple(asked.grid), labels_in_period=self._labels, hidden=tuple(asked.hidden),
            budget=budget(asked.budget, first), as_it_is=first, points=points,
        )  # fmt: skip
        out.put(TABLE, [table_of(made).encode()])
        out.finish(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
        return made


def _asked_for(asked: Asked) -> str:
    return hashlib.sha256(msgspec.json.encode([asked.grid, asked.labels])).hexdigest()


def _taken_over(before: Sweep, asked: Asked, all_: Sequence[tuple[dict[str, str], Rules]], seen: Coverage) -> dict[int, Point]:
    rules, theirs = all_[0][1], (before.program, before.asked, before.coverage)
    if theirs != (rules.plan.program, _asked_for(asked), seen):
        raise _refused("of another input, grid, program or other labels")
    if before.as_it_is.configuration != rules.plan.configuration:
        raise _refused("with other settings")
    known = {tuple(point.values.items()): point for point in (before.as_it_is, *before.points)}
    return {number: known[key] for number, (values, _) in enumerate(all_) if (key := tuple(values.items())) in known}


def _refused(was: str) -> UserError:
    return UserError(f"--resume: the sweep that was interrupted was {was}; start it again with --force")
