"""The oracle sees what it should: a check that cannot fail proves nothing."""

from typing import Any

import msgspec
import pytest

from streams.replay.order import arrivals, in_order
from streams.replay.run import Results, results, run
from streams.stages.step import Arrived
from streams.topology import Config, topology
from tests.support.builders import comment, deleted
from tests.support.oracle import check_alerts, check_raw, check_replies, check_scored
from tests.support.recording import Recording, recording
from tests.support.texts import BySwearing

STAGES = topology(BySwearing(), Config())
SCORE, ADDRESS, PILEON, ALERT = STAGES


@pytest.fixture(scope="module")
def made() -> Recording:
    return recording()


@pytest.fixture(scope="module")
def ran(made: Recording) -> Results:
    return results(run(STAGES, arrivals(in_order(made.comments()))))


def dead_of(made: Recording) -> list[bytes]:
    good = set(map(msgspec.json.encode, made.comments()))
    return [line for line in made.lines if line not in good]


def log(ran: Results, stage: str) -> list[list[Arrived]]:
    return [ran.inputs[stage]]


def test_a_whole_run_passes(made: Recording, ran: Results) -> None:
    check_raw(made.lines, ran.outputs["score"], dead_of(made))
    account = check_scored(ADDRESS, log(ran, "address"), ran.outputs["address"])
    assert account.count("waiting") + account.notes["released"] == ran.outcomes["address"]["waiting"]
    assert check_replies(PILEON, log(ran, "pileon"), ran.outputs["pileon"]).count("late") == len(made.late)
    check_alerts(ALERT, log(ran, "alert"), ran.outputs["alert"])


CHECKS: dict[str, Any] = {
    "address": lambda ran, found: check_scored(ADDRESS, log(ran, "address"), found),
    "pileon": lambda ran, found: check_replies(PILEON, log(ran, "pileon"), found),
    "alert": lambda ran, found: check_alerts(ALERT, log(ran, "alert"), found),
}


@pytest.mark.parametrize("stage", CHECKS)
@pytest.mark.parametrize("damage", ["lost", "doubled", "made up"])
def test_one_output_lost_doubled_or_made_up_is_seen(ran: Results, stage: str, damage: str) -> None:
    found = list(ran.outputs[stage])
    if damage == "lost":
        del found[len(found) // 2]
    elif damage == "doubled":
        found.append(found[3])
    else:
        found.append(msgspec.structs.replace(found[3], revision=999))
    with pytest.raises(AssertionError, match=r"lost|doubled"):
        CHECKS[stage](ran, found)


def test_a_raw_comment_lost_or_doubled_is_seen(made: Recording, ran: Results) -> None:
    scored = ran.outputs["score"]
    for broken in (scored[1:], [*scored, scored[0]]):
        with pytest.raises(AssertionError, match="→ comments"):
            check_raw(made.lines, broken, dead_of(made))


def test_a_dead_letter_lost_or_doubled_is_seen(made: Recording, ran: Results) -> None:
    dead = dead_of(made)
    for broken in (dead[1:], [*dead, dead[0]]):
        with pytest.raises(AssertionError, match="dlq"):
            check_raw(made.lines, ran.outputs["score"], broken)


def test_a_deletion_and_its_comment_are_two_records() -> None:
    said = comment()
    raw = [said, deleted(said, said.created_at)]
    scored = results(run(STAGES, arrivals(raw))).outputs["score"]
    check_raw(list(map(msgspec.json.encode, raw)), scored, [])
    with pytest.raises(AssertionError, match="lost 1"):
        check_raw(list(map(msgspec.json.encode, raw)), scored[:1], [])
