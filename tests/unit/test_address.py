"""Whom a comment answers: the rules in order."""

import pytest

from streams.records import LinkKind, Reply, TextFormat
from streams.stages.address import Config
from streams.stages.step import Step
from tests.support.builders import HOSTILE, MINUTE, NOON
from tests.support.talk import Talk


def targets(step: Step) -> dict[str, Reply]:
    return {reply.target_id: reply for reply in step.outputs}


def first(step: Step) -> Reply:
    reply: Reply = step.outputs[0]
    return reply


def page(author: str | None, text: str, talk: Talk, toxicity: float = 0.1) -> Step:
    return talk.say(author, text, toxicity, created_at_is_estimated=True)


def test_an_explicit_parent_is_certain() -> None:
    talk = Talk()
    talk.say("ann", "The bridge should be painted green.")
    step = talk.say("bob", "Green is fine.", parent_id="c1")
    assert step.outcome == "replies"
    assert (first(step).target_id, first(step).kind, first(step).confidence) == ("ann", LinkKind.PARENT, 1.0)


def test_the_author_the_source_names_is_certain_without_the_parent() -> None:
    step = Talk().say("bob", "Green is fine.", parent_id="unseen", reply_to_author_id="ann")
    assert (first(step).target_id, first(step).kind, first(step).confidence) == ("ann", LinkKind.PARENT, 1.0)


def test_a_parent_without_author_is_aimed_at_as_the_comment() -> None:
    talk = Talk()
    talk.say(None, "The bridge should be painted green.")
    assert first(talk.say("bob", "Green is fine.", parent_id="c1")).target_id == "comment:c1"


def test_the_target_of_a_very_long_comment_id_is_still_an_id() -> None:
    talk = Talk()
    talk.say(None, "Paint it green.", comment_id="x" * 1024)
    assert len(first(talk.say("bob", "Yes.", parent_id="x" * 1024)).target_id) <= 1024


def test_answering_oneself_sends_nothing() -> None:
    talk = Talk()
    talk.say("ann", "The bridge should be painted green.")
    step = talk.say("ann", "Or blue.", parent_id="c1")
    assert (step.outcome, step.outputs) == ("self_reply", ())


def test_the_conversation_as_parent_means_top_level() -> None:
    step = Talk().say("bob", "Green is fine.", parent_id="talk")
    assert step.outcome == "unaddressed"


def test_the_first_handle_of_a_leading_chain_is_the_addressee() -> None:
    talk = Talk()
    for name in ("ann", "cat", "dan"):
        talk.say(name, "Hello there.")
    step = talk.say("bob", "@dan @ann that is a fine point")
    assert [(reply.target_id, reply.kind) for reply in step.outputs] == [("dan", LinkKind.LEADING_MENTION)]


def test_a_mention_inside_is_less_sure_than_a_leading_one() -> None:
    talk = Talk()
    talk.say("ann", "Hello there.")
    inside = first(talk.say("bob", "I think @ann said it best"))
    leading = first(talk.say("bob", "@ann said it best"))
    assert (inside.kind, leading.kind) == (LinkKind.MENTION, LinkKind.LEADING_MENTION)
    assert inside.confidence < leading.confidence


def test_a_mail_address_mentions_nobody() -> None:
    talk = Talk()
    talk.say("example", "Hello there.")
    talk.say("ann", "Good morning.")
    step = talk.say("bob", "Write to me at bob@example please")
    assert LinkKind.MENTION not in {reply.kind for reply in step.outputs}


@pytest.mark.parametrize("text", ["@Al Green is right", "@Al Green, no", "@AlGreen no", "@al_green no"])
def test_of_names_that_begin_alike_the_longest_is_meant(text: str) -> None:
    talk = Talk()
    talk.say("u1", "Hello.", author_name="Al")
    talk.say("u2", "Hello.", author_name="Al Green")
    assert first(talk.say("bob", text)).target_id == "u2"


def test_the_shorter_of_two_names_is_meant_where_it_stands_alone() -> None:
    talk = Talk()
    talk.say("u1", "Hello.", author_name="Al")
    talk.say("u2", "Hello.", author_name="Al Green")
    assert first(talk.say("bob", "@Al you may be right")).target_id == "u1"


