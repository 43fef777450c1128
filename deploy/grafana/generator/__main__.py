"""Write the dashboards' JSON where compose mounts it."""

from pathlib import Path
from typing import Final

from deploy.grafana.generator import DASHBOARDS, described, text

FOLDER: Final = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    """Write every dashboard, remove what none makes any more, and say what was written."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.json"):
        if file.stem not in DASHBOARDS:
            file.unlink()
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")
        panels = [panel for panel in described(name)["panels"] if panel["type"] != "row"]
        print(f"dashboards: {name}.json, {len(panels)} panels, {sum(len(panel['targets']) for panel in panels)} queries")


main()
