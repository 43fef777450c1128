"""Who answered lately: known for a day at least, forgotten after two, small, and seldom wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.esr import membership
from streams.stages.esr.membership import BLOOM_BYTES, Generation, Membership, Seen
from streams.stages.pseudonyms import Pseudonyms

HASHES = Pseudonyms(b"test")


def author(n: int) -> int:
    return HASHES.author(f"author-{n}", "talk")


def comment(n: int) -> int:
    return HASHES.comment(f"comment-{n}", "talk")


def test_a_reply_is_first_then_later_then_known_once_it_was_hostile():
    members = Membership(7)
    assert members.take(7, author(1), comment(1), is_hostile=False) is Seen.FIRST
    assert members.take(7, author(1), comment(2), is_hostile=False) is Seen.LATER
    assert members.take(7, author(1), comment(3), is_hostile=True) is Seen.LATER
    assert members.take(7, author(1), comment(4), is_hostile=True) is Seen.KNOWN
    assert members.take(7, author(2), comment(5), is_hostile=True) is Seen.FIRST
    assert members.take(7, author(2), comment(6), is_hostile=False) is Seen.KNOWN


def test_a_comment_counts_once():
    members = Membership(7)
    members.take(7, author(1), comment(1), is_hostile=True)
    assert members.take(7, author(1), comment(1), is_hostile=True) is Seen.DUPLICATE
    assert members.take(8, author(1), comment(1), is_hostile=True) is Seen.DUPLICATE


@pytest.mark.parametrize(("day", "seen"), [(8, Seen.KNOWN), (9, Seen.FIRST), (30, Seen.FIRST)])
def test_who_was_hostile_is_known_the_next_day_and_forgotten_after(day: int, seen: Seen):
    members = Membership(7)
    members.take(7, author(1), comment(1), is_hostile=True)
    assert members.take(day, author(1), comment(2), is_hostile=True) is seen


def test_a_reply_from_yesterday_counts_as_of_today():
    members = Membership(7)
    members.take(7, author(1), comment(1), is_hostile=False)
    assert members.take(6, author(1), comment(2), is_hostile=False) is Seen.LATER
    assert members.day == 7


@pytest.mark.parametrize("people", [300, 5_000])
def test_of_strangers_under_two_percent_are_taken_for_known(people: int):
    """5,000 people a day, on two days, each with a comment of their own."""
    members, wrong = Membership(7), 0
    for n in range(2 * people):
        wrong += members.take(7 + n // people, author(n), comment(n), is_hostile=n % 3 == 0) is not Seen.FIRST
    assert wrong / (2 * people) <= 0.02
    assert members.false_rate <= 0.02


def test_a_flood_saturates_and_says_so():
    members = Membership(7)
    for n in range(60_000):
        members.take(7, author(n), comment(n), is_hostile=False)
    assert members.false_rate > 0.3
    assert members.now is not None
    assert len(members.now.packed()) == BLOOM_BYTES


@pytest.mark.parametrize("people", [0, 1, 50, 3_999, 4_001, 9_000])
def test_what_is_packed_is_unpacked(people: int):
    one = Generation()
    for n in range(people):
        one.add(author(n) & 0xFFFFFFFF)
    other = Generation(one.packed())
    assert other.packed() == one.packed()
    assert all(author(n) & 0xFFFFFFFF in other for n in range(people))


def test_the_filter_is_right_about_how_often_it_is_wrong():
    one = Generation()
    marks = np.random.default_rng(3).integers(1 << 32, size=60_000).tolist()
    for mark in marks[:20_000]:
        one.add(mark)
    wrong = sum(mark in one for mark in marks[20_000:]) / 40_000
    assert wrong == pytest.approx(one.false_rate, rel=0.15)


class Plainly:
    """The rule in sets, by day: nothing is forgotten within two days, nothing is mistaken."""

    def __init__(self) -> None:
        self.day = 7
        self.now: set[tuple[str, int]] = set()
        self.before: set[tuple[str, int]] = set()

    def take(self, day: int, author: int, comment: int, *, is_hostile: bool) -> Seen:
        if day > self.day:
            self.before, self.now, self.day = (self.now if day == self.day + 1 else set()), set(), day
        known = self.now | self.before
        if ("comment", comment) in known:
            return Seen.DUPLICATE
        self.now.add(("comment", comment))
        if ("hostile", author) in known:
            self.now.add(("hostile", author))
            return Seen.KNOWN
        self.now.add(("hostile" if is_hostile else "calm", author))
        return Seen.LATER if ("calm", author) in known else Seen.FIRST


TAKEN = st.lists(st.tuples(st.sampled_from([0, 0, 0, 0, 1, 2]), st.integers(0, 6), st.integers(0, 40), st.booleans()), max_size=80)


@given(TAKEN)
def test_marks_say_what_sets_would_say(rows: list[tuple[int, int, int, bool]]):
    members, plainly, day = Membership(7), Plainly(), 7
    for later, who, what, is_hostile in rows:
        day += later
        assert members.take(day, author(who), comment(what), is_hostile=is_hostile) is plainly.take(day, who, what, is_hostile=is_hostile)


@given(TAKEN)
def test_a_filter_says_what_few_marks_say(rows: list[tuple[int, int, int, bool]]):
    exact, filtered, day = Membership(7), Membership(7), 7
    for later, who, what, is_hostile in rows:
        day += later
        said = exact.take(day, author(who), comment(what), is_hostile=is_hostile)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(membership, "MAX_EXACT", 2)
            assert filtered.take(day, author(who), comment(what), is_hostile=is_hostile) is said
