"""The figures as tables: once for the terminal, once for the page."""

from collections.abc import Sequence

from msgspec import Struct

from tests.evaluation.measure import Evaluation

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
        (each.name, "a tenth held out" if each.learned_from else "never learned from", str(each.rows), str(each.toxic), figure(each.auc),
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


def bias(found: Evaluation) -> list[Table]:
    """Return a table of identity-term bias per collection of texts."""
    tables = []
    for title, each in found.bias.items():
        rows = [(one.group, str(one.rows), str(one.toxic), figure(one.subgroup), figure(one.bpsn), figure(one.bnsp)) for one in each.groups]
        caption = f"Identity terms in {title}: overall AUC {figure(each.overall)}, the task's figure {figure(each.final)}"
        tables.append(Table(caption, ("group", "rows", "toxic", "subgroup AUC", "BPSN AUC", "BNSP AUC"), rows))
    return tables


def tables(found: Evaluation) -> list[Table]:
    """Return all tables, in the order of the page."""
    return [kinds(found), flagged(found), by_set(found), sets(found), functions(found), *bias(found)]


def text(table: Table) -> str:
    """Return a table as Markdown."""
    lines = [f"{table.caption}:", "", _line(table.headers), "|---|" + "---:|" * (len(table.headers) - 1)]
    return "\n".join([*lines, *map(_line, table.rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
