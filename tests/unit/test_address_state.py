"""What address remembers: waiting children, edits, deletions, corrections, limits."""

import time
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from streams import topology
from streams.engine import Effects, fold, load
from streams.records import Action, Comment, DeletedBy, LinkKind, PileOn, Reply, Status
from streams.stages.address import Address, Config
from streams.stages.conversation import Conversations, Entry
from streams.stages.step import Arrived
from tests.support.builders import DAY, HOSTILE, MINUTE, NOON, arrived, comment, deleted, edited, scored
from tests.support.folding import folded
from tests.support.talk import Talk


def rescored(record: Comment, toxicity: float = 0.1) -> object:
    inner = scored(toxicity=toxicity)
    return msgspec.structs.replace(inner, comment=record)


def attack(talk: Talk) -> Comment:
    talk.say("ann", "The bridge should be painted green.")
    talk.say("bob", "You are an idiot.", HOSTILE, parent_id="c1")
    return comment("c2", author_id="bob", text="You are an idiot.", parent_id="c1", created_at=NOON + 2 * MINUTE)


def test_a_child_waits_and_goes_out_when_its_parent_comes() -> None:
    talk = Talk()
    waiting = talk.say("bob", "You are an idiot.", HOSTILE, comment_id="child", parent_id="late")
    assert (waiting.outcome, waiting.outputs) == ("waiting", ())
    step = talk.say("ann", "The bridge should be painted green.", comment_id="late")
    assert step.notes == ("released",)
    (reply,) = step.outputs
    assert (reply.comment_id, reply.target_id, reply.kind, reply.confidence) == ("child", "ann", LinkKind.PARENT, 1.0)
    assert reply.hostility > 0.8
    assert (reply.created_at, reply.ingested_at) == (NOON + MINUTE, NOON + 2 * MINUTE + timedelta(seconds=2))


def test_children_go_out_once_and_in_the_order_they_came() -> None:
    talk = Talk()
    for author in ("bob", "cat", "dan"):
        talk.say(author, "No.", comment_id=f"of-{author}", parent_id="late")
    step = talk.say("ann", "The bridge is green.", comment_id="late")
    assert [reply.comment_id for reply in step.outputs] == ["of-bob", "of-cat", "of-dan"]
    assert talk.say("ann", "The bridge is green.", comment_id="late").outcome == "duplicate"
    assert talk.say("eve", "No.", parent_id="late").notes == ()


def test_a_child_of_ones_own_late_comment_is_a_self_reply() -> None:
    talk = Talk()
    talk.say("ann", "Or blue.", comment_id="child", parent_id="late")
    step = talk.say("ann", "Green.", comment_id="late")
    assert (step.outputs, step.notes) == ((), ("released_self_reply",))


def test_a_waiting_comment_is_never_guessed() -> None:
    talk = Talk()
    talk.say("ann", "The bridge is green.")
    assert talk.say("bob", "@ann you fool", HOSTILE, parent_id="late").outcome == "waiting"


def test_more_may_not_wait_than_the_limit_and_the_longest_waiting_is_unaddressed() -> None:
    talk = Talk(Config(max_waiting=3))
    steps = [talk.say(f"p{n}", "No.", comment_id=f"w{n}", parent_id=f"late{n}") for n in range(5)]
    assert [step.notes for step in steps] == [(), (), (), ("parent_missing",), ("parent_missing",)]
    assert talk.say("ann", "Green.", comment_id="late0").outputs == ()
    assert len(talk.say("ann", "Green.", comment_id="late4").outputs) == 1


def test_a_parent_that_waits_itself_takes_the_room_of_the_children_it_releases() -> None:
    talk = Talk(Config(max_waiting=2))
    for n in range(2):
        talk.say(f"p{n}", "No.", comment_id=f"w{n}", parent_id="late")
    step = talk.say("ann", "Green.", comment_id="late", parent_id="never")
    assert (step.outcome, step.notes) == ("waiting", ("released", "released"))
    assert [reply.comment_id for reply in step.outputs] == ["w0", "w1"]


def test_a_parent_of_itself_waits_for_nobody() -> None:
    assert Talk().say("bob", "Green.", comment_id="me", parent_id="me").outcome == "unaddressed"


def test_the_same_comment_twice_counts_once() -> None:
    talk = Talk()
    attack(talk)
    step = talk.say("bob", "You are an idiot, again.", HOSTILE, comment_id="c2", parent_id="c1")
    assert (step.outcome, step.outputs, step.entries) == ("duplicate", (), ())


def test_an_edit_sends_the_next_revision_with_the_new_hostility() -> None:
    talk = Talk()
    original = attack(talk)
    step = talk.take(rescored(edited(original, "I see it differently.", NOON + 9 * MINUTE)))
    (reply,) = step.outputs
    assert (step.outcome, reply.action, reply.revision, reply.target_id) == ("edited", Action.EDITED, 2, "ann")
    assert reply.hostility < 0.1
    assert reply.created_at == NOON + 9 * MINUTE


