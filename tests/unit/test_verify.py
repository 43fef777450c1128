"""Each cause where a record proves it; the same difference without that record is unexplained."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from streams.cli.main import main
from streams.engine import Message
from streams.records import PileOn
from streams.replay.recording import Part
from streams.replay.verify import decisions
from streams.replay.verify.applied import Applied, Course
from streams.replay.verify.causes import Evidence, Kept, Person, explained
from streams.replay.verify.differences import Cause, Fired, Kind, Made, Place, fired_of, paired
from streams.replay.verify.fold import Heard, Refold
from streams.replay.verify.opening import at_the_first
from streams.replay.verify.storms import Watch, storms_of
from streams.stages.alert import Alerts, Mute
from streams.stages.alert import Config as AlertConfig
from streams.stages.firing import Storm, storm_key
from streams.stages.pileon import Config, PileOns
from streams.topics import PILEONS, REPLIES
from tests.support.builders import HOUR, MINUTE, NOON, config_change, pileon, reply, tick
from tests.support.recorded import BROKERS, messages, write_recording

KEY = "5a" * 32
OURS, OTHER = "ours", "other"


def fired_in(messages: Iterable[Message]) -> list[Fired]:
    return [one for one in map(fired_of, messages) if one is not None]


def stage() -> PileOns:
    return PileOns(Config(), {}, {}, bytes.fromhex(KEY))


def log(people: int = 8, first_offset: int = 0) -> list[Message]:
    """A target's replies, hostile one minute after the other, a change of settings, and a tick that ends the case."""
    records = [config_change(), *(reply(f"p{n}", NOON + n * MINUTE) for n in range(people)), tick(NOON + 20 * HOUR)]
    made = messages(REPLIES.name, map(msgspec.json.encode, records))
    return [replace(one, offset=one.offset + first_offset) for one in made]


def refolded(replies: list[Message], first: int = 0) -> Refold:
    fold = Refold(stage(), None)
    fold.open(0, at_the_first(stage(), first))
    fold.take(replies)
    return fold


def made_by(fold: Refold) -> list[Made]:
    return [msgspec.msgpack.decode(value, type=Made) for _, value in fold.made.sorted()]


def heard_by(fold: Refold) -> frozenset[Any]:
    heard = [msgspec.msgpack.decode(value, type=Heard) for _, value in fold.heard.sorted()]
    return frozenset(at for one in heard for at in (one.created_at, one.ingested_at))


def written(made: list[Made], offset: int = 0) -> list[Message]:
    """Return what a worker would have written of it, a millisecond after each input."""
    values = [msgspec.json.encode(one.pileon) for one in made]
    return [Message(PILEONS.name, 0, offset + n, BROKERS + 2000 * n, PILEONS.key(made[n].pileon), value) for n, value in enumerate(values)]


def live_of(made: list[Made]) -> list[Fired]:
    return fired_in(written(made))


def because(made: list[Made], fired: list[Fired], heard: frozenset[Any] = frozenset(), **fields: Any) -> list[tuple[Kind, Cause]]:
    pairs, _ = paired(made, fired)
    person, kept = Person(partition=0, written_to=0, fired=fired, heard=heard), Kept()
    kept.take(person, made)
    evidence = Evidence(**({"configuration": OURS, "detector": "window@1", "kept": kept.first} | fields))
    found = explained(pairs, evidence, person)
    assert all(bool(one.records) == (one.cause is not Cause.UNEXPLAINED) for one in found), "each proof names its records"
    return [(pair.kind, one.cause) for pair, one in zip(pairs, found, strict=True)]


@pytest.fixture
def made() -> list[Made]:
    found = made_by(refolded(log()))
    assert [one.pileon.revision for one in found] == [1, 2, 3, 4, 5]
    return found


def test_what_the_log_makes_is_what_was_written_byte_for_byte(made: list[Made]) -> None:
    assert paired(made, live_of(made)) == ([], len(made))


def test_how_the_log_is_cut_into_batches_changes_nothing(made: list[Made]) -> None:
    fold = refolded([])
    for message in log():
        fold.take([message])
    assert made_by(fold) == made


