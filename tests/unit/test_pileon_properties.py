"""What holds for every stream of replies: order, batches, restarts, ticks and floods change nothing that they must not."""

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.engine import Effects
from streams.records import Action, DeletedBy, Reply, Role, Status
from streams.stages.crossing import crossing
from streams.stages.ledger import MAX_HOSTILE, MAX_MILD, Ledger, Target
from streams.stages.pileon import Config, PileOns
from streams.stages.pileon_config import rule
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, reply, tick
from tests.support.folding import as_lines, entries_of, folded, restarted
from tests.support.ticked import with_ticks

calmly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
CONFIG = Config(min_hostile_authors=2, case_length=timedelta(hours=2), window=timedelta(minutes=30))


def stage() -> PileOns:
    return PileOns(CONFIG, {}, {}, b"k")


@st.composite
def recordings(draw: st.DrawFn, targets: int = 2, most: int = 40) -> list[Reply]:
    """Replies in order of arrival; some late, some out of order, edits, deletes, repeats, pages without times."""
    found: list[Reply] = []
    clock, revisions = NOON, dict[str, int]()
    for number in range(draw(st.integers(0, most))):
        clock += draw(st.sampled_from([SECOND, MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 26 * HOUR, 9 * DAY, 57 * DAY]))
        old = found and draw(st.sampled_from([False, False, True]))
        found.append(draw(_again(found, clock, revisions)) if old else draw(_new(number, clock, targets)))
    return found


@st.composite
def _new(draw: st.DrawFn, number: int, clock: Any, targets: int) -> Reply:
    author = draw(st.sampled_from(["a", "b", "c", "d", "ann0", None]))
    delay = draw(st.sampled_from([timedelta(0), SECOND, 20 * MINUTE, 5 * HOUR, 23 * HOUR, 30 * HOUR, -3 * MINUTE]))
    return reply(
        author, clock - delay, draw(st.sampled_from([0.1, 0.5, 0.9])), comment_id=f"c{number}", ingested_at=clock,
        target_id=f"ann{draw(st.integers(0, targets - 1))}", conversation_id=draw(st.sampled_from(["x", "y"])),
        author_role=draw(st.sampled_from([None, None, None, Role.BOT])),
        created_at_is_estimated=draw(st.sampled_from([False, False, True])),
    )  # fmt: skip


@st.composite
def _again(draw: st.DrawFn, found: list[Reply], clock: Any, revisions: dict[str, int]) -> Reply:
    old = draw(st.sampled_from(found))
    what = draw(st.sampled_from(["same", Action.EDITED, Action.DELETED]))
    if what == "same":
        return msgspec.structs.replace(old, ingested_at=clock)
    revisions[old.comment_id] = revisions.get(old.comment_id, 1) + 1
    by = draw(st.sampled_from([DeletedBy.AUTHOR, DeletedBy.MODERATOR])) if what is Action.DELETED else None
    hostility = 0.0 if by else draw(st.sampled_from([0.1, 0.9]))
    return msgspec.structs.replace(
        old, action=what, deleted_by=by, hostility=hostility, created_at=clock, ingested_at=clock, revision=revisions[old.comment_id]
    )


@calmly
@given(recordings(), st.data())
def test_any_ticks_that_keep_their_promise_change_nothing_but_the_order(recording: list[Reply], data: st.DataObject) -> None:
    end = tick((recording[-1].ingested_at if recording else NOON) + 100 * DAY)
    plain, ticked = folded(stage(), [*recording, end]), folded(stage(), [*with_ticks(recording, data), end])
    assert as_lines(plain.outputs) == as_lines(ticked.outputs)
    assert _outcomes(plain) == _outcomes(ticked)


def _outcomes(effects: Effects) -> list[str]:
    return [step.outcome for step in effects.steps if step.outcome != "tick"]


@calmly
@given(recordings())
def test_every_reply_has_one_outcome_and_the_sums_agree(recording: list[Reply]) -> None:
    counted = folded(stage(), recording).outcomes
    assert set(counted) <= {"counted", "late", "not_qualifying", "duplicate"}
    assert counted.total() == len(recording)


@calmly
@given(recordings(), st.data())
def test_cutting_a_recording_into_batches_and_restarting_between_them_changes_nothing(recording: list[Reply], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(recording)), max_size=4)))
    batches = [recording[start:end] for start, end in zip([0, *cuts], [*cuts, len(recording)], strict=True)]
    whole = folded(stage(), recording)
    state: dict[bytes, bytes] = {}
    outputs, outcomes = [], []
    for batch in batches:
        effects = folded(stage(), batch, restarted(stage(), state))
        state = {key: value for key, value in (state | effects.entries).items() if value is not None}
        outputs += effects.outputs
        outcomes += _outcomes(effects)
    assert (outputs, outcomes) == (whole.outputs, _outcomes(whole))
    assert state == entries_of(stage(), [recording])


@calmly
@given(recordings())
def test_replies_that_come_twice_leave_the_same_state(recording: list[Reply]) -> None:
    once, twice = folded(stage(), recording), folded(stage(), [copy for record in recording for copy in (record, record)])
    assert as_lines(once.outputs) == as_lines(twice.outputs)
    assert once.entries == twice.entries


@calmly
@given(recordings(targets=3), st.randoms(use_true_random=False))
def test_the_order_among_different_targets_changes_nothing(recording: list[Reply], random: Random) -> None:
    queues: dict[str, list[Reply]] = {}
    for record in recording:
        queues.setdefault(record.target_id, []).append(record)
    shuffled: list[Reply] = []
    while waiting := [queue for queue in queues.values() if queue]:
        shuffled.append(random.choice(waiting).pop(0))
    one, other = folded(stage(), recording), folded(stage(), shuffled)
    assert as_lines(one.outputs) == as_lines(other.outputs)
    assert one.entries == other.entries


