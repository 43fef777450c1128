"""``threadwatch calibrate``: what is usual, what each budget brings, and what a recording lacks that says neither."""

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from streams.cli.main import main
from streams.evaluation.scenario import LEARNING_DAYS, Plan
from streams.evaluation.scenario import streams as made
from streams.evaluation.site import site
from streams.evaluation.stream import HOUR
from streams.records import ConfigChange, ConfigRecord, Reply
from streams.replay.calibrate.heard import Heard, listened
from streams.replay.calibrate.measured import calibrated
from streams.settings import load
from streams.stages.esr.calibration import NAME, Calibration, calibration_of
from streams.stages.esr.detector import DAY
from streams.stages.esr.learning import EVER, HOSTILE
from streams.stages.instants import instant
from tests.support.builders import NOON, SECOND, comment
from tests.support.week import recorded, week


@pytest.fixture(scope="module")
def replies() -> list[Reply]:
    return week()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)


def test_it_prints_what_each_budget_brings_and_what_it_wrote_is_what_others_read(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    file = recorded(replies, Path("week.rec"))
    assert main(["calibrate", "--file", file, "--out", "c.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert " replies to 1" in lines[0]
    table = table_of(lines)
    assert [row[0] for row in table] == ["0.1", "0.3", "1", "3", "10"]
    told = [int(row[1]) for row in table]
    assert told == sorted(told)
    assert all(int(row[1]) >= int(row[6]) for row in table)  # what is learned never finds less than the proven bound alone
    record = msgspec.json.decode(Path("c.json").read_bytes(), type=ConfigRecord)
    calibration = calibration_of(record.name, record.version, record.values)
    assert main(["calibrate", "--file", file, "--out", "c.toml"]) == 0
    settings = load({}, Path("c.toml"))
    assert settings.calibration == calibration != Calibration()
    assert tomllib.loads(Path("c.toml").read_text())["calibration"]["prior"]["first_mean"] == calibration.prior.first_mean


def table_of(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines if line.strip()[:1].isdigit() and " to " in line and len(line.split()) == 9]


def test_it_says_where_the_proven_bound_holds_for_want_of_history(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    assert main(["calibrate", "--file", recorded(replies, Path("week.rec"))]) == 0
    said = capsys.readouterr().out
    proven = [row[0] for row in table_of(said.splitlines()) if row[-1] == "1"]
    assert "0.1" in proven
    assert f"slack 1 (at {', '.join(proven)} a day): the bound that is proven" in said


def test_judged_pile_ons_are_no_false_alarms_and_more_is_learned(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    file = recorded(replies, Path("week.rec"))
    labels = Path("labels.csv")
    labels.write_text("\n".join(("target,from,to,verdict", *judged())))
    rows = {}
    for given in ([], ["--labels", str(labels)]):
        assert main(["calibrate", "--file", file, *given]) == 0
        rows[bool(given)] = table_of(capsys.readouterr().out.splitlines())
    assert all(int(left[1]) <= int(row[1]) and float(left[-1]) >= float(row[-1]) for row, left in zip(rows[False], rows[True], strict=True))
    assert int(rows[True][2][1]) < int(rows[False][2][1])
    assert sum(float(row[-1]) for row in rows[True]) > sum(float(row[-1]) for row in rows[False])


def judged() -> list[str]:
    """Everybody who was attacked, as a moderator would have said."""
    plan = Plan(targets=150, knobs=replace(Plan().knobs, days=10))
    events = [(stream.target, event) for stream in made(plan) for event in stream.events if event.is_attack]
    return [f"t{who},{instant(event.begin).isoformat()},{instant(event.end + HOUR).isoformat()},pile_on" for who, event in events]


def test_labels_of_others_are_one_plain_line(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    Path("labels.csv").write_text("target,from,to,verdict\nnobody,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,pile_on\n")
    assert main(["calibrate", "--file", recorded(replies, Path("week.rec")), "--labels", "labels.csv"]) == 2
    assert "--labels: nobody that they speak of is answered in this recording" in capsys.readouterr().err


def test_what_counts_as_hostile_is_what_the_settings_say(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    file = recorded(replies, Path("week.rec"))
    found = {}
    for floor in ("0.3", "0.5"):
        Path("t.toml").write_text(f"[pileon]\nmin_hostility = {floor}\n")
        assert main(["calibrate", "--file", file, "--config", "t.toml", "--out", f"{floor}.json"]) == 0
        record = msgspec.json.decode(Path(f"{floor}.json").read_bytes(), type=ConfigRecord)
        found[floor] = calibration_of(record.name, record.version, record.values)
    capsys.readouterr()
    assert found["0.3"].share_stakes_per_day > found["0.5"].share_stakes_per_day


def test_a_list_of_accounts_under_another_key_is_not_sent(
    replies: list[Reply], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("THREADWATCH_KEY")
    assert main(["calibrate", "--file", recorded(replies, Path("week.rec")), "--accounts", "--send", "--data", "elsewhere"]) == 2
    assert "elsewhere has none: run it where they run" in capsys.readouterr().err
    assert not Path("elsewhere").exists()


def test_it_takes_comments_too(capsys: pytest.CaptureFixture[str]):
    talk = [comment(f"root{n}", author_id=f"a{n % 40}", created_at=NOON + n * 600 * SECOND, conversation_id=f"v{n}") for n in range(600)]
    answers = [
        comment(f"c{n}", author_id=f"b{n % 50}", parent_id=f"root{n}", conversation_id=f"v{n}", created_at=one.created_at + 60 * SECOND,
                text="You are an idiot." if n % 9 == 0 else "Thank you, that helped.")
        for n, one in enumerate(talk)
    ]  # fmt: skip
    Path("talk.jsonl").write_bytes(b"\n".join(msgspec.json.encode(one) for one in [*talk, *answers]))
    assert main(["calibrate", "--file", "talk.jsonl"]) == 0
    assert "569 replies to 40 people by 50 authors in 4.16 days; 67 of them hostile" in capsys.readouterr().out


def test_with_a_list_of_known_accounts_newcomers_are_bet_on(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    file = recorded(replies, Path("week.rec"))
    assert main(["calibrate", "--file", file, "--out", "without.toml"]) == 0
    assert main(["calibrate", "--file", file, "--accounts", "--out", "with.toml"]) == 0
    without, including = (load({}, Path(f"{name}.toml")).calibration for name in ("without", "with"))
    assert (without.newcomers, including.newcomers) == (False, True)
    assert including.share_stakes_per_day > without.share_stakes_per_day
    assert including.stakes_per_day == without.stakes_per_day
    assert capsys.readouterr().err.count("nothing was sent") == 2


def test_a_community_has_a_record_of_its_own(replies: list[Reply], capsys: pytest.CaptureFixture[str]):
    others = [replace(one, community="other", target_id=f"o{one.target_id}", hostility=0.0) for one in replies]
    file = recorded(sorted([*replies, *others], key=lambda one: one.created_at), Path("two.rec"))
    assert main(["calibrate", "--file", file, "--community", "simulated/site", "--out", "own.json"]) == 0
    own = capsys.readouterr().out
    assert main(["calibrate", "--file", recorded(replies, Path("one.rec")), "--out", "one.json"]) == 0
    assert capsys.readouterr().out == own
    assert msgspec.json.decode(Path("own.json").read_bytes())["name"] == "calibration simulated/site"


def untimed(replies: list[Reply]) -> list[Reply]:
    return [replace(one, created_at_is_estimated=True) for one in replies]


def by_one_author(replies: list[Reply]) -> list[Reply]:
    return [replace(one, author_id="ann") for one in replies]


def civil(replies: list[Reply]) -> list[Reply]:
    return [replace(one, hostility=0.0) for one in replies]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (untimed, "replies have no time of their own (a scraped page)"),
        (lambda every: every[:3], "3 replies that count, 200 are the least"),
        (by_one_author, "one author wrote all of it"),
        (lambda every: every[:700], "it spans"),
        (civil, "no hostility at all"),
    ],
)
def test_a_recording_that_says_too_little_is_one_plain_line(
    replies: list[Reply], capsys: pytest.CaptureFixture[str], changed: Callable[[list[Reply]], list[Reply]], said: str
):
    assert main(["calibrate", "--file", recorded(changed(replies), Path("some.rec"))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("threadwatch: some.rec: ")
    assert said in line


@pytest.mark.parametrize("name", ["site", "/site", "simulated/"])
def test_a_community_without_a_source_is_one_plain_line(name: str, capsys: pytest.CaptureFixture[str]):
    assert main(["calibrate", "--file", "x.rec", "--community", name]) == 2
    assert f"--community '{name}': write it as" in capsys.readouterr().err


def test_it_knows_which_versions_the_log_has(replies: list[Reply]):
    changes = [ConfigChange(name=NAME, version=version, effective_from=NOON, values={}) for version in (3, 7, 5)]
    heard = _heard([*changes, *replies[:300]])
    assert heard.versions == {NAME: 7}
    assert heard.timed > 200


def test_it_finds_what_the_evaluation_finds():
    """The stage hears the same replies as the streams that `make eval` counts, and learns the same of them."""
    plan = Plan(targets=200)
    theirs = site(plan, made(plan, range(200)))
    heard = _heard(week(200, plan.knobs.days))
    people = [person.counted(heard.first_day) for person in heard.people.values()]
    first = min(int(one.at.min()) for one in people)
    until = (first // DAY + LEARNING_DAYS) * DAY
    ours = calibrated([one.within(-EVER, until) for one in people], until - LEARNING_DAYS * DAY, until, HOSTILE, newcomers=True)
    assert ours.stakes_per_day == pytest.approx(theirs.stakes_per_day, rel=0.001)
    assert ours.share_stakes_per_day == pytest.approx(theirs.share_stakes_per_day, rel=0.001)
    assert ours.prior.new_mean == pytest.approx(theirs.prior.new_mean, rel=0.001)
    assert ours.prior.first_mean == pytest.approx(theirs.prior.first_mean, rel=0.001)
    assert ours.prior.hostile_mass / ours.prior.days == pytest.approx(theirs.prior.hostile_mass / theirs.prior.days, rel=0.001)


def _heard(replies: Sequence[Reply | ConfigChange]) -> Heard:
    from streams.replay.replies.logs import open_recording
    from streams.replay.taken import Asked
    from streams.settings import Settings

    heard = Heard()
    listened(open_recording(recorded(replies, Path("all.rec")), Asked()), Settings(), b"k", heard, lambda _more: None)
    return heard