def test_what_is_deleted_forged_altered_or_doubled_is_unexplained(made: list[Made]) -> None:
    live = live_of(made)
    forged = fired_in([replace(written(made)[0], offset=90, value=msgspec.json.encode(pileon("forged")))])
    altered = fired_in([replace(written(made)[2], value=msgspec.json.encode(replace(made[2].pileon, hostile_authors=99)))])
    assert because(made, live[1:]) == [(Kind.MISSING, Cause.UNEXPLAINED)]
    assert because(made, [*live, *forged]) == [(Kind.EXTRA, Cause.UNEXPLAINED)]
    assert because(made, [*live[:2], *altered, *live[3:]]) == [(Kind.ALTERED, Cause.UNEXPLAINED)]
    again = fired_in([replace(written(made)[1], offset=90)])
    assert because(made, [*live, *again]) == [(Kind.DOUBLED, Cause.UNEXPLAINED)]


def test_an_altered_transition_names_its_fields_and_one_that_no_reader_knows_is_a_difference_too(made: list[Made]) -> None:
    value = written(made)[0].value
    assert value is not None
    (pair,), _ = paired(made[:1], fired_in([replace(written(made)[0], value=value[:-1] + b',"spoilt":1}')]))
    assert (pair.kind, pair.fields) == (Kind.ALTERED, {"spoilt": (1, None)})


def applied(*told: tuple[float, str]) -> dict[int, list[Applied]]:
    return {0: [Applied(int(offset), NOON + offset * MINUTE / 60, configuration) for offset, configuration in told]}


def test_version_is_proven_by_the_state_that_other_settings_applied_that_input(made: list[Made]) -> None:
    live = live_of(made)[1:]
    at = made[0].input.offset
    version, unexplained = [(Kind.MISSING, Cause.VERSION)], [(Kind.MISSING, Cause.UNEXPLAINED)]
    assert because(made, live, applied=applied((at + 3, OTHER))) == version
    assert because(made, live, applied=applied((at - 2, OTHER), (at, OTHER), (at + 9, OURS))) == version
    assert because(made, live, applied=applied((at + 3, OURS))) == unexplained
    assert because(made, live, applied=applied((at - 2, OTHER))) == unexplained, "nothing is left of how it was applied"
    assert because(made, live, applied=applied((at - 2, OURS), (at + 3, OTHER))) == unexplained, "it may have been ours until then"


def test_version_of_what_only_live_has_goes_by_the_time_it_was_written(made: list[Made]) -> None:
    forged = fired_in([Message(PILEONS.name, 0, 90, BROKERS + 60_000, None, msgspec.json.encode(pileon("forged")))])
    for told, cause in (
        (((59, OTHER), (61, OTHER)), Cause.VERSION),
        (((59, OTHER), (61, OURS)), Cause.UNEXPLAINED),
        (((59, OTHER),), Cause.UNEXPLAINED),
        (((59, OTHER), (59.8, OTHER)), Cause.VERSION),  # of the same transaction
        (((59, OTHER), (59.8, OURS)), Cause.UNEXPLAINED),
    ):
        assert because(made, [*live_of(made), *forged], applied=applied(*told)) == [(Kind.EXTRA, cause)]


def test_version_is_proven_by_a_record_of_another_detector(made: list[Made]) -> None:
    values = [msgspec.json.encode(replace(made[0].pileon, detector=detector, hostile_replies=9)) for detector in ("window@0", "window@1")]
    causes = [because(made[:1], fired_in([replace(written(made)[0], value=value)])) for value in values]
    assert causes == [[(Kind.ALTERED, Cause.VERSION)], [(Kind.ALTERED, Cause.UNEXPLAINED)]]


def test_retention_is_proven_where_pileons_begins_after_it(made: list[Made]) -> None:
    live = live_of(made)
    begins = {0: (7, live[2].place.at)}
    retention = (Kind.MISSING, Cause.RETENTION)
    assert because(made, live[2:], ends=begins) == [retention, retention]
    assert because(made, live[2:], ends={0: (0, live[2].place.at)}) == [(Kind.MISSING, Cause.UNEXPLAINED)] * 2
    assert because(made, [*live[2:3], *live[4:]], ends=begins) == [retention, retention, (Kind.MISSING, Cause.UNEXPLAINED)]
    assert because(made, [], ends={0: (7, None)}) == [retention] * 5, "nothing at all is left"


def test_an_approximate_start_is_proven_by_a_case_that_began_with_a_reply_that_is_gone(made: list[Made]) -> None:
    live, rest = live_of(made), log()[4:]
    fold = refolded(rest, first=8)
    known: dict[str, Any] = {"approximate": fold.approximate, "starts": fold.starts, "heard": heard_by(fold)}
    causes = because(made_by(fold), live, **known)
    assert len(causes) >= 5 and {cause for _, cause in causes} == {Cause.APPROXIMATE_START}
    assert {cause for _, cause in because(made_by(fold), live, **(known | {"approximate": {}}))} == {Cause.UNEXPLAINED}
    still_there = {NOON, *heard_by(fold)}
    assert {cause for _, cause in because(made_by(fold), live, **(known | {"heard": still_there}))} == {Cause.UNEXPLAINED}


