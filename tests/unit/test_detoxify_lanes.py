"""Both lanes without padding: the exact one says what Detoxify says, the fast one the same for everybody beside it."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.scorers import ScorerUnavailable, Work
from streams.scorers.detoxify import open_detoxify
from streams.scorers.rounding import probability
from streams.scorers.transformer import scoring, self_test
from streams.scorers.transformer.flat import positions
from tests.support.checkpoints import WORDS, detoxify_of

MODELS = ["original", "unbiased", "multilingual", "original-small"]
TEXTS = [
    "you are a stupid liar", "thank you", "the match was fine and i do not agree", "goal", "<pad> [PAD] <s> you", "you " * 10,
    " ".join(WORDS[:9]), "ZZZ 12! " * 5, "é ü 漢字 🙂",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("model", MODELS)
def test_the_exact_lane_says_what_predict_says(model: str, made: Any) -> None:
    """Unrounded, in batches without padding, also where a text spells a token that RoBERTa gives no place."""
    engine = open_detoxify(model, local=made(model), device="cpu").engine
    pieces, owners = engine.pieces(TEXTS)
    assert owners == list(range(len(TEXTS)))
    own = detoxify_of(made(model))
    for text, logits in zip(TEXTS, engine.run([pieces], exact=True)[0], strict=True):
        assert [probability(logit) for logit in logits] == pytest.approx(list(own.predict(text).values()), abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_fast_lane_is_near_the_exact_one_and_is_not_it(model: str, made: Any) -> None:
    engine = open_detoxify(f"{model}:fast", local=made(model), device="cpu").engine
    pieces, _ = engine.pieces(TEXTS)
    exact, fast = (engine.run([pieces], exact=lane)[0] for lane in (True, False))
    apart = [abs(probability(one) - probability(other)) for rows in zip(exact, fast, strict=True) for one, other in zip(*rows, strict=True)]
    assert 0 < max(apart) < self_test.MAX_DRIFT


@pytest.mark.parametrize("model", MODELS)
def test_int8_gives_the_same_logits_in_any_company(model: str, made: Any) -> None:
    """The trap: one scale for a whole batch would let a loud neighbour move a score by some hundredths."""
    engine = open_detoxify(f"{model}:fast", local=made(model), device="cpu").engine

    @settings(max_examples=20)
    @given(st.lists(st.sampled_from([*TEXTS, *WORDS]), min_size=2, max_size=10))
    def same(texts: list[str]) -> None:
        pieces, _ = engine.pieces(texts)
        together, *alone = engine.run([pieces, *([piece] for piece in pieces)], exact=False)
        for row, [single] in zip(together, alone, strict=True):
            assert row == pytest.approx(single, abs=1e-5)

    same()


def test_a_fast_score_never_depends_on_the_batch_or_on_what_was_asked_before(made: Any) -> None:
    scorer = open_detoxify("original:fast", local=made("original"), device="cpu")
    alone = [open_detoxify("original:fast", local=made("original"), device="cpu").score([text])[0] for text in TEXTS[:3]]
    assert scorer.score(TEXTS)[:3] == alone
    assert scorer.score(TEXTS[2::-1]) == alone[::-1]


def test_near_a_threshold_the_exact_lane_decides(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = open_detoxify("original", local=made("original"), device="cpu").score(TEXTS)
    fast = open_detoxify("original:fast", local=made("original"), device="cpu")
    assert fast.score(TEXTS) != exact
    monkeypatch.setattr(fast, "_margin", math.inf)
    fast.worked()
    assert fast.score(TEXTS) == exact
    assert fast.worked() == Work(exact=len(TEXTS), fast=len(TEXTS))


def test_a_runtime_that_drifts_is_refused_with_its_figures(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights in three bits stand in for kernels that are wrong."""
    monkeypatch.setattr("streams.scorers.transformer.affine._LEVELS", 3)
    with pytest.raises(ScorerUnavailable, match=r"int8 moves scores by up to 0\.\d+ on this machine, .* leave :fast away"):
        open_detoxify("original:fast", local=made("original"), device="cpu")


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ScorerUnavailable, match="int8 moves scores by up to nan"):
        self_test.drift(lambda texts: [[0.0]] * len(texts), lambda texts: [[math.nan]] * len(texts))


def test_the_name_says_the_lane(made: Any) -> None:
    name = open_detoxify("original:fast", local=made("original"), device="cpu").name
    assert name.startswith("detoxify:original:fast@")
    assert ".int8.cpu" in name


def test_batches_hold_a_budget_of_tokens_from_short_to_long() -> None:
    pieces = [[0] * length for length in (300, 5, 200, 7, 40, 16)]
    assert list(scoring.batched(pieces)) == [[1, 3, 5, 4], [2], [0]]


@pytest.mark.parametrize(("padding", "expected"), [(None, [0, 1, 2, 3]), (1, [2, 1, 3, 4])])
def test_roberta_counts_no_place_for_its_padding(padding: int | None, expected: list[int]) -> None:
    assert list(positions([0, 1, 5, 2], padding)) == expected
