"""Pages on which several people turn on one, seen with the reader's eyes: the page that the issue names, and invented twins of it."""

from collections.abc import Iterable, Sequence
from functools import cache

import pytest

from streams.records import Reply
from streams.scorers import open_scorer
from streams.sources.page import read_page
from streams.stages.address import Address
from streams.stages.score import Score
from streams.stages.step import Arrived
from streams.stages.targets import Condition, TargetSummary, soft_counts
from tests.support.builders import MINUTE, NOON, comment
from tests.support.disputes import CIVIL, DISPUTES, SEED, Dispute, Line
from tests.support.seed_page import seed_page

NAMES = ("seed", *DISPUTES)
CLEAR = tuple(name for name in NAMES if name == "seed" or DISPUTES[name].is_clear)


@pytest.fixture
def dispute(request: pytest.FixtureRequest) -> Dispute:
    if request.param != "seed":
        return DISPUTES[request.param]
    return SEED._replace(lines=tuple((one.author, one.text) for one in read_page(seed_page()).comments))


@cache
def score() -> Score:
    return Score(open_scorer("linear"))


def addressed(lines: Iterable[Line]) -> list[Reply]:
    """Return every reply that the stages make of a page's comments, in the order they are sent."""
    comments = [
        comment(f"c{n}", source="page", author_id=author, text=text, created_at=NOON + n * MINUTE, created_at_is_estimated=True)
        for n, (author, text) in enumerate(lines)
    ]
    stage = Address()
    store, found = stage.new_store(), []
    for scored in score().steps(score().new_store(), [Arrived(one, one.created_at) for one in comments]):
        step = stage.step(store, Arrived(scored.outputs[0], NOON))
        for key, entry in step.entries:
            store.apply(key, entry)
        found += step.outputs
    return found


def targets(lines: Iterable[Line]) -> list[TargetSummary]:
    return soft_counts(addressed(lines))


def of_line(lines: Sequence[Line], replies: Iterable[Reply], begins: str) -> dict[str, list[Reply]]:
    """Return what one line sent, by target, oldest revision first."""
    (n,) = (n for n, (_, text) in enumerate(lines) if text.startswith(begins))
    found: dict[str, list[Reply]] = {}
    for reply in replies:
        if reply.comment_id == f"c{n}":
            found.setdefault(reply.target_id, []).append(reply)
    return found


def on(pages: Sequence[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("dispute", pages, indirect=True)


@on(NAMES)
def test_whom_most_turn_on_leads(dispute: Dispute) -> None:
    assert targets(dispute.lines)[0].target_id == dispute.most


@on(CLEAR)
def test_they_lead_by_half_a_person_and_are_watched_below_the_floor_in_words_that_say_so(dispute: Dispute) -> None:
    first, second = targets(dispute.lines)[:2]
    assert first.hostile_authors >= second.hostile_authors + 0.5
    assert first.status is Condition.WATCH
    assert first.surely_hostile_authors < 4
    assert first.why.startswith(f"watched, no pile-on: {first.surely_hostile_authors} of ")
    assert "below the floor of 4" in first.why


@on(NAMES)
def test_nobody_else_is_watched(dispute: Dispute) -> None:
    assert {one.status for one in targets(dispute.lines) if one.target_id != dispute.most} == {Condition.CALM}


@on(NAMES)
def test_they_leave_the_top_when_what_is_hostile_to_them_is_made_civil(dispute: Dispute) -> None:
    civil = [(author, CIVIL if text.startswith(dispute.hostile) else text) for author, text in dispute.lines]
    found = targets(civil)
    assert dispute.most != found[0].target_id
    assert {one.status for one in found} == {Condition.CALM}


@on(NAMES)
def test_what_is_aimed_at_a_group_or_an_outsider_adds_next_to_nothing_to_anybody(dispute: Dispute) -> None:
    replies = addressed(dispute.lines)
    for begins in dispute.elsewhere:
        sent = of_line(dispute.lines, replies, begins)
        assert max((reply.hostility for some in sent.values() for reply in some), default=0.0) < 0.2


@on(NAMES)
def test_an_insult_of_somebody_absent_is_split_and_spares_whom_it_merely_answers(dispute: Dispute) -> None:
    sent = of_line(dispute.lines, addressed(dispute.lines), dispute.disputed)
    assert len(sent) > 1
    assert max(some[0].confidence for some in sent.values()) <= 0.7
    assert dispute.answered not in sent


@on(NAMES)
def test_what_its_author_takes_back_later_is_taken_back(dispute: Dispute) -> None:
    sent = of_line(dispute.lines, addressed(dispute.lines), dispute.back).get(dispute.not_meant, [])
    assert max((some.confidence for some in sent[-1:]), default=0.0) < 0.1
    assert [reply.revision for reply in sent] in ([], [1, 2])


def test_who_was_meant_is_charged_with_what_was_said_and_no_older_comment_is_touched() -> None:
    """ "I did not mean you, I was talking about …" is about the last thing said, even where that was tied to nobody."""
    lines = DISPUTES["chess"].lines
    replies = addressed(lines)
    meant = of_line(lines, replies, DISPUTES["chess"].back)
    assert [target for target, some in meant.items() if some[-1].confidence > 0.5] == ["Hank Bellamy"]
    assert {reply.revision for some in of_line(lines, replies, "He has not.").values() for reply in some} == {1}