def test_what_began_after_the_first_reply_that_is_left_is_no_matter_of_the_start(made: list[Made]) -> None:
    fold = refolded(log(), first=8)
    known: dict[str, Any] = {"approximate": fold.approximate, "starts": {0: NOON - HOUR}, "heard": heard_by(fold)}
    assert because(made_by(fold), live_of(made)[1:], **known) == [(Kind.MISSING, Cause.UNEXPLAINED)]


def test_a_case_long_over_explains_what_is_usual_and_nothing_else(made: list[Made]) -> None:
    before = pileon("before", first_hostile_at=NOON - 30 * HOUR, opened_at=NOON - 29 * HOUR)
    past = fired_in([Message(PILEONS.name, 0, 0, BROKERS, None, msgspec.json.encode(before))])
    known: dict[str, Any] = {"approximate": {0: 8}, "starts": {0: NOON - HOUR}}
    for changes, cause in ({"usual_hostile_authors": 0.7}, Cause.APPROXIMATE_START), ({"hostile_replies": 9}, Cause.UNEXPLAINED):
        live = fired_in([replace(written(made)[0], value=msgspec.json.encode(replace(made[0].pileon, **changes)))])
        pair, _ = paired(made[:1], live)
        person = Person(partition=0, written_to=0, fired=[*past, *live], heard=frozenset((NOON,)))
        assert [found.cause for found in explained(pair, Evidence(configuration=OURS, detector="window@1", **known), person)] == [cause]


# Decisions


MUTE = Mute(target="ann", reason="a test", since=NOON - HOUR, until=NOON + HOUR)


def told(*pileons: PileOn, first: int = 0) -> list[Message]:
    return [Message(PILEONS.name, 0, first + n, BROKERS + n, PILEONS.key(one), msgspec.json.encode(one)) for n, one in enumerate(pileons)]


def case(*more: dict[str, Any]) -> list[PileOn]:
    return [pileon(revision=n + 1, **({"status": "ongoing"} if n else {}) | one) for n, one in enumerate(more)]


def state(transitions: list[Message], mutes: tuple[Mute, ...] = ()) -> list[Message]:
    """Return what a worker would have written to ``state.alert``, one transition after the other."""
    again = redecided(transitions, {0: 10**9}, mutes)
    told = [msgspec.msgpack.decode(value, type=decisions.Decided) for _, value in again.decided.sorted()]
    entries = [one.entry for one in sorted(told, key=lambda one: one.input.offset) if one.entry is not None]
    found = [Message("state.alert", 0, n, BROKERS, one.pileon_id.encode(), msgspec.json.encode(one)) for n, one in enumerate(entries)]
    last = msgspec.json.encode({"offset": transitions[-1].offset})
    return [*found, Message("state.alert", 0, len(found), BROKERS, b"applied", last)]


def redecided(transitions: list[Message], applied: dict[int, int], mutes: tuple[Mute, ...] = ()) -> decisions.Redecided:
    again = decisions.Redecided(Alerts(AlertConfig(), mutes), applied)
    for message in transitions:
        again.take(message)
    return again


def decided(transitions: list[Message], written: list[Message], *, begins: Any = (0, None), deliveries: tuple[Message, ...] = ()) -> Any:
    live, counted = decisions.Live(), decisions.Compared()
    for message in written:
        live.take_state(message)
    for message in deliveries:
        live.take_delivery(message)
    found = list(decisions.compared(redecided(transitions, live.applied), live, {0: begins}, lambda _: True, counted))
    assert counted.differing == sum(one.live is not None for one in found)
    assert all(bool(one.found.records) == (one.found.cause is not Cause.UNEXPLAINED) for one in found)
    return counted.attested, [(one.kind, one.found.cause) for one in found]


def test_decisions_that_the_state_attests_are_those_of_the_replay() -> None:
    transitions = told(*case({}, {"severity": "critical"}))
    assert decided(transitions, state(transitions)) == (2, [])


def test_a_transition_that_fired_and_was_deleted_or_forged_shows_in_the_decisions() -> None:
    transitions = told(*case({}, {"severity": "critical"}))
    assert decided(transitions[1:], state(transitions)) == (2, [(Kind.EXTRA, Cause.UNEXPLAINED), (Kind.ALTERED, Cause.UNEXPLAINED)])
    forged = told(pileon("forged"), first=2)
    written = [*state(transitions)[:-1], state([*transitions, *forged])[-1]]
    assert decided([*transitions, *forged], written) == (2, [(Kind.MISSING, Cause.UNEXPLAINED)])


