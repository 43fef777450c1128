"""The dashboards as Grafana would ask them: every query, its variables filled in."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.support.broker import ROOT

FOLDER: Final = ROOT / "deploy" / "grafana" / "dashboards"
FILES: Final = sorted(FOLDER.glob("*.json"))
LIVE: Final = [file for file in FILES if file.stem != "backtest"]
"""Dashboards of what a worker tells; the other is of what ``threadwatch backtest`` writes."""
USUAL: Final = {
    "source": ".*", "before": "1d", "run": "tried", "step": "1m", "__interval": "1m", "__rate_interval": "1m", "__range": "30d",
}  # fmt: skip
"""What Grafana puts in where nobody has chosen anything."""
_VARIABLE: Final = re.compile(r"\$\{?(\w+)(?::\w+)?\}?")


def read(file: Path) -> dict[str, Any]:
    """Return a dashboard."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def panels(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return its panels, rows left out."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def filled(text: str, values: Mapping[str, str] = USUAL) -> str:
    """Return a query with its variables filled in; KeyError names one that the dashboard does not have."""
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def questions(values: Mapping[str, str] = USUAL, files: Sequence[Path] = FILES) -> Iterator[tuple[str, str]]:
    """Yield (dashboard: panel, number; expression) for every query."""
    for file in files:
        for panel in panels(read(file)):
            for target in panel["targets"]:
                yield f"{file.stem}: {panel['title']} {target['refId']}", filled(target["expr"], values)
