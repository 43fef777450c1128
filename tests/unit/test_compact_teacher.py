"""A student and its teacher: what was learned is kept, a run that was cut off goes on, and both halves of the sum are weighed."""

import json
from math import inf

import numpy as np
import pytest

from streams.scorers import ScorerUnavailable
from streams.scorers.compact_network import Mix, tokenizer
from streams.scorers.training.datasets import Row
from streams.scorers.training.split import Split
from tests.support.compact import PIECES, base, made, one_thread

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from safetensors.torch import save_file

from streams.scorers.training.compact import command, fit, mix, teacher
from streams.scorers.training.compact.desk import Desk

ROWS = [
    *(Row(f"you are a stupid {word} and a liar", 0.95, 1.0, word) for word in "fool clown idiot moron loser creep".split()),
    *(Row(f"thank you for the {word} and the photo", 0.05, 0.5, word) for word in "help link answer book idea map".split()),
]
LESSON = fit.Recipe(epochs=2, half=False, layers=(0,))
PLAN = fit.Plan(student=LESSON, teacher=fit.Recipe(epochs=1, half=False, layers=(0, 1)))
ALL = list(range(len(ROWS)))
TEXTS = [row.text for row in ROWS]


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with one_thread():
        yield


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path, base(len(PIECES)), PIECES, range(len(PIECES)))


def unheard(done: int, of: int) -> None:
    """Take no note of how far it is."""


class CutOff(Exception):
    """Somebody pulled the plug."""


def cut_at(step: int):
    def done(now: int, of: int) -> None:
        if now > step:
            raise CutOff

    return done


def test_a_run_that_was_cut_off_comes_to_the_same_weights(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fit, "_CHECKPOINT_STEPS", 3)
    monkeypatch.setattr(fit, "_BATCH", 4)
    pieces, whole, halved, again = tokenizer(PIECES), made(), made(), made(seed=5)
    fit.taught(whole, pieces, ROWS, LESSON, tmp_path / "whole.pt", unheard)
    with pytest.raises(CutOff):
        fit.taught(halved, pieces, ROWS, LESSON, tmp_path / "halved.pt", cut_at(3))
    steps: list[int] = []
    fit.taught(again, pieces, ROWS, LESSON, tmp_path / "halved.pt", lambda now, _: steps.append(now))
    assert steps[0] == 4
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())


def test_a_checkpoint_is_whole_or_not_there(tmp_path, monkeypatch) -> None:
    fit.taught(made(), tokenizer(PIECES), ROWS, LESSON, tmp_path / "it.pt", unheard)
    before = (tmp_path / "it.pt").read_bytes()

    def half(state, to) -> None:
        to.write_bytes(b"half of it")
        raise OSError("no room on the disk")

    monkeypatch.setattr(torch, "save", half)
    longer = fit.Recipe(epochs=3, half=False, layers=(0,))
    monkeypatch.setattr(fit, "_BATCH", 4)
    with pytest.raises(OSError, match="no room"):
        fit.taught(made(), tokenizer(PIECES), ROWS, longer, tmp_path / "it.pt", unheard)
    assert (tmp_path / "it.pt").read_bytes() == before


def test_the_teacher_is_asked_once_about_a_text(tmp_path) -> None:
    asked: list[int] = []

    def answers(wanted, pupil):
        return teacher.said(pupil, tokenizer(PIECES), TEXTS, wanted, tmp_path / "answers.npy", lambda now, _: asked.append(now))

    first = answers([0, 3, 3], made())
    assert np.flatnonzero(~np.isnan(first)).tolist() == [0, 3]
    more = answers(ALL, made())
    assert (more[[0, 3]] == first[[0, 3]]).all()
    assert ((more > 0) & (more < 1)).all()
    assert len(asked) == 2
    assert (answers(ALL, None) == more).all()


def test_targets_are_the_teacher_s_by_the_share_that_it_is_trusted(tmp_path) -> None:
    soft = teacher.softened(ROWS[:2], np.array([0.5, np.nan], dtype=np.float32), 0.6)
    assert [row.target for row in soft] == pytest.approx([0.4 * 0.95 + 0.6 * 0.5, 0.95])
    assert [row.text for row in soft] == TEXTS[:2]


def test_two_students_share_a_teacher_and_a_finished_one_is_not_taught_again(desk, tmp_path) -> None:
    first = desk.student(ROWS, PLAN)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(name.partition("-")[0] for name in kept) == ["answers", "student", "teacher"]
    again = desk.student(ROWS, PLAN)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in first.state_dict().items())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    desk.student(ROWS, fit.Plan(student=fit.Recipe(seed=2, half=False, layers=(0,)), teacher=PLAN.teacher))
    assert sorted(path.name.partition("-")[0] for path in tmp_path.iterdir()) == ["answers", "student", "student", "teacher"]


def test_other_texts_have_another_teacher(desk, tmp_path) -> None:
    desk.student(ROWS, PLAN)
    desk.student(ROWS[:-1], PLAN)
    assert len(list(tmp_path.glob("teacher-*.pt"))) == 2


def test_without_a_teacher_the_labels_alone_are_learned(desk, tmp_path) -> None:
    desk.student(ROWS, fit.Plan(student=LESSON, teacher=None))
    assert [path.name.partition("-")[0] for path in tmp_path.iterdir()] == ["student"]


def test_a_student_that_was_cut_off_can_be_had_as_it_is(desk, tmp_path) -> None:
    with pytest.raises(ScorerUnavailable, match="train without --finish"):
        desk.unfinished(ROWS, PLAN)
    first = desk.student(ROWS, PLAN)
    assert torch.equal(desk.unfinished(ROWS, PLAN).verdict.weight, first.verdict.weight)


def test_where_the_network_is_too_sure_at_the_top_it_is_cut_there() -> None:
    """Fifty rows: the network is right but for three harmless ones, which it is surest of; the linear scorer knows the worst ones."""
    toxic = np.arange(50) >= 25
    network, linear = np.where(toxic, 1.2, -2.0), np.zeros(50)
    network[:3], linear[:3], linear[-3:] = 6.0, -2.0, 2.0
    chosen = mix.best([mix.Halves(network, linear, toxic)])
    assert chosen.most < inf
    assert mix.worth(chosen, [mix.Halves(network, linear, toxic)]).top == 1
    assert mix.worth(Mix(0.5, inf), [mix.Halves(network, linear, toxic)]).top == 0


def test_what_was_tried_is_written_down_by_the_rows_that_calibrate(tmp_path, monkeypatch) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    save_file(base(len(PIECES)), tmp_path / "model.safetensors")
    monkeypatch.setattr(command, "base_folder", lambda: tmp_path)
    sets = Split(learn={"made up": ROWS}, calibrate={"made up": ROWS}, measure={}, never_trained={})
    command.train(sets, PLAN, tmp_path / "work", tmp_path / "compact.onnx")
    command.train(sets, PLAN, tmp_path / "work", tmp_path / "compact.onnx", command.Begin.FINISH)
    first, again = map(json.loads, (tmp_path / "work" / "tried.jsonl").read_text().splitlines())
    assert (first["student"]["epochs"], first["teacher"]["epochs"], first["trust"]) == (2, 1, 0.6)
    assert 0 <= first["auc"]["made up"] <= 1
    assert {**first, "begin": "finish"} == again
