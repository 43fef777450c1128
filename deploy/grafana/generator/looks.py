"""Colours and thresholds: told apart by colour-blind people, and never alone: the number, or the name, stands beside them.

The colours are Okabe and Ito's (https://jfly.uni-koeln.de/color/), which differ in lightness too.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as data

BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
ORANGE: Final = "#E69F00"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
PINK: Final = "#CC79A7"
GREY: Final = "#999999"
PLAIN: Final = "transparent"


class Steps(NamedTuple):
    """From where on a value is worth a look, and from where on it is bad. ``below`` where little is bad (a share of what went well)."""

    look: float
    bad: float
    below: bool = False

    def thresholds(self, fine: str = BLUE) -> build.ThresholdsConfig:
        """Return them as Grafana's: each colour from a value upwards; ``fine`` is that of what needs no look."""
        falling = [(None, VERMILLION), (self.bad, ORANGE), (self.look, fine)]
        rising = [(None, fine), (self.look, ORANGE), (self.bad, VERMILLION)]
        one = falling if self.below else rising
        kept = [one[0], one[2]] if self.look == self.bad else one
        steps = [data.Threshold(value=value, color=colour) for value, colour in kept]
        return build.ThresholdsConfig().mode(data.ThresholdsMode.ABSOLUTE).steps(steps)

    def words(self, unit: str) -> str:
        """Return what the colours mean, for a panel's description."""
        way = "below" if self.below else "from"
        if self.look == self.bad:
            return f"Red {way} {said(self.bad, unit)}."
        return f"Orange {way} {said(self.look, unit)}, red {way} {said(self.bad, unit)}."


NO_STEPS: Final = build.ThresholdsConfig().mode(data.ThresholdsMode.ABSOLUTE).steps([data.Threshold(value=None, color=BLUE)])

NO_COLOUR: Final = build.ThresholdsConfig().mode(data.ThresholdsMode.ABSOLUTE).steps([data.Threshold(value=None, color=PLAIN)])


def said(value: float, unit: str) -> str:
    """Return a threshold with its unit, in words."""
    if unit == "percentunit":
        return f"{value * 100:.6g} %"
    return f"{value:g} s" if unit == "s" else f"{value:g}"


class Line(NamedTuple):
    """How one named series looks: a colour, and dashes where colour must not be all that tells two lines apart."""

    colour: str
    dashed: bool = False

    def properties(self) -> list[data.DynamicConfigValue]:
        """Return it as an override's properties."""
        found = [data.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": self.colour})]
        if self.dashed:
            found.append(data.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 6]}))
        return found


SEVERITY: Final = {"critical": Line(VERMILLION), "warning": Line(ORANGE, dashed=True)}


def cycle(names: Sequence[str]) -> dict[str, Line]:
    """Return a look for each of a closed set of names, in order: seven colours, then the same with dashes."""
    colours = (SKY, ORANGE, GREEN, VERMILLION, PINK, YELLOW, GREY)
    return {name: Line(colours[number % len(colours)], dashed=number >= len(colours)) for number, name in enumerate(names)}
