"""When many turn on one: what opens a pile-on, what it tells, and what ends it."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from streams.records import Action, DeletedBy, EndedBecause, PileOn, Reply, Role, Severity, Status
from streams.stages.pileon import Config, PileOns
from tests.support.builders import DAY, FRIENDLY, HOUR, MINUTE, NOON, SECOND, config_change, reply, tick
from tests.support.folding import folded

KEY = b"a key of the tests"


def stage(config: Config | None = None, **given: Any) -> PileOns:
    return PileOns(config or Config(), given.get("overrides", {}), given.get("lateness", {}), KEY)


def told(records: list[Any], config: Config | None = None, **given: Any) -> list[PileOn]:
    return folded(stage(config, **given), records).outputs


def outcomes(records: list[Any]) -> dict[str, int]:
    return dict(folded(stage(), records).outcomes)


def crowd(number: int, start: timedelta = timedelta(0), **fields: Any) -> list[Reply]:
    """So many different people, hostile one minute after the other."""
    return [reply(f"p{n}", NOON + start + n * MINUTE, **fields) for n in range(number)]


def removed(original: Reply, by: DeletedBy | None = DeletedBy.AUTHOR, after: timedelta = 10 * MINUTE) -> Reply:
    at = original.created_at + after
    return reply(original.author_id, at, 0.0, comment_id=original.comment_id, conversation_id=original.conversation_id,
                 action=Action.DELETED, deleted_by=by, revision=2)  # fmt: skip


def edited(original: Reply, hostility: float, after: timedelta = 10 * MINUTE, revision: int = 2) -> Reply:
    at = original.created_at + after
    return reply(original.author_id, at, hostility, comment_id=original.comment_id, action=Action.EDITED, revision=revision)


def test_four_different_people_within_the_hour_open_a_warning() -> None:
    (opened,) = told(crowd(4))
    assert (opened.status, opened.severity, opened.revision) == (Status.OPENED, Severity.WARNING, 1)
    assert (opened.hostile_authors, opened.replying_authors, opened.hostile_replies, opened.replies) == (4, 4, 4, 4)
    assert (opened.first_hostile_at, opened.opened_at, opened.opened_by) == (NOON, NOON + 3 * MINUTE, "p3-180")
    assert opened.evidence == ("p0-0", "p1-60", "p2-120", "p3-180")
    assert opened.opening_delay_seconds == 2.0


def test_a_source_may_number_the_comments_of_each_conversation_anew() -> None:
    replies = [reply(f"p{n}", NOON + n * MINUTE, comment_id=str(n % 2), conversation_id=f"talk{n // 2}") for n in range(4)]
    (opened,) = told(replies)
    assert (opened.hostile_authors, opened.conversations) == (4, ("talk0", "talk1"))
    assert outcomes([*replies, replies[0]]) == {"counted": 4, "duplicate": 1}


def test_three_people_are_too_few_however_often_they_write() -> None:
    assert told([reply(f"p{n % 3}", NOON + n * MINUTE) for n in range(30)]) == []


def test_one_persistent_enemy_is_no_pile_on() -> None:
    assert told([reply("bob", NOON + n * SECOND) for n in range(50)]) == []


def test_four_people_spread_over_more_than_the_window_are_no_pile_on() -> None:
    assert told([reply(f"p{n}", NOON + n * 20 * MINUTE) for n in range(4)]) == []
    assert len(told([reply(f"p{n}", NOON + n * 19 * MINUTE) for n in range(4)])) == 1


def test_popularity_is_no_pile_on_though_some_are_hostile() -> None:
    friendly = [reply(f"fan{n}", NOON + n * SECOND, FRIENDLY) for n in range(7)]
    assert told([*friendly, *crowd(4, MINUTE)]) == []
    assert len(told([*friendly[:6], *crowd(4, MINUTE)])) == 1


def test_the_target_bots_and_moderators_are_never_hostile_authors() -> None:
    own = reply("ann", NOON)
    others = [reply("robot", NOON, author_role=Role.BOT), reply("mod", NOON, author_role=Role.MODERATOR)]
    assert told([own, *others, *crowd(3)]) == []
    assert outcomes([own, *others, *crowd(3)]) == {"not_qualifying": 3, "counted": 3}


def test_what_was_not_scored_counts_for_nothing() -> None:
    unscored = crowd(9, is_unscored=True, hostility=0.0)
    assert told([*unscored, *crowd(3, MINUTE)]) == []
    assert outcomes(unscored) == {"not_qualifying": 9}
    with_many = [msgspec.structs.replace(each, author_id=f"other-{n}") for n, each in enumerate(unscored)]
    assert told([*with_many, *crowd(4, MINUTE)])[0].replies == 4


def test_unknown_authors_of_one_conversation_count_as_one() -> None:
    unknown = [reply(None, NOON + n * SECOND, comment_id=f"u{n}") for n in range(20)]
    assert told([*unknown, *crowd(2, MINUTE)]) == []
    opened, *_ = told([*unknown, *crowd(3, MINUTE)])
    assert (opened.hostile_authors, opened.unknown_author_replies) == (4, 20)
    assert "people unknown: 20" in opened.reason


def test_eight_hostile_replies_by_people_unknown_are_noted_though_nothing_opens() -> None:
    unknown = [reply(None, NOON + n * SECOND, comment_id=f"u{n}") for n in range(9)]
    effects = folded(stage(), unknown)
    assert (effects.outputs, dict(effects.notes)) == ([], {"people_unknown": 1})


def test_a_person_attacked_in_two_conversations_has_one_pile_on() -> None:
    (opened,) = told([*crowd(2), *[reply(f"q{n}", NOON + 5 * MINUTE, conversation_id="other") for n in range(2)]])
    assert opened.conversations == ("talk", "other")
    assert "across 2 conversations" in opened.reason


def test_the_same_name_elsewhere_is_another_target() -> None:
    assert told([*crowd(2), *[reply(f"q{n}", NOON, community="politics") for n in range(2)]]) == []


def test_a_community_has_its_own_settings() -> None:
    overrides = {("news", "sport"): Config(min_hostile_authors=2)}
    assert told(crowd(2), overrides=overrides)[0].hostile_authors == 2


def test_it_is_told_again_when_it_grew_by_a_quarter_or_became_critical() -> None:
    grown = told(crowd(12))
    assert [(one.hostile_authors, str(one.severity)) for one in grown] == [
        (4, "warning"), (5, "warning"), (7, "warning"), (8, "critical"), (10, "critical"),
    ]  # fmt: skip
    assert [one.revision for one in grown] == [1, 2, 3, 4, 5]
    assert len({one.pileon_id for one in grown}) == 1


def test_severe_people_make_it_critical_at_once_if_so_set() -> None:
    (opened,) = told(crowd(4, hostility=0.95), Config(min_severe_authors=4))
    assert opened.severity is Severity.CRITICAL


def test_the_reason_has_the_numbers_and_the_bounds() -> None:
    friendly = [reply(f"fan{n}", NOON + n * SECOND, FRIENDLY) for n in range(2)]
    (opened,) = told([*friendly, *crowd(4)])
    assert opened.reason == "4 people hostile in 3 min (usual under 0.1); 4 of 6 replying within 1 h; floor 4, share 0.67 ≥ 0.40"


def test_evidence_is_the_most_hostile_of_ten_people_and_conversations_are_at_most_twenty() -> None:
    replies = [reply(f"p{n}", NOON + n * SECOND, 0.6 + n / 1000, conversation_id=f"talk{n}") for n in range(30)]
    last = told(replies)[-1]
    assert last.evidence[0] == f"p{last.hostile_authors - 1}-{last.hostile_authors - 1}"
    assert (len(last.evidence), len(last.conversations)) == (10, 20)


def test_ids_say_nothing_without_the_key() -> None:
    (here,) = told(crowd(4))
    (elsewhere,) = folded(PileOns(Config(), {}, {}, b"another key"), crowd(4)).outputs
    assert here.pileon_id != elsewhere.pileon_id
    assert len(here.pileon_id) == 24
    assert here.pileon_id.isalnum()


def test_a_tick_closes_it_six_hours_after_the_last_hostile_reply() -> None:
    last = NOON + 3 * MINUTE
    assert len(told([*crowd(4), tick(last + 6 * HOUR - SECOND)])) == 1
    closed = told([*crowd(4), tick(last + 9 * HOUR)])[-1]
    assert (closed.status, closed.ended_because, closed.revision) == (Status.CLOSED, EndedBecause.QUIET, 2)
    assert closed.closed_at == closed.updated_at == last + 6 * HOUR
    assert closed.last_hostile_at == last
    assert closed.reason == "no hostile reply for 6 h; 4 people hostile in 3 min (usual under 0.1)"


def test_the_next_reply_closes_it_too_and_may_open_another() -> None:
    later = told([*crowd(4), *crowd(4, 7 * HOUR)])
    assert [str(one.status) for one in later] == ["opened", "closed", "opened"]
    assert later[1].closed_at == NOON + 3 * MINUTE + 6 * HOUR
    assert later[0].pileon_id != later[2].pileon_id


def test_friendly_replies_do_not_keep_it_open() -> None:
    friendly = [reply(f"fan{n}", NOON + n * HOUR, FRIENDLY) for n in range(1, 8)]
    assert told([*crowd(4), *friendly])[-1].status is Status.CLOSED


def test_more_hostile_replies_within_six_hours_update_it_instead_of_opening_another() -> None:
    again = told([*crowd(4), *crowd(4, 5 * HOUR)])
    assert [str(one.status) for one in again] == ["opened"]
    more = [reply(f"new{n}", NOON + 5 * HOUR) for n in range(4)]
    assert {one.pileon_id for one in told([*crowd(4), *more])} == {again[0].pileon_id}


def test_an_outage_s_backlog_is_one_case_not_one_for_each_reply() -> None:
    backlog = [reply(f"p{n}", NOON + n * MINUTE, ingested_at=NOON + 10 * HOUR) for n in range(9)]
    assert [str(one.status) for one in told(backlog)] == ["opened", "ongoing", "ongoing", "ongoing"]
    assert told([*backlog, tick(NOON + 12 * HOUR)])[-1].closed_at == NOON + 11 * HOUR


def test_a_silence_within_a_backlog_ends_the_case() -> None:
    backlog = [*crowd(5, ingested_at=NOON + 20 * HOUR), *crowd(5, 9 * HOUR, ingested_at=NOON + 20 * HOUR)]
    found = told(backlog)
    assert [str(one.status) for one in found] == ["opened", "ongoing", "closed", "opened", "ongoing"]
    assert found[2].closed_at == NOON + 4 * MINUTE + 6 * HOUR


def test_late_records_are_not_counted_by_the_source_s_own_measure() -> None:
    late = crowd(4, ingested_at=NOON + DAY + HOUR)
    assert outcomes(late) == {"late": 4}
    assert len(told(late, lateness={"news": 2 * DAY})) == 1


def test_estimated_times_are_never_late_and_the_last_fifty_replies_are_the_window() -> None:
    def page(number: int, hostility: float, start: int = 0) -> list[Reply]:
        return [reply(f"p{start + n}", NOON, hostility, comment_id=f"c{start + n}", created_at_is_estimated=True,
                      ingested_at=NOON + 100 * DAY + (start + n) * MINUTE) for n in range(number)]  # fmt: skip

    (opened,) = told(page(4, 0.9))
    assert (opened.opening_delay_seconds, "page gives no times" in opened.reason) == (0.0, True)
    assert told([*page(3, 0.9), *page(50, 0.1, 3), *page(1, 0.9, 53)], Config(min_share=0)) == []
    assert len(told([*page(3, 0.9), *page(46, 0.1, 3), *page(1, 0.9, 49)], Config(min_share=0))) == 1


def test_authors_who_take_their_replies_back_end_it() -> None:
    replies = crowd(5)
    found = told([*replies, removed(replies[0]), removed(replies[1])])
    assert [str(one.status) for one in found] == ["opened", "ongoing", "closed"]
    closed = found[-1]
    assert (closed.ended_because, closed.hostile_authors) == (EndedBecause.REMOVED, 3)
    assert replies[0].comment_id not in closed.evidence


def test_an_author_with_another_hostile_reply_still_counts() -> None:
    replies = [*crowd(4), reply("p0", NOON + 5 * MINUTE)]
    assert [str(one.status) for one in told([*replies, removed(replies[0])])] == ["opened"]


def test_what_moderators_remove_stays_counted_and_is_marked() -> None:
    replies = crowd(4)
    by_moderator = removed(replies[0], DeletedBy.MODERATOR)
    again_by_author = reply("p0", NOON + HOUR, 0.0, comment_id="p0-0", action=Action.DELETED, deleted_by=DeletedBy.AUTHOR, revision=3)
    more = reply("p9", NOON + 30 * MINUTE)
    ongoing = told([*replies, by_moderator, again_by_author, more])[-1]
    assert (ongoing.status, ongoing.hostile_authors, ongoing.removed_by_moderators) == (Status.ONGOING, 5, 1)
    assert "p0-0" not in ongoing.evidence


def test_an_edit_to_civil_text_ends_it_as_a_delete_does() -> None:
    replies = crowd(4)
    assert told([*replies, edited(replies[2], FRIENDLY)])[-1].ended_because is EndedBecause.REMOVED


def test_an_edit_that_turns_hostile_counts_when_it_was_made() -> None:
    civil = reply("late", NOON - 5 * HOUR, FRIENDLY)
    (opened,) = told([civil, *crowd(3), edited(civil, 0.9, 5 * HOUR + 4 * MINUTE)])
    assert (opened.opened_at, opened.opened_by) == (NOON + 4 * MINUTE, civil.comment_id)


def test_turning_one_comment_hostile_twice_never_uses_an_id_twice() -> None:
    replies = crowd(4)
    found = told([*replies, edited(replies[3], 0.1), edited(replies[3], 0.9, 20 * MINUTE, 3)])
    assert [str(one.status) for one in found] == ["opened", "closed", "opened"]
    assert len({one.pileon_id for one in found}) == 2


def test_a_delete_of_a_comment_never_seen_changes_nothing() -> None:
    assert outcomes([removed(reply("ghost"))]) == {"not_qualifying": 1}


def test_a_comment_counts_once_however_often_it_comes() -> None:
    assert outcomes([*crowd(3), *crowd(3), *crowd(3)]) == {"counted": 3, "duplicate": 6}


def test_an_old_revision_after_a_newer_one_is_a_duplicate() -> None:
    original = reply("p0")
    assert outcomes([original, removed(original), original]) == {"counted": 2, "duplicate": 1}


def test_hostile_people_who_come_out_of_order_are_seen_together() -> None:
    friendly_later = reply("fan", NOON + 5 * HOUR, FRIENDLY, ingested_at=NOON + 5 * HOUR)
    backwards = [reply(f"p{n}", NOON + n * MINUTE, ingested_at=NOON + 5 * HOUR) for n in reversed(range(4))]
    (opened,) = told([friendly_later, *backwards])
    assert (opened.opened_at, opened.first_hostile_at) == (NOON + 3 * MINUTE, NOON)


def test_a_change_of_settings_in_the_log_is_known_and_changes_nothing_here() -> None:
    assert outcomes([config_change(min_hostile_authors=9)]) == {"config_change": 1}


def test_a_clock_far_ahead_cannot_hold_a_case_open() -> None:
    liar = reply("p9", NOON + 300 * DAY, ingested_at=NOON + 4 * MINUTE)
    closed = told([*crowd(4), liar, tick(NOON + 7 * HOUR)])[-1]
    assert closed.status is Status.CLOSED


@pytest.mark.parametrize("wrong", [{"window": timedelta(0)}, {"window": timedelta(days=8)}, {"case_length": timedelta(days=31)}])
def test_a_duration_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allowed is"):
        Config(**wrong)
