"""Real trees: what is put in comes out of the scorer and the address stage as replies to the right person; a missing folder is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from streams.evaluation.forest import dealt_anew, replies, trees, with_hostility
from streams.evaluation.raids import Raid, Said, combinations, put_below
from streams.evaluation.real import Forest
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.site import site
from streams.evaluation.stream import Part
from streams.evaluation.trees import comments, missing, without_parents
from streams.records import Comment
from streams.scorers import open_scorer
from tests.support.real import shared

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
INVENTED = ("You are a miserable liar and everybody here knows it.", "Shut up, you stupid clown.")
CIVIL = ("Thank you, that helped.", "Which bus goes there?")
SAID = Said(insults=INVENTED, civil=CIVIL, strangers=[f"stranger-{n}" for n in range(200)])


def post(author: str = "ann") -> Comment:
    return Comment(
        source="s", community="c", conversation_id="v", comment_id="p", author_id=author, text="A picture of my bicycle.", created_at=NOON,
        ingested_at=NOON,
    )  # fmt: skip


@pytest.mark.parametrize("raid", combinations()[::5], ids=lambda raid: f"{raid.hostile_authors} {raid.share} {raid.lags} {raid.is_attack}")
def test_a_raid_has_its_people_and_its_share_and_a_twin_the_same_size(raid: Raid):
    put = put_below(post(), raid, SAID, 7, np.random.default_rng(1))
    attackers = [comment for comment in put if raid.part(comment.comment_id) == Part.ATTACKER]
    assert len(attackers) == (raid.hostile_authors if raid.is_attack else 0)
    assert len({comment.author_id for comment in attackers}) == len(attackers)
    assert len(put) == round(raid.hostile_authors / raid.share)
    assert all(comment.text in (INVENTED if comment in attackers else CIVIL) for comment in put)
    assert all(comment.parent_id == "p" and comment.created_at > NOON for comment in put)


def test_what_is_put_in_comes_out_as_hostile_replies_to_the_person():
    raid = Raid(kind="share 0.6", is_attack=True, hostile_authors=16, share=0.6, lags="twitter")
    given = replies([post(), *put_below(post(), raid, SAID, 0, np.random.default_rng(1))], open_scorer("linear"))
    found = trees(given, {("s", "c", "ann"): raid})
    (ann,) = found.watched
    assert found.keys == (("s", "c", "ann"),)
    assert len(ann.stream) == 27
    assert (ann.stream.x[ann.stream.part == Part.ATTACKER] >= 0.5).all()
    assert (ann.stream.x[ann.stream.part == Part.CROWD] < 0.5).all()
    (event,) = ann.stream.events
    assert (event.hostile_authors, event.begin) == (16, int(ann.stream.at[ann.stream.part == Part.ATTACKER].min()))


def test_dealing_anew_keeps_every_x_and_who_is_new():
    raid = Raid(kind="share 0.6", is_attack=True, hostile_authors=16, share=0.6, lags="twitter")
    found = trees(replies([post(), *put_below(post(), raid, SAID, 0, np.random.default_rng(1))], open_scorer("linear")))
    dealt = dealt_anew(found, np.random.default_rng(3))
    assert sorted(dealt.watched[0].stream.x) == sorted(found.watched[0].stream.x)
    assert list(dealt.watched[0].stream.x) != list(found.watched[0].stream.x)
    assert (dealt.watched[0].is_new == found.watched[0].is_new).all()
    calm = with_hostility(found, [np.zeros(len(one.stream)) for one in found.watched])
    assert calm.watched[0].stream.x.max() == 0


def test_without_parents_nothing_else_is_gone():
    raid = combinations()[0]
    put = put_below(post(), raid, SAID, 0, np.random.default_rng(1))
    hidden = without_parents(put)
    assert all(comment.parent_id is None for comment in hidden)
    assert [comment.text for comment in hidden] == [comment.text for comment in put]


def test_what_is_missing_is_named(tmp_path: Path):
    assert len(missing(tmp_path)) == 3


def test_real_trees_can_be_raided_and_their_raids_found():
    data = shared() / "datasets"
    assert missing(data) == []
    assert len(comments(data)) > 10_000
    plan = Plan(targets=200)
    nominal = site(plan, streams(plan, range(0, 200, 2)))
    forest = Forest(data, each=1)
    assert forest.raids >= 20
    events = [event for one in forest.raided.watched for event in one.stream.events]
    assert sum(event.is_attack for event in events) == forest.raids
    assert all(event.end - event.begin <= timedelta(days=1) / timedelta(microseconds=1) for event in events)
    assert forest.recall(nominal, lambda watched: [(int(watched.stream.events[0].begin), "pileon")] if watched.stream.events else []) > 10  # type: ignore[arg-type, list-item]
