"""Which targets a tick forgets is a function of the entries and its time: a restarted worker forgets the same ones."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.engine import Effects
from streams.records import Reply
from streams.stages.pileon import Config, PileOns
from tests.support.builders import DAY, FRIENDLY, HOUR, MINUTE, NOON, reply, tick
from tests.support.folding import folded, restarted
from tests.unit.test_pileon_properties import calmly, recordings, stage


def entries_after(pileons: PileOns, log: list[Any], restart: bool) -> dict[bytes, bytes]:
    store, state = pileons.new_store(), dict[bytes, bytes | None]()
    for record in log:
        effects: Effects = folded(pileons, [record], store)
        state |= effects.entries
        if restart:
            store = restarted(pileons, {key: value for key, value in state.items() if value is not None})
    return {key: value for key, value in state.items() if value is not None}


@calmly
@given(recordings(targets=3, most=25), st.lists(st.integers(0, 120), max_size=25))
def test_a_store_made_again_before_every_record_forgets_the_same_at_the_same_ticks(recording: list[Reply], minutes: list[int]) -> None:
    log: list[Any] = []
    for number, said in enumerate(recording):
        log.append(said)
        if number < len(minutes):
            log.append(tick(said.ingested_at + minutes[number] * MINUTE))
    if recording:
        log += [tick(recording[-1].ingested_at + 20 * HOUR + n * 13 * MINUTE) for n in range(60)]
        log += [tick(recording[-1].ingested_at + 55 * DAY + n * 7 * HOUR) for n in range(10)]
    assert entries_after(stage(), log, restart=False) == entries_after(stage(), log, restart=True)


def test_within_the_hour_in_which_it_expires_a_target_stays_in_either() -> None:
    later = reply("bob", NOON + HOUR + 10 * MINUTE, FRIENDLY, comment_id="second")
    expiry = later.created_at + timedelta(hours=24, minutes=30)  # lateness and window
    log: list[Any] = [reply("carl", hostility=FRIENDLY), later, tick(expiry + MINUTE), tick(expiry + 10 * MINUTE)]
    kept, kept_restarted = (entries_after(stage(), log, restart) for restart in (False, True))
    assert kept == kept_restarted
    assert len(kept) == 1
    assert entries_after(stage(), [*log, tick(expiry + HOUR)], restart=True) == {}


def test_a_target_whose_case_was_open_when_it_would_have_gone_is_forgotten_when_that_has_ended() -> None:
    pileons = PileOns(Config(min_hostile_authors=2, case_length=timedelta(days=3), window=timedelta(minutes=30)), {}, {}, b"k")
    log: list[Any] = [reply(name, NOON + n * MINUTE) for n, name in enumerate("abc")]
    log += [tick(NOON + days * 12 * HOUR) for days in range(1, 6)]
    open_then, open_restarted = (entries_after(pileons, log, restart) for restart in (False, True))
    assert open_then == open_restarted != {}
    log += [tick(NOON + timedelta(days=3, minutes=30)), tick(NOON + timedelta(days=3, minutes=40))]
    history = {b'["news","sport","ann"]': b'{"baseline":[19844,19844,3,0,0.0]}'}
    assert entries_after(pileons, log, restart=False) == entries_after(pileons, log, restart=True) == history
    assert entries_after(pileons, [*log, tick(NOON + 57 * DAY)], restart=True) == {}
