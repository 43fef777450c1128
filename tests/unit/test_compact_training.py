"""Teaching the compact scorer: a student learns, the same seed gives the same weights, and nothing is started that cannot end."""

import random

import numpy as np
import pytest

from streams.scorers import ScorerUnavailable
from streams.scorers.compact import Compact
from streams.scorers.compact_network import tokenizer
from streams.scorers.training.datasets import Row
from streams.scorers.training.fit import platt
from streams.scorers.training.split import Split
from tests.support.compact import PIECES, base, made, one_thread

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from streams.scorers.training.compact import command, export, fit, noise, pieces, student

RUDE = [Row(f"you are a stupid {word} and a liar", 0.95, 1.0, word) for word in "fool clown idiot moron loser creep".split()]
KIND = [Row(f"thank you for the {word} and the photo", 0.05, 0.5, word) for word in "help link answer book idea map".split()]
RECIPE = fit.Recipe(epochs=30, rate=5e-4, half=False)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with one_thread():
        yield


def taught(to, recipe=RECIPE):
    steps = []
    learner = made()
    fit.taught(learner, tokenizer(PIECES), RUDE + KIND, recipe, to, lambda done, of: steps.append((done, of)))
    assert steps[-1][0] == steps[-1][1] == len(steps)
    return learner


def gap(learner) -> float:
    """Return by how much the rude rows' mean logit is above the kind ones'."""
    with torch.no_grad():
        rude, kind = (
            learner.eval()(*fit.padded(fit.encoded(tokenizer(PIECES), [row.text for row in rows]))).mean() for rows in (RUDE, KIND)
        )
    return float(rude - kind)


def test_a_student_learns_and_its_weights_become_a_scorer(tmp_path) -> None:
    learner = taught(tmp_path / "student.pt")
    assert gap(learner) > gap(made()) + 0.5
    again = made(seed=9)
    again.load_state_dict(torch.load(tmp_path / "student.pt", weights_only=True)["network"])
    doubted = [Row(row.text, 1 - row.target, 0.2, "") for row in RUDE + KIND]
    sets = Split(learn={}, calibrate={"made up": RUDE + KIND + doubted}, measure={}, never_trained={})
    scorer = command.finished(again, PIECES, sets, tmp_path / "compact.onnx")
    rude, kind = scorer.score(["you are a stupid clown", "thank you for the photo"])
    assert rude.toxicity > kind.toxicity
    assert scorer.name == Compact.read(tmp_path / "compact.onnx").name


def test_the_same_seed_gives_the_same_student_and_another_seed_another(tmp_path) -> None:
    small = fit.Recipe(epochs=2, half=False)
    first, again = (taught(tmp_path / f"{name}.pt", small).state_dict() for name in ("first", "again"))
    other = taught(tmp_path / "other.pt", fit.Recipe(epochs=2, half=False, seed=2)).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["words.weight"], other["words.weight"])


def test_the_same_student_gives_the_same_file(tmp_path) -> None:
    for name in ("one", "two"):
        export.written(made(), {"pieces": "a"}, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_row_in_eight_bits_is_off_by_half_a_step_at_most() -> None:
    rows = np.random.default_rng(1).normal(size=(5, 40)).astype(np.float32)
    small, step = export.eight_bits(rows)
    assert np.abs((small.astype(np.float32) - 128) * step - rows).max() <= step.max() / 2 + 1e-6


def test_rows_count_by_how_often_they_are_drawn() -> None:
    rows = [Row(f"{number}", 0.5, 0.25, "") for number in range(400)]
    drawn = fit._examples(tokenizer(PIECES), rows, fit.Recipe(epochs=2, disguised=0))
    assert 150 < len(drawn) < 250


def test_a_tenth_is_disguised_and_no_text_is_lost() -> None:
    draw = random.Random(1)
    said = [noise.noisy(row.text, draw) for row in RUDE * 20]
    assert all(said)
    assert sum(new != row.text for new, row in zip(said, RUDE * 20, strict=True)) > 100
    assert noise.noisy("a bc de", draw) in {"a bc de", "abcde"}


def test_the_pieces_kept_are_the_marks_the_signs_and_the_most_usual() -> None:
    vocabulary = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a", "b", "cab", "aba", "bab", "é", "zzz"]
    kept = [vocabulary[number] for number in pieces.kept(vocabulary, ["aba aba bab a"], 10)]
    assert kept == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##a", "b", "cab", "aba", "bab"]


def test_a_student_begins_with_the_base_s_first_third_and_last_layer() -> None:
    weights, width = base(words=9), student.WIDTH
    found = student.student(weights, [8, 3])
    assert torch.equal(found.words.weight, weights["embeddings.word_embeddings.weight"][[8, 3]])
    assert [
        torch.equal(layer.wide.weight, weights[f"encoder.layer.{n}.intermediate.dense.weight"])
        for layer, n in zip(found.layers, (0, 2, 5), strict=True)
    ] == [True] * 3
    assert torch.equal(found.layers[1].asked.weight[width : 2 * width], weights["encoder.layer.2.attention.self.key.weight"])


def test_without_the_base_one_line_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(command, "BASE", "no_such_wheel")
    sets = Split(learn={"made up": RUDE}, calibrate={}, measure={}, never_trained={})
    with pytest.raises(ScorerUnavailable, match="make train MODEL=compact installs it"):
        command.train(sets, fit.Plan(), tmp_path, tmp_path / "compact.onnx")


def test_a_calibration_is_found_wherever_the_logits_lie() -> None:
    for factor, offset in ((1.0, 0.0), (30.0, 0.0), (0.01, 5.0), (5.0, -40.0)):
        logits = np.linspace(-3, 3, 200) * factor + offset
        targets = 1 / (1 + np.exp(-(np.linspace(-3, 3, 200) * 0.8 - 0.4)))
        assert platt(logits, targets, np.ones(200)) == pytest.approx((0.8 / factor, -0.4 - 0.8 * offset / factor), abs=1e-3)
