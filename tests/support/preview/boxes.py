"""Numbers, bar gauges, tables and open alerts as HTML."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tests.support.preview.data import Series
from tests.support.preview.look import TEXT, colour_of, defaults, ink_on, overridden
from tests.support.preview.numbers import written


def stat(panel: Mapping[str, Any], series: Sequence[Series]) -> str:
    """Return big numbers side by side, on a coloured ground where the panel colours it."""
    said, coloured = defaults(panel), panel["options"]["colorMode"] == "background_solid"
    named = panel["options"].get("textMode") == "value_and_name"
    found = []
    for one in series or [Series("", {}, [], "")]:
        number = written(one.last, said["unit"], said.get("decimals"))
        thresholds = overridden(panel, one.name).get("thresholds", said["thresholds"])
        ground = colour_of(one.last, thresholds) if coloured and number else ""
        name = f"<small>{escape(one.name)}</small>" if named else ""
        style = f"background:{ground};color:{ink_on(ground)}" if ground else f"color:{TEXT}"
        size = 34 if number else 20
        found.append(f'<div class="big" style="{style};font-size:{size}px">{name}{number or escape(said["noValue"])}</div>')
    return f'<div class="stat">{"".join(found)}</div>'


def bargauge(panel: Mapping[str, Any], series: Sequence[Series]) -> str:
    """Return one bar per series, with name and number."""
    said = defaults(panel)
    if not series:
        return f'<div class="none">{escape(said["noValue"])}</div>'
    most = said.get("max") or max(max((one.last for one in series if math.isfinite(one.last)), default=0.0), 1e-9)
    return f'<div class="bars">{"".join(_bar(panel, one, most) for one in series)}</div>'


def _bar(panel: Mapping[str, Any], one: Series, most: float) -> str:
    said = defaults(panel)
    colour = overridden(panel, one.name).get("color", {}).get("fixedColor") or colour_of(one.last, said["thresholds"])
    number = written(one.last, said["unit"], said.get("decimals")) or "–"
    long = 0 if math.isnan(one.last) else 100 * min(1.0, one.last / most)
    return (
        f'<div class="bar"><span>{escape(one.name)}</span><div class="room"><div style="width:{long:.1f}%;background:{colour}"></div></div>'
        f"<b>{number}</b></div>"
    )


def table(panel: Mapping[str, Any], series: Sequence[Series]) -> str:
    """Return a table after Grafana's ``merge`` and ``organize``: series with equal labels are one row."""
    organised = panel["transformations"][1]["options"]
    names, hidden = organised["renameByName"], organised["excludeByName"]
    fields = sorted((field for field in names if field not in hidden), key=lambda field: organised["indexByName"][field])
    head = "".join(f"<th>{escape(names[field])}</th>" for field in fields)
    body = "".join(f"<tr>{''.join(_cell(panel, names[field], row.get(field)) for field in fields)}</tr>" for row in _rows(panel, series))
    return f"<table><tr>{head}</tr>{body}</table>"


def _rows(panel: Mapping[str, Any], series: Sequence[Series]) -> list[dict[str, Any]]:
    many = len(panel["targets"]) > 1
    rows: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for one in series:
        labels = {name: value for name, value in one.labels.items() if name != "__name__"}
        row = rows.setdefault(tuple(sorted(labels.items())), dict(labels))
        row[f"Value #{one.query}" if many else "Value"] = one.last
    return sorted(rows.values(), key=lambda row: [str(value) for value in row.values() if isinstance(value, str)])


def _cell(panel: Mapping[str, Any], name: str, value: Any) -> str:
    own = overridden(panel, name)
    if value is None:
        return "<td></td>"
    if isinstance(value, str):
        text = f"<a>{escape(value)}</a>" if "links" in own else escape(value)
        return f"<td>{text}</td>"
    text = written(value, own.get("unit", "short"), own.get("decimals"))
    ground = colour_of(value, own["thresholds"]) if "thresholds" in own and text else ""
    style = f' style="background:{ground};color:{ink_on(ground)}"' if ground else ""
    return f'<td class="number"{style}>{text}</td>'


def alerts(found: Sequence[Mapping[str, str]]) -> str:
    """Return the open alerts' labels, a line each, worst first."""
    if not found:
        return '<div class="none">No alerts matching filters</div>'
    lines = []
    for labels in sorted(found, key=lambda each: (each["severity"], each["source"], each["community"])):
        shown = "".join(f"<span>{escape(name)}={escape(value)}</span>" for name, value in sorted(labels.items()) if name != "alertname")
        lines.append(f'<div class="alert">{shown}</div>')
    return "".join(lines)
