"""``threadwatch backtest run``: one recording through two configurations, and what differs."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.instruments import OTHER
from streams.records import Action, Comment
from streams.replay.backtest.cases import Change, matched, of_period
from streams.replay.backtest.coverage import Coverage, coverage
from streams.replay.backtest.families import Charted, openmetrics
from streams.replay.backtest.identity_terms import terms
from streams.replay.backtest.intervals import share
from streams.replay.backtest.judged import Judged, Labels, judged, unjudged
from streams.replay.backtest.labels import Label
from streams.replay.backtest.logged import Logged
from streams.replay.backtest.measures import Lived, measures
from streams.replay.backtest.measures import lived as lived_of
from streams.replay.backtest.next_up import next_up
from streams.replay.backtest.over_time import over_time
from streams.replay.backtest.period import Lateness, Period, event_time, period
from streams.replay.backtest.played import Played, Rules, Side, Undecodable
from streams.replay.backtest.playing import How, played
from streams.replay.backtest.report import LOCK, METRICS, TO_JUDGE, Summary, counted, covered, delta, encoded, locked, to_judge
from streams.replay.backtest.slices import Slices, slices
from streams.replay.backtest.stopped import CHECKPOINT
from streams.replay.backtest.texts import Texts
from streams.replay.folder import Folder
from streams.replay.positions import packed
from streams.replay.reach import Reach
from streams.replay.reading import BadLine
from streams.replay.recorded import Cut, Progress, Recorded, in_replays_order
from streams.replay.reuse import scores_of
from streams.stages.targets import Target

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_SHOWN_OF_HASH: Final = 12


class Input(Protocol):
    """What is known of an input besides its lines."""

    attested: bool
    """Whether a broker's own time bounds every arrival."""
    reach: Reach

    @property
    def ends(self) -> Mapping[int, int]:
        """Return where the topic ended that was read, by partition; nothing where none was."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a backtest is asked for."""

    name: str
    """Of the run: a label of its metrics."""
    program: str
    rules: dict[Side, Rules]
    labels: Sequence[Label] = ()
    """What people said of pile-ons; none: precision and recall are not known."""
    texts: Texts | None = None
    """Takes what was said, where a report is to hold it."""
    console: str = ""
    """The console's address, for links of the report."""


def named(name: str | None, candidate: Rules) -> str:
    """Return the run's name: as given, else the beginning of the candidate's configuration hash. Raises UserError for a bad one."""
    if name is None:
        return candidate.plan.configuration[:8]
    if not _NAME.fullmatch(name):
        raise UserError(f"--name {name!r}: write up to 40 small letters, digits, dots, hyphens and underscores")
    return name


def backtest(
    asked: Asked,
    lines: Iterator[Comment | BadLine],
    input_: Input,
    out: Folder,
    progress: Progress,
    cut: Cut,
    how: How | None = None,
) -> Summary:
    """Run what was recorded through both configurations and write everything to ``out``.

    ``cut`` may end it early: then all of it is about the comments that both sides took, and says that it is not complete.
    Raises UserError where there is no comment at all, where labels speak of something else, or where it cannot go on where another one was
    stopped; Unbalanced if a record went missing.
    """
    how = how or How()
    read, shares = Read(lines), how.processes if how.stages else 1
    scores = scores_of(asked.rules[Side.CANDIDATE].plan.stages)
    recorded = in_replays_order(read, input_.attested, out.room(), scores, shares, input_.reach.since)
    playing = played(asked.rules, recorded, read.undecodable, progress, cut, how)
    if left := recorded.count - cut.reached:
        out.put(CHECKPOINT, [packed(playing.position(how.ends()))])
    return compared(asked, recorded.first(cut.reached), read.undecodable, playing.made, input_.reach, left, out)


