"""What holds for any conversation."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine import Effects, fold, load
from streams.records import Action, Reply, ScoredComment
from streams.stages.address import Address, Config
from streams.stages.step import Arrived
from tests.support.builders import MINUTE, NOON, arrived, comment

PEOPLE = [None, "ann", "bob", "Al", "Al Green", "žofie", "comment:c1"]
PHRASES = [
    "You are an idiot.", "@ann no", "@Al Green yes @bob", "Al, listen.", "He is a liar.", "They are cowards.", "I meant ann.",
    "I was not talking to you.", "> the old green bridge\nno", "the old green bridge", "“the old green bridge” no", "Do you even read?",
    "", "@", "@@@@ @nobody", "\u202e\u200b", "thanks", "low fence, high hedge", "@" * 50,
]  # fmt: skip
IDS = [f"c{n}" for n in range(8)]

comments = st.builds(
    lambda comment_id, parent, author, phrases, action, minute, toxicity, estimated, talk, reply_to: ScoredComment(
        comment=comment(
            comment_id,
            parent_id=parent,
            author_id=author,
            author_name=author,
            text=" ".join(phrases),
            action=action,
            conversation_id=talk,
            conversation_author_id="eve",
            reply_to_author_id=reply_to,
            created_at=NOON + minute * MINUTE,
            created_at_is_estimated=estimated,
            edited_at=None if action is Action.CREATED else NOON + (minute + 5) * MINUTE,
        ),
        toxicity=toxicity,
        scorer="test@1",
    ),
    st.sampled_from(IDS),
    st.none() | st.sampled_from([*IDS, "t1"]),
    st.sampled_from(PEOPLE),
    st.lists(st.sampled_from(PHRASES), max_size=3),
    st.sampled_from([Action.CREATED, Action.CREATED, Action.CREATED, Action.EDITED, Action.DELETED]),
    st.integers(0, 60 * 24 * 40),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    st.booleans(),
    st.sampled_from(["t1", "t1", "t2"]),
    st.none() | st.none() | st.none() | st.just("ann"),
)
recordings = st.lists(comments, max_size=30).map(lambda records: [arrived(record) for record in records])
SMALL = Config(max_comments=10, max_waiting=2)


def run(records: list[Arrived], store: Any = None, cuts: tuple[int, ...] = ()) -> tuple[Effects, Any]:
    stage = Address(SMALL)
    store = stage.new_store() if store is None else store
    total = Effects()
    edges = [0, *sorted(cut for cut in cuts if cut < len(records)), len(records)]
    for start, end in pairwise(edges):
        part = Effects()
        fold(stage, records[start:end], store, part)
        total.entries |= part.entries
        total.sends += part.sends
        total.outputs += part.outputs
        total.steps += part.steps
        total.outcomes.update(part.outcomes)
        total.notes.update(part.notes)
    return total, store


@given(recordings)
def test_confidences_of_a_comment_never_sum_to_more_than_one(records: list[Arrived]) -> None:
    effects, _ = run(records)
    for step in effects.steps:
        per_comment: dict[str, float] = {}
        for reply in step.outputs:
            per_comment[reply.comment_id] = per_comment.get(reply.comment_id, 0.0) + reply.confidence
        assert all(total <= 1.0001 for total in per_comment.values())


@given(recordings)
def test_what_stands_against_a_comments_targets_never_sums_to_more_than_one(records: list[Arrived]) -> None:
    effects, _ = run(records)
    standing: dict[tuple[str, str], dict[str, Reply]] = {}
    for step in effects.steps:
        if "evicted" in step.notes:
            # What is written again after it was let go starts anew.
            return
        for reply in step.outputs:
            standing.setdefault((reply.conversation_id, reply.comment_id), {})[reply.target_id] = reply
        assert all(sum(last.confidence for last in aims.values()) <= 1.0001 for aims in standing.values())


@given(recordings)
def test_nobody_is_ever_their_own_target_and_hostility_never_exceeds_confidence(records: list[Arrived]) -> None:
    effects, _ = run(records)
    for reply in effects.outputs:
        assert reply.target_id != reply.author_id
        assert 0 <= reply.hostility <= reply.confidence + 1e-4


@given(recordings, st.lists(st.integers(1, 29), max_size=4))
def test_splitting_a_batch_changes_nothing(records: list[Arrived], cuts: list[int]) -> None:
    whole, _ = run(records)
    parts, _ = run(records, cuts=tuple(sorted(set(cuts))))
    assert (whole.sends, whole.entries, whole.outcomes, whole.notes) == (parts.sends, parts.entries, parts.outcomes, parts.notes)


@given(recordings, st.integers(0, 30), st.randoms(use_true_random=False))
def test_a_store_loaded_from_its_entries_goes_on_the_same(records: list[Arrived], at: int, order: Any) -> None:
    before, store = run(records[:at])
    entries = list(before.entries.items())
    order.shuffle(entries)
    loaded = load(Address(SMALL), entries)
    one, _ = run(records[at:], store)
    other, _ = run(records[at:], loaded)
    assert (one.sends, one.entries, one.outcomes, one.notes) == (other.sends, other.entries, other.outcomes, other.notes)


@given(recordings)
def test_a_record_that_comes_twice_changes_nothing(records: list[Arrived]) -> None:
    stage = Address()
    once, twice = stage.new_store(), stage.new_store()
    for record in records:
        first, again = Effects(), Effects()
        fold(stage, [record], once, Effects())
        fold(stage, [record], twice, first)
        fold(stage, [record], twice, again)
        assert (again.sends, again.entries) == ([], {})
        assert set(again.outcomes) <= {"duplicate", "unroutable"}
    assert {place: talk.entries for place, talk in once.open.items()} == {place: talk.entries for place, talk in twice.open.items()}


@given(recordings)
def test_revisions_of_a_comment_and_target_count_up_by_one(records: list[Arrived]) -> None:
    effects, _ = run(records)
    seen: dict[tuple[str, str, str], int] = {}
    # A comment let go and written again starts anew.
    if effects.notes["evicted"]:
        return
    for reply in effects.outputs:
        key = (reply.conversation_id, reply.comment_id, reply.target_id)
        assert reply.revision == seen.get(key, 0) + 1
        seen[key] = reply.revision


@given(recordings)
def test_every_comment_has_one_outcome_and_the_sums_balance(records: list[Arrived]) -> None:
    effects, store = run(records)
    assert sum(effects.outcomes.values()) == len(records)
    assert set(effects.outcomes) <= set(Address.outcomes)
    waiting = sum(len(talk.waiting_by_n) for talk in store.open.values())
    notes = effects.notes
    assert (
        effects.outcomes["waiting"]
        == waiting + notes["released"] + notes["released_self_reply"] + notes["parent_missing"] + notes["withdrawn"]
    )


@given(recordings)
def test_state_stays_bounded(records: list[Arrived]) -> None:
    _, store = run(records)
    assert all(len(talk.entries) <= 10 and len(talk.waiting_by_n) <= 2 for talk in store.open.values())
    assert all(set(talk.by_n.values()) == set(talk.entries) for talk in store.open.values())


@settings(max_examples=200)
@given(st.lists(st.text(max_size=300), max_size=6))
def test_no_text_whatever_raises(texts: list[str]) -> None:
    stage = Address()
    store = stage.new_store()
    records = [
        arrived(
            ScoredComment(
                comment=comment(
                    f"c{n}", author_id=text[:9] or None, author_name=text[:20], text=text, created_at=NOON + timedelta(minutes=n)
                ),
                toxicity=0.5,
                scorer="test@1",
            )
        )
        for n, text in enumerate(texts)
    ]
    effects = Effects()
    fold(stage, records, store, effects)
    assert sum(effects.outcomes.values()) == len(texts)


def test_what_waited_for_a_comment_that_takes_it_back_was_sent_and_waits_no_more() -> None:
    def said(comment_id: str, text: str, parent_id: str | None = None, minutes: int = 0) -> Arrived:
        made = comment(comment_id, author_id="kim", parent_id=parent_id, text=text, created_at=NOON + timedelta(minutes=minutes))
        return arrived(ScoredComment(comment=made, toxicity=1.0, scorer="test@1"))

    other = ScoredComment(comment=comment("o", author_id="ann", author_name="ann", text="hello"), toxicity=0.0, scorer="test@1")
    effects, store = run([arrived(other), said("child", "you fool", "post"), said("post", "I meant ann.", minutes=1)])
    assert (effects.notes["released_self_reply"], effects.notes["taken_back"]) == (1, 1)
    assert [len(talk.waiting_by_n) for talk in store.open.values()] == [0]
