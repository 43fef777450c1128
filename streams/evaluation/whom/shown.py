"""Hostile to whom, in figures: rows of words for the terminal and the page, plain values for eval.json."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from rich.table import Table

from streams.evaluation.links.shown import Shown
from streams.evaluation.whom.crowds import Crowd
from streams.evaluation.whom.measured import HOW, TOXICITY, WhomResults
from streams.stages.whom.model import VERSION

NOT_THERE: Final = "hostile to whom, labelled replies: not measured ({why})"


def whom_tables(found: WhomResults) -> Iterator[Table | str]:
    """Yield what is printed."""
    for title, heads, rows in shown(found):
        table = Table(*heads, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        yield table
    if not found.replies:
        yield not_measured(found)


def not_measured(found: WhomResults) -> str:
    """Return why the labelled replies are not among the figures."""
    return NOT_THERE.format(why=f"{', '.join(found.absent)} missing" if found.absent else "left out with --quick")


def shown(found: WhomResults) -> Iterator[Shown]:
    """Yield every table as words."""
    for told, those in (
        ("frozen before the model was made, and seen while it was", found.crowds),
        ("written by a reviewer after the model", found.reviewed),
        ("written after the model was mended, never seen before", found.fresh),
    ):  # fmt: skip
        yield _crowds(told, those)
    if found.functional:
        yield _functional(found)
    if found.replies:
        yield _at_recall(found)
        yield _at_threshold(found)
        yield _reliable(found)


def _crowds(told: str, those: Sequence[Crowd]) -> Shown:
    rows = [
        (one.kind.replace("_", " "), "yes" if one.is_hostile else "no", str(one.phrasings), str(one.by_toxicity), str(one.by_model),
         _percent(one.share_by_toxicity), _percent(one.share))
        for one in those
    ]  # fmt: skip
    heads = ("thirty people say", "hostile", "phrasings", "open by toxicity", "open", "% hostile by toxicity", "% hostile")
    return f"invented replies, {told}: pile-ons of the window rule as shipped", heads, rows


def _functional(found: WhomResults) -> Shown:
    rows = [
        (one.name, "yes" if one.is_hostile else "no", str(one.cases), *(_percent(one.share[name]) for name in HOW))
        for one in found.functional
    ]
    return "hatecheck, never trained on: % called hostile to the person addressed", ("class", "is it", "cases", *HOW), rows


def _at_recall(found: WhomResults) -> Shown:
    rows = [
        (f"{100 * one.recall:.0f} %", *(f"{one.false[name]} ({_percent(one.precision[name])} %)" for name in HOW),
         f"{one.false[VERSION] / max(one.false[TOXICITY], 1):.2f}")
        for one in found.at_recall
    ]  # fmt: skip
    title = f"held-out targets, {found.replies:,} replies, {found.hostile} hostile to the person answered: false links (precision)"
    return title, ("recall", *HOW, "model ÷ toxicity"), rows


def _at_threshold(found: WhomResults) -> Shown:
    rows = [
        (one.source, one.name, f"{one.found}/{one.hostile}", str(one.false), _percent(one.found / max(one.found + one.false, 1)))
        for one in found.at_threshold
    ]
    return "the same at 0.5, where a reply counts as hostile", ("", "", "found", "false", "precision %"), rows


def _reliable(found: WhomResults) -> Shown:
    rows = [(f"{one.low:.1f} to {one.low + 0.1:.1f}", str(one.n), f"{one.confidence:.2f}", f"{one.right:.2f}") for one in found.said.bins]
    title = f"{VERSION}, as often as it says? Calibration error {found.said.error:.3f}"
    return title, ("P(hostile to them)", "n", "mean", "is so"), rows


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def plain_whom(found: WhomResults) -> dict[str, Any]:
    """Return every figure by name."""
    return {
        "model": VERSION,
        **{name: value for name, value in msgspec.to_builtins(found).items() if name != "said"},
        "calibration": {"error": found.said.error, "bins": msgspec.to_builtins(found.said.bins)},
    }
