"""The report's part on who pays: a table per kind of slice, with a bar beside each share."""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from streams.replay.backtest.html.elements import Child, e, outside, section, table
from streams.replay.backtest.html.pictures import key
from streams.replay.backtest.intervals import Share
from streams.replay.backtest.played import Side
from streams.replay.backtest.report import Summary
from streams.replay.backtest.slices import By, Half, Slice
from streams.replay.backtest.slices_table import counted, has_labels, notes, percent, said_precision
from streams.replay.backtest.table import number

_WIDE, _TALL = 90, 9
_NAME: Final = 120
_TITLES: Final = {By.COMMUNITY: "By community", By.LANGUAGE: "By language", By.TERMS: "By identity terms"}
_TOLD: Final = (
    "The same measures for parts of the comments. A pile-on belongs to its community, to the language of most comments that counted as "
    "hostile in it, and to each group that at least one in ten of those mentions."
)


def slices(found: Summary) -> Element:
    """Return a table of each kind of slice; the first row is the whole."""
    whole, judged = found.slices.slices[0], has_labels(found.slices)
    parts: list[Child] = []
    for by, title in _TITLES.items():
        rows = [whole, *(one for one in found.slices.slices if one.by is by)]
        most = max((half.hostile.value or 0 for one in rows for half in (one.baseline, one.candidate)), default=0) or 1
        headers = (
            str(by),
            "comments",
            "counted as hostile",
            "pile-ons",
            "alerts per day",
            "gained",
            "lost",
            *(("precision",) if judged else ()),
        )
        parts.append(table(title, headers, [_row(one, most, judged=judged) for one in rows], (0, 2)))
    keys = key(("baseline", "baseline (above)"), ("candidate", "candidate (below)"))
    return section("slices", "Who pays for it", e("p", _TOLD), keys, *parts, *(e("p", note, class_="soft") for note in notes(found.slices)))


def _row(one: Slice, most: float, *, judged: bool) -> Sequence[Child]:
    both = (one.baseline, one.candidate)
    cells: list[Child] = [
        outside(one.name, _NAME), counted(one), _bars(one, most), _pair([str(half.pileons) for half in both]),
        _pair([number(half.alerts_per_day) for half in both]), str(one.gained), str(one.lost),
    ]  # fmt: skip
    return [*cells, _stacked([said_precision(half.precision) for half in both])] if judged else cells


def _bars(one: Slice, most: float) -> Element:
    sides: dict[Side, Half] = {Side.BASELINE: one.baseline, Side.CANDIDATE: one.candidate}
    return e("div", *(_bar(side, half.hostile, most) for side, half in sides.items()))


def _bar(side: Side, share: Share, most: float) -> Element:
    """Return a bar with its number beside it; the number says all, so the bar is not read out."""
    wide = _WIDE * (share.value or 0) / most
    drawn = e(
        "svg", e("rect", width=f"{wide:.1f}", height=_TALL, class_=side), viewBox=f"0 0 {_WIDE} {_TALL}", class_="bar", aria_hidden="true"
    )
    bounds = "" if share.low is None or share.high is None else f" ({100 * share.low:.1f} to {100 * share.high:.1f})"
    return e("div", drawn, e("span", f"{side}: ", class_="heard"), percent(share) + bounds)


def _pair(both: Sequence[str]) -> str:
    return both[0] if both[0] == both[1] else " → ".join(both)


def _stacked(both: Sequence[str]) -> Element:
    return e("div", *(e("div", one) for one in both))