def test_what_was_not_applied_yet_is_nobodys_difference() -> None:
    transitions = told(*case({}))
    assert decided([*transitions, *told(pileon("later"), first=1)], state(transitions)) == (1, [])


def test_a_mute_that_held_it_live_and_is_not_in_the_settings_is_another_version() -> None:
    transitions = told(*case({}))
    assert decided(transitions, state(transitions, (MUTE,))) == (1, [(Kind.ALTERED, Cause.VERSION)])


def test_decisions_on_what_pileons_has_lost_are_retention_or_an_approximate_start() -> None:
    transitions = told(*case({}, {"severity": "critical"}))
    late = (5, NOON + HOUR)
    assert decided(transitions[1:], state(transitions), begins=late) == (
        2,
        [(Kind.EXTRA, Cause.RETENTION), (Kind.ALTERED, Cause.APPROXIMATE_START)],
    )
    assert {cause for _, cause in decided(transitions[1:], state(transitions), begins=(5, NOON - HOUR))[1]} == {Cause.UNEXPLAINED}


@pytest.mark.parametrize(("revision", "causes"), [(1, []), (2, [(Kind.EXTRA, Cause.UNEXPLAINED)]), (3, [(Kind.EXTRA, Cause.UNEXPLAINED)])])
def test_a_delivery_is_of_a_decision_to_tell(revision: int, causes: list[Any]) -> None:
    body = msgspec.json.encode({"first_hostile_at": NOON}).decode()
    entry = {"type": "delivery", "pileon_id": "case-1", "revision": revision, "receiver": "x", "event": "opened", "body": body}
    delivery = Message("deliveries", 0, 0, BROKERS, b"k", msgspec.json.encode(entry))
    transitions = told(*case({}, {"hostile_authors": 5}))
    assert decided(transitions, state(transitions), deliveries=(delivery,)) == (3, causes)


# Storm watches


def storm(*opened: int, **fields: Any) -> Watch:
    return Watch(Storm(source="news", opened=tuple(NOON + n * MINUTE for n in opened), **fields), Place(0, 7, NOON))


@pytest.mark.parametrize(
    ("live", "again", "begins", "found"),
    [
        (storm(1, 2), storm(1, 2), (0, None), None),
        (storm(1, 2), storm(2), (0, None), (Kind.ALTERED, Cause.UNEXPLAINED)),
        (storm(1, 2), None, (0, None), (Kind.EXTRA, Cause.UNEXPLAINED)),
        (None, storm(1, 2), (0, None), (Kind.MISSING, Cause.UNEXPLAINED)),
        (storm(1, 2), storm(2), (5, NOON + 90 * MINUTE / 60), (Kind.ALTERED, Cause.APPROXIMATE_START)),
        (storm(1, 2), storm(2), (5, NOON), (Kind.ALTERED, Cause.UNEXPLAINED)),
        (storm(2), storm(1, 2), (5, NOON + HOUR), (Kind.ALTERED, Cause.UNEXPLAINED)),
        (storm(1, 2, is_on=True), storm(1, 2), (5, NOON + HOUR), (Kind.ALTERED, Cause.UNEXPLAINED)),
    ],
)
def test_the_last_of_a_storm_watch_is_what_the_same_transitions_make(live: Any, again: Any, begins: Any, found: Any) -> None:
    ours, theirs = ({} if one is None else {(0, "news"): one} for one in (again, live))
    (one,) = storms_of(theirs, ours, {0: begins}, lambda _: True)
    assert (None if one is None else (one.kind, one.found.cause)) == found
    assert list(storms_of(theirs, ours, {0: begins}, lambda _: False)) == []


def test_of_a_run_of_batches_with_the_same_settings_the_ends_are_kept() -> None:
    course = Course()
    for n, name in enumerate("aaaabbba"):
        course.take(Message("state.pileon", 0, n, BROKERS + n, b"applied", msgspec.json.encode({"offset": 10 * n, "config": name})))
    course.take(Message("state.pileon", 0, 99, BROKERS, b"somebody", b"{}"))
    assert [(one.offset, one.place, one.configuration) for one in course.by_partition[0]] == [
        (0, 0, "a"), (30, 3, "a"), (40, 4, "b"), (60, 6, "b"), (70, 7, "a"),
    ]  # fmt: skip
    assert (course.last, course.configurations()) == ({0: 70}, {"a", "b"})


