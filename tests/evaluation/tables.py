"""The figures as tables: once for the terminal, once for the page."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from tests.evaluation.measure import Evaluation
from tests.evaluation.rightness import SetMeasure

READINGS = ("raw", "undone", "larger of both")


class Table(Struct, frozen=True):
    """A caption, the names of the columns, and rows of cells."""

    caption: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def percent(value: float) -> str:
    """Return a share in percent with one decimal; a dash where there is none."""
    return "–" if value != value else f"{100 * value:.1f} %"  # noqa: PLR0124  # nan is what does not equal itself


def figure(value: float | None) -> str:
    """Return three decimals; a dash where there is none."""
    return "–" if value is None or value != value else f"{value:.3f}"  # noqa: PLR0124


def kinds(found: Evaluation) -> Table:
    """Return recall per kind of disguise: raw, undone, larger of both, and what is kept of the plain text's."""
    rows = [
        (each.kind, str(each.rows), percent(each.plain), *(percent(each.recall[name]) for name in READINGS), percent(each.kept))
        for each in found.hidden.kinds
    ]
    mean = sum(min(each.kept, 1.0) for each in found.hidden.kinds) / len(found.hidden.kinds)
    rows.append(("mean of the kinds, each at most 100 %", "", "", "", "", "", percent(mean)))
    caption = f"Recall in disguise at {found.hidden.threshold:.4f}, which flags 1 % of clean text as it stands"
    return Table(caption, ("disguise", "rows changed", "plain", *READINGS, "kept"), rows)


def flagged(found: Evaluation) -> Table:
    """Return false positives."""
    rows = [
        (
            each.name,
            str(each.rows),
            *(percent(each.share[name]) for name in READINGS),
            f"{100 * (each.share[READINGS[2]] - each.share['raw']):+.2f}",
        )
        for each in found.hidden.flagged
    ]
    return Table("Flagged though nobody should be", ("texts", "rows", *READINGS, "points more than raw"), rows)


def by_set(found: Evaluation) -> Table:
    """Return recall per set."""
    rows = [(name, f"{each['toxic']:.0f}", percent(each["recall"]), percent(each["kept"])) for name, each in found.hidden.by_set.items()]
    return Table(
        "Recall per set at the same threshold, and what disguises leave of it", ("set", "toxic", "plain", "kept, mean of the kinds"), rows
    )


def sets(found: Evaluation) -> Table:
    """Return AUC and calibration per set."""
    rows = [
        (each.name, _how(each), str(each.rows), str(each.toxic), figure(each.auc),
         figure(each.yardstick), figure(each.calibration_error))
        for each in found.sets
    ]  # fmt: skip
    beside = f"alt-profanity-check {found.others['alt-profanity-check']}"
    return Table("AUC per set, and expected calibration error over ten bins", ("set", "", "rows", "toxic", "AUC", beside, "ECE"), rows)


def functions(found: Evaluation) -> Table:
    """Return hatecheck's functional classes."""
    rows = [
        (each.name, str(each.cases), "hateful" if each.hateful else "not", percent(each.right), percent(each.right_at_half))
        for each in sorted(found.functions, key=lambda each: (not each.hateful, each.name))
    ]
    headers = ("class", "cases", "is", f"right at {found.hidden.threshold:.2f}", "right at .5")
    return Table("hatecheck by functional class", headers, rows)


def unread(found: Evaluation) -> Table:
    """Return how much of each kind of text would not be scored for its language."""
    rows = [(each.name, str(each.texts), f"{each.share:.2%}", f"{each.microseconds:.0f}") for each in found.unread]
    return Table("Not scored, for their language, by a scorer of English", ("texts", "number", "abstained", "µs of CPU each"), rows)


def bias(found: Evaluation) -> list[Table]:
    """Return a table of identity-term bias per collection of texts."""
    tables = []
    for title, each in found.bias.items():
        rows = [(one.group, str(one.rows), str(one.toxic), figure(one.subgroup), figure(one.bpsn), figure(one.bnsp)) for one in each.groups]
        caption = f"Identity terms in {title}: overall AUC {figure(each.overall)}, the task's figure {figure(each.final)}"
        tables.append(Table(caption, ("group", "rows", "toxic", "subgroup AUC", "BPSN AUC", "BNSP AUC"), rows))
    return tables


def beside(found: Evaluation) -> list[Table]:
    """Return the compact scorer beside the linear one: per set, and in disguise."""
    if not found.beside:
        return []
    names = tuple(each.scorer.partition("@")[0] for each in found.beside)
    by_name = [{one.name: one for one in each.sets} for each in found.beside]
    rows = [
        (name, _how(first), str(first.rows), *(figure(each[name].auc) for each in by_name), figure(first.yardstick),
         *(figure(each[name].calibration_error) for each in by_name), *(percent(each.top[name]) for each in found.beside))
        for name, first in by_name[0].items()
    ]  # fmt: skip
    rows += [_mean(found, learned_from=learned_from) for learned_from in sorted({each.learned_from for each in by_name[0].values()})]
    headers = ("set", "", "rows", *(f"AUC {name}" for name in names), "alt-profanity-check", *(f"ECE {name}" for name in names),
               *(f"toxic in its top 2 %, {name}" for name in names))  # fmt: skip
    hidden = [
        (each[0].kind, str(each[0].rows), *(cell for one in each for cell in (percent(one.plain), percent(one.hidden))))
        for each in zip(*(each.recall for each in found.beside), strict=True)
    ]
    told = ", ".join(f"{name} at {each.threshold:.4f}" for name, each in zip(names, found.beside, strict=True))
    columns = ("disguise", "rows changed", *(f"{name}, {how}" for name in names for how in ("plain", "in disguise")))
    return [
        Table(" beside ".join(each.scorer for each in reversed(found.beside)) + ", per set", headers, rows),
        Table(f"Recall in disguise of a sample, each at what flags 1 % of clean text: {told}", columns, hidden),
    ]


def _mean(found: Evaluation, *, learned_from: bool) -> tuple[str, ...]:
    chosen = [[one for one in each.sets if one.learned_from == learned_from] for each in found.beside]
    first = chosen[0]
    tops = [percent(float(np.mean([each.top[one.name] for one in first]))) for each in found.beside]
    return (
        "mean", _how(first[0]), str(sum(one.rows for one in first)),
        *(_average([one.auc for one in each]) for each in chosen), _average([one.yardstick for one in first]),
        *(_average([one.calibration_error for one in each]) for each in chosen), *tops,
    )  # fmt: skip


def _how(measure: SetMeasure) -> str:
    return "a tenth held out" if measure.learned_from else "never learned from"


def _average(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return figure(float(np.nanmean(known)) if known else None)


def tables(found: Evaluation) -> list[Table]:
    """Return all tables, in the order of the page."""
    return [kinds(found), flagged(found), unread(found), by_set(found), sets(found), *beside(found), functions(found), *bias(found)]


def text(table: Table) -> str:
    """Return a table as Markdown."""
    lines = [f"{table.caption}:", "", _line(table.headers), "|---|" + "---:|" * (len(table.headers) - 1)]
    return "\n".join([*lines, *map(_line, table.rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
