"""The paired e-SR detector: what it tells, what it never tells, and that a batch is the same as one by one."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.stages.esr.columns import Batch, Columns, fold
from streams.stages.esr.config import Config, Levels, Prior, Rule, rule
from streams.stages.esr.detector import DAY, Exposure, Finding, Kind, Target, evidence, step, today

MINUTE = 60_000_000
NOON = 20_500 * DAY + DAY // 2
LEVELS = Levels(rate=2_000.0, share=2_000.0, diluted=2_000.0, surge=2_000.0)
RULE = rule(Config(), LEVELS)


def said(minute: float, author: int, x: float, comment: int | None = None) -> Exposure:
    return Exposure(NOON + int(minute * MINUTE), author, 1_000_000 + int(minute * 1000) * 1_009 + author if comment is None else comment, x)


def told(replies: list[Exposure], by: Rule = RULE) -> list[Finding]:
    target = Target(replies[0].at)
    return [finding for finding in (step(by, target, reply) for reply in replies) if finding is not None]


def raid(people: int, x: float = 0.8, *, every: float = 2.0, begin: float = 0.0, author: int = 100) -> list[Exposure]:
    return [said(begin + every * n, author + n, x) for n in range(people)]


def kinds(findings: list[Finding]) -> list[Kind]:
    return [finding.kind for finding in findings]


def test_many_hostile_strangers_in_minutes_are_a_pile_on_once():
    findings = told(raid(30))
    assert kinds(findings).count(Kind.PILEON) == 1
    found = next(finding for finding in findings if finding.kind is Kind.PILEON)
    assert 4 <= found.hostile_authors <= 8
    assert 0 < found.at - found.since < 30 * MINUTE
    assert min(found.rate_evidence, found.share_evidence) >= LEVELS.rate


def test_one_enemy_who_writes_fifty_times_is_none():
    assert told([said(n, 7, 0.95) for n in range(50)]) == []


def test_three_people_are_never_one_however_hostile():
    assert told([said(n, n % 3, 1.0) for n in range(300)]) == []


def test_many_friendly_people_are_none():
    assert told(raid(500, 0.05, every=0.2)) == []


def test_the_same_replies_twice_are_the_same_as_once():
    replies = raid(12, 0.3) + raid(20, begin=30, author=500)
    assert told([reply for reply in replies for _ in range(2)]) == told(replies)


def test_a_greeting_first_does_not_hide_it():
    hello = raid(16, 0.03, every=1.0)
    assert Kind.PILEON in kinds(told(hello + raid(16, 0.8, begin=40)))


def test_friends_who_hold_the_share_down_leave_a_warning():
    crowd = [said(0.2 * n, 10_000 + n, 0.02) for n in range(150)]
    mixed = sorted(crowd + raid(16), key=lambda reply: reply.at)
    findings = told(mixed)
    assert Kind.DILUTED in kinds(findings)
    assert Kind.PILEON not in kinds(findings)
    assert next(finding for finding in findings if finding.kind is Kind.DILUTED).hostile_authors == 8


def test_after_six_quiet_hours_another_can_open_and_not_before():
    again = raid(20, begin=100, author=1_000)
    assert kinds(told(raid(20) + again)).count(Kind.PILEON) == 1
    later = raid(20, begin=20 * 2 + 7 * 60, author=1_000)
    assert kinds(told(raid(20) + later)).count(Kind.PILEON) == 2


def test_a_person_s_history_raises_the_bar_two_days_later():
    calm, used = Target(NOON - 22 * DAY), Target(NOON - 22 * DAY)
    for day in range(20):
        for n in range(10):
            step(RULE, used, Exposure(NOON - (22 - day) * DAY + n * 60 * MINUTE, 50_000 + day * 10 + n, 1_000_000 + day * 10 + n, 0.8))
            step(RULE, calm, Exposure(NOON - (22 - day) * DAY + n * 60 * MINUTE, 50_000 + day * 10 + n, 1_000_000 + day * 10 + n, 0.02))
    for reply in raid(5):
        step(RULE, used, reply)
        step(RULE, calm, reply)
    assert used.usual is not None
    assert calm.usual is not None
    assert used.usual[0] > 5 * calm.usual[0]
    assert used.usual[1] > 3 * calm.usual[1]


def test_a_pile_on_teaches_the_baseline_nothing_on_its_day_and_the_next():
    target = Target(NOON)
    for reply in raid(40):
        step(RULE, target, reply)
    before = target.usual
    for reply in raid(5, 0.1, begin=24 * 60, author=900):
        step(RULE, target, reply)
    assert before is not None
    assert target.usual is not None
    assert target.usual[1] == pytest.approx(before[1])
    step(RULE, target, said(48 * 60, 1, 0.1))
    assert target.usual[1] > 1.5 * before[1]


def test_evidence_fades_with_time():
    target = Target(NOON)
    for reply in raid(3):
        step(RULE, target, reply)
    strong = evidence(RULE, target)
    step(rule(Config(memory=timedelta(hours=1)), LEVELS), target, said(60 * 20, 9, 0.05))
    assert evidence(RULE, target)[0] < strong[0] / 100


events = st.lists(
    st.tuples(
        st.integers(0, 60),  # target
        st.integers(0, 40),  # author
        st.one_of(st.integers(-600, 600), st.integers(0, 3 * 24 * 60), st.just(0)),  # minutes since the one before
        st.one_of(st.floats(0, 1, width=32), st.just(0.9)),
        st.integers(0, 3),  # 0: the comment of the one before comes again
        st.integers(0, 3),  # conversation
        st.booleans(),  # a new account
    ),
    max_size=300,
)


@settings(max_examples=60, deadline=None)
@given(events, st.lists(st.integers(1, 120), max_size=12), st.integers(1, 60))
def test_a_batch_is_the_same_as_one_by_one(drawn, sizes: list[int], targets: int):
    small = rule(Config(), Levels(rate=20.0, share=20.0, diluted=50.0, surge=10.0))
    rows, at = [], NOON
    for n, (target, author, gap, x, fresh, talk, is_new) in enumerate(drawn):
        at += gap * MINUTE
        rows.append((target % targets, at, author, n if fresh or not n else n - 1, float(x), talk, is_new))
    scalar = one_by_one(small, rows)
    columns = Columns()
    batched, done = [], 0
    for size in [*sizes, len(rows)]:
        part = rows[done : done + size]
        batched += [(done + place, finding) for place, finding in folded(small, columns, part)]
        done += len(part)
    assert batched == scalar[0]
    for key, target in scalar[1].items():
        assert as_told(columns.load(columns.slot(small, str(key), 0))) == as_told(target)


def one_by_one(by: Rule, rows) -> tuple[list[tuple[int, Finding]], dict[int, Target]]:
    targets: dict[int, Target] = {}
    found = []
    for place, (target, *reply) in enumerate(rows):
        state = targets.setdefault(target, Target(reply[0]))
        finding = step(by, state, Exposure(*reply))
        if finding is not None:
            found.append((place, finding))
    return found, targets


def folded(by: Rule, columns: Columns, rows) -> list[tuple[int, Finding]]:
    if not rows:
        return []
    slots = np.array([columns.slot(by, str(target), at) for target, at, *_ in rows])
    at, author, comment, talk = (np.array([row[n] for row in rows], np.int64) for n in (1, 2, 3, 5))
    x, is_new = np.array([row[4] for row in rows]), np.array([row[6] for row in rows])
    return fold(by, columns, Batch(slots=slots, at=at, author=author, comment=comment, x=x, conversation=talk, is_new=is_new))


def as_told(target: Target) -> tuple[object, ...]:
    history = target.history
    return (
        target.rate, target.rate_alone, target.first, target.every, target.lately, target.clocks, target.hostile_at, target.last_at,
        target.case_until, target.case_kind, target.surge_until, history.first_day, history.day, history.today, history.yesterday,
        history.older,
    )  # fmt: skip


def test_a_target_under_fire_in_a_batch_is_the_same_too():
    small = rule(Config(), Levels(rate=50.0, share=3.0, diluted=200.0, surge=20.0))
    chance = np.random.default_rng(7)
    rows = [
        (int(target), NOON + n * 10_000_000, int(author), n, round(float(x), 4), n % 3, n % 7 == 0)
        for n, (target, author, x) in enumerate(
            zip(chance.zipf(1.3, 4_000) % 500, chance.integers(300, size=4_000), chance.beta(0.3, 0.5, 4_000), strict=True)
        )
    ]
    scalar, _ = one_by_one(small, rows)
    assert folded(small, Columns(), rows) == scalar
    assert {Kind.PILEON, Kind.SURGE} <= {finding.kind for _, finding in scalar}


def test_nothing_is_lost_between_a_row_and_a_target():
    columns = Columns()
    slot = columns.slot(RULE, "t", NOON)
    target = Target(NOON)
    for reply in raid(9):
        step(RULE, target, reply)
    columns.save(slot, target)
    assert as_told(columns.load(slot)) == as_told(target)


def test_a_new_row_is_a_new_target():
    columns, target = Columns(), Target(NOON)
    columns.slot(rule(Config(min_hostile_authors=2, prior=Prior(days=3.0)), LEVELS), "other", NOON - DAY)
    row = columns.load(columns.slot(RULE, "t", NOON))
    assert as_told(row) == as_told(target)
    assert row.usual == today(RULE, target, NOON // DAY)
    assert (row.members.day, row.members.now, row.members.before) == (target.members.day, None, None)
