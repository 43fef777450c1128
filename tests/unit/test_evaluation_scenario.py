"""The simulated site: the same every time, in order, and what is said of it is true."""

from dataclasses import fields

import numpy as np
import pytest

from streams.evaluation.attacks import DILUTED, KINDS, SHARES, SIZES, Attack, inject
from streams.evaluation.life import Knobs, person
from streams.evaluation.scenario import LEARNING_DAYS, Plan, streams
from streams.evaluation.stream import DAY, HOUR, START, Part, Stream, stream
from streams.records import Reply

PLAN = Plan(targets=60, attacked=0.8)
SITE = list(streams(PLAN))


def same(one: Stream, other: Stream) -> bool:
    return all(np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(Stream) if each.name != "events")


def test_a_person_s_stream_depends_on_the_seed_and_the_number_alone():
    alone = next(streams(Plan(targets=9, attacked=0.8), range(41, 42)))
    assert same(alone, SITE[41])
    assert alone.events == SITE[41].events
    assert not same(next(streams(Plan(seed=7, attacked=0.8), range(41, 42))), SITE[41])


def test_what_is_put_in_leaves_the_life_as_it_is():
    calm = Plan(targets=60, attacked=0.0)
    for lived, met in zip(streams(calm), SITE, strict=True):
        if not any(event.kind == "famous" for event in met.events):  # fame brings more life of its own
            assert np.array_equal(lived.at, met.at[met.part == Part.LIFE])
    assert sum(bool(met.events) for met in SITE) > 10


def test_replies_come_in_order_within_the_days_and_x_is_a_probability():
    for each in SITE:
        assert (np.diff(each.at) >= 0).all()
        assert ((each.at >= START) & (each.at < PLAN.end)).all()
        assert ((each.x >= 0) & (each.x <= 1)).all()


def test_nothing_is_put_in_while_baselines_learn():
    begins = [event.begin for each in SITE for event in each.events]
    assert begins
    assert min(begins) >= START + LEARNING_DAYS * DAY - HOUR


def test_life_has_fame_quarrels_and_few_hostile_replies():
    life = [each.x[each.part == Part.LIFE] for each in streams(Plan(targets=400, attacked=0.0))]
    x, sizes = np.concatenate(life), np.array([each.size for each in life]) / 30
    assert 0.03 < (x >= 0.5).mean() < 0.08
    assert 1 < np.median(sizes) < 4
    assert sizes.max() > 8 * np.median(sizes)


def made(kind: str, *, is_attack: bool, size: int = 32, seed: int = 5) -> Stream:
    chance = np.random.default_rng(seed)
    knobs = Knobs()
    who = person(knobs, seed, chance)
    share = DILUTED if kind == "diluted" else SHARES[1]
    attack = Attack(kind=kind, is_attack=is_attack, hostile_authors=size, share=share, lags="twitter")
    rows, event = inject(knobs, who, attack, START + 10 * DAY, chance)
    return stream(who.number, rows, [event], START + 30 * DAY)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_attack_has_as_many_distinct_attackers_as_it_says(kind: str, size: int):
    raid = made(kind, is_attack=True, size=size)
    assert len(set(raid.author[raid.part == Part.ATTACKER])) == size
    assert raid.events[0].hostile_authors == size
    assert raid.at[raid.part == Part.ATTACKER].min() == raid.events[0].begin


@pytest.mark.parametrize("kind", KINDS)
def test_a_civil_twin_has_no_attacker_and_far_fewer_hostile_people(kind: str):
    hostile = np.array([
        [np.sum(one.x[(one.part != Part.LIFE)] >= 0.5) for one in (made(kind, is_attack=kind_of, seed=seed) for seed in range(12))]
        for kind_of in (True, False)
    ])  # fmt: skip
    twin = made(kind, is_attack=False)
    assert not np.isin(twin.part, [Part.ATTACKER, Part.HELLO]).any()
    assert hostile[1].mean() < hostile[0].mean() if kind == "diluted" else hostile[1].mean() < hostile[0].mean() / 3


def test_dilution_holds_the_share_down_and_a_greeting_comes_before_the_insult():
    diluted = made("diluted", is_attack=True)
    people = len(set(diluted.author))
    assert 32 / people == pytest.approx(DILUTED, abs=0.02)
    hello = made("hello", is_attack=True)
    for author in set(hello.author[hello.part == Part.ATTACKER]):
        assert hello.part[hello.author == author][0] == Part.HELLO


def test_texts_handed_round_are_known_as_the_same():
    recycled = made("recycled", is_attack=True)
    assert len(set(recycled.text[recycled.part == Part.ATTACKER])) == 2
    assert len(set(recycled.x[recycled.part == Part.ATTACKER])) == 2


def test_a_stream_can_be_told_in_records():
    raid = made("plain", is_attack=True)
    replies = list(raid.replies())
    assert all(isinstance(reply, Reply) for reply in replies)
    assert len({reply.comment_id for reply in replies}) == len(raid)
    assert [reply.hostility for reply in replies] == raid.x.tolist()
