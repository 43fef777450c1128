"""The bets that begin late: per conversation, and on newcomers; their bound by chance alone; and what evasion they undo."""

import numpy as np
import pytest

from streams.evaluation.scoring import upper_bound
from streams.stages.esr import late_test
from streams.stages.esr.config import Config, Levels, Prior, rule
from streams.stages.esr.detector import DAY, Exposure, Finding, Kind, Target, step
from streams.stages.esr.exact import exp_minus
from streams.stages.esr.late_test import NO_CLOCKS, Clocks

MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOON = 20_500 * DAY + DAY // 2
SPACING = 4.0 * HOUR
FADES = 0.6931471805599453 / (6 * HOUR)
LEVELS = Levels(rate=2_000.0, share=300.0, diluted=1e12, surge=1e12)
RULE = rule(Config(), LEVELS)


def said(minute: float, author: int, x: float, talk: int, *, is_new: bool = False) -> Exposure:
    return Exposure(NOON + int(minute * MINUTE), author, 1_000_000 + int(minute * 1000) * 1_009 + author, x, talk, is_new)


def pileons(replies: list[Exposure], by=RULE) -> list[Finding]:
    target = Target(replies[0].at)
    told = [step(by, target, reply) for reply in sorted(replies, key=lambda reply: reply.at)]
    return [one for one in told if one is not None and one.kind is Kind.PILEON]


def fame(people: int = 400) -> list[Exposure]:
    """One in twenty of them is hostile."""
    return [said(0.5 * n, 50_000 + n, 0.8 if n % 20 == 0 else 0.05, talk=1) for n in range(people)]


def raid(people: int, talk: int | None, *, begin: float = 60.0, is_new: bool = False) -> list[Exposure]:
    return [said(begin + 3 * n, 100 + n, 0.8, 9_000 + n if talk is None else talk, is_new=is_new) for n in range(people)]


def test_a_raid_in_its_own_conversation_is_found_beside_fame_in_another():
    assert not pileons(fame())
    beside = pileons(fame() + raid(16, talk=2))
    within = pileons(fame() + raid(16, talk=1))
    assert beside
    assert not within or beside[0].at < within[0].at


def test_newcomers_are_found_wherever_they_write_and_whoever_else_does():
    for talk in (1, 2, None):
        assert pileons(fame() + raid(12, talk, is_new=True))
    assert not pileons(fame() + raid(12, talk=1))


def test_the_first_hostile_reply_is_not_bet_on_and_one_alone_says_nothing():
    clocks = talk(NO_CLOCKS, 0, 1.0)
    (_, bets), *_ = clocks
    assert bets[:2] == (0.0, 0.0)
    assert bets[2:] == pytest.approx((1.0, 1.0), abs=1e-4)
    assert late_test.evidence(clocks, NOON, FADES) == pytest.approx(late_test.OF_TALKS, abs=1e-4)


def test_civil_conversations_are_not_kept():
    assert talk(NO_CLOCKS, 0, 0.1) == NO_CLOCKS


def test_of_three_conversations_the_one_that_was_quiet_longest_goes():
    clocks = NO_CLOCKS
    for minute, conversation in ((0, 1), (1, 2), (2, 1), (3, 3)):
        clocks = talk(clocks, minute, 0.9, conversation)
    assert {times[0] for times, _ in clocks[:2]} == {1, 3}


def test_what_was_quiet_fades_and_is_bet_on_again():
    clocks = talk(talk(NO_CLOCKS, 0, 0.9), 1, 0.9)
    now, later = (late_test.evidence(clocks, NOON + after, FADES) for after in (MINUTE, MINUTE + 6 * HOUR))
    assert later == pytest.approx(now / 2, rel=1e-6)
    again = talk(clocks, 30 * 60, 0.9)
    assert again[0][1][2] > clocks[0][1][2] * exp_minus(FADES * 30 * HOUR)


def test_after_an_alarm_nothing_is_left_to_alarm_with():
    clocks = late_test.emptied(talk(talk(NO_CLOCKS, 0, 0.9), 1, 0.9))
    assert late_test.evidence(clocks, NOON, FADES) == 0.0
    assert clocks[0][1][:2] != (0.0, 0.0)


def talk(clocks: Clocks, minute: float, x: float, conversation: int = 7) -> Clocks:
    at = NOON + int(minute * MINUTE)
    return late_test.talked(clocks, conversation, at, x, 0.14, 60.0, SPACING, 1e9, is_hostile=x >= 0.5)


def test_chance_alone_keeps_the_budget_on_every_clock():
    """Conversations whose share is as prior knowledge says; a third of the people are newcomers; α is 1 in 30."""
    heavy = 1e7
    prior = Prior(first_mean=0.2, first_weight=heavy, later_mean=0.2, later_weight=heavy, talk_mean=0.2, talk_weight=heavy, new_mean=0.2)
    share = 30.0
    by = rule(Config(prior=prior, caution_share=0.0, min_hostile_authors=2), Levels(rate=0.0, share=share, diluted=1e12, surge=1e12))
    alarms, staked = 0, 0.0
    for number in range(400):
        target, clocks = Target(NOON), NO_CLOCKS
        for reply in by_chance(number):
            hostile = reply.x >= 0.5
            gap = max(reply.at - target.last_at, 0)
            staked += late_test.OF_PERSON * gap / (gap + by.spacing)
            if hostile:
                staked += late_test.stakes_of(clocks, reply.conversation, reply.at, by.spacing, is_new=reply.is_new)
            finding = step(by, target, reply)
            clocks = target.clocks
            alarms += finding is not None and finding.kind is Kind.PILEON
    assert staked / share > 20
    assert alarms > 0
    assert upper_bound(alarms) <= staked / share


def by_chance(number: int) -> list[Exposure]:
    chance = np.random.default_rng((3, number))
    at = np.sort(chance.random(120) * 10 * DAY).astype(int)
    return [
        Exposure(
            NOON + int(when),
            10_000 * number + n,
            n,
            0.9 if chance.random() < 0.2 else 0.02,
            int(when // DAY) % 5,
            bool(chance.random() < 1 / 3),
        )
        for n, when in enumerate(at)
    ]