def test_an_edit_that_turns_hostile_counts_when_it_was_edited() -> None:
    talk = Talk()
    talk.say("ann", "The bridge should be painted green.")
    talk.say("bob", "Fine.", comment_id="c2", parent_id="c1")
    original = comment("c2", author_id="bob", parent_id="c1")
    (reply,) = talk.take(rescored(edited(original, "You are an idiot.", NOON + 9 * MINUTE), HOSTILE)).outputs
    assert reply.hostility > 0.8
    assert reply.created_at == NOON + 9 * MINUTE


def test_an_edit_without_its_parent_still_answers_the_same_person() -> None:
    talk = Talk()
    original = msgspec.structs.replace(attack(talk), parent_id=None)
    (reply,) = talk.take(rescored(edited(original, "I see it differently.", NOON + 9 * MINUTE))).outputs
    assert (reply.target_id, reply.kind, reply.confidence) == ("ann", LinkKind.PARENT, 1.0)


def test_an_edit_that_turns_to_somebody_else_takes_it_off_the_first() -> None:
    talk = Talk()
    talk.say("ann", "Green.")
    talk.say("cat", "Blue.")
    talk.say("bob", "@ann you are an idiot", HOSTILE, comment_id="m")
    record = edited(comment("m", author_id="bob"), "@cat you are an idiot", NOON + 9 * MINUTE)
    replies = {reply.target_id: reply for reply in talk.take(rescored(record, HOSTILE)).outputs}
    assert (replies["ann"].hostility, replies["ann"].confidence, replies["ann"].revision) == (0, 0, 2)
    assert replies["cat"].hostility > 0.5
    assert replies["cat"].revision == 1


def test_the_same_edit_twice_and_an_older_edit_later_change_nothing() -> None:
    talk = Talk()
    original = attack(talk)
    record = rescored(edited(original, "Fine.", NOON + 9 * MINUTE))
    talk.take(record)
    assert talk.take(record).outcome == "duplicate"
    older = talk.take(rescored(edited(original, "You worm.", NOON + 8 * MINUTE), HOSTILE))
    assert (older.outcome, older.outputs, older.notes) == ("duplicate", (), ("stale_edit",))


def test_a_deletion_sends_the_next_revision_and_who_deleted() -> None:
    talk = Talk()
    original = attack(talk)
    step = talk.take(rescored(deleted(original, NOON + 9 * MINUTE, deleted_by=DeletedBy.AUTHOR), 0.0))
    (reply,) = step.outputs
    assert (step.outcome, reply.action, reply.deleted_by, reply.revision) == ("deleted", Action.DELETED, DeletedBy.AUTHOR, 2)
    assert (reply.target_id, reply.author_id, reply.created_at) == ("ann", "bob", NOON + 2 * MINUTE)
    assert talk.take(rescored(deleted(original, NOON + 10 * MINUTE), 0.0)).outcome == "duplicate"
    assert talk.say("bob", "You are an idiot.", HOSTILE, comment_id="c2", parent_id="c1").outcome == "duplicate"


def test_what_was_never_seen_can_neither_be_edited_nor_deleted() -> None:
    talk = Talk()
    unseen = comment("unseen")
    assert talk.take(rescored(edited(unseen, "Fine.", NOON))).outcome == "unroutable"
    assert talk.take(rescored(deleted(unseen, NOON), 0.0)).outcome == "unroutable"


def test_a_child_deleted_while_it_waits_never_goes_out() -> None:
    talk = Talk()
    talk.say("bob", "No.", comment_id="child", parent_id="late")
    step = talk.take(rescored(deleted(comment("child", author_id="bob", parent_id="late"), NOON + 5 * MINUTE), 0.0))
    assert (step.outcome, step.notes) == ("deleted", ("withdrawn",))
    assert talk.say("ann", "Green.", comment_id="late").outputs == ()


def test_a_child_edited_while_it_waits_goes_out_as_edited() -> None:
    talk = Talk()
    talk.say("bob", "You are an idiot.", HOSTILE, comment_id="child", parent_id="late")
    record = edited(comment("child", author_id="bob", parent_id="late"), "I see it differently.", NOON + 5 * MINUTE)
    assert talk.take(rescored(record)).outputs == ()
    (reply,) = talk.say("ann", "Green.", comment_id="late").outputs
    assert reply.hostility < 0.1


