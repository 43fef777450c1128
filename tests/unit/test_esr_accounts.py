"""The list of known accounts: who is new, for how long a list tells, and what it does to a storm of new accounts in a friendly crowd."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.records import ConfigChange, PileOn, Reply, Status
from streams.stages.esr.accounts import MOST_BYTES, NAME, Known, as_values, known_of, listed
from streams.stages.esr.calibration import Calibration
from streams.stages.esr.detector import DAY
from streams.stages.instants import micros
from streams.stages.pileon import Config, PileOns, Which
from streams.stages.pseudonyms import Pseudonyms
from tests.support.builders import NOON, SECOND, reply
from tests.support.folding import entries_of, folded, restarted
from tests.unit.test_esr_stage import life

TODAY = micros(NOON) // DAY
HASHED = Pseudonyms(b"k")
COUNTING = Calibration(stakes_per_day=500.0, share_stakes_per_day=50.0, newcomers=True)


@given(st.sets(st.integers(0, 2**63 - 1), max_size=300))
def test_whoever_is_on_it_is_known_whatever_way_it_went(authors: set[int]):
    known = listed(authors, TODAY)
    assert known_of(NAME, 1, as_values(known)) == known
    assert all(known.holds(author) for author in authors)


def test_of_strangers_one_in_a_hundred_is_taken_for_known():
    known = listed((HASHED.author(f"a{n}", "") for n in range(5_000)), TODAY)
    assert sum(known.holds(HASHED.author(f"b{n}", "")) for n in range(5_000)) < 100


def test_however_many_it_fits_a_message():
    assert len(listed(range(0, 2**62, 2**62 // 300_000), TODAY).bits) == MOST_BYTES


@pytest.mark.parametrize(("day", "is_fresh"), [(TODAY - 1, False), (TODAY, True), (TODAY + 1, True), (TODAY + 2, False)])
def test_it_tells_of_its_day_and_the_next(day: int, is_fresh: bool):
    assert Known(TODAY, b"\0").is_fresh(day) == is_fresh


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bits": "AAAA"}, "'day' is missing"),
        ({"day": 1.5, "bits": "AAAA"}, "a whole number"),
        ({"day": 1, "bits": ""}, "not empty"),
        ({"day": 1, "bits": "no base64!"}, "write it anew"),
        ({"day": 1, "bits": "AAAA", "more": 1}, "nothing else"),
    ],
)
def test_a_list_that_is_none_stops_with_its_name(values: dict[str, Any], said: str):
    with pytest.raises(UserError, match="config, record 'known accounts', version 4: ") as refused:
        folded(PileOns(Config(), {}, {}, b"k", Which.ESR, COUNTING), [change(4, values)])
    assert said in str(refused.value)


def change(version: int, values: dict[str, Any]) -> ConfigChange:
    return ConfigChange(name=NAME, version=version, effective_from=NOON, values=values)


def of_day(day: int) -> ConfigChange:
    """Return the list of all but the storm's people."""
    people = [f"p{n}" for n in range(60)] + [f"f{n}" for n in range(150)]
    return change(day, as_values(listed((HASHED.author(one, "") for one in people), day)))


def crowd() -> list[Reply]:
    """Return many friends, each twenty seconds after the last, and among them every fourth time a new account that is hostile."""
    found = []
    for n in range(120):
        at = NOON + n * 20 * SECOND
        found.append(reply(f"q{n}", at, 0.9, comment_id=f"q{n}") if n % 4 == 3 else reply(f"f{n}", at, 0.05, comment_id=f"f{n}"))
    return found


def opened(records: list[Any], calibration: Calibration = COUNTING) -> list[PileOn]:
    made = folded(PileOns(Config(), {}, {}, b"k", Which.ESR, calibration), records).outputs
    return [one for one in made if one.status is Status.OPENED]


def test_a_friendly_crowd_hides_new_accounts_only_where_nobody_knows_who_is_new():
    (seen,) = opened([of_day(TODAY), *life(), *crowd()])
    hidden = opened([*life(), *crowd()])
    assert not hidden or seen.opened_at < hidden[0].opened_at


@pytest.mark.parametrize("records", [[], [of_day(TODAY - 2)]], ids=["no list", "stale"])
def test_without_a_fresh_list_nobody_is_new(records: list[Any]):
    without = Calibration(stakes_per_day=500.0, share_stakes_per_day=50.0)
    assert opened([*records, *life(), *crowd()]) == opened([*life(), *crowd()], without)


def test_who_does_not_count_on_a_list_is_told_the_same_with_one():
    without = Calibration(stakes_per_day=500.0, share_stakes_per_day=50.0)
    assert opened([of_day(TODAY), *life(), *crowd()], without) == opened([*life(), *crowd()], without)


def test_a_restarted_worker_knows_the_list():
    made, records = (lambda: PileOns(Config(), {}, {}, b"k", Which.ESR, COUNTING)), [of_day(TODAY), *life()]
    state = entries_of(made(), [records])
    assert folded(made(), crowd(), restarted(made(), state)).outputs == folded(made(), [*records, *crowd()]).outputs
