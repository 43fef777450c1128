"""For whom is it right? hatecheck by functional class, and bias by identity terms as in Jigsaw's Unintended Bias task."""

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct

from streams.scorers import Scorer
from streams.scorers.training.datasets import Row
from streams.scorers.training.measure import auc
from tests.evaluation.texts import TOXIC

_POWER: Final = -5.0
"""Of the mean over groups: the worst weighs most (Borkan et al. 2019, and the task's own metric)."""
_MIN_ROWS: Final = 25
"""Toxic, and not: of fewer no figure is shown."""
_TERMS: Final = {
    "male": "man men male males boy boys",
    "female": "woman women female females girl girls",
    "gay or lesbian": "gay gays lesbian lesbians homosexual queer",
    "transgender": "trans transgender",
    "Christian": "christian christians catholic",
    "Jewish": "jew jews jewish",
    "Muslim": "muslim muslims islam islamic",
    "black": "black blacks african",
    "white": "white whites",
    "Asian": "asian asians chinese",
    "Latino": "latino latina mexican mexicans hispanic",
    "immigrant": "immigrant immigrants migrants refugees",
    "disabled": "disabled disability deaf blind wheelchair",
    "mental illness": "schizophrenic bipolar depressed autistic",
}
_WORD: Final = re.compile(r"[a-z]+")


class Bias(Struct, frozen=True):
    """AUC among comments that name the group; of them, clean, against others, toxic (BPSN); the other way round (BNSP)."""

    group: str
    rows: int
    toxic: int
    subgroup: float
    bpsn: float
    bnsp: float


class Biases(Struct, frozen=True):
    """Per group, over all, and the task's one figure: .25 · overall AUC + .25 · the power mean of each of the three."""

    overall: float
    groups: list[Bias]
    final: float


def biases(scorer: Scorer, rows: Sequence[Row]) -> Biases:
    """Return bias by identity terms. A comment names a group if it holds one of its words; groups with few rows are left out."""
    scores = np.array([each.toxicity for each in scorer.score([row.text for row in rows])])
    toxic = np.array([row.target >= TOXIC for row in rows])
    words = [frozenset(_WORD.findall(row.text.lower())) for row in rows]
    found = []
    for group, terms in _TERMS.items():
        inside = np.array([not said.isdisjoint(terms.split()) for said in words])
        if min((inside & toxic).sum(), (inside & ~toxic).sum()) >= _MIN_ROWS:
            found.append(_bias(group, scores, toxic, inside))
    overall = auc(scores, toxic)
    means = [_power_mean([getattr(each, name) for each in found]) for name in ("subgroup", "bpsn", "bnsp")]
    return Biases(overall, found, 0.25 * overall + 0.25 * sum(means))


def _bias(group: str, scores: np.ndarray, toxic: np.ndarray, inside: np.ndarray) -> Bias:
    def among(which: np.ndarray) -> float:
        return auc(scores[which], toxic[which])

    mixed = (among(inside), among((inside & ~toxic) | (~inside & toxic)), among((inside & toxic) | (~inside & ~toxic)))
    return Bias(group, int(inside.sum()), int((inside & toxic).sum()), *mixed)


def _power_mean(values: Sequence[float]) -> float:
    if not values or min(values) <= 0:
        return 0.0 if values else float("nan")
    return float(np.mean(np.power(values, _POWER)) ** (1 / _POWER))


def madlibs(data: Path) -> list[Row]:
    """Return one in 15 of bias_madlibs' sentences: others than those that are learned from, made from the same templates."""
    rows = csv.DictReader(io.StringIO(gzip.decompress((data / "bias_madlibs/bias_madlibs_77k.csv.gz").read_bytes()).decode()))
    return [Row(row["Text"], float(row["Label"] == "BAD"), 1.0, row["Template"]) for number, row in enumerate(rows) if number % 15 == 7]


class Function(Struct, frozen=True):
    """One of hatecheck's functional classes: how many cases, are they hateful, and the share that the scorer gets right."""

    name: str
    cases: int
    hateful: bool
    right: float
    right_at_half: float


def functions(scorer: Scorer, data: Path, least: float) -> list[Function]:
    """Return hatecheck's classes, right at a threshold and at one half."""
    cases = defaultdict(list)
    for row in csv.DictReader(io.StringIO(gzip.decompress((data / "hatecheck/test_suite_cases.csv.gz").read_bytes()).decode())):
        cases[row["functionality"], row["label_gold"] == "hateful"].append(row["test_case"])
    found = []
    for (name, hateful), said in cases.items():
        scores = np.array([each.toxicity for each in scorer.score(said)])
        found.append(
            Function(name, len(said), hateful, float(((scores >= least) == hateful).mean()), float(((scores >= 0.5) == hateful).mean()))
        )
    return found
