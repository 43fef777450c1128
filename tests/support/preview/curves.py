"""Time series and heatmaps as inline SVG."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from msgspec import Struct

from tests.support.preview.data import Series, unfolded
from tests.support.preview.look import defaults, line_of
from tests.support.preview.numbers import clock, ticks, written

CIVIDIS: Final = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8779", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
_LEFT, _BOTTOM, _TOP, _RIGHT = 66, 20, 8, 10


class Axes(Struct):
    """Where a moment and a value lie, in pixels."""

    width: int
    height: int
    start: float
    end: float
    least: float
    most: float

    def x(self, moment: float) -> float:
        return _LEFT + (moment - self.start) / (self.end - self.start) * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self.most - value) / ((self.most - self.least) or 1) * (self.height - _TOP - _BOTTOM)


def timeseries(panel: Mapping[str, Any], series: Sequence[Series], width: int, height: int, start: float, end: float) -> str:
    """Return a panel's body."""
    said, custom = defaults(panel), defaults(panel)["custom"]
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    drawn = _stacked(series) if stacked else [(one, [(moment, 0.0, value) for moment, value in one.points]) for one in series]
    rows = 18 * (1 + sum(len(one.name) * 7 + 130 for one in series) // max(1, width - 20))
    axes = _axes(said, drawn, width, height - rows, start, end)
    marks = [_grid(axes, said.get("unit", "short"), said.get("decimals")), *_limits(axes, said, custom)]
    for order, (one, points) in enumerate(drawn):
        colour, dashed = line_of(panel, one.name, order)
        beside = (order, len(drawn)) if not stacked else (0, 1)
        marks.append(
            _bars(axes, points, colour, beside) if custom.get("drawStyle") == "bars" else _line(axes, points, colour, dashed, stacked)
        )
    return _svg(axes, marks) + _legend(panel, series)


def _stacked(series: Sequence[Series]) -> list[tuple[Series, list[tuple[float, float, float]]]]:
    below: dict[float, float] = {}
    found = []
    for one in series:
        points = [(moment, below.get(moment, 0.0), below.get(moment, 0.0) + value) for moment, value in one.points]
        below |= {moment: upper for moment, _, upper in points}
        found.append((one, points))
    return found


def _axes(said: Mapping[str, Any], drawn: Any, width: int, height: int, start: float, end: float) -> Axes:
    values = [upper for _, points in drawn for _, _, upper in points if math.isfinite(upper)] or [0.0]
    least = min(said.get("min", said["custom"].get("axisSoftMin", values[0])), *values)
    most = said.get("max", max(*values, least + 1e-9))
    most = most if most > least + 1e-9 else least + 1
    marks = ticks(least, most)
    return Axes(width, height, start, end, marks[0], marks[-1])


def _grid(axes: Axes, unit: str, decimals: int | None) -> str:
    found = []
    for value in ticks(axes.least, axes.most):
        y = axes.y(value)
        found.append(f'<line x1="{_LEFT}" x2="{axes.width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#2c3235"/>')
        found.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{written(value, unit, decimals) or 0}</text>')
    return "".join(found) + _hours(axes)


def _hours(axes: Axes) -> str:
    wanted = max(2, (axes.width - _LEFT) // 90)
    moments = [axes.start + (axes.end - axes.start) * number / wanted for number in range(1, wanted)]
    return "".join(
        f'<text x="{axes.x(at):.0f}" y="{axes.height - 5}" text-anchor="middle">{clock(at, axes.end - axes.start < 7200)}</text>'
        for at in moments
    )


def _limits(axes: Axes, said: Mapping[str, Any], custom: Mapping[str, Any]) -> list[str]:
    if custom.get("thresholdsStyle", {}).get("mode", "off") == "off":
        return []
    steps = [step for step in said["thresholds"]["steps"] if step["value"] is not None and axes.least <= step["value"] <= axes.most]
    return [f'<line x1="{_LEFT}" x2="{axes.width - _RIGHT}" y1="{axes.y(step["value"]):.1f}" y2="{axes.y(step["value"]):.1f}" '
            f'stroke="{step["color"]}" stroke-dasharray="10 6"/>' for step in steps]  # fmt: skip


def _line(axes: Axes, points: Sequence[tuple[float, float, float]], colour: str, dashed: bool, filled: bool) -> str:
    known = [(axes.x(moment), axes.y(lower), axes.y(upper)) for moment, lower, upper in points if math.isfinite(upper)]
    path = " ".join(f"{x:.1f},{upper:.1f}" for x, _, upper in known)
    dash = ' stroke-dasharray="8 6"' if dashed else ""
    found = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    if filled and known:
        back = " ".join(f"{x:.1f},{lower:.1f}" for x, lower, _ in reversed(known))
        found += f'<polygon points="{path} {back}" fill="{colour}" opacity=".25"/>'
    return found


def _bars(axes: Axes, points: Sequence[tuple[float, float, float]], colour: str, beside: tuple[int, int]) -> str:
    if len(points) < 2:
        return ""
    room = (axes.x(points[1][0]) - axes.x(points[0][0])) * 0.8
    wide = room / beside[1]
    return "".join(
        f'<rect x="{axes.x(at) - room / 2 + wide * beside[0]:.1f}" y="{axes.y(upper):.1f}" width="{wide:.1f}" '
        f'height="{max(0.0, axes.y(lower) - axes.y(upper)):.1f}" fill="{colour}" opacity=".8"/>'
        for at, lower, upper in points if upper > lower
    )  # fmt: skip


def _legend(panel: Mapping[str, Any], series: Sequence[Series]) -> str:
    said, summed = defaults(panel), panel["options"]["legend"]["calcs"] == ["sum"]
    found = []
    for order, one in enumerate(series):
        colour, dashed = line_of(panel, one.name, order)
        number = written(one.total if summed else one.last, said.get("unit", "short"), said.get("decimals")) or "–"
        style = f"border-top:3px {'dashed' if dashed else 'solid'} {colour}"
        found.append(
            f'<span class="entry"><i style="{style}"></i>{escape(one.name)}&ensp;<b>{"Total" if summed else "Last"}: {number}</b></span>'
        )
    return f'<div class="legend">{"".join(found)}</div>'


def heatmap(panel: Mapping[str, Any], buckets: Sequence[Series], width: int, height: int, start: float, end: float) -> str:
    """Return a panel's body: one row of cells per bucket, coloured by how many fell into it."""
    rows = unfolded(list(buckets))
    axes = Axes(width, height - 22, start, end, 0, len(rows) or 1)
    most = max((value for row in rows for _, value in row.points if math.isfinite(value)), default=0.0) or 1.0
    marks = [cell for order, row in enumerate(rows) for cell in _cells(axes, row, order, most)]
    every = max(1, len(rows) // 8)
    names = "".join(f'<text x="{_LEFT - 6}" y="{axes.y(order + 0.5) + 4:.1f}" text-anchor="end">{escape(row.name)}</text>'
                    for order, row in enumerate(rows) if order % every == 0)  # fmt: skip
    ramp = "".join(f'<i style="background:{colour}"></i>' for colour in CIVIDIS)
    return _svg(axes, [*marks, names, _hours(axes)]) + f'<div class="legend ramp">0 {ramp} {written(most, "short")}</div>'


def _cells(axes: Axes, row: Series, order: int, most: float) -> list[str]:
    if len(row.points) < 2:
        return []
    wide = axes.x(row.points[1][0]) - axes.x(row.points[0][0])
    high = axes.y(order) - axes.y(order + 1)
    return [f'<rect x="{axes.x(at) - wide:.1f}" y="{axes.y(order + 1):.1f}" width="{wide + 0.3:.1f}" height="{high - 1:.1f}" '
            f'fill="{_shade(value / most)}"/>' for at, value in row.points if value > 0 and at > axes.start + 1]  # fmt: skip


def _shade(share: float) -> str:
    return CIVIDIS[min(len(CIVIDIS) - 1, int(math.sqrt(share) * len(CIVIDIS)))]


def _svg(axes: Axes, marks: Sequence[str]) -> str:
    return f'<svg width="{axes.width}" height="{axes.height}">{"".join(marks)}</svg>'
