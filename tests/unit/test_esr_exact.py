"""Powers made of sums and products: close to the library's, never above, and one number as an array."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.esr import each, exact


@given(st.floats(0, 800))
def test_exp_minus_is_just_under_e_to_the_minus_y(y: float):
    near = exact.exp_minus(y)
    assert near <= math.exp(-y) * (1 + 4e-16 * (1 + y))
    assert near >= math.exp(-y) * (1 - 2e-8) or y >= 700


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_an_array_is_as_one_number(ys: list[float]):
    assert each.exp_minus_each(np.array(ys)).tolist() == [exact.exp_minus(y) for y in ys]


def test_a_weight_halves_in_fourteen_days():
    days = np.arange(0, 20_000)
    assert each.kept_each(days).tolist() == [exact.kept(int(day)) for day in days]
    assert exact.kept(14) == 0.5
    assert exact.kept(28) == 0.25
    assert exact.kept(5) == pytest.approx(2 ** (-5 / 14), rel=1e-15)


EVIDENCE = [file for file in sorted(Path(exact.__file__).parent.glob("*.py")) if file.name not in {"priors.py", "membership.py"}]
"""Priors are made once and written down; of members, only a figure for people is no whole number."""
EXACT = {"sqrt", "ldexp", "factorial"}


@pytest.mark.parametrize("file", EVIDENCE, ids=lambda file: file.name)
def test_no_function_of_a_library_that_may_differ_in_its_last_bit_touches_the_evidence(file: Path):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "math"}
    assert calls <= EXACT
    arrays = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "np"}
    assert not arrays & {"exp", "log", "log1p", "exp2", "power", "dot", "sum", "mean", "cbrt", "logaddexp"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _of_numbers(node)]


def _of_numbers(node: ast.BinOp) -> bool:
    return isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