def test_an_author_can_say_it_was_not_meant_for_you() -> None:
    talk = Talk()
    for author, text in (("ann", "The whole storm was harmless."), ("bob", "Are you blind?")):
        talk.say(author, text, 0.4, created_at_is_estimated=True)
    insult = talk.say("cat", "No, he is stupid. That fool never looks out.", HOSTILE, created_at_is_estimated=True, comment_id="insult")
    before = {reply.target_id: reply for reply in insult.outputs}["ann"]
    talk.say("ann", "Is it stupid to look at the sky?", created_at_is_estimated=True)
    step = talk.say("cat", "I was not talking to you.", created_at_is_estimated=True)
    after = next(reply for reply in step.outputs if reply.comment_id == "insult")
    assert (after.target_id, after.revision) == ("ann", 2)
    assert after.hostility < before.hostility / 5
    assert "taken_back" in step.notes


@pytest.mark.parametrize("text", ["I was not talking to you.", "I did not mean you, I was talking about Tom."])
def test_what_was_said_to_somebody_is_taken_back_though_the_author_has_abused_a_group_since(text: str) -> None:
    talk = Talk()
    talk.say("ann", "The whole storm was harmless.", created_at_is_estimated=True)
    talk.say("cat", "@ann What an idiot.", HOSTILE, created_at_is_estimated=True, comment_id="insult")
    assert talk.say("cat", "All politicians are idiots.", HOSTILE, created_at_is_estimated=True).outputs == ()
    talk.say("ann", "Why do you say that to me?", created_at_is_estimated=True)
    talk.say("tom", "It was harmless here too.", created_at_is_estimated=True)
    step = talk.say("cat", text, created_at_is_estimated=True)
    assert {reply.comment_id for reply in step.outputs if reply.revision > 1} == {"insult"}


@pytest.mark.parametrize("correction", ["I was not addressing you.", "I was talking about Tom.", "I did not mean you, I meant Tom."])
@pytest.mark.parametrize(("text", "parent"), [("You are a pathetic idiot, shut up.", "root"), ("@ann you are a pathetic idiot.", None)])
def test_an_insult_that_says_you_to_whom_it_answers_is_not_undone_by_one_more_comment(
    text: str, parent: str | None, correction: str
) -> None:
    talk = Talk()
    talk.say("ann", "The ferry leaves at nine.", comment_id="root")
    talk.say("tom", "At ten on Sundays.")
    (insult,) = talk.say("bob", text, HOSTILE, comment_id="insult", parent_id=parent).outputs
    assert insult.hostility > 0.5
    step = talk.say("bob", correction, parent_id="root")
    assert "taken_back" not in step.notes
    assert [reply for reply in step.outputs if reply.comment_id == "insult"] == []


@pytest.mark.parametrize("text", ["OP is an idiot.", "The author is an idiot.", "Whoever wrote this is an idiot."])
def test_who_names_the_author_answered_as_author_speaks_to_them(text: str) -> None:
    talk = Talk()
    talk.say("ann", "The ferry leaves at nine.", comment_id="post")
    talk.say("tom", "At ten on Sundays.", comment_id="later", parent_id="post")
    (to_ann,) = talk.say("bob", text, HOSTILE, parent_id="post").outputs
    assert to_ann.hostility > 0.5
    to_tom = {one.target_id: one.hostility for one in talk.say("cat", text, HOSTILE, parent_id="later").outputs}
    assert (to_tom.get("tom", 0.0) > 0.5) == text.startswith("Whoever")


def test_whoever_wrote_what_is_quoted_is_not_the_person_answered() -> None:
    talk = Talk()
    talk.say("ann", "The ferry leaves at nine.", comment_id="post")
    step = talk.say("bob", '"You are a liar, ann." Whoever wrote this is an idiot.', HOSTILE, parent_id="post")
    assert all(one.hostility < 0.5 for one in step.outputs)


def test_twelve_people_who_insult_somebody_and_say_that_they_did_not_address_them_pile_on() -> None:
    talk, replies = Talk(), list[Reply]()
    talk.say("ann", "The ferry leaves at nine.", comment_id="root")
    for n in range(12):
        replies += talk.say(f"p{n}", "You are a worthless idiot.", HOSTILE, parent_id="root").outputs
        replies += talk.say(f"p{n}", "I was not addressing you.", parent_id="root").outputs
    pileons: list[PileOn] = folded(topology.Config().pileons(), replies).outputs
    assert pileons[0].status is Status.OPENED


def test_an_author_can_say_who_was_meant() -> None:
    talk = Talk()
    talk.say("u1", "The storm was harmless.", author_name="Mira Castellan", created_at_is_estimated=True)
    talk.say("u2", "The harbour is closed.", author_name="Tom Bower", created_at_is_estimated=True)
    talk.say("cat", "You are an idiot.", HOSTILE, created_at_is_estimated=True, comment_id="insult")
    step = talk.say("cat", "I meant Castallan, sorry.", created_at_is_estimated=True)
    now = {reply.target_id: reply for reply in step.outputs if reply.comment_id == "insult"}
    assert now["u1"].hostility > 0.5 > now["u2"].hostility
    assert sum(reply.confidence for reply in now.values()) <= 1


