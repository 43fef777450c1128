"""Which decisions a webhook tells, to whom, with what key: at least once, in order, and a storm as one."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from streams.alert_settings import Webhook
from streams.live.storms import Storms
from streams.records import EndedBecause, PileOn, Severity, Status
from streams.stages.alert import Config
from streams.stages.firing import Storm
from tests.support.builders import HOUR, MINUTE, NOON, SECOND, pileon
from tests.support.folding import folded
from tests.support.hooks import Rooms, webhook

ID = "qqmkm4v24yhtwhhjkeaqvc5b"


def worse(revision: int = 2, name: str = ID, **fields: Any) -> PileOn:
    given: dict[str, Any] = {"severity": Severity.CRITICAL, "hostile_authors": 9, "replying_authors": 14}
    return pileon(name, revision, Status.ONGOING, **(given | fields))


def closed(revision: int = 3, name: str = ID, **fields: Any) -> PileOn:
    return pileon(name, revision, Status.CLOSED, ended_because=EndedBecause.QUIET, **fields)


def told(rooms: Rooms) -> list[tuple[str, str]]:
    return [(one.event, one.id) for one in rooms.outbox.waiting()]


def test_opening_escalation_and_end_are_three_deliveries_with_a_key_each() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(pileon(ID), pileon(ID, 2, Status.ONGOING), worse(3), closed(4, severity=Severity.CRITICAL))
    assert told(rooms) == [("opened", f"{ID}/1/mods"), ("escalated", f"{ID}/3/mods"), ("ended", f"{ID}/4/mods")]


def test_a_body_says_the_line_and_the_numbers_of_its_own_revision() -> None:
    rooms = Rooms([webhook()], console="https://console")
    rooms.turn(pileon(ID), worse(2, usual_hostile_authors=0.31))
    opened, escalated = (json.loads(one.body) for one in rooms.outbox.waiting())
    link = f"https://console/pileons/{ID}"
    assert (
        opened["text"]
        == f"[warning] news / sport · case QQMKM4V2: 4 people hostile (the page gives no times), 4 of 5 replying · ongoing · {link}"
    )
    assert escalated["text"].startswith("[critical] news / sport · case QQMKM4V2: 9 people hostile in 10 min (usual 0.3), 9 of 14 replying")
    assert escalated["text"].endswith(f"· ongoing, began as warning · {link}")
    assert (opened["hostile_authors"], escalated["hostile_authors"]) == (4, 9)
    assert opened["id"] == f"{ID}/1/mods"
    assert set(opened) == {
        "version", "id", "receiver", "event", "text", "pileon_id", "case", "revision", "severity", "source", "community", "hostile_authors",
        "replying_authors", "hostile_replies", "unknown_author_replies", "conversations", "first_hostile_at", "reason", "at", "link",
    }  # fmt: skip


def test_no_target_conversation_comment_or_name_is_in_a_body_or_a_key() -> None:
    rooms = Rooms([webhook()])
    secret: dict[str, Any] = {"target_id": "hidden", "conversations": ("hidden",), "evidence": ("hidden",), "opened_by": "hidden"}
    rooms.turn(pileon(ID, **secret), worse(**secret), closed(**secret))
    assert rooms.log
    assert "hidden" not in str(rooms.log)


def test_who_hears_only_of_critical_hears_of_the_escalation_as_an_opening_and_of_no_warning_s_end() -> None:
    rooms = Rooms([webhook(severities=(Severity.CRITICAL,))])
    rooms.turn(pileon("warned"), closed(2, "warned"), pileon(ID), worse(2), closed(3, severity=Severity.CRITICAL))
    assert told(rooms) == [("opened", f"{ID}/2/mods"), ("ended", f"{ID}/3/mods")]


def test_a_receiver_hears_of_its_communities_alone() -> None:
    hooks = [webhook(name="sport", communities=("news/sport",)), webhook(name="news", communities=("news",)),
             webhook(name="other", communities=("forum", "news/letters"))]  # fmt: skip
    rooms = Rooms(hooks)
    rooms.turn(pileon("a"), pileon("b", community="letters"), pileon("c", source="forum"))
    assert sorted(one.id for one in rooms.outbox.waiting()) == ["a/1/news", "a/1/sport", "b/1/news", "b/1/other", "c/1/other"]


def test_what_is_held_tells_nobody() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(pileon(ID, opening_delay_seconds=90_000.0), closed(2))
    assert rooms.log == {}


def storm(size: int, first: int = 0, at: timedelta = timedelta(0)) -> list[PileOn]:
    return [pileon(f"case-{n}", opened_at=NOON + at + (n - first) * timedelta(milliseconds=100)) for n in range(first, first + size)]


def test_a_storm_of_500_is_told_once_with_those_that_came_before_it() -> None:
    rooms = Rooms([webhook(), webhook(name="warnings", severities=(Severity.WARNING,))])
    rooms.turn(*storm(250))
    rooms.turn(*storm(250, 250, 25 * SECOND))
    events = [one.event for one in rooms.outbox.waiting() if one.receiver == "mods"]
    assert (events.count("opened"), events.count("storm")) == (20, 1)
    assert [one.event for one in rooms.outbox.waiting() if one.receiver == "warnings"].count("storm") == 1
    summary = next(json.loads(one.body) for one in rooms.outbox.waiting() if one.event == "storm")
    said = "21 pile-ons opened within 1 min, since 2024-05-01 12:00 UTC"
    assert summary["text"] == f"[critical] news · {said} · ongoing · threadwatch watch"
    assert (summary["pileons"], summary["began_at"], summary["revision"]) == (21, "2024-05-01T12:00:00Z", 1)


def test_what_opened_in_a_storm_is_told_when_it_worsens_after_it_and_else_not_even_at_its_end() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(*storm(50))
    quiet, soon, late = "case-40", "case-41", "case-42"
    rooms.turn(closed(2, quiet), worse(2, soon, updated_at=NOON + MINUTE), worse(2, late, updated_at=NOON + HOUR))
    about = [(one.pileon_id, one.event) for one in rooms.outbox.waiting() if one.pileon_id in (quiet, soon, late)]
    assert about == [(late, "opened")]


def about_storms(*partitions: Rooms) -> list[dict[str, Any]]:
    waiting = [one for rooms in partitions for one in rooms.outbox.waiting()]
    return [json.loads(one.body) for one in waiting if one.pileon_id.startswith("storm-")]


def test_a_storm_over_many_partitions_of_a_worker_is_told_by_one_and_known_to_all() -> None:
    storms = Storms(Config())
    here, there = Rooms([webhook()], storms=storms), Rooms([webhook()], storms=storms)
    here.turn(*storm(30))
    there.turn(*storm(30, 100, 2 * MINUTE))
    assert len(about_storms(here, there)) == 1
    assert there.outbox.storms_told()["news"].receivers == ()
    moved = there.restarted([webhook()])
    moved.turn(*storm(30, 200, 3 * MINUTE))
    assert about_storms(moved) == [], "who takes the partition over knows that the storm was told"


def test_a_storm_is_known_in_no_partition_s_log_before_it_is_told_in_one_s() -> None:
    storms = Storms(Config())
    here, there = Rooms([webhook()], storms=storms), Rooms([webhook()], storms=storms)
    effects = folded(here.stage, storm(30), here.store)
    here.outbox.planned(effects, NOON)  # and the worker is killed before that is written, but not before this is:
    there.turn(*storm(30, 100, 2 * MINUTE))
    assert about_storms(there) == []
    again = there.restarted([webhook()])
    again.turn(*storm(1, 200, 3 * MINUTE))
    assert [one["event"] for one in about_storms(again)] == ["storm"]


def test_two_workers_tell_each_its_own_storm_under_keys_of_their_own() -> None:
    here, there = Rooms([webhook()]), Rooms([webhook()])
    here.turn(*storm(30))
    there.turn(*storm(30, 100, 2 * MINUTE))
    assert len({one["id"] for one in about_storms(here, there)}) == 2


def ended_storms(rooms: Rooms, after: timedelta) -> list[dict[str, Any]]:
    """Let a partition look at its storms, that long after noon; return what it tells beside what was told."""
    before = about_storms(rooms)
    storms = {one.source: one for one in rooms.store.entries.values() if isinstance(one, Storm)}
    entries = rooms.outbox.passed(storms, NOON + after)
    rooms.log |= entries
    rooms.outbox.take(entries)
    return [one for one in about_storms(rooms) if one not in before]


def test_a_storm_s_end_is_told_once_with_all_that_opened_and_forgotten_in_the_end() -> None:
    rooms = Rooms([webhook()], console="https://console")
    rooms.turn(*storm(50))
    assert ended_storms(rooms, 29 * MINUTE) == []
    (end,) = ended_storms(rooms.restarted([webhook()], "https://console"), 31 * MINUTE)
    link = "https://console/?source=news"
    said = "50 pile-ons opened within 1 min, since 2024-05-01 12:00 UTC"
    assert end["text"] == f"[critical] news · {said} · ENDED (passed) · {link}"
    assert (end["event"], end["ended_because"], end["revision"], end["pileons"], end["link"]) == ("ended", "passed", 2, 50, link)
    assert ended_storms(rooms, 31 * MINUTE) == [end]
    assert ended_storms(rooms, 32 * MINUTE) == []
    assert rooms.outbox.storms_told()
    ended_storms(rooms, 2 * HOUR)
    assert not rooms.outbox.storms_told()


def test_a_storm_whose_end_was_told_too_soon_is_told_again() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(*storm(30))
    assert [one["revision"] for one in ended_storms(rooms, 31 * MINUTE)] == [2]
    rooms.turn(*storm(30, 100, 20 * MINUTE), now=NOON + HOUR)  # a backlog: they arrived before that
    assert [(one["event"], one["revision"]) for one in about_storms(rooms)] == [("storm", 1), ("ended", 2), ("storm", 3)]
    assert [(one["event"], one["pileons"]) for one in ended_storms(rooms, HOUR)] == [("ended", 60)]


def test_a_storm_is_told_to_who_heard_of_it_and_a_source_s_name_forges_no_link() -> None:
    evil = 'x"><b>\n\u202e&source=y https://evil.example/'
    rooms = Rooms([webhook(), webhook(name="elsewhere", communities=("news",))], console="https://console/")
    rooms.turn(*(pileon(f"case-{n}", source=evil) for n in range(21)))
    begun, end = *about_storms(rooms), *ended_storms(rooms, 31 * MINUTE)
    assert begun["receiver"] == end["receiver"] == "mods"
    assert begun["link"].startswith("https://console/?source=x%22%3E%3Cb%3E")
    assert dict(parse_qsl(urlsplit(begun["link"]).query)) == {"source": evil}
    for told in (begun, end):
        assert not [sign for sign in ('"', "<", ">", "\n", "\u202e", "evil.example/") if sign in told["text"].replace(told["link"], "")]


def test_an_id_that_is_no_good_in_a_header_is_quoted() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(pileon("a/b\r\nX: y"))
    assert [one.id for one in rooms.outbox.waiting()] == ["a%2Fb%0D%0AX%3A%20y/1/mods"]


def test_a_storm_is_counted_over_all_partitions_of_a_worker() -> None:
    storms = Storms(Config())
    partitions = [Rooms([webhook()], storms=storms) for _ in range(4)]
    for number, one in enumerate(storm(60)):
        partitions[number % 4].turn(one)
    waiting = [one for rooms in partitions for one in rooms.outbox.waiting()]
    assert [one.event for one in waiting].count("opened") == 20
    assert len({one.id for one in waiting if one.event == "storm"}) == 1
    partitions[0].turn(worse(2, "case-20"))
    assert "case-20" not in {one.pileon_id for one in partitions[0].outbox.waiting()}, "the storm stands for it"


def test_another_storm_is_another_summary() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(*storm(30))
    rooms.turn(*storm(30, 100, 3 * HOUR))
    assert len({one.id for one in rooms.outbox.waiting() if one.event == "storm"}) == 2


def test_a_verdict_s_end_is_an_end_that_says_so() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(pileon(ID), pileon(ID, 2, Status.CLOSED, ended_because=EndedBecause.JUDGED))
    ended = json.loads(rooms.outbox.waiting()[1].body)
    assert (ended["event"], ended["ended_because"], ended["id"]) == ("ended", "judged", f"{ID}/2/mods")
    assert ended["text"].endswith("· ENDED (judged) · threadwatch watch --case QQMKM4V2")


TRANSITIONS = [pileon(ID), pileon(ID, 2, Status.ONGOING), worse(3), closed(4, severity=Severity.CRITICAL), *storm(25), worse(2, "case-3")]


@given(st.integers(0, len(TRANSITIONS)))
def test_a_worker_that_starts_again_anywhere_tells_the_same(cut: int) -> None:
    hooks: list[Webhook] = [webhook()]
    whole, first = Rooms(hooks), Rooms(hooks)
    whole.turn(*TRANSITIONS)
    first.turn(*TRANSITIONS[:cut])
    second = first.restarted(hooks)
    second.turn(*TRANSITIONS[cut:])
    assert {one.id: one.body for one in second.outbox.waiting()} == {one.id: one.body for one in whole.outbox.waiting()}


def test_nothing_is_left_in_the_log_once_all_is_delivered_and_ended() -> None:
    rooms = Rooms([webhook()])
    rooms.turn(pileon(ID), worse(2), closed(3, severity=Severity.CRITICAL))
    gone = {one.key: None for one in rooms.outbox.waiting()}
    rooms.outbox.take(gone)
    assert not [value for value in (rooms.log | gone).values() if value is not None]
