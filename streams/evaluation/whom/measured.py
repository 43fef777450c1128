"""How well the program tells hostility to the person answered: beside toxicity alone, by class of text, and in crowds."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.evaluation.whom import by_hand
from streams.evaluation.whom.crowds import HOSTILE, Crowd, crowds
from streams.evaluation.whom.examples import Example, blind_scorer, examples, of_replies
from streams.evaluation.whom.invented import FRESH, HELD_OUT, REVIEWED
from streams.evaluation.whom.replies import SETS, Labelled, missing, replies
from streams.replay.priors.reliability import Reliability, reliability
from streams.scorers import open_scorer
from streams.stages.whom.model import VERSION, toward

STEPS: Final = 3
RECALLS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
HATECHECK: Final = "hatecheck/test_suite_cases.csv.gz"
TOXICITY: Final = "toxicity alone"
HOW: Final[dict[str, Callable[[Example], float]]] = {
    TOXICITY: lambda one: one.toxicity,
    by_hand.NAME: lambda one: by_hand.toward_addressee(one.toxicity, one.cues),
    VERSION: lambda one: toward(one.toxicity, one.heard, one.cues),
}
"""What is compared: name → P(hostile to the person answered)."""
Floats = NDArray[np.float64]


class AtRecall(Struct, frozen=True, kw_only=True):
    """Links called hostile to the person answered and not so, where so much of what is so is found."""

    recall: float
    false: dict[str, int]
    precision: dict[str, float]


class AtThreshold(Struct, frozen=True, kw_only=True):
    """One way at θ, in one set or all."""

    source: str
    name: str
    hostile: int
    found: int
    false: int


class Functional(Struct, frozen=True, kw_only=True):
    """One class of hatecheck: the share that each way calls hostile to the person addressed."""

    name: str
    cases: int
    is_hostile: bool
    """To somebody addressed, as the class is meant: abuse at "you", or at one person."""
    share: dict[str, float]


class WhomResults(Struct, frozen=True, kw_only=True):
    """All of it; ``absent`` names the files that were not there."""

    absent: tuple[str, ...] = ()
    replies: int = 0
    hostile: int = 0
    at_recall: tuple[AtRecall, ...] = ()
    at_threshold: tuple[AtThreshold, ...] = ()
    said: Reliability = Reliability(())
    functional: tuple[Functional, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    reviewed: tuple[Crowd, ...] = ()
    fresh: tuple[Crowd, ...] = ()


def measured(data: Path, step: Callable[[str], None], *, quick: bool = False) -> WhomResults:
    """Return it all; ``step`` is told what comes next. ``quick``: labelled replies are left out, for a scorer is to be made for them."""
    step("hostile to whom: thirty people")
    scorer = open_scorer("linear")
    held_out, reviewed, fresh = (tuple(crowds(scorer, folder)) for folder in (HELD_OUT, REVIEWED, FRESH))
    step("hostile to whom: hatecheck")
    absent = missing(data) + ([] if (data / HATECHECK).is_file() else [HATECHECK])
    functional = () if HATECHECK in absent else tuple(_functional(data, lambda texts: examples(texts, scorer)))
    step("hostile to whom: labelled replies")
    if absent or quick:
        return WhomResults(absent=tuple(absent), functional=functional, crowds=held_out, reviewed=reviewed, fresh=fresh)
    those = [reply for reply in replies(data) if reply.is_held_out]
    heard = of_replies(those, blind_scorer(data))
    scores = {name: np.array([how(one) for one in heard]) for name, how in HOW.items()}
    is_so = np.array([reply.is_hostile for reply in those])
    return WhomResults(
        replies=len(those), hostile=int(is_so.sum()), at_recall=tuple(_at_recall(recall, scores, is_so) for recall in RECALLS),
        at_threshold=tuple(_at_threshold(those, scores, is_so)), functional=functional,
        said=reliability(zip(scores[VERSION].tolist(), is_so.tolist(), strict=True)), crowds=held_out,
        reviewed=reviewed, fresh=fresh,
    )  # fmt: skip


def _at_recall(recall: float, scores: dict[str, Floats], is_so: NDArray[np.bool_]) -> AtRecall:
    found = int(np.ceil(recall * is_so.sum()))
    level = {name: np.sort(x[is_so])[::-1][found - 1] for name, x in scores.items()}
    false = {name: int((x[~is_so] >= level[name]).sum()) for name, x in scores.items()}
    right = {name: int((x[is_so] >= level[name]).sum()) for name, x in scores.items()}
    return AtRecall(recall=recall, false=false, precision={name: right[name] / (right[name] + false[name]) for name in scores})


def _at_threshold(those: Sequence[Labelled], scores: dict[str, Floats], is_so: NDArray[np.bool_]) -> Iterator[AtThreshold]:
    source = np.array([reply.source for reply in those])
    for of in ("all", *SETS):
        inside = np.full(len(those), fill_value=True) if of == "all" else source == of
        for name, x in scores.items():
            called = inside & (x >= HOSTILE)
            yield AtThreshold(
                source=of, name=name, hostile=int((inside & is_so).sum()), found=int((called & is_so).sum()),
                false=int((called & ~is_so).sum()),
            )  # fmt: skip


def _functional(data: Path, heard: Callable[[Sequence[str]], list[Example]]) -> Iterator[Functional]:
    """Yield hatecheck's classes in its order; those at "you" apart from those about a group."""
    texts: dict[tuple[str, bool], list[str]] = defaultdict(list)
    with gzip.open(data / HATECHECK, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            is_hostile = row["direction"] == "directed" or row["functionality"] == "target_indiv_nh"
            name = f"{row['functionality']}, directed" if row["direction"] == "directed" else row["functionality"]
            texts[name, is_hostile].append(row["test_case"])
    for (name, is_hostile), cases in texts.items():
        given = heard(cases)
        share = {how: sum(x(one) >= HOSTILE for one in given) / len(given) for how, x in HOW.items()}
        yield Functional(name=name, cases=len(cases), is_hostile=is_hostile, share=share)
