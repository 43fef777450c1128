"""Slices in a terminal: a line each, baseline and candidate beside each other."""

from rich.console import Console, Group
from rich.table import Table

from streams.lines import shown as plain
from streams.replay.backtest.intervals import Share
from streams.replay.backtest.slices import FEW_COMMENTS, FEW_JUDGED, By, Slice, Slices
from streams.replay.backtest.sweep_table import with_bounds
from streams.replay.backtest.table import number

HEADERS = ("", "comments", "hostile", "→", "pile-ons", "→", "alerts/day", "→", "gained", "lost")
JUDGED = ("precision", "→")
_WIDE = 1000


def shown(found: Slices) -> Group:
    """Return a table per kind of slice, the whole in the first line of each."""
    whole, judged = found.slices[0], has_labels(found)
    tables: list[Table | str] = []
    for by in (By.COMMUNITY, By.LANGUAGE, By.TERMS):
        table = Table(box=None, pad_edge=False, show_edge=False)
        for name in (f"by {by}", *HEADERS[1:], *(JUDGED if judged else ())):
            table.add_column(name, justify="left" if name.startswith("by ") else "right")
        for one in (whole, *(one for one in found.slices if one.by is by)):
            table.add_row(*_cells(one, judged=judged))
        table.width = Console(width=_WIDE).measure(table).maximum
        tables += [table, ""]
    return Group(*tables, *notes(found))


def has_labels(found: Slices) -> bool:
    """Return whether somebody judged a pile-on of either side."""
    return any(half.precision.n for half in (found.slices[0].baseline, found.slices[0].candidate))


def notes(found: Slices) -> list[str]:
    """Return what must be known to read them."""
    left = [f"{count} more of {by} are in no line" for by, count in found.left_out.items() if count]
    return [
        f"→: the candidate. few: under {FEW_COMMENTS} comments, or {FEW_JUDGED} judged pile-ons: a share of so few says little.",
        f"Identity terms (list {found.identity_terms}) are words that a comment mentions, not who wrote it; a comment can mention several.",
        *left,
    ]


def _cells(one: Slice, *, judged: bool) -> list[str]:
    before, after = one.baseline, one.candidate
    precisions = [said_precision(half.precision) for half in (before, after)] if judged else []
    return [
        plain(one.name), counted(one), percent(before.hostile), percent(after.hostile), str(before.pileons), str(after.pileons),
        number(before.alerts_per_day), number(after.alerts_per_day), str(one.gained), str(one.lost), *precisions,
    ]  # fmt: skip


def counted(one: Slice) -> str:
    """Return how many comments a slice has, few ones as such."""
    return f"{one.comments:,}" + (" few" if one.comments < FEW_COMMENTS else "")


def percent(one: Share) -> str:
    """Return a share in per cent."""
    return "–" if one.value is None else f"{100 * one.value:.1f} %"


def said_precision(one: Share) -> str:
    """Return a precision with its bounds and of how many it is, few ones as such."""
    return with_bounds(one) + (" few" if 0 < one.n < FEW_JUDGED else "")