@pytest.mark.parametrize("text", ["@Žofie Nováková díky", "@ŽOFIE NOVÁKOVÁ díky", "Žofie Nováková, díky"])
def test_names_in_any_script_and_case_are_found(text: str) -> None:
    talk = Talk()
    talk.say("u1", "Ahoj.", author_name="Žofie Nováková")
    assert first(talk.say("bob", text)).target_id == "u1"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Anna Stone", "@Annа Stone fuck you"),
        ("Anna Stone", "Аnna Stоne, you liar"),
        ("Annа", "@Anna you liar"),
        ("Анна Stone", "@Анна no"),
    ],
)
def test_a_name_disguised_with_letters_of_another_script_is_found(name: str, text: str) -> None:
    talk = Talk()
    talk.say("u1", "Hello.", author_name=name)
    assert first(talk.say("bob", text, HOSTILE)).target_id == "u1"


def test_a_name_wholly_in_another_script_is_no_latin_name() -> None:
    talk = Talk()
    talk.say("u1", "Hello.", author_name="сора")
    assert talk.say("bob", "@copa you liar", HOSTILE).outcome == "outside"


def test_a_leading_handle_nobody_has_is_outside() -> None:
    talk = Talk()
    talk.say("ann", "Hello there.")
    assert talk.say("bob", "@mayor you fool", HOSTILE).outcome == "outside"


def test_a_handle_is_an_id_where_the_settings_say_so() -> None:
    talk = Talk(Config(handles_are_ids=("news",)))
    assert first(talk.say("bob", "@mayor resign")).target_id == "mayor"


def test_the_conversations_author_can_be_mentioned_before_speaking() -> None:
    assert first(Talk().say("bob", "@Eve_Writer well written", conversation_author_id="evewriter")).target_id == "evewriter"


@pytest.mark.parametrize(
    "text", ["Look Castellan; nobody said that.", "Castellan, nobody said that.", "Mira Castellan: no.", "You are wrong, Castellan."]
)
def test_somebody_called_by_name_is_the_addressee(text: str) -> None:
    talk = Talk()
    talk.say("u1", "The bridge is old.", author_name="Mira Castellan")
    talk.say("u2", "The river is deep.", author_name="Tom Bower")
    reply = first(talk.say("bob", text))
    assert (reply.target_id, reply.kind) == ("u1", LinkKind.NAME)


def test_a_part_of_a_name_that_two_people_share_is_split() -> None:
    talk = Talk()
    talk.say("u1", "The bridge is old.", author_name="Mira Castellan")
    talk.say("u2", "The river is deep.", author_name="Tom Castellan")
    step = talk.say("bob", "Castellan, nobody said that.")
    assert set(targets(step)) == {"u1", "u2"}
    assert sum(reply.confidence for reply in step.outputs) <= 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("> painted green every second summer\nNo, every third.", TextFormat.PLAIN),
        (">>painted green every second summer<< No, every third.", TextFormat.PLAIN),
        ("“painted green every second summer” No, every third.", TextFormat.PLAIN),
        ("<blockquote><p>painted green every second summer</p></blockquote><p>No, every third.</p>", TextFormat.HTML),
    ],
)
def test_a_quotation_is_aimed_at_who_said_it(text: str, written: TextFormat) -> None:
    talk = Talk()
    page("ann", "The old bridge was painted green every second summer.", talk)
    for name in ("cat", "dan", "eve"):
        page(name, "The river froze that winter and nobody could cross.", talk)
    reply = first(talk.say("bob", text, text_format=written, created_at_is_estimated=True))
    assert (reply.target_id, reply.kind) == ("ann", LinkKind.QUOTE)
    assert reply.confidence > 0.7


def test_what_nobody_here_said_is_no_quotation() -> None:
    talk = Talk()
    page("ann", "The old bridge was painted green.", talk)
    step = page("bob", "“Taxes shall be raised in autumn” says the paper.", talk)
    assert LinkKind.QUOTE not in {reply.kind for reply in step.outputs}


def test_you_after_one_other_speaker_is_that_speaker() -> None:
    talk = Talk()
    page("ann", "The bridge should be painted green.", talk)
    reply = first(page("bob", "Did you see it yesterday?", talk))
    assert (reply.target_id, reply.kind) == ("ann", LinkKind.SECOND_PERSON)
    assert reply.confidence > 0.5


def test_page_order_is_the_last_resort_and_unsure() -> None:
    talk = Talk()
    page("ann", "The bridge should be painted green.", talk)
    reply = first(page("bob", "Rain is coming.", talk))
    assert (reply.target_id, reply.kind) == ("ann", LinkKind.PAGE_ORDER)
    assert reply.confidence < 0.7


