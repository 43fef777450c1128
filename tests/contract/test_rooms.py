"""Who may import whom, what the pure rooms never do, and who may catch everything."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cli.main import COMMANDS
from tests.contract.schema_files import ROOT
from tests.support.purity import impurities

PURE = [
    *sorted((ROOT / "streams" / "stages").rglob("*.py")),
    *(ROOT / "streams" / f"{name}.py" for name in ("records", "topics", "engine", "topology")),
]
GUARD = ROOT / "streams" / "live" / "guard.py"


def test_imports_point_down_only():
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_room_stands_in_the_contract():
    """Exhaustive: a new module that nobody placed fails the test above. This one holds that it stays so."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    assert layers["exhaustive"] is True
    assert layers["exhaustive_ignores"] == ["__main__"]


@pytest.mark.parametrize("file", PURE, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_pure_room_has_no_clock_no_chance_and_no_outside(file: Path):
    assert impurities(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "import time",
        "import random as r",
        "from os import environ",
        "import urllib.request",
        "from datetime import datetime\ndatetime.now()",
        "datetime.fromtimestamp(1)",
        "open('x')",
        "hash('ann')",
        "id(x)",
        "print(x)",
        "for a in {1, 2}: pass",
        "[a for a in set(b)]",
        "{a for a in {b for b in c}}",
        "def f():\n    import socket",
        "async def f():\n    [x async for x in y]\n    import asyncio",
    ],
)
def test_what_is_planted_in_a_pure_room_is_found(planted: str):
    assert len(impurities(planted)) == 1


@pytest.mark.parametrize(
    "clean",
    [
        "from urllib.parse import urlsplit",
        "datetime.fromtimestamp(1, UTC)",
        "for a in sorted({1, 2}): pass",
        "x in {1, 2}",
        "import math",
        "record.hash(x)",
        "from collections import Counter",
    ],
)
def test_what_is_pure_is_left_alone(clean: str):
    assert impurities(clean) == []


def broad_handlers(file: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or {"Exception", "BaseException"} & names_in(node.type)):
            yield node.lineno
        if isinstance(node, ast.Call) and "suppress" in names_in(node.func) and {"Exception", "BaseException"} & names_in(*node.args):
            yield node.lineno


def names_in(*expressions: ast.expr) -> set[str]:
    walked = [node for expression in expressions for node in ast.walk(expression)]
    return {node.id for node in walked if isinstance(node, ast.Name)} | {node.attr for node in walked if isinstance(node, ast.Attribute)}


def test_only_the_guard_catches_everything_and_only_once():
    found = {file: list(broad_handlers(file)) for file in (ROOT / "streams").rglob("*.py")}
    assert {file for file, lines in found.items() if lines} == {GUARD}
    assert len(found[GUARD]) == 1


@pytest.mark.parametrize(
    "planted", ["except Exception", "except BaseException as e", "except (ValueError, Exception)", "except", "except builtins.Exception"]
)
def test_a_planted_broad_except_is_found(tmp_path: Path, planted: str):
    file = tmp_path / "planted.py"
    file.write_text(f"try:\n    pass\n{planted}:\n    pass\n", encoding="utf-8")
    assert list(broad_handlers(file)) == [3]


HELP = """
import sys
sys.argv = ["threadwatch", *{arguments!r}]
from streams.cli.main import main
code = main({arguments!r})
heavy = sorted({{"torch", "faust", "transformers", "sklearn", "detoxify"}} & set(sys.modules))
print("\\nHEAVY", code, heavy)
"""


def test_the_console_runs_without_torch_and_faust():
    code = "import sys, streams.console.serve; print(sorted({'torch', 'faust', 'mode', 'transformers', 'sklearn'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stdout == "[]\n", run.stdout + run.stderr


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_comes_without_torch_and_faust(arguments: list[str]):
    run = subprocess.run([sys.executable, "-c", HELP.format(arguments=arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "HEAVY 0 []" in run.stdout, run.stdout + run.stderr
    assert "Usage: threadwatch" in run.stdout
