"""What a panel's field configuration says of colours, names and units."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

CLASSIC: Final = ("#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0")
"""Grafana's own palette, in its order: for series whose names nobody knows beforehand."""
TEXT: Final = "#d8d9da"


def defaults(panel: Mapping[str, Any]) -> dict[str, Any]:
    """Return what holds for all fields of a panel."""
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def overridden(panel: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what holds for the field of this name only."""
    found: dict[str, Any] = {}
    for override in panel["fieldConfig"].get("overrides") or ():
        if _matches(override["matcher"], name):
            found |= {each["id"]: each["value"] for each in override["properties"]}
    return found


def _matches(matcher: Mapping[str, str], name: str) -> bool:
    if matcher["id"] == "byRegexp":
        return re.search(matcher["options"].strip("/"), name) is not None
    return matcher == {"id": "byName", "options": name}


def colour_of(value: float, thresholds: Mapping[str, Any]) -> str:
    """Return the colour of the highest step that a value reaches."""
    steps: Sequence[Mapping[str, Any]] = thresholds["steps"]
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return str(reached[-1])


def line_of(panel: Mapping[str, Any], name: str, order: int) -> tuple[str, bool]:
    """Return a series' colour, and whether it is dashed."""
    own = overridden(panel, name)
    colour = own.get("color", {}).get("fixedColor") or CLASSIC[order % len(CLASSIC)]
    return colour, "custom.lineStyle" in own


def ink_on(colour: str) -> str:
    """Return black or white: what can be read on a ground of this colour."""
    if not colour.startswith("#"):
        return TEXT
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#111217" if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else "#ffffff"
