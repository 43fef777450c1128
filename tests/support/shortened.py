"""The rules that we ship with every wait short. What is compared with what stays as it is; so does every number, but for those here."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
SHORT: Final = {
    "15s": "5s",
    "1m": "15s",
    "2m": "15s",
    "3m": "20s",
    "5m": "15s",
    "6m": "20s",
    "15m": "40s",
    "30m": "20s",
    "1h": "15s",
    "2h": "20s",
    "3h": "30s",
    "6h": "20s",
    "1d": "30s",
    "3d": "40s",
    "7d": "40s",
}
"""Window of a rule → window here. Two scrapes a second apart must always fit in."""
OFFSETS: Final = {"1h": "5s", "3h": "5s", "23h": "15s"}
SECONDS: Final = {"300": "5m", "10800": "3h", "86400": "1d"}
"""A rate times these is what came within a window: they are as long as the window is here."""
LATE: Final = ('le="60.0"', 'le="5.0"')
"""The objective's minute is five seconds here."""
SAMPLES: Final = ("> 240", "> 20")
"""Two hours of a recording made each half minute; here of one made each second."""


def shortened(expression: str, windows: Mapping[str, str] = SHORT, offsets: Mapping[str, str] = OFFSETS) -> str:
    """Return a rule's expression with short windows."""
    ranges = re.sub(r"\[(\w+)\]", lambda found: f"[{windows[found[1]]}]", expression)
    before = re.sub(r"offset (\w+)", lambda found: f"offset {offsets[found[1]]}", ranges)
    seconds = re.sub(r"\* (300|10800|86400)\b", lambda found: f"* {windows[SECONDS[found[1]]].removesuffix('s')}", before)
    return seconds.replace(*LATE).replace(*SAMPLES)


def write_rules(folder: Path, windows: Mapping[str, str], offsets: Mapping[str, str]) -> str:
    """Write the shipped rules, shortened (``windows`` and ``offsets`` over those above), and return the pattern that names them."""
    folder.mkdir(parents=True)
    for file in (DEPLOY / "prometheus" / "rules").glob("*.yml"):
        shipped: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        for group in shipped["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                expression = shortened(rule["expr"], {**SHORT, **windows}, {**OFFSETS, **offsets})
                rule.update(expr=expression, **({"for": "1s"} if "for" in rule else {}))
        (folder / file.name).write_text(yaml.safe_dump(shipped), encoding="utf-8")
    return str(folder / "*.yml")


__all__ = ["DEPLOY", "OFFSETS", "SHORT", "shortened", "write_rules"]