def test_answers_to_one_comment_that_stand_in_a_row_reach_its_author() -> None:
    talk = Talk()
    page("ann", "The whole storm was harmless and short.", talk)
    page("bob", "You are dreaming. It took my roof.", talk)
    third = targets(page("cat", "You have misunderstood what happened here.", talk))
    fourth = targets(page("dan", "Are you blind? Look at the harbour.", talk))
    assert third["ann"].confidence >= 0.3
    assert fourth["ann"].hostility == max(reply.hostility for reply in fourth.values())


def test_repeated_words_point_at_who_said_them_first() -> None:
    talk = Talk()
    page("ann", "Only gentle drizzle fell on the orchard.", talk)
    page("bob", "The market opens at nine.", talk)
    page("cat", "Tickets cost four crowns.", talk)
    reply = first(page("dan", "Wrong! Gentle drizzle? You are dreaming.", talk))
    assert (reply.target_id, reply.kind) == ("ann", LinkKind.QUOTE)


def test_who_was_spoken_to_speaks_back() -> None:
    talk = Talk()
    page("ann", "The bridge is old.", talk)
    page("bob", "Are you sure? Have you been there?", talk)
    page("cat", "The weather is fine.", talk)
    assert targets(page("ann", "I was there in May.", talk))["bob"].confidence > 0.3


@pytest.mark.parametrize(
    "text",
    [
        "They are just a bunch of cowards.",
        "Those thugs are vermin and everybody knows it well.",
        "Ruritania is scum and always was.",
        "I am such an idiot sometimes.",
    ],
)
def test_hostility_to_a_group_an_outsider_or_oneself_counts_against_nobody(text: str) -> None:
    talk = Talk()
    page("ann", "The bridge should be painted green.", talk)
    step = page("bob", text, talk, HOSTILE)
    assert (step.outcome, step.outputs) == ("outside", ())


def test_a_stranger_spoken_to_by_name_is_outside() -> None:
    talk = Talk()
    page("ann", "The bridge should be painted green.", talk)
    assert page("bob", "Put that in your pipe and smoke it, Zogboltz, hahaha", talk, HOSTILE).outcome == "outside"


def test_agreeing_with_an_insult_counts_against_the_one_insulted_not_the_one_answered() -> None:
    talk = Talk()
    page("ann", "The whole storm was harmless and short.", talk)
    page("bob", "Are you blind? It took my roof.", talk)
    found = targets(page("cat", "No, he is stupid. That clown never looks out of the window.", talk, HOSTILE))
    assert "bob" not in found
    assert 0.2 < found["ann"].confidence <= 0.7


def test_an_absent_person_insulted_after_nobody_was_spoken_to_is_outside() -> None:
    talk = Talk()
    page("ann", "The minister opened the bridge.", talk)
    assert page("bob", "He is a liar and a fraud.", talk, HOSTILE).outcome == "outside"


def test_the_answered_person_gets_next_to_nothing_of_an_insult_to_a_third() -> None:
    talk = Talk()
    talk.say("ann", "The bridge should be painted green.")
    talk.say("bob", "You know nothing about bridges.", 0.4, parent_id="c1")
    found = targets(talk.say("cat", "Right, he is an idiot.", HOSTILE, parent_id="c2"))
    assert found["bob"].kind is LinkKind.PARENT
    assert found["bob"].hostility < 0.1 < found["ann"].hostility


def test_top_level_hostility_aims_at_the_conversations_author() -> None:
    step = Talk().say("bob", "Who pays you to write this? You are a fraud.", HOSTILE, conversation_author_id="eve")
    assert (first(step).target_id, first(step).kind) == ("eve", LinkKind.CONVERSATION_AUTHOR)


def test_top_level_hostility_aims_at_nobody_where_that_author_is_unknown() -> None:
    talk = Talk()
    talk.say("ann", "The bridge is old.")
    talk.say("cat", "So it is.", parent_id="c1")
    assert talk.say("bob", "You are a fraud.", HOSTILE).outcome == "unaddressed"


def test_a_comment_without_text_is_no_attack() -> None:
    talk = Talk()
    page("ann", "The bridge is old.", talk)
    assert all(reply.hostility < 0.05 for reply in page("bob", "", talk).outputs)


def test_a_reply_carries_what_the_detector_needs() -> None:
    talk = Talk()
    talk.say("ann", "The bridge is old.")
    step = talk.say("bob", "You fool.", HOSTILE, parent_id="c1", author_role="moderator")
    reply = first(step)
    assert (reply.author_id, reply.author_role, reply.comment_id, reply.conversation_id) == ("bob", "moderator", "c2", "talk")
    assert (reply.toxicity, reply.created_at, reply.revision) == (HOSTILE, NOON + 2 * MINUTE, 1)
