"""The list of metrics that operators read is what the program registers."""

import re
import subprocess

from prometheus_client import CollectorRegistry, generate_latest

from streams.instruments import PREFIX
from streams.live.watch import Watch
from streams.scorers import open_scorer
from streams.settings import load, topology_config
from streams.topology import topology
from tests.contract.schema_files import ROOT
from tests.support.programs import needed

ROWS = re.findall(r"^\| (`.+?) \| (\w+) \| (.*?) ?\| .+ \|$", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE)


def written() -> dict[str, tuple[str, set[str]]]:
    """Return name → type and labels, as the page has them; names that share a row share its labels, or have their own between ``;``."""
    found: dict[str, tuple[str, set[str]]] = {}
    for names, kind, labels in ROWS:
        each = re.findall(r"`(\w+)`", names)
        sets = labels.split("; ") if ";" in labels else [labels] * len(each)
        found |= {name: (kind, set(filter(None, one.split(", ")))) for name, one in zip(each, sets, strict=True)}
    return found


def served() -> CollectorRegistry:
    """Return what a worker registers."""
    settings, registry = load({}), CollectorRegistry()
    watch = Watch(settings, registry, topology(open_scorer("linear"), topology_config(settings, bytes(32))), "linear@1", "0")
    watch.lag("comments.raw", {0: 0})
    watch.metrics.standing_still("score", {0: 0.0})
    return registry


def registered() -> dict[str, tuple[str, set[str]]]:
    """Return the same of the program as the page's."""
    return {
        family.name.removeprefix(PREFIX) + ("_total" if family.type == "counter" else ""):
            (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
        for family in served().collect()
    }  # fmt: skip


def test_prometheus_own_lint_of_names_units_and_help_texts_finds_nothing():
    def lint(exposed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([needed("promtool"), "check", "metrics"], input=exposed, capture_output=True, text=True, check=False)

    exposed = generate_latest(served()).decode()
    found = lint(exposed)
    assert (found.returncode, found.stderr) == (0, "")
    assert lint(exposed.replace("threadwatch_ticks_total", "threadwatch_ticks")).returncode != 0


def test_the_page_lists_every_metric_with_its_type_and_labels():
    assert written() == registered()
