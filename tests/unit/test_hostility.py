"""P(hostile to the person addressed), from toxicity and cues."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.hearing import hear
from streams.stages.hostility import Cues, cues, toward_meant
from streams.stages.whom import model


def found(text: str) -> Cues:
    return cues(hear(text).sentences)


def toward(text: str, toxicity: float) -> float:
    heard = hear(text)
    return model.toward(toxicity, heard, cues(heard.sentences))


@pytest.mark.parametrize("text", ["You are an idiot.", "You pathetic liar!", "Shut up, you clown", "your stupid lies", "Fuck you"])
def test_a_toxic_insult_to_you_is_surely_hostile(text: str) -> None:
    assert toward(text, 0.9) >= 0.8


@pytest.mark.parametrize(
    "text",
    [
        "Do you even read what others write?",
        "You have completely misunderstood the question.",
        "Wrong! You are dreaming.",
        "Are you out there at all? You know nothing about ships.",
        "Did you even open the book? Learn to read.",
    ],
)
def test_contempt_without_a_swear_word_is_somewhat_hostile(text: str) -> None:
    assert 0.2 <= toward(text, 0.1) <= 0.95


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, that is a good point.",
        "I agree with you.",
        "As you can see, the bridge is old.",
        "Where did you buy the paint?",
        "If you turn left, you can see the harbour.",
        "The bridge should be painted green.",
        "",
    ],
)
def test_civil_comments_are_not_hostile(text: str) -> None:
    assert toward(text, 0.1) < 0.15


@pytest.mark.parametrize("text", ["They are cowards, all of them.", "I am such an idiot.", "He is a liar.", "This clown never learns."])
def test_an_insult_to_somebody_else_is_hardly_hostile_to_the_addressee(text: str) -> None:
    assert toward(text, 0.9) < 0.2


@pytest.mark.parametrize(
    "text",
    [
        "damn liberals are idiots",
        "women drivers are idiots",
        "most drivers are morons",
        "All politicians are idiots",
        "all cops are bastards",
        "no politicians are so stupid",
        "such drivers are just plain idiots",
        "why are landlords so stupid",
        "The landlords are bastards",
        "this town is so stupid",
        "landlords: bastards and parasites",
        "lying perverts everywhere",
    ],
)
def test_an_insult_to_a_group_is_not_thrown_at_the_person_answered(text: str) -> None:
    assert (found(text).bare, found(text).group) == (0, 1)
    assert toward(text, 0.96) < 0.2


@pytest.mark.parametrize(
    "text",
    [
        "idiot",
        "what an idiot",
        "Pathetic.",
        "idiots like you",
        "You people are all idiots",
        "that is pathetic",
        "taxes are theft, idiot",
        "the earth is round, moron",
    ],
)
def test_an_insult_without_a_subject_or_with_you_stays_at_the_person_answered(text: str) -> None:
    assert found(text).bare + found(text).insulted == 1
    assert toward(text, 0.96) > 0.6


def test_an_insult_to_an_absent_person_is_hostile_to_that_person() -> None:
    assert toward_meant(0.9, found("He is a liar. This clown never learns.")) > 0.8
    assert toward_meant(0.9, found("You are a liar.")) == 0


def test_the_same_words_to_you_weigh_more_than_to_nobody() -> None:
    assert toward("You are all wet behind the ears", 0.7) > toward("Wet behind the ears", 0.7)


@pytest.mark.parametrize("text", ["this stupid war goes on and on and on", "the filthy weather of last week is over at last"])
def test_an_insulting_adjective_for_a_thing_insults_nobody(text: str) -> None:
    assert (found(text).third, found(text).group) == (0, 0)


@given(st.floats(0, 1), st.floats(0, 1), st.text(max_size=200))
def test_more_toxic_is_never_less_hostile(one: float, other: float, text: str) -> None:
    low, high = sorted((one, other))
    assert 0 <= toward(text, low) <= toward(text, high) <= 1


@given(st.lists(st.sampled_from("you are an idiot not do even know what he they . , ! liar i am wrong".split()), max_size=60))
def test_any_words_give_a_probability(words: list[str]) -> None:
    said = " ".join(words)
    assert 0 <= toward(said, 0.5) <= 1
    assert 0 <= toward_meant(0.5, found(said)) <= 1


@pytest.mark.parametrize(
    "unit",
    [
        "you are ",
        "<",
        "<b",
        "<blockquote>",
        ">>",
        "“",
        '"',
        "@",
        "@a ",
        "you ",
        "do you even ",
        "you idiot ",
        "idiot ",
        "they call you a stupid ",
        '"idiot" ',
        "'idiot' ",
        "' '",
        "\u0301",
        "\u200b",
        "a'",
        "a' ",
        "!",
        ",A",
        "&lt;",
        "\n>",
    ],
)
def test_reading_takes_time_in_proportion_whatever_the_text(unit: str) -> None:
    from streams.records import TextFormat

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        started = time.perf_counter()
        for written in TextFormat:
            heard = hear(text, written)
            model.toward(0.5, heard, cues(heard.sentences))
        return time.perf_counter() - started

    seconds(1000)
    assert seconds(1_000_000) < 2
