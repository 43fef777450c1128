"""Chats: what a message answers that names nobody, by its source's ranker; the same from state as from memory, and without text."""

from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.rankers import open_ranker
from streams.records import Comment, ScoredComment
from streams.stages.address import Address
from streams.stages.conversation import Conversations, Entry
from streams.stages.ranking.following import Following
from streams.stages.ranking.turn import LOOK_BACK, turn_of
from streams.stages.step import Arrived, Step
from tests.support.builders import FRIENDLY, HOUR, MINUTE, NOON, comment, deleted, edited
from tests.support.chat import LINES, chat

IRC = open_ranker("irc")
WORDS = "ann bob cleo dan: kernel, boot? latex thanks you and what shift http://x.org no yes".split()


def stage(key: bytes = b"a key") -> Address:
    return Address(installation_key=key, rankers={"irc": IRC})


def taken(address: Address, store: Conversations, records: Iterable[Comment], *, through_json: bool = False) -> list[Step]:
    """Take records; ``through_json``: before each, the store is made again from its entries, as after a restart."""
    steps, entries = [], dict[str, bytes]()
    for record in records:
        if through_json:
            store = address.new_store()
            for key, entry in entries.items():
                store.apply(key, msgspec.json.decode(entry, type=Entry))
        step = address.step(store, Arrived(ScoredComment(comment=record, toxicity=FRIENDLY, scorer="none@1"), NOON))
        for key, entry in step.entries:
            store.apply(key, entry)
            entries[key] = msgspec.json.encode(entry)
            if entry is None:
                del entries[key]
        steps.append(step)
    return steps


def aims(step: Step) -> dict[str, float]:
    return {reply.target_id: reply.confidence for reply in step.outputs}


def test_two_talks_at_once_are_told_apart_where_nobody_is_named():
    steps = taken(stage(), stage().new_store(), chat(LINES))
    best = [max(aims(step), key=aims(step).__getitem__, default=None) for step in steps]
    assert best[2:] == ["ann", "cleo", "bob", "dan", "ann"]
    assert all(sum(aims(step).values()) <= 1 for step in steps)


def test_page_order_would_have_taken_the_speaker_before():
    plain = Address()
    steps = taken(plain, plain.new_store(), chat(LINES))
    assert max(aims(steps[5]), key=aims(steps[5]).__getitem__) == "ann"


def test_what_is_found_is_what_the_ranker_finds_of_the_same_messages():
    following, found, names = Following(IRC), [], {name: name for name in ("ann", "bob", "cleo")}
    for one in chat(LINES):
        minute = (one.created_at - NOON.replace(year=1970)) // MINUTE
        earlier = following.earlier
        found.append(following.take(turn_of(minute, one.author_id or "", one.text or "", names.get)).people(earlier))
    steps = taken(stage(), stage().new_store(), chat(LINES[:6]))
    for step, shares, (me, _) in zip(steps[3:], found[3:], LINES[3:6], strict=False):
        likely = {person: share for person, share in shares.items() if person != me and share >= 0.05}
        assert aims(step) == likely


def test_no_word_of_a_message_is_in_state_and_another_key_gives_other_hashes_and_the_same_links():
    one, other = (taken(stage(key), stage(key).new_store(), chat(LINES)) for key in (b"one", b"two"))
    assert [step.outputs for step in one] == [step.outputs for step in other]
    state = [msgspec.json.encode(entry) for steps in (one, other) for step in steps for _, entry in step.entries]
    assert not any(word in entry for entry in state for word in (b"kernel", b"latex", b"recovery"))
    words = [[entry.turn.words for step in steps for _, entry in step.entries] for steps in (one, other)]
    assert words[0] != words[1]


def test_an_entry_stays_small_whatever_is_said():
    flood = " ".join(f"word{n}" for n in range(20_000))
    (step,) = taken(stage(), stage().new_store(), chat([("ann", flood)]))
    assert len(msgspec.json.encode(step.entries[0][1].turn)) < 200


def test_what_is_deleted_is_not_remembered_and_what_is_edited_is_ranked_anew_at_its_place():
    first, second, third = chat(LINES[:3])
    address, store = stage(), stage().new_store()
    taken(address, store, [first, second, third])
    (gone,) = taken(address, store, [deleted(second, NOON + MINUTE)])
    assert gone.entries[0][1].turn is None
    (again,) = taken(address, store, [edited(third, "cleo: kile is fine", NOON + 2 * MINUTE)])
    assert {reply.target_id: reply.confidence for reply in again.outputs}["ann"] < 0.2
    assert again.entries[0][1].n == 2


def test_an_explicit_parent_is_believed_and_remembered_as_what_is_answered():
    records = chat(LINES[:3])
    answer = comment("p", source="irc", author_id="dan", parent_id="c0", text="same here", created_at=NOON + 2 * MINUTE)
    steps = taken(stage(), stage().new_store(), [*records, answer])
    assert aims(steps[-1]) == {"ann": 1.0}
    assert steps[-1].entries[0][1].turn.back == 3


@given(
    st.lists(
        st.tuples(st.sampled_from(["ann", "bob", "cleo", "dan", None]), st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)),
        max_size=12,
    ),
    st.lists(st.integers(0, 11), max_size=3),
)
@settings(deadline=None, max_examples=25)
def test_a_store_made_again_from_state_gives_the_same_replies(lines, gone):
    records = chat(lines)
    records += [deleted(records[n], NOON + HOUR) for n in sorted(set(gone)) if n < len(lines)]
    records += [comment(f"d{n}", source="irc", author_id="bob", text="and then?", created_at=NOON + 2 * HOUR) for n in range(2)]
    kept, made_again = (taken(stage(), stage().new_store(), records, through_json=json) for json in (False, True))
    assert kept == made_again


def test_a_long_chat_looks_back_no_further_than_the_ranker_does():
    records = chat([("ann", "kernel"), *(("bob", f"latex {n}") for n in range(LOOK_BACK))])
    steps = taken(stage(), stage().new_store(), [*records, comment("x", source="irc", author_id="cleo", text="kernel")])
    assert "ann" not in aims(steps[-1])
