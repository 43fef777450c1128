"""A cascade: the cheap scorer decides what is clear, each text for itself, and its bounds are held to what they were found for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.main import main
from streams.scorers import Config, ScorerUnavailable, Toxicity, Work, open_scorer
from streams.scorers.bounds import Bounds, Loss, Scored, cascaded, fitted, halves, kept
from streams.scorers.cascade import SHIPPED, Cascade
from streams.scorers.compact import Compact
from streams.scorers.linear import Linear
from streams.stages.score import scored
from streams.stages.step import Arrived
from tests.support.builders import NOON, comment


class Given:
    """Scores a text by the number that it is, and keeps what it was asked."""

    def __init__(self, name: str, share: float = 1.0) -> None:
        self.name, self._share, self.asked = name, share, list[str]()

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        self.asked += texts
        return [Toxicity(round(float(text) * self._share, 4), {"toxicity": 0.0, "insult": 0.5}) for text in texts]


def bounds(**changes: Any) -> Bounds:
    usual = {"cheap": "cheap@1", "expensive": "dear@1", "clean_to": 0.2, "toxic_from": 0.9, "slope": 1.0, "shift": 0.0, "flagged_at": 0.8}
    return Bounds(**(usual | changes))


def test_what_is_unclear_goes_to_the_expensive_scorer_and_the_rest_does_not() -> None:
    dear = Given("dear@1", 0.5)
    cascade = Cascade(Given("cheap@1"), dear, bounds())
    found = cascade.score(["0.1", "0.5", "0.95", "0.2", "0.9", "0"])
    assert dear.asked == ["0.5"]
    assert [each.toxicity for each in found] == [0.1, 0.25, 0.95, 0.2, 0.9, 0.0]
    assert [each.decided_by for each in found] == ["cheap", "dear", "cheap", "cheap", "cheap", "cheap"]
    assert found[0].labels == {"toxicity": 0.1}
    assert found[1].labels == {"toxicity": 0.0, "insult": 0.5}
    assert cascade.worked() == Work(decided=5, passed_on=1)
    assert cascade.worked() == Work()


def test_what_the_cheap_scorer_decides_is_said_on_the_scale_of_the_other() -> None:
    found = Cascade(Given("cheap@1"), Given("dear@1"), bounds(slope=2.0, shift=0.1)).score(["0.1", "0.95"])
    assert [each.toxicity for each in found] == [0.0135, 0.9975]


@given(st.lists(st.integers(0, 100).map(lambda number: str(number / 100)), min_size=1))
def test_a_score_depends_on_its_text_alone(texts: list[str]) -> None:
    cascade = Cascade(Given("cheap@1"), Given("dear@1", 0.5), bounds())
    assert cascade.score(texts) == [cascade.score([text])[0] for text in texts]


def test_the_version_changes_with_the_bounds_and_with_each_part() -> None:
    names = [
        Cascade(Given(one), Given(other), bounds(cheap=one, expensive=other, clean_to=low)).name
        for one, other, low in (("a@1", "b@1", 0.2), ("a@2", "b@1", 0.2), ("a@1", "b@2", 0.2), ("a@1", "b@1", 0.3))
    ]
    assert len(set(names)) == 4
    assert all(name.startswith("cascade:a+b@") for name in names)


def test_bounds_that_were_found_for_other_weights_are_refused() -> None:
    with pytest.raises(ScorerUnavailable, match=r"were found for cheap@1, this is cheap@2; threadwatch models fit-cascade FILE"):
        Cascade(Given("cheap@2"), Given("dear@1"), bounds())


def test_the_shipped_bounds_are_those_of_the_shipped_scorers() -> None:
    found = msgspec.json.decode((SHIPPED / "cascade-linear+compact.json").read_bytes(), type=Bounds)
    assert (found.cheap, found.expensive) == (Linear.shipped().name, Compact.shipped().name)
    assert open_scorer("cascade:linear+compact").score(["thank you"])[0].decided_by == "linear"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cascade:linear", "write two scorers"),
        ("cascade:linear+nothing", "nobody found the bounds of cascade:linear\\+nothing yet"),
        ("cascade:cascade:a+b", "write two scorers"),
        ("cascade:compact+linear", "threadwatch models fit-cascade FILE --scorer cascade:compact\\+linear finds them"),
    ],
)
def test_what_is_no_cascade_is_told_in_a_line(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ScorerUnavailable, match=said):
        open_scorer(name, Config(cascades=str(tmp_path)))


def test_a_file_that_is_no_bounds_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "linear+compact.json").write_text('{"cheap": 7}')
    with pytest.raises(ScorerUnavailable, match=r"linear\+compact.json cannot be read"):
        open_scorer("cascade:linear+compact", Config(cascades=str(tmp_path)))


def alike(count: int, noise: float) -> Scored:
    """Return scores of two scorers that differ by so much, most of them low."""
    chance = np.random.default_rng(1)
    truth = chance.beta(0.6, 3, count)
    cheap, dear = (np.round(np.clip(truth + chance.normal(0, noise * far, count), 0.001, 0.999), 4) for far in (1, 0.2))
    return Scored(cheap, dear, chance.random(count) < truth)


def test_the_loss_is_kept_on_the_half_that_was_not_fitted_on() -> None:
    half, loss, told = np.arange(8000) % 2 == 0, Loss(auc=0.01), alike(8000, 0.03)
    found = kept(told.where(~half), fitted(told.where(half), ("a", "b"), loss, 0.5))
    assert found.is_within(loss)
    assert 0 < found.passed_on < 0.5


def test_scorers_that_have_nothing_in_common_leave_nothing_clear() -> None:
    chance = np.random.default_rng(2)
    told = Scored(np.round(chance.random(2000), 4), np.round(chance.random(2000), 4))
    found = fitted(told, ("a", "b"), Loss(), 0.5)
    assert kept(told, found).passed_on > 0.95
    assert kept(told, found).changed <= Loss().changed


def test_the_bounds_say_of_arrays_what_the_scorer_says() -> None:
    told, found = alike(500, 0.1), bounds(slope=1.3, shift=-0.2, flagged_at=0.5)
    one = Cascade(Given("cheap@1"), Given("dear@1", 0.5), found).score([str(score) for score in told.cheap])
    arrays = cascaded(Scored(told.cheap, told.cheap * 0.5), found)
    assert [each.toxicity for each in one] == pytest.approx(list(arrays), abs=1.1e-4)


def test_halves_do_not_depend_on_the_others() -> None:
    texts = [f"text {number}" for number in range(400)]
    assert list(halves(texts)[:100]) == list(halves(texts[:100]))
    assert 120 < halves(texts).sum() < 280


def test_a_record_says_which_of_the_two_decided_and_one_of_a_single_scorer_says_nothing() -> None:
    arrived = Arrived(comment("c-1"), NOON)
    assert scored(arrived, Toxicity(0.5, {}, "linear"), False, "cascade:linear+compact@1").outputs[0].decided_by == "linear"
    assert scored(arrived, Toxicity(0.5), False, "linear@1").outputs[0].decided_by is None


def test_fit_cascade_writes_bounds_for_a_labelled_file_and_says_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"text": f"{'you stupid idiot' if n % 7 == 0 else 'thank you for the match'} {n}", "toxic": n % 7 == 0} for n in range(300)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = main(["models", "fit-cascade", "rows.jsonl", "--labelled", "--scorer", "cascade:linear+linear", "--flagged-at", "0.5"])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert "linear decides 99.3%" in out
    assert "area under the curve   1.000 → 1.000" in out
    name = open_scorer("cascade:linear+linear", Config(cascades=".threadwatch/cascades")).name
    assert name.startswith("cascade:linear+linear@1+")


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ('{"text": "a", "toxic": true}\n', ["--labelled"], "1 different texts; give 200 or more"),
        ('{"text": "a"}\n', ["--labelled"], 'give JSON lines with "text" and "toxic"'),
        ("", ["--labelled"], "0 different texts"),
        ("no json\n", [], "cannot be read"),
    ],
)
def test_fit_cascade_tells_a_file_that_says_nothing(
    content: str, arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    assert main(["models", "fit-cascade", str(tmp_path / "rows.jsonl"), *arguments]) == 2
    assert said in capsys.readouterr().err
