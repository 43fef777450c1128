"""Who is piled on most: soft counts of people, not of replies."""

from hypothesis import given
from hypothesis import strategies as st

from streams.records import Action, DeletedBy, Reply, Role
from streams.stages.targets import Condition, soft_counts
from tests.support.builders import MINUTE, NOON, reply


def test_each_author_counts_with_the_worst_reply_only() -> None:
    (ann,) = soft_counts([reply("bob", NOON, 0.9), reply("bob", NOON + MINUTE, 0.4), reply("eve", NOON, 0.3)])
    assert (ann.hostile_authors, ann.surely_hostile_authors, ann.replies, ann.severe) == (1.2, 1, 3, 1)


def test_unknown_people_of_one_conversation_count_as_one() -> None:
    unknown = [reply(None, NOON, 0.6, comment_id=f"u{n}") for n in range(7)]
    assert soft_counts(unknown)[0].hostile_authors == 0.6
    assert soft_counts([*unknown, reply(None, NOON, 0.6, comment_id="v", conversation_id="other")])[0].hostile_authors == 1.2


def test_the_latest_revision_counts_and_what_authors_took_back_does_not() -> None:
    original = reply("bob", NOON, 0.9, comment_id="c")
    civil = reply("bob", NOON + MINUTE, 0.1, comment_id="c", revision=2, action=Action.EDITED)
    gone = reply("bob", NOON + MINUTE, 0.0, comment_id="c", revision=2, action=Action.DELETED, deleted_by=DeletedBy.AUTHOR)
    moderated = reply("bob", NOON + MINUTE, 0.0, comment_id="c", revision=2, action=Action.DELETED, deleted_by=DeletedBy.MODERATOR)
    assert soft_counts([civil, original])[0].hostile_authors == 0.1
    assert soft_counts([original, gone]) == []
    assert soft_counts([original, moderated])[0].hostile_authors == 0.9


def test_own_replies_bots_and_moderators_do_not_count() -> None:
    assert soft_counts([reply("ann"), reply("robot", author_role=Role.BOT), reply("mod", author_role=Role.MODERATOR)]) == []


def test_the_worst_comes_first_and_open_watch_and_calm_are_told_apart() -> None:
    replies = [
        *(reply(f"p{n}", NOON, 0.8, target_id="open") for n in range(5)),
        *(reply(f"p{n}", NOON, 0.7, target_id="watched") for n in range(3)),
        reply("p", NOON, 0.2, target_id="calm"),
    ]
    found = soft_counts(replies, piled_on={("news", "sport", "open")})
    assert [(one.target_id, one.status) for one in found] == [
        ("open", Condition.OPEN), ("watched", Condition.WATCH), ("calm", Condition.CALM),
    ]  # fmt: skip


def test_half_of_what_opens_one_is_watched_and_said_in_words() -> None:
    def of(*hostility: float) -> tuple[Condition, str]:
        (one,) = soft_counts([reply(f"p{n}", NOON, each) for n, each in enumerate(hostility)])
        return one.status, one.why

    two_of_four = "watched, no pile-on: 2 of 3 people who answered are surely hostile, below the floor of 4 that a pile-on needs; "
    assert of(0.5, 0.5, 0.0) == (
        Condition.WATCH, two_of_four + "with doubtful people counted in part 1.0 are hostile, and from 1.0 on somebody is watched",
    )  # fmt: skip
    assert of(0.6, 0.3)[0] is Condition.CALM
    assert of(0.4, 0.3, 0.2, 0.2)[0] is Condition.WATCH
    assert of(0.9)[1].endswith("; 1 hostile reply of at least 0.9, and one is enough to watch")


def test_many_civil_answers_make_nobody_watched() -> None:
    (popular,) = soft_counts(reply(f"p{n}", NOON, 0.05) for n in range(200))
    assert (popular.hostile_authors, popular.status) == (10.0, Condition.CALM)
    assert popular.why.endswith("counting doubtful ones in part, 0.0")


def test_nobody_is_calm_whose_replies_were_mostly_not_scored_and_the_sentence_says_how_many_and_why() -> None:
    def of(unscored: int, scored: int, hostility: float = 0.0) -> tuple[Condition, str]:
        mute = [reply(f"u{n}", NOON, 0.0, is_unscored=True) for n in range(unscored)]
        (one,) = soft_counts([*mute, *(reply(f"p{n}", NOON, hostility) for n in range(scored))])
        return one.status, one.why

    status, why = of(12, 0)
    assert status is Condition.UNKNOWN
    assert why.startswith("unknown: 0 of 12 people who answered are surely hostile")
    assert "; 12 of 12 replies were not scored: a language that the scorer was not taught" in why
    assert of(6, 6)[0] is Condition.CALM
    assert "6 of 12 replies were not scored" in of(6, 6)[1]
    assert of(12, 2, 0.9)[0] is Condition.WATCH
    assert "not scored" not in of(0, 3)[1]


def test_many_hostile_replies_by_people_unknown_are_never_calm() -> None:
    def unknown(number: int) -> list[Reply]:
        return [reply(None, NOON, 0.5, comment_id=f"u{n}") for n in range(number)]

    assert [soft_counts(unknown(number))[0].status for number in (7, 8)] == [Condition.CALM, Condition.WATCH]


@given(st.permutations([reply(f"p{n % 5}", NOON, 0.1 + n / 20, comment_id=f"c{n}", target_id=f"t{n % 2}") for n in range(12)]))
def test_the_order_of_replies_changes_nothing(replies: list[Reply]) -> None:
    assert soft_counts(replies) == soft_counts(sorted(replies, key=lambda one: one.comment_id))
