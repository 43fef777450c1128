"""Hostile to whom? What is quoted, reported, denied, said among friends or of an argument is not hostile to the person answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.whom.by_hand import toward_addressee
from streams.stages.hearing import Heard, hear
from streams.stages.hostility import cues
from streams.stages.whom.model import VERSION, hostile, toward
from streams.stages.whom.signs import NAMES, mild_signs, signs
from streams.stages.whom.weights import SIGNS
from streams.topology import Config, config_hash

TOXIC = 0.9


def x(text: str, toxicity: float = TOXIC) -> float:
    heard = hear(text)
    return toward(toxicity, heard, cues(heard.sentences))


def named(text: str) -> dict[str, float]:
    heard = hear(text)
    return dict(zip(NAMES, signs(heard, cues(heard.sentences)), strict=True))


NEAR_TWINS = [
    ("“You pathetic liar” is what they shout, poor thing. I'm on your side.", "You pathetic liar, they shout at you because you are one."),
    ('Somebody posted "shut up you moron" here. Sorry you have to read it.', 'Shut up you moron, and stop posting your "poems" here.'),
    ("'You stupid clown', he wrote. How rude of him.", "You stupid clown, he wrote it better than you."),
    ("They call you a fraud and never read a page. Thank you for the book!", "You are a fraud and I read every page. Shame on you!"),
    ("You are not a coward, whatever they say.", "You are a coward, whatever you say."),
    ("You're right, those people are idiots.", "You're an idiot, right or not."),
    ("haha you mad bastard, congrats, see you on sunday mate", "you bastard, nobody wants to see you"),
    ("That argument is idiotic, the lake is older than the town.", "You are idiotic, and older than the town."),
]


@pytest.mark.parametrize(("harmless", "meant"), NEAR_TWINS)
def test_what_is_quoted_reported_denied_or_among_friends_is_not_hostile_and_its_twin_is(harmless: str, meant: str) -> None:
    assert x(harmless) < 0.5 < x(meant)


@pytest.mark.parametrize("text", ["this comment is so stupid", "what a dumb argument", "The premise is garbage. Rents rose."])
def test_criticism_of_what_somebody_said_is_not_hostile_to_them(text: str) -> None:
    assert x(text, 0.9) < 0.5


def test_a_quoted_insult_counts_for_nobody_and_an_own_one_beside_it_counts() -> None:
    quoted = named('"you are a clown" – charming people here')
    both = named('"you are kind" – no, you are a clown')
    assert (quoted["quoted"], quoted["directed"], quoted["not own"]) == (1, 0, 1)
    assert (both["quoted"], both["directed"], both["not own"]) == (0, 1, 0)


@pytest.mark.parametrize("quoted", ['"you are a liar"', "“you are a liar”", "'you are a liar'"])
def test_what_is_quoted_and_said_again_is_said(quoted: str) -> None:
    assert named(f"{quoted} – no, really, you are a liar")["directed"] == 1


@pytest.mark.parametrize("marks", ['"{}"', "“{}”", "'{}'", "‘{}’", "«{}»"])
def test_every_kind_of_quotation_mark_is_read(marks: str) -> None:
    assert named(f"{marks.format('you are a stupid clown')} they said, and all the town could hear it")["quoted"] == 1


def test_a_word_in_single_quotes_may_hold_an_apostrophe_and_an_apostrophe_opens_no_quotation() -> None:
    assert named("'you're a clown' they said, and it hurts")["quoted"] == 1
    assert named("don't be silly, you're a clown and that's it")["quoted"] == 0


def test_one_s_own_report_is_no_report() -> None:
    assert named("I say you are a liar")["directed"] == 1
    assert named("Somebody says you are a liar, which is sad")["reported"] == 1


def test_a_sentence_that_speaks_anew_ends_a_report() -> None:
    assert named("They call you a liar because you are a liar")["directed"] >= 1


HEAPS = [
    "you rotten fat whore lol 😂❤", "you stupid bastard, thanks, great, love, cheers", "what a worthless cunt 😂 haha xx",
    "die you bitch 😘😘 lol",
]  # fmt: skip
TOLD = [
    '"you are a pathetic whore"', "“Drop dead, you bitch.”", "'you are a fucking moron'", 'I quote: "you are a stupid cunt". Goodbye.',
    'you "fucking moron"', "they say that you are a stupid whore", "Everybody here says you are a fucking moron",
    "they called you a cunt and they were right", "Only a stupid moron would post this",
]  # fmt: skip


@pytest.mark.parametrize("text", HEAPS)
def test_no_heap_of_laughter_and_kind_words_takes_back_what_is_thrown_at_the_reader(text: str) -> None:
    assert x(text) >= 0.5


@pytest.mark.parametrize("text", TOLD)
def test_an_insult_told_to_its_target_is_the_teller_s_unless_a_side_is_taken_against_it(text: str) -> None:
    assert x(text) >= 0.5


@pytest.mark.parametrize("text", [f"{text}. That is rude and you don't deserve it, ignore them." for text in (*TOLD[:4], *TOLD[5:7])])
def test_who_takes_a_side_against_what_is_told_is_not_hostile(text: str) -> None:
    assert x(text) < 0.5


def test_only_a_fool_would_say_that_to_you_is_said_of_who_said_it() -> None:
    assert named("Only a moron would say that to you")["directed"] == 0
    assert named("Only a moron would say that")["directed"] == 1


@given(st.text(max_size=300), st.sampled_from(['"', "'", "“", "you", "liar", " ", "not", "called"]))
def test_any_text_gives_finite_signs_and_a_probability(text: str, unit: str) -> None:
    said = f"{text} {unit * 5} you liar {text}"
    assert all(0 <= value <= 10 for value in named(said).values())
    assert 0 <= x(said) <= 1


@given(
    st.floats(0, 1), st.floats(0, 1), st.lists(st.sampled_from('you they liar clown " called not a are thanks haha'.split()), max_size=30)
)
def test_more_toxic_is_never_less_hostile_whatever_the_signs(one: float, other: float, words: list[str]) -> None:
    low, high = sorted((one, other))
    assert x(" ".join(words), low) <= x(" ".join(words), high)


def test_a_comment_with_nothing_strong_in_it_is_weighed_by_toxicity_and_whether_it_says_you() -> None:
    assert x("Where did you buy the paint?", 0.3) == hostile(0.3, mild_signs(second=True, kind=False, others=False))
    assert x("", 0.3) == hostile(0.3, mild_signs(second=False, kind=False, others=False))
    assert signs(Heard(), cues([])) == mild_signs(second=False, kind=False, others=False)


def test_every_sign_has_a_weight() -> None:
    assert list(SIGNS) == list(NAMES)


def test_replies_of_another_version_of_the_model_are_told_from_these() -> None:
    assert VERSION.startswith("whom@2+")
    assert VERSION in Config().of("address")
    assert config_hash(*Config().of("address")) != config_hash(*(one for one in Config().of("address") if one != VERSION))


def test_the_rule_by_hand_is_what_it_was() -> None:
    found = cues(hear("You are a liar.").sentences)
    assert toward_addressee(0.9, found) == pytest.approx(0.9367, abs=0.02)
