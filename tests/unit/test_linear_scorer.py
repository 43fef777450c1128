"""The embedded scorer: what it gives, and that a score is a function of its text alone."""

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.scorers import ScorerUnavailable, open_scorer
from streams.scorers.disguises.known import WORDS
from streams.scorers.languages import RULES
from streams.scorers.linear import SHIPPED, Linear

INSULTS = ["You are an idiot.", "What a pathetic little loser you are!", "he is a stupid liar and everybody knows it"]
CIVIL = ["Thank you, that was helpful.", "What a lovely garden.", "The council approved the budget on Tuesday.", "Can you link the source?"]
TEXTS = st.one_of(
    st.text(max_size=80), st.sampled_from(INSULTS + CIVIL), st.lists(st.sampled_from(INSULTS + CIVIL), max_size=99).map(" ".join)
)


@pytest.fixture(scope="module")
def linear() -> Linear:
    return Linear.shipped()


_LINEAR = Linear.shipped()


def test_insults_score_high_and_civil_words_low(linear) -> None:
    found = [each.toxicity for each in linear.score(INSULTS + CIVIL)]
    assert min(found[:3]) > 0.8
    assert max(found[3:]) < 0.2


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_a_score_never_depends_on_the_batch(texts) -> None:
    alone = [_LINEAR.score([text])[0] for text in texts]
    assert _LINEAR.score(texts) == alone
    assert _LINEAR.score(texts[::-1]) == alone[::-1]


@settings(deadline=None)
@given(TEXTS)
def test_a_score_is_a_probability_with_four_decimals(text) -> None:
    (found,) = _LINEAR.score([text])
    assert 0 <= found.toxicity <= 1
    assert round(found.toxicity, 4) == found.toxicity
    assert found.labels == {"toxicity": found.toxicity}


def test_many_batches_score_like_one(linear) -> None:
    texts = [f"{INSULTS[number % 3]} {number} {CIVIL[number % 4] * 20}" for number in range(600)]
    assert linear.score(texts) == [linear.score([text])[0] for text in texts]


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200d", "<p></p>"[:0], "\u0301\u0323\u0301", "\u202e"])
def test_a_text_without_a_visible_character_is_zero(text, linear) -> None:
    assert linear.score([text])[0].toxicity == 0


def test_no_text_is_no_score(linear) -> None:
    assert linear.score([]) == []


@pytest.mark.parametrize(
    "disguise",
    [
        "You are a st\u200bup\u200bid idi\u00adot",
        "You are a s t u p i d  i d i o t",
        "You are a s.t.u.p.i.d i-d-i-o-t",
        "You are a <b>st</b>upid id<i>iot</i>",
        "You are a stup&#105;d &#105;diot",
        "You are a stuuuupid idiooooot",
        "You are a stup1d 1d10t",
        "You are a ѕtuріd іdіоt",
        "You are a ｓｔｕｐｉｄ ｉｄｉｏｔ",
        "You are a s̷̡t̷̡u̷̡p̷̡i̷̡d̷̡ i̷̡d̷̡i̷̡o̷̡t̷̡",
        "YOU ARE A STUPID IDIOT",
    ],
)
def test_a_disguise_does_not_hide_an_insult(disguise, linear) -> None:
    assert linear.score([disguise])[0].toxicity >= 0.9


def test_an_insult_at_the_end_of_a_long_civil_comment_still_counts(linear) -> None:
    civil = "The council approved the budget on Tuesday after a long debate. " * 100
    calm, rude = linear.score([civil, civil + "You are a stupid idiot, and everybody here knows what a pathetic loser you are. " * 3])
    assert rude.toxicity > calm.toxicity + 0.2


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "a" * 70_000 + " you idiot", "<div>" * 13_000, "\u0301" * 60_000, "a " * 60_000, "\ufdfa" * 20_000]
)
def test_a_hostile_text_is_scored_like_any_other(text, linear) -> None:
    assert 0 <= linear.score([text])[0].toxicity <= 1


def test_half_a_character_is_scored_like_any_other(linear) -> None:
    assert linear.score(["idiot \ud83d"])[0].toxicity > 0.5


def test_the_name_ends_with_the_digest_of_weights_and_words(linear) -> None:
    assert linear.name == f"linear@2+{hashlib.sha256(SHIPPED.read_bytes() + WORDS.read_bytes()).hexdigest()[:8]}"
    assert open_scorer("linear").name == f"{linear.name}.{RULES}"


def test_missing_weights_are_told_in_one_line(tmp_path) -> None:
    with pytest.raises(ScorerUnavailable, match=r"gone\.npz are missing"):
        Linear.read(tmp_path / "gone.npz")


def test_an_unknown_scorer_is_told_with_the_known_ones() -> None:
    with pytest.raises(ScorerUnavailable, match="there are: linear, compact, detoxify:original"):
        open_scorer("magic")


def test_scoring_needs_numpy_alone() -> None:
    look = (
        "import sys; from streams.scorers.linear import Linear; Linear.shipped().score(['hello']); "
        "print(sorted({'torch', 'sklearn', 'scipy', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_shipped_weights_are_small_and_have_a_card() -> None:
    assert SHIPPED.stat().st_size < 1_500_000
    card = (SHIPPED.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert Linear.shipped().name in card