# The command, on recordings


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[Made]) -> tuple[str, ...]:
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    write_recording(Path("replies.rec"), REPLIES.name, log())
    write_recording(Path("pileons.rec"), PILEONS.name, written(made))
    return ("backtest", "verify", "--replies", "replies.rec", "--pileons", "pileons.rec")


def test_recordings_that_are_equal_end_with_0_and_a_deleted_transition_with_1(
    recorded: tuple[str, ...], made: list[Made], capsys: Any
) -> None:
    assert main([*recorded, "--out", "equal"]) == 0
    assert "EQUAL: what fired is what the replay makes" in capsys.readouterr().err
    write_recording(Path("pileons.rec"), PILEONS.name, written(made)[:-1])
    assert main([*recorded, "--out", "less"]) == 1
    assert "NOT EQUAL: 1 of 1 differences are unexplained" in capsys.readouterr().err
    found = msgspec.json.decode(Path("less/verify.json").read_bytes())
    assert (found["transitions"], found["unexplained"]) == ({"live": 4, "replayed": 5, "equal": 4}, 1)
    (line,) = map(msgspec.json.decode, Path("less/differences.jsonl").read_bytes().splitlines())
    assert (line["kind"], line["status"], line["input"]["offset"]) == ("missing", "closed", log()[-1].offset)


def test_output_before_the_period_is_made_and_not_compared(recorded: tuple[str, ...], made: list[Made]) -> None:
    write_recording(Path("pileons.rec"), PILEONS.name, written(made)[1:])
    at = made[1].input.at.isoformat()
    assert main([*recorded, "--from", at, "--out", "later"]) == 0
    assert msgspec.json.decode(Path("later/verify.json").read_bytes())["transitions"] == {"live": 4, "replayed": 4, "equal": 4}
    assert main([*recorded, "--to", at, "--out", "before"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2024-05-02", "--to", "2024-05-01"), "is not after"),
        (("--from", "soon"), "write a time such as"),
        (("--from", "2030-01-01"), "nothing arrived in replies in this period"),
        (("--pileons", "replies.rec"), "is no recording of pileons"),
        (("--replies", "nowhere.rec"), "nowhere.rec"),
        (("--out", "pileons.rec"), "is a file; name a folder"),
    ],
)
def test_a_mistake_is_one_plain_line(recorded: tuple[str, ...], options: tuple[str, ...], said: str, capsys: Any) -> None:
    assert main([*recorded, *options]) == 2
    error = capsys.readouterr().err
    assert (said in error, len(error.splitlines())) == (True, 1), error


def test_another_installation_key_is_a_mistake_and_no_difference(
    recorded: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("THREADWATCH_KEY", "cd" * 32)
    assert main([*recorded, "--out", "out"]) == 2
    assert "another installation key" in capsys.readouterr().err and not Path("out").exists()


def test_a_period_that_retention_took_is_a_mistake(recorded: tuple[str, ...], capsys: Any) -> None:
    write_recording(Path("replies.rec"), REPLIES.name, log(first_offset=100), partitions=(Part(0, 100, 200, 100, 118),))
    assert main([*recorded, "--to", "2024-05-01T11:00Z"]) == 2
    assert "retention has taken that part of replies; what is left of it begins at 2024-05-01T12:00:00+00:00" in capsys.readouterr().err


def test_a_storm_watch_that_was_let_go_is_in_neither_and_no_decision() -> None:
    opened = told(pileon("case-1", source="invented"))
    (later,) = told(pileon("case-2"), first=1)
    again = redecided([*opened, replace(later, timestamp_ms=BROKERS + 100 * 60_000)], {0: 10**9})
    assert {source for _, source in again.storms} == {"news"}
    live, key = decisions.Live(), storm_key("invented").encode()
    for value in (msgspec.json.encode(Storm(source="invented")), None):
        live.take_state(Message("state.alert", 0, 1, BROKERS, key, value))
    assert (live.storms, list(live.attested.sorted())) == ({}, [])


def test_what_webhooks_told_of_a_storm_is_no_case_s() -> None:
    live = decisions.Live()
    for event in ("storm", "ended"):
        entry = {"type": "delivery", "pileon_id": "storm-1", "revision": 1, "receiver": "x", "event": event, "body": "{}"}
        live.take_delivery(Message("deliveries", 0, 0, BROKERS, b"k", msgspec.json.encode(entry)))
    assert list(live.deliveries.sorted()) == []
