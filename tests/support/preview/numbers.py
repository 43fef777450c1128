"""Numbers as Grafana writes them, per unit."""

import math
from datetime import UTC, datetime
from typing import Final

_LARGE: Final = ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K"))
_LONG: Final = ((86400, " days"), (3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (0, " µs"))
_SUFFIX: Final = {"cpm": " c/m", "cps": " c/s"}


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """Return a number with its unit; nothing for what is no number."""
    if math.isnan(value):
        return ""
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    if unit == "percentunit":
        return f"{rounded(value * 100, decimals)}%"
    return _seconds(value, decimals) if unit == "s" else _counted(value, decimals) + _SUFFIX.get(unit, "")


def _seconds(value: float, decimals: int | None) -> str:
    size, name = next(((size, name) for size, name in _LONG if abs(value) >= size), (1, " s")) if value else (1, " s")
    return rounded(value / (size or 1e-6), decimals) + name


def _counted(value: float, decimals: int | None) -> str:
    size, name = next(((size, name) for size, name in _LARGE if abs(value) >= size), (1.0, ""))
    return rounded(value / size, decimals) + name


def rounded(value: float, decimals: int | None) -> str:
    """Return a number with so many decimals; without a wish, with three figures."""
    if decimals is None:
        decimals = 0 if float(value).is_integer() or not value else max(0, min(3, 2 - math.floor(math.log10(abs(value)))))
        return f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"
    return f"{value:.{decimals}f}"


def ticks(least: float, most: float, wanted: int = 4) -> list[float]:
    """Return round numbers from ``least`` to ``most`` and a little beyond."""
    span = (most - least) or 1.0
    step = 10.0 ** math.floor(math.log10(span / wanted))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= wanted)
    first = math.floor(least / step)
    return [number * step for number in range(first, math.ceil(most / step - 1e-9) + 1)]


def clock(moment: float, seconds: bool = True) -> str:
    """Return a time of day; without its seconds with its day, where hours or days are shown."""
    return f"{datetime.fromtimestamp(moment, UTC):{'%H:%M:%S' if seconds else '%m/%d %H:%M'}}"