def compared(
    asked: Asked,
    recorded: Recorded | Logged,
    undecodable: Undecodable,
    made: Mapping[Side, Played],
    reach: Reach,
    not_replayed: int,
    out: Folder,
) -> Summary:
    """Write what both sides made of what was read, and return the summary. KeyboardInterrupt where nothing of the period was taken."""
    comments = recorded.period()
    lateness = Lateness([one.settings for one in asked.rules.values()])
    times = [event_time(comment, lateness) for comment in comments]
    if not times:  # stopped in the warm-up: of the period there is no result at all
        raise KeyboardInterrupt
    when, lived = period(times), {side: lived_of(made[side], rules.settings.alert.storm_length) for side, rules in asked.rules.items()}
    changes = changes_of(lived)
    if asked.texts is not None and isinstance(recorded, Recorded):
        asked.texts.take(recorded.comments, lived, changes)
    sliced = slices(comments, lived, changes, when.days, Labels(asked.labels), terms())
    seen = coverage(recorded, times, undecodable, lateness, reach)
    found = _summary(asked, seen, when, lived, changes, sliced, not_replayed)
    written = [(at, comment.source) for at, comment in zip(times, comments, strict=True) if comment.action is Action.CREATED]
    facts = {side: _facts(rules) for side, rules in asked.rules.items()}
    charted = Charted(
        run=asked.name,
        period=when,
        sources=_sources(asked),
        written=written,
        lived=lived,
        changes=changes,
        facts=facts,
        labels=found.labels,
    )
    _write(asked, found, charted, out)
    return found


class Read:
    """The comments among lines; counts those that are none."""

    def __init__(self, lines: Iterator[Comment | BadLine]) -> None:
        self._lines, self._bad = lines, Counter[bool]()

    @property
    def undecodable(self) -> Undecodable:
        """Return how many were none by now, in the period and before it."""
        return Undecodable(self._bad[False], self._bad[True])

    def __iter__(self) -> Iterator[Comment]:
        """Yield the comments."""
        for line in self._lines:
            if isinstance(line, BadLine):
                self._bad[line.is_before] += 1
            else:
                yield line


def changes_of(lived: Mapping[Side, Lived]) -> list[Change]:
    """Return what became of the pile-ons that either side opened in the period."""
    before, after = lived[Side.BASELINE], lived[Side.CANDIDATE]
    begun = {case.pileon_id for one in (before, after) for case in one.begun}
    return of_period(matched(before.all_cases, after.all_cases), begun)


def _summary(
    asked: Asked, seen: Coverage, when: Period, lived: Mapping[Side, Lived], changes: list[Change], sliced: Slices, not_replayed: int
) -> Summary:
    labels = _judged(asked, when, lived)
    scores = {Side.BASELINE: labels.baseline, Side.CANDIDATE: labels.candidate} if labels else {}
    found = {side: dict(measures(one, when.days, scores.get(side))) for side, one in lived.items()}
    waiting = unjudged(changes, asked.labels)
    precision = {side: scores[side].precision if scores else share(0, 0) for side in Side}
    return Summary(
        run=asked.name,
        program=asked.program,
        complete=not not_replayed,
        not_replayed=not_replayed,
        coverage=seen,
        period=covered(when),
        console=asked.console,
        configurations={side: rules.plan.configuration for side, rules in asked.rules.items()},
        changes=counted(changes),
        labels=labels,
        unjudged=len(waiting),
        judge_next=tuple(next_up(waiting, precision)),
        baseline=found[Side.BASELINE],
        candidate=found[Side.CANDIDATE],
        delta=delta(found[Side.BASELINE], found[Side.CANDIDATE]),
        over_time=over_time(lived, when),
        slices=sliced,
        accounts={side: one.played.sections() for side, one in lived.items()},
        warm_up={side: one.played.warm_up_section() for side, one in lived.items()},
    )


def _judged(asked: Asked, when: Period, lived: Mapping[Side, Lived]) -> Judged | None:
    if not asked.labels:
        return None
    answered = set[Target]().union(*(one.played.answered for one in lived.values()))
    begun = {side: one.begun for side, one in lived.items()}
    return judged(asked.labels, when, answered, {side: one.cases for side, one in lived.items()}, begun)


def _sources(asked: Asked) -> list[str]:
    """Return the sources that labels may show: those that either configuration names, and ``other``."""
    return sorted({OTHER, *(name for rules in asked.rules.values() for name in rules.settings.sources)})


def _facts(rules: Rules) -> dict[str, str]:
    plan = rules.plan
    return {"scorer": plan.scorer, "detector": plan.detector, "configuration": plan.configuration[:_SHOWN_OF_HASH]}


def _write(asked: Asked, found: Summary, charted: Charted, out: Folder) -> None:
    told = charted.lived[Side.CANDIDATE].played.told
    out.write("alerts", (msgspec.json.encode(one.decision) for one in told))
    out.write("pileons", (msgspec.json.encode(one.pileon) for one in told))
    out.write("changes", map(msgspec.json.encode, charted.changes))
    out.put(LOCK, [locked(asked.program, asked.rules)])
    out.put(TO_JUDGE, to_judge(found.judge_next))
    out.put(METRICS, openmetrics(charted))
    out.finish(encoded(found))
