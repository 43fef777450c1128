"""No alert is shipped that was not seen to fire, and to end, on the real program."""

import ast
from collections.abc import Iterator
from itertools import pairwise

import pytest
import yaml

from tests.contract.schema_files import ROOT
from tests.support.shortened import SHORT, shortened

RULES = [
    rule
    for file in sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]


def awaited(what: str) -> Iterator[str]:
    """Yield the names that an integration test waits for: in ``prometheus.fires("A", "B")``, A and B."""
    for file in (ROOT / "tests" / "integration").glob("test_operational_alerts*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Await) and isinstance(call := node.value, ast.Call) and getattr(call.func, "attr", "") == what:
                yield from (str(argument.value) for argument in call.args if isinstance(argument, ast.Constant))


def test_every_alert_is_seen_to_fire():
    assert set(awaited("fires")) == set(ALERTS)


def test_every_alert_is_seen_to_end_but_the_one_that_always_fires():
    assert set(awaited("ends")) == set(ALERTS) - {"Watchdog"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_shortened_rule_differs_in_times_alone(rule: dict[str, str]):
    same = dict.fromkeys(SHORT, "T"), dict.fromkeys(("1h", "3h", "23h"), "T")
    assert comparisons(shortened(rule["expr"])) == comparisons(rule["expr"])
    assert shortened(rule["expr"], *same).count("[T]") == rule["expr"].count("[")


def comparisons(expression: str) -> list[str]:
    """Return what is compared with which number, but for the one that counts samples."""
    words = expression.replace("> 240", "> 20").split()
    return [f"{word} {after}" for word, after in pairwise(words) if word in {">", "<", ">=", "<=", "==", "!="}]