@calmly
@given(recordings())
def test_each_case_is_told_in_order_from_its_opening_to_its_end_and_no_id_is_used_twice(recording: list[Reply]) -> None:
    end = tick((recording[-1].ingested_at if recording else NOON) + 100 * HOUR)
    cases: dict[str, list[Any]] = {}
    for told in folded(stage(), [*recording, end]).outputs:
        cases.setdefault(told.pileon_id, []).append(told)
    for case in cases.values():
        assert [told.revision for told in case] == list(range(1, len(case) + 1))
        statuses = [told.status for told in case]
        assert statuses == [Status.OPENED, *[Status.ONGOING] * (len(case) - 2), Status.CLOSED]
        assert all(told.hostile_authors >= CONFIG.min_hostile_authors for told in case[:-1])
        assert all(told.first_hostile_at <= told.opened_at <= told.updated_at for told in case)


@calmly
@given(st.permutations(range(8)), st.integers(0, 3))
def test_how_late_replies_come_within_the_bound_changes_no_verdict(order: list[int], hours: int) -> None:
    crowd = [reply(f"p{n}", NOON + n * MINUTE, ingested_at=NOON + HOUR + hours * HOUR) for n in order]
    found = folded(stage(), [*crowd, tick(NOON + 24 * HOUR)]).outputs
    assert [found[0].status, found[-1].status, found[-1].hostile_authors] == [Status.OPENED, Status.CLOSED, 8]
    assert len({told.pileon_id for told in found}) == 1


@calmly
@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from("abcdef"), st.booleans()), max_size=40))
def test_the_counters_agree_with_counting_anew_and_with_every_window(replies: list[tuple[int, str, bool]]) -> None:
    bound = rule(CONFIG, timedelta(hours=24))
    kept: list[Any] = []
    for number, (minute, author, hostile) in enumerate(sorted(replies)):
        kept.append(reply(author, NOON + minute * MINUTE, 0.9 if hostile else 0.1, comment_id=f"c{number}"))
    found = folded(stage(), kept).outputs
    assert (found != []) == _any_window(replies)
    assert bound.keep > bound.window


def _any_window(replies: list[tuple[int, str, bool]]) -> bool:
    """The rule as one would say it: at some hostile reply, the half hour before it, by brute force, in order."""
    seen = sorted(replies)
    for place, (end, _, hostile) in enumerate(seen):
        window = [(author, is_hostile) for minute, author, is_hostile in seen[: place + 1] if end - 30 < minute <= end]
        people, enemies = {author for author, _ in window}, {author for author, is_hostile in window if is_hostile}
        if hostile and len(enemies) >= 2 and len(enemies) / len(people) >= 0.4:
            return True
    return False


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_a_flood_leaves_a_bounded_state(seed: int) -> None:
    random = Random(seed)
    flood = [reply(f"p{random.randrange(2000)}", NOON + n * SECOND, random.choice([0.1, 0.9]), comment_id=f"c{n}") for n in range(5000)]
    (entry,) = entries_of(stage(), [flood]).values()
    target = msgspec.json.decode(entry, type=Target)
    assert (len(target.mild), len(target.hostile)) == (MAX_MILD, MAX_HOSTILE)
    assert len(entry) < 120_000


def test_huge_ids_leave_a_bounded_state() -> None:
    flood = [reply(f"p{n}", NOON + n * SECOND, comment_id=f"{n:1024}", conversation_id=f"{n:1023}x") for n in range(1500)]
    (entry,) = entries_of(stage(), [flood]).values()
    assert len(entry) < 700_000


def test_targets_that_nobody_answers_any_more_are_forgotten() -> None:
    crowd = [reply("bob", NOON, 0.1, target_id=f"ann{n}") for n in range(100)]
    store = stage().new_store()
    folded(stage(), crowd, store)
    assert len(store) == 100
    due = store.next_due()
    assert due is not None
    folded(stage(), [tick(due)], store)
    assert (len(store), store.next_due() is None) == (0, False)
    folded(stage(), [tick(NOON + 200 * HOUR)], store)
    assert store.next_due() is None


def test_of_people_whom_somebody_was_hostile_to_the_history_stays_for_eight_weeks() -> None:
    crowd = [reply("bob", NOON, target_id=f"ann{n}") for n in range(100)]
    store = stage().new_store()
    folded(stage(), [*crowd, tick(NOON + 2 * DAY)], store)
    rested = [msgspec.json.encode(store.get(key)) for key in store]
    assert len(rested) == 100
    assert max(map(len, rested)) < 60
    folded(stage(), [tick(NOON + 55 * DAY)], store)
    assert len(store) == 100
    folded(stage(), [tick(NOON + 57 * DAY)], store)
    assert len(store) == 0


@calmly
@given(recordings())
def test_the_crossing_rule_gives_one_answer_whatever_was_counted_before(recording: list[Reply]) -> None:
    """A ledger that counted all along and one that is made anew say the same of the same reply."""
    store = stage().new_store()
    for record in recording:
        effects = folded(stage(), [record], store)
        for key, value in effects.entries.items():
            if value is not None:
                target = msgspec.json.decode(value, type=Target)
                warm, cold = store.ledger(key.decode()), Ledger(target)
                if target.hostile:
                    bound = rule(CONFIG, timedelta(hours=24))
                    last = target.hostile[-1]
                    assert crossing(bound, warm, last, untimed=False) == crossing(bound, cold, last, untimed=False)
