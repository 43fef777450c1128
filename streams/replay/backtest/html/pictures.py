"""Pictures as SVG in the page. Each has a name and a sentence for those who do not see it; its numbers stand in a table beside it."""

import math
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from msgspec import Struct

from streams.replay.backtest.html.elements import Child, e

WIDTH: Final = 760
_LEFT: Final = 46
_RIGHT: Final = 12
_TOP: Final = 12
_TALL: Final = 150
_LEAST: Final = 1e-6
"""Measures are rounded to six places."""
_LINE: Final = 30
"""Between two lines of a picture of lines."""
_NAMES: Final = 190


class Series(Struct, frozen=True):
    """Values of one colour. ``look`` is a class of the style sheet."""

    look: str
    values: Sequence[float | None]


class Span(Struct, frozen=True):
    """A value with its bounds, on a line of its own."""

    name: str
    look: str
    value: float | None
    low: float | None
    high: float | None


def figure(name: str, title: str, told: str, height: float, drawn: Sequence[Element], beside: Child, key: Child = None) -> Element:
    """Return a picture with its table. ``told`` says in a sentence what is to be seen."""
    svg = e(
        "svg", e("title", title, id=f"{name}-name"), e("desc", told, id=f"{name}-told"), *drawn,
        viewBox=f"0 0 {WIDTH} {height:g}", role="img", aria_labelledby=f"{name}-name", aria_describedby=f"{name}-told",
    )  # fmt: skip
    return e(
        "figure",
        e("figcaption", title),
        key,
        e("div", svg, class_="scrolls picture", role="group", aria_label=f"{title}: picture", tabindex="0"),
        beside,
    )


def key(*entries: tuple[str, str]) -> Element:
    """Return which colour is what: (look, words)."""
    return e("p", *(e("span", e("span", class_=f"swatch {look}"), words) for look, words in entries), class_="key")


def bars(series: Sequence[Series], labels: Sequence[str]) -> list[Element]:
    """Return bars side by side per label, with an axis of counts. There is at least one label."""
    top, step = ceiling(max((value or 0 for one in series for value in one.values), default=0))
    wide = (WIDTH - _LEFT - _RIGHT) / len(labels)
    drawn = _axis(top, step)
    for number, one in enumerate(series):
        thick = max(1.0, min(wide * 0.84 / len(series), 26.0))
        for place, value in enumerate(one.values):
            if value:
                x = _LEFT + wide * (place + 0.5) + thick * (number - len(series) / 2)
                tall = _TALL * value / top
                drawn.append(e("rect", x=_n(x), y=_n(_TOP + _TALL - tall), width=_n(thick), height=_n(tall), class_=one.look))
    return drawn + _along([_LEFT + wide * (place + 0.5) for place in range(len(labels))], labels)


def curves(series: Sequence[Series], labels: Sequence[str], levels: Sequence[Series]) -> list[Element]:
    """Return a line with dots per series over the labels, and levels without dots; where a value is missing there are dots only."""
    top, step = ceiling(max((value or 0 for one in (*series, *levels) for value in one.values), default=0))
    wide = (WIDTH - _LEFT - _RIGHT) / len(labels)
    xs = [_LEFT + wide * (place + 0.5) for place in range(len(labels))]
    drawn = _axis(top, step)
    for one in (*levels, *series):
        points = [(x, _TOP + _TALL * (1 - value / top)) for x, value in zip(xs, one.values, strict=True) if value is not None]
        if one in levels:
            drawn += _across(points, one.look)
        elif len(points) == len(xs) > 1:
            drawn.append(e("polyline", points=" ".join(f"{_n(x)},{_n(y)}" for x, y in points), class_=f"line {one.look}"))
        if one not in levels:
            drawn += [e("circle", cx=_n(x), cy=_n(y), r="3.5", class_=one.look) for x, y in points]
    return drawn + _along(xs, labels)


def _across(points: Sequence[tuple[float, float]], look: str) -> list[Element]:
    """Return a level over the whole width: it belongs to no value."""
    return [e("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=_n(y), y2=_n(y), class_=f"line {look}") for _, y in points[:1]]


def spans(lines: Sequence[Span], low: float, high: float, marks: Sequence[tuple[float, str]]) -> tuple[list[Element], float]:
    """Return one line per span between ``low`` and ``high``, with marks along them, and the height."""
    tall = _LINE * len(lines)
    drawn: list[Element] = []

    def x(value: float) -> float:
        return _NAMES + (WIDTH - _NAMES - 2 * _RIGHT) * (value - low) / (high - low)

    for at, words in marks:
        drawn.append(e("line", x1=_n(x(at)), x2=_n(x(at)), y1=_TOP, y2=_TOP + tall, class_="grid"))
        drawn.append(e("text", words, x=_n(x(at)), y=_TOP + tall + 16, text_anchor="middle"))
    for number, one in enumerate(lines):
        y = _TOP + _LINE * (number + 0.5)
        drawn.append(e("text", one.name, x=_NAMES - 12, y=_n(y + 4), text_anchor="end"))
        if one.value is not None and one.low is not None and one.high is not None:
            drawn.append(e("line", x1=_n(x(one.low)), x2=_n(x(one.high)), y1=_n(y), y2=_n(y), class_=f"whisker {one.look}"))
            drawn.append(e("circle", cx=_n(x(one.value)), cy=_n(y), r="5", class_=one.look))
        else:
            drawn.append(e("text", "nothing to measure", x=_NAMES, y=_n(y + 4)))
    return drawn, _TOP + tall + 26


HEIGHT: Final = _TOP + _TALL + 28
"""Of bars and curves."""


def ceiling(most: float) -> tuple[float, float]:
    """Return a round value that is not below ``most``, and the step of at most five ticks up to it."""
    if most < _LEAST:
        return 1.0, 1.0
    rough = most / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * by for by in (1, 2, 5, 10) if power * by >= rough)
    if most >= 1 and step < 1 and float(most).is_integer():
        step = 1.0  # counts have no half ticks
    return step * math.ceil(most / step - 1e-9), step


def _axis(top: float, step: float) -> list[Element]:
    drawn = []
    for number in range(round(top / step) + 1):
        y = _TOP + _TALL * (1 - number * step / top)
        drawn.append(e("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=_n(y), y2=_n(y), class_="grid"))
        drawn.append(e("text", f"{number * step:g}", x=_LEFT - 8, y=_n(y + 4), text_anchor="end"))
    return drawn


def _along(xs: Sequence[float], labels: Sequence[str]) -> list[Element]:
    """Return as many labels as have room."""
    longest = max(map(len, labels))
    every = max(1, math.ceil(len(labels) * (7.5 * longest + 14) / (WIDTH - _LEFT - _RIGHT)))
    places = range(0, len(labels), every)
    return [e("text", labels[n], x=_n(xs[n]), y=_TOP + _TALL + 18, text_anchor="middle") for n in places]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
