"""One dashboard as one HTML page: panels where gridPos puts them."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from tests.support.preview import boxes, curves
from tests.support.preview.data import Series, Shown, answered, open_alerts

WIDTH: Final = 1400
_CELL, _GAP, _TITLE, _PAD, _HEAD = 30, 8, 30, 8, 44
_STYLE: Final = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def page(dashboard: Mapping[str, Any], shown: Shown) -> tuple[str, int]:
    """Return the page and its height in pixels."""
    height = _HEAD + max(_pixels(panel)[1] + _pixels(panel)[3] for panel in dashboard["panels"]) + _GAP
    head = f"<h1>{escape(dashboard['title'])}<small>drawn by make dashboards from {escape(shown.note)}, times in UTC</small></h1>"
    body = "".join(_placed(panel, shown) for panel in dashboard["panels"])
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><body style="height:{height}px">{head}{body}', height


def _pixels(panel: Mapping[str, Any]) -> tuple[int, int, int, int]:
    place, column = panel["gridPos"], (WIDTH - _GAP) / 24
    left, wide = _GAP + place["x"] * column, place["w"] * column - _GAP
    return round(left), place["y"] * (_CELL + _GAP), round(wide), place["h"] * (_CELL + _GAP) - _GAP


def _placed(panel: Mapping[str, Any], shown: Shown) -> str:
    left, top, wide, high = _pixels(panel)
    place = f"left:{left}px;top:{top + _HEAD}px;width:{wide}px;height:{high}px"
    if panel["type"] == "row":
        return f'<h2 style="{place}">⌄ {escape(panel["title"])}</h2>'
    body = _body(panel, shown, (wide - _PAD, high - _TITLE - 6))
    return f'<section style="{place}"><h3>{escape(panel["title"])}</h3>{body}</section>'


def _body(panel: Mapping[str, Any], shown: Shown, size: tuple[int, int]) -> str:
    if panel["type"] == "alertGroups":
        return boxes.alerts(open_alerts(shown.alertmanager, panel["options"]["labels"]))
    series: list[Series] = answered(panel, shown)
    if panel["type"] in {"timeseries", "heatmap"}:
        span = (shown.start, shown.end)
        return getattr(curves, panel["type"])(panel, series, *size, *span) if series else '<div class="none">no data</div>'
    return str(getattr(boxes, panel["type"])(panel, series))
