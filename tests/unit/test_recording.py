"""The recording of the parity test holds what it must, and each decisive reply is."""

from collections import Counter
from itertools import pairwise

import pytest

from streams.records import Comment, Severity, Status
from streams.replay.order import arrivals, in_order
from streams.replay.run import Results, results, run
from streams.scorers import Scorer, open_scorer
from streams.stages.decode import Unreadable, decoder
from streams.topology import Config, topology
from tests.support.recording import Recording, recording


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return open_scorer("linear")


@pytest.fixture(scope="module")
def made() -> Recording:
    return recording()


def replayed(scorer: Scorer, comments: list[Comment]) -> Results:
    return results(run(topology(scorer, Config()), arrivals(in_order(comments))))


@pytest.fixture(scope="module")
def whole(scorer: Scorer, made: Recording) -> Results:
    return replayed(scorer, made.comments())


def test_it_yields_many_pile_ons_escalations_closes_and_late_records(whole: Results) -> None:
    transitions = whole.outputs["pileon"]
    opened = [one for one in transitions if one.status is Status.OPENED]
    assert len(opened) >= 20
    assert whole.outcomes["alert"]["escalate"] >= 5
    assert len({one.pileon_id for one in transitions if one.severity is Severity.CRITICAL}) >= 5
    closed = Counter(one.ended_because for one in transitions if one.status is Status.CLOSED)
    assert closed.total() >= 10
    assert closed["quiet"] > 0
    assert closed["removed"] > 0
    assert any(len(one.conversations) > 1 for one in opened)
    assert whole.outcomes["pileon"]["late"] >= 50


def test_it_has_duplicates_edits_deletions_waiting_parents_and_self_replies(whole: Results) -> None:
    outcomes = whole.outcomes["address"]
    for outcome in ("duplicate", "edited", "deleted", "waiting", "self_reply", "unaddressed"):
        assert outcomes[outcome] >= 5, outcome
    assert 0 < whole.notes["address"]["released"] < outcomes["waiting"]


def test_it_is_out_of_order_in_writing_and_in_delivery(made: Recording) -> None:
    comments = made.comments()
    written = [one.created_at for one in comments]
    delivered = [one.ingested_at for one in comments if one.ingested_at]
    assert sum(later < before for before, later in pairwise(written)) > 100
    assert sum(later < before for before, later in pairwise(delivered)) > 20


def test_its_poison_cannot_be_read_and_the_rest_can(made: Recording) -> None:
    read, unreadable = decoder(Comment), 0
    for line in made.lines:
        assert b"\n" not in line
        try:
            read(line)
        except Unreadable:
            unreadable += 1
    assert unreadable == made.poison == len(made.lines) - len(made.comments())


def test_it_is_the_same_every_time(made: Recording) -> None:
    assert recording() == made


def test_without_any_one_decisive_reply_the_output_is_another(scorer: Scorer, made: Recording) -> None:
    assert len(made.decisive) > 100
    comments = made.comments()
    for decisive, talks in made.decisive.items():
        concerned = [one for one in comments if one.conversation_id in talks]
        without = [one for one in concerned if one.comment_id != decisive]
        before, after = (told_by(replayed(scorer, some)) for some in (concerned, without))
        assert before
        assert after != before, decisive


def told_by(found: Results) -> list[tuple[str, ...]]:
    return [(one.pileon_id, one.status, one.severity) for one in found.outputs["pileon"]]


def test_a_case_does_not_depend_on_other_conversations(scorer: Scorer, made: Recording, whole: Results) -> None:
    talks = made.decisive["h1-0"]
    assert len(talks) == 2
    alone = replayed(scorer, [one for one in made.comments() if one.conversation_id in talks])
    assert alone.outputs["pileon"][0] == next(one for one in whole.outputs["pileon"] if one.target_id == "target1")


def test_late_ones_change_nothing(scorer: Scorer, made: Recording, whole: Results) -> None:
    without = replayed(scorer, [one for one in made.comments() if one.comment_id not in made.late])
    assert without.outputs["pileon"] == whole.outputs["pileon"]