def test_no_more_comments_are_remembered_than_the_limit() -> None:
    talk = Talk(Config(max_comments=10))
    notes = [note for n in range(25) for note in talk.say(f"p{n}", "Green.").notes]
    (conversation,) = talk.store.open.values()
    assert len(conversation.entries) == 10
    assert notes.count("evicted") == 15


def test_an_evicted_parent_is_missing_not_guessed() -> None:
    talk = Talk(Config(max_comments=10))
    for n in range(15):
        talk.say(f"p{n}", "Green.")
    assert talk.say("bob", "No.", parent_id="c1").outcome == "waiting"


def test_comments_go_after_the_days_and_so_do_quiet_conversations() -> None:
    talk = Talk(Config(max_days=30))
    talk.say("ann", "Green.", conversation_id="quiet", created_at=NOON)
    talk.say("ann", "Green.", conversation_id="busy", created_at=NOON + MINUTE)
    step = talk.say("bob", "Blue.", conversation_id="busy", created_at=NOON + 31 * DAY)
    assert step.notes == ("evicted", "evicted")
    assert [place[2] for place in talk.store.open] == ["busy"]


def test_another_communitys_clock_evicts_nothing_here() -> None:
    talk = Talk()
    talk.say("ann", "Green.", community="chess")
    assert talk.say("bob", "Blue.", created_at=NOON + 400 * DAY).notes == ()


def test_conversations_with_the_same_name_elsewhere_are_strangers() -> None:
    talk = Talk()
    talk.say("ann", "Green.", community="chess")
    assert talk.say("bob", "@ann no", parent_id=None).outcome == "outside"
    assert talk.say("bob", "No.", parent_id="c1").outcome == "waiting"


def test_a_store_made_again_from_its_entries_in_any_order_answers_the_same() -> None:
    stage = Address(Config(max_comments=10, max_waiting=2))
    lines = [
        ("ann", "The storm was harmless.", None),
        ("bob", "You are dreaming, ann.", None),
        ("cat", "@ann no", None),
        ("dan", "No.", "late"),
    ]
    records = [
        arrived(scored(f"c{n}", 0.3, author_id=f"{author}{n % 3}", text=text, parent_id=parent, created_at=NOON + n * MINUTE))
        for n, (author, text, parent) in enumerate(lines * 6)
    ]
    store, effects = stage.new_store(), Effects()
    kept: dict[bytes, bytes | None] = {}
    for record in records[:14]:
        effects = Effects()
        fold(stage, [record], store, effects)
        kept |= effects.entries
    again = load(stage, sorted(kept.items(), reverse=True))
    assert [stage_sends(stage, store, records[14:])] == [stage_sends(stage, again, records[14:])]


def stage_sends(stage: Address, store: Conversations, records: Sequence[Arrived]) -> list[object]:
    effects = Effects()
    fold(stage, records, store, effects)
    return [effects.sends, effects.entries, effects.outcomes, effects.notes]


def test_an_entry_is_small_and_holds_no_text() -> None:
    talk = Talk()
    words = "The quarrelsome harbour master counted seventeen enormous yellow umbrellas before breakfast on the crowded landing stage. "
    talk.say("ann", "The bridge is old.", author_name="Ann Marlow-Castellan")
    step = talk.say("bob", words * 20, author_name="Robert Underhill", created_at_is_estimated=True)
    (_, entry) = step.entries[0]
    encoded = msgspec.json.encode(entry)
    assert len(encoded) < 500
    assert not any(word.encode() in encoded for word in ("umbrellas", "harbour", "seventeen"))
    assert msgspec.json.decode(encoded, type=Entry) == entry


def test_ten_thousand_answers_in_a_chain_take_no_longer_each_than_a_hundred() -> None:
    def seconds(length: int) -> float:
        talk = Talk()
        started = time.perf_counter()
        for n in range(length):
            talk.say(f"p{n}", "You are wrong about that.", comment_id=f"d{n}", parent_id=f"d{n - 1}" if n else None)
        return time.perf_counter() - started

    seconds(100)
    assert seconds(10_000) < 100 * 8 * max(seconds(100), 0.005)


def test_a_child_goes_out_when_its_parent_comes_even_though_that_waits_for_its_own() -> None:
    talk = Talk()
    talk.say("bob", "You are an idiot.", HOSTILE, comment_id="child", parent_id="parent")
    came = talk.say("ann", "Nobody knows.", comment_id="parent", parent_id="root")
    assert came.outcome == "waiting"
    assert [(sent.comment_id, sent.target_id) for sent in came.outputs] == [("child", "ann")]
    assert [sent.comment_id for sent in talk.say("eve", "Hello.", comment_id="root").outputs] == ["parent"]
