"""``make eval-scoring``: the twin is frozen, nothing measured was learned from, and the page and the tables hold the figures."""

import hashlib

import msgspec
import numpy as np
import pytest

from streams.scorers import Toxicity
from streams.scorers.linear import Linear
from streams.scorers.training.datasets import Row
from streams.scorers.training.measure import top_precision
from tests.evaluation import twin
from tests.evaluation.__main__ import main
from tests.evaluation.beside import beside
from tests.evaluation.groups import biases
from tests.evaluation.hidden import hidden, threshold
from tests.evaluation.measure import Evaluation
from tests.evaluation.page import written
from tests.evaluation.rightness import measured
from tests.evaluation.tables import tables, text
from tests.evaluation.texts import Texts, telling

RUDE = [
    Row(f"you are such a stupid {word} and everybody knows it", 0.95, 1.0, word) for word in "fool clown idiot moron loser creep".split()
]
KIND = [Row(f"thank you for the {word} and the lovely photo", 0.05, 1.0, word) for word in "help link answer book idea map".split()]
TEXTS = Texts(
    sets={"made up": RUDE + KIND}, toxic=RUDE, clean=[row.text for row in KIND], foreign={"fi": ["hyvää huomenta kaikille"]},
    code=["x = a + b"], telling=frozenset({"stupid", "idiot"}),
)  # fmt: skip


def test_the_twin_is_frozen() -> None:
    said = "\n".join(twin.twin(kind, row.text, TEXTS.telling, TEXTS.clean) for kind in twin.KINDS for row in RUDE + KIND)
    assert (twin.VERSION, hashlib.sha256(said.encode()).hexdigest()[:16]) == (1, "224fbe08d97e9632")


@pytest.mark.parametrize("kind", twin.KINDS)
def test_words_that_tell_are_always_hidden(kind) -> None:
    disguised = twin.twin(kind, "what a stupid idiot", TEXTS.telling, TEXTS.clean)
    assert disguised != "what a stupid idiot"
    assert kind == twin.QUOTING or not {"stupid", "idiot"} & set(disguised.split())


def test_words_that_tell_are_those_of_toxic_rows() -> None:
    assert telling(RUDE + KIND) >= {"stupid", "everybody"}
    assert not telling(RUDE + KIND) & {"thank", "and", "lovely"}


def test_one_in_a_hundred_reaches_the_threshold() -> None:
    scores = np.arange(1000) / 1000
    assert (scores >= threshold(scores)).sum() == 10


def test_bias_is_seen_where_the_name_of_a_group_alone_raises_a_score() -> None:
    class Biased:
        name = "biased@1"

        def score(self, texts):
            return [Toxicity(0.9 if "muslim" in each else 0.5 if "stupid" in each else 0.1) for each in texts]

    rows = [Row(f"{row.text} {number} {who}", row.target, 1.0, "") for row in RUDE + KIND for number in range(5) for who in ("", "muslim")]
    (found,) = biases(Biased(), rows).groups
    assert (found.group, found.rows, found.toxic) == ("Muslim", 60, 30)
    assert found.bpsn < 0.1
    assert found.bnsp > 0.9
    assert found.subgroup == 0.5


def test_figures_stand_in_the_tables_and_on_the_page() -> None:
    scorer = Linear.shipped()
    found = Evaluation(
        scorer.name, twin.VERSION, {"alt-profanity-check": "not installed"}, hidden(scorer, TEXTS, lambda _: None),
        measured(scorer, TEXTS.sets, []), [], {"made up": biases(scorer, RUDE + KIND)},
    )  # fmt: skip
    assert found.hidden.plain_recall == 1
    assert {each.kind for each in found.hidden.kinds} == set(twin.KINDS)
    assert all(each.share["larger of both"] >= each.share["raw"] for each in found.hidden.flagged)
    assert msgspec.json.decode(msgspec.json.encode(found))["hidden"]["threshold"] == found.hidden.threshold
    shown, said = written(found), "\n".join(map(text, tables(found)))
    for kind in twin.KINDS:
        assert kind in shown
        assert kind in said
    assert "<script" not in shown
    assert "stupid" not in shown


def test_another_scorer_stands_beside_the_default_per_set_and_in_disguise() -> None:
    scorer, read = Linear.shipped(), []
    both = [beside(scorer, TEXTS, ["made up"], read.append), beside(Lazy(), TEXTS, ["made up"], read.append)]
    others = {"alt-profanity-check": "not installed"}
    found = Evaluation(scorer.name, twin.VERSION, others, hidden(scorer, TEXTS, lambda _: None), both[0].sets, [], {}, [], both)
    said = "\n".join(map(text, tables(found)))
    assert "lazy@1 beside linear@" in said
    assert "| made up | never learned from | 12 | 1.000 | 0.500 |" in said
    assert [each.plain for each in both[0].recall] == [1] * len(twin.KINDS)
    assert [each.hidden for each in both[1].recall] == [0] * len(twin.KINDS)
    assert sum(read) > 2 * len(RUDE + KIND)
    assert "The compact scorer beside it" in written(found)


def test_the_top_of_a_set_does_not_depend_on_the_order_of_equal_scores() -> None:
    toxic = np.array([True, True, False, False])
    assert top_precision(np.array([0.9, 0.1, 0.1, 0.1]), toxic, 0.25) == 1
    assert top_precision(np.array([0.5, 0.5, 0.5, 0.5]), toxic, 0.25) == top_precision(np.array([0.5] * 4), toxic[::-1], 0.25) == 0.5


class Lazy:
    """Says the same of every text."""

    name = "lazy@1"

    def score(self, texts):
        return [Toxicity(0.5) for _ in texts]


def test_without_the_data_one_line_says_so(tmp_path, capsys) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 2
    told = capsys.readouterr().err
    assert "--data" in told
    assert told.count("\n") == 1
