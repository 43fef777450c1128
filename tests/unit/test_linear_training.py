"""Training: who may be learned from, and that the same rows give the same weights."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from streams.scorers.linear import Linear
from streams.scorers.train import main
from streams.scorers.training.datasets import Row, excluded, key
from streams.scorers.training.disguised import disguised
from streams.scorers.training.fit import fitted, saved
from streams.scorers.training.measure import auc, calibration_error, measured, table
from streams.scorers.training.split import Split, split

DATA = Path(__file__).parents[3] / "shared/datasets"
RUDE = [Row(f"you are a stupid {word} and a liar", 0.95, 1.0, word) for word in "fool clown idiot moron loser creep".split()]
KIND = [Row(f"thank you for the {word} and the photo", 0.05, 1.0, word) for word in "help link answer book idea map".split()]


@pytest.fixture(scope="module")
def sets() -> Split:
    if not DATA.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the labelled sets are not in {DATA}")
        pytest.skip(f"the labelled sets are not in {DATA}")
    return split(DATA)


def keys(parts: dict[str, list[Row]]) -> set[str]:
    return {key(row.text) for rows in parts.values() for row in rows} - {key("")}


def test_nothing_that_is_measured_was_learned_from(sets) -> None:
    learned, calibrated = keys(sets.learn), keys(sets.calibrate)
    kept_apart = keys(sets.measure) | keys(sets.never_trained)
    assert not learned & kept_apart
    assert not calibrated & kept_apart
    assert not learned & calibrated


def test_texts_that_others_evaluate_with_are_left_out(sets) -> None:
    assert len(excluded(DATA)) == 806
    assert not (keys(sets.learn) | keys(sets.calibrate)) & excluded(DATA)


def test_a_tenth_of_each_set_is_held_out(sets) -> None:
    for name, rows in sets.learn.items():
        held_out = len(sets.measure[name]) + len(sets.calibrate[name])
        assert 0.05 < held_out / (held_out + len(rows)) < 0.17, name


def test_a_conversation_is_never_split(sets) -> None:
    for name, rows in sets.learn.items():
        assert not {row.group for row in rows} & {row.group for row in sets.measure[name]}, name


def test_targets_and_weights_are_in_bounds(sets) -> None:
    rows = [row for part in (sets.learn, sets.calibrate, sets.measure, sets.never_trained) for rows in part.values() for row in rows]
    assert all(0 <= row.target <= 1 and 0 < row.weight <= 1 for row in rows)


def test_the_shipped_scorer_tells_toxic_from_civil_on_sets_it_never_saw(sets) -> None:
    found = {each.name: each.auc for each in measured(Linear.shipped(), sets.never_trained)}
    assert found["wiki_nonfuzzed"] > 0.88
    assert found["hatecheck"] > 0.6
    assert found["hatemojicheck"] > 0.65


def test_the_key_of_a_text_is_the_one_that_the_data_defines() -> None:
    expected = hashlib.sha256(b"it s a b 2").hexdigest()[:16]
    assert key("It's <A&lt;B>, 2!") == expected


def test_the_same_rows_give_the_same_bytes_and_a_scorer_that_learned(tmp_path) -> None:
    for name in ("one", "two"):
        saved(fitted(RUDE + KIND, RUDE[:3] + KIND[:3]), tmp_path / f"{name}.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    linear = Linear.read(tmp_path / "one.npz")
    rude, kind = linear.score(["you stupid liar", "thank you for the photo"])
    assert rude.toxicity > 0.6
    assert kind.toxicity < 0.4


def test_a_disguise_leaves_label_and_number_of_rows() -> None:
    for name, rows in disguised(RUDE).items():
        assert [row.target for row in rows] == [row.target for row in RUDE], name
        assert all(new.text != old.text for new, old in zip(rows, RUDE, strict=True)), name


def test_auc_counts_pairs_and_ties_as_half() -> None:
    toxic = np.array([True, True, False, False])
    assert auc(np.array([0.9, 0.8, 0.2, 0.1]), toxic) == 1
    assert auc(np.array([0.5, 0.5, 0.5, 0.5]), toxic) == 0.5
    assert auc(np.array([0.9, 0.1, 0.5, 0.05]), toxic) == 0.75
    assert np.isnan(auc(np.array([0.5]), np.array([True])))


def test_calibration_error_is_what_bins_are_off_by() -> None:
    assert calibration_error(np.array([0.05, 0.95]), np.array([0.0, 1.0])) == pytest.approx(0.05)
    assert calibration_error(np.array([0.25, 0.25]), np.array([0.0, 0.5])) == pytest.approx(0)


def test_a_table_has_a_line_per_set() -> None:
    assert len(table("set", measured(Linear.shipped(), {"rude": RUDE, "kind": KIND})).splitlines()) == 4


def test_training_without_data_says_so(tmp_path, capsys) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert "--data" in capsys.readouterr().err
