"""The picture of found against false: a point per detector, false alarms a day on a scale of logarithms."""

import math
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from msgspec import Struct

from streams.replay.backtest.html.elements import e
from streams.replay.backtest.html.pictures import WIDTH

_LEFT, _RIGHT, _TOP, _TALL = 46, 16, 14, 300
_LEAST: Final = 0.02
"""None in all the days stands at the left edge."""
_DECADES: Final = (0.1, 1.0, 10.0)


class Mark(Struct, frozen=True):
    """One detector."""

    name: str
    look: str
    false_a_day: float
    share: float | None


def marks(shown: Sequence[Mark], budgets: Sequence[float]) -> tuple[list[Element], float]:
    """Return the picture and its height."""
    most = max([30.0, *(one.false_a_day for one in shown)])

    def x(false: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * math.log(max(false, _LEAST) / _LEAST) / math.log(most / _LEAST)

    drawn = [part for n in range(0, 101, 20) for part in _level(n)]
    drawn.append(e("text", "none", x=f"{x(_LEAST):.1f}", y=_TOP + _TALL + 18))
    drawn += [e("text", f"{decade:g} a day", x=f"{x(decade):.1f}", y=_TOP + _TALL + 18, text_anchor="middle") for decade in _DECADES]
    drawn += [e("line", x1=f"{x(budget):.1f}", x2=f"{x(budget):.1f}", y1=_TOP, y2=_TOP + _TALL, class_="line budget") for budget in budgets]
    for one in sorted(shown, key=lambda mark: mark.look):
        y = _TOP + _TALL * (1 - (one.share or 0.0))
        said = f"{one.name}: {100 * (one.share or 0.0):.0f} %, {one.false_a_day:.2f} a day"
        drawn.append(e("circle", e("title", said), cx=f"{x(one.false_a_day):.1f}", cy=f"{y:.1f}", r="5", class_=one.look))
    return drawn, _TOP + _TALL + 28


def _level(percent: int) -> list[Element]:
    y = _TOP + _TALL * (1 - percent / 100)
    return [
        e("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid"),
        e("text", f"{percent} %", x=_LEFT - 8, y=f"{y + 4:.1f}", text_anchor="end"),
    ]  # fmt: skip
