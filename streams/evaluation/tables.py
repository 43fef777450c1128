"""The figures as tables for a terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from streams.evaluation.attacks import KINDS
from streams.evaluation.compare import Line
from streams.evaluation.links.shown import link_tables
from streams.evaluation.measures import Early
from streams.evaluation.plain import kinds_of
from streams.evaluation.real import Calibration
from streams.evaluation.results import Results
from streams.evaluation.scoring import Score, upper_bound
from streams.evaluation.whom.shown import whom_tables

NOT_THERE = "real trees: not here ({files}); they are read from ../shared/datasets, or where --data says"


def tables(found: Results) -> Iterator[Table | str]:
    """Yield what is printed, in order."""
    yield head(found)
    yield _calibrations("null calibration: realised false alarms where nothing happens", found.calibrations)
    yield _detectors(found)
    yield _kinds(found)
    yield _bounds(found)
    yield _evasions(found)
    yield _ablations("without …, slack learned, B = 1", found.ablations)
    yield from link_tables(found.links)
    yield from whom_tables(found.whom)
    if found.real.absent:
        yield NOT_THERE.format(files=", ".join(found.real.absent))
        return
    yield real_head(found)
    yield _calibrations("real trees, null calibration, proven bound", found.real.calibrations)
    yield _raids(found)
    yield _ablations("real trees, slack learned, B = 1", [(line.name, line.score) for line in found.real.ablations])


def head(found: Results) -> str:
    """Say what was measured."""
    at = found.head
    return (
        f"the half that decides: {at.people:,} people, {at.replies:,} replies ({at.hostile_replies:,} hostile), "
        f"alarms counted on {at.days} days, {at.attacks} pile-ons ({at.large_attacks} by 8 or more), {at.twins} civil twins; "
        f"N = {at.stakes_per_day:,.0f} stakes a day on the pace, {at.share_stakes_per_day:,.0f} on the share; seed {at.seed}"
    )


def real_head(found: Results) -> str:
    """Say what the real trees are."""
    real = found.real
    return (
        f"real trees, the half that decides: {real.people:,} people, {real.replies:,} replies, {real.raids} pile-ons put in, as many twins"
    )


def row_of(line: Line, measures: Early, days: int) -> tuple[str, ...]:
    """Return a detector's figures as words, in the order of ``COLUMNS``."""
    score = line.score
    allowed = line.budget if line.budget is not None else line.kept_at
    return (
        f"{line.name} ({line.note})" if line.note else line.name, "" if line.budget is None else f"{line.budget:g}", str(score.false),
        "" if allowed is None else f"{allowed * days:.0f}", f"{upper_bound(score.false):.0f}", *_caught(score),
        f"{score.diluted / days:.1f}", str(sum(score.false_in_twins.values())), f"{measures.alerts_per_case:.2f}",
        f"{measures.false_per_1000:.2f}", f"{100 * measures.erde_5:.2f}", f"{100 * measures.erde_10:.2f}", f"{measures.f_latency:.2f}",
    )  # fmt: skip


COLUMNS = (
    "detector", "B a day", "false", "allowed", "≤ (95 %)", "caught, n ≥ 8", "n = 4", "people", "min", "diluted a day", "in twins",
    "alerts a case", "false per 1,000 hostile", "ERDE5 %", "ERDE10 %", "F-latency",
)  # fmt: skip


def _caught(score: Score) -> tuple[str, ...]:
    large, every = score.recall(), score.recall(4)
    return (
        f"{large[0]}/{large[1]}",
        f"{every[0] - large[0]}/{every[1] - large[1]}",
        f"{score.median_authors:g}",
        f"{score.median_minutes:.0f}",
    )


def _detectors(found: Results) -> Table:
    table = Table(*COLUMNS)
    for line, measures in found.lines:
        table.add_row(*row_of(line, measures, found.head.days))
    return table


def _kinds(found: Results) -> Table:
    """The lines of B = 1, and those that have no budget: who was caught, by evasion; false alarms in its civil twins."""
    table = Table("caught by kind, n ≥ 8 (false in its twins)", *KINDS)
    for line, _ in found.lines:
        if line.budget == 1.0 or (line.budget is None and line.kept_at in {None, 1.0}):
            table.add_row(f"{line.name} {line.note}", *(cell(line.score, kind) for kind in KINDS))
    return table


def cell(score: Score, kind: str) -> str:
    """Return how many of a kind were caught, and false alarms in its twins."""
    caught, there = score.recall(8, kind)
    return f"{caught}/{there} ({score.false_in_twins.get(kind, 0)})"


def _calibrations(title: str, those: Sequence[Calibration]) -> Table:
    table = Table(title, "B a day", "false", "allowed", "ratio ≤ (95 %)")
    for one in those:
        table.add_row(one.name, f"{one.budget:g}", str(one.false), f"{one.allowed:.2f}", f"{one.upper:.2f}")
    return table


def _bounds(found: Results) -> Table:
    table = Table("at most possible, n ≥ 8", "all", *KINDS)
    for bound in found.bounds:
        table.add_row(bound.name, "{}/{}".format(*bound.recall), *("{}/{}".format(*bound.by_kind[kind]) for kind in KINDS))
    return table


def _evasions(found: Results) -> Table:
    table = Table("more of each kind, B = 1, n ≥ 8", *KINDS)
    for name, score in found.evasions:
        table.add_row(name, *("{}/{}".format(*score.recall(8, kind)) for kind in KINDS))
    return table


def _ablations(title: str, those: Sequence[tuple[str, Score]]) -> Table:
    table = Table(title, "false", "caught, n ≥ 8", "n = 4", "people", "min")
    for name, score in those:
        table.add_row(name, str(score.false), *_caught(score))
    return table


def _raids(found: Results) -> Table:
    kinds = kinds_of(found.real.lines[0].score) if found.real.lines else []
    table = Table(
        "raids in real trees", "B a day", "false", "in twins", "caught, n ≥ 8", "n = 4", "people", "min", *kinds, "natural", "by label"
    )
    for line in found.real.lines:
        score = line.score
        table.add_row(
            line.name, "" if line.budget is None else f"{line.budget:g}", str(score.false), str(sum(score.false_in_twins.values())),
            *_caught(score), *(cell(score, kind).split()[0] for kind in kinds), "{}/{}".format(*line.natural),
            "{}/{}".format(*line.natural_by_label),
        )  # fmt: skip
    return table
