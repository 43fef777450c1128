"""A sweep: what a grid says, that each combination is what a run with those settings would be, and what is told of it."""

import csv
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from streams.cli.main import main
from streams.errors import UserError
from streams.replay.backtest.grid import Axis, axes, combinations, hidden, tried
from streams.settings import Settings
from tests.support.backtests import BASELINE, backtested, sample_file
from tests.support.builders import HOUR, MINUTE, NOON, comment
from tests.support.recorded import write_recording
from tests.support.replies_log import log_of
from tests.unit.test_backtest_command import Counting
from tests.unit.test_replay_command import hostile

KEY = "0f" * 32
GRID = ("--grid", "pileon.min_hostile_authors=3,12", "--grid", "address.look_back=4,32", "--grid", "pileon.window=30m,1h")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    Path("old.toml").write_text(BASELINE)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_file(tmp_path_factory.mktemp("sample"))


def sweep(file: Path | str, *options: str, out: str = "out") -> int:
    return main(["backtest", "sweep", "--file", str(file), "--config", "old.toml", "--out", out, *options])


def result(out: str = "out") -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Path(out, "sweep.json").read_bytes())
    return found


# Grids.
@pytest.mark.parametrize(
    ("text", "values"),
    [("pileon.min_hostile_authors=3..6", ("3", "4", "5", "6")), ("pileon.min_hostile_authors=3, 5..6 ,3", ("3", "5", "6")),
     ("pileon.min_share=0.2..0.5:0.1", ("0.2", "0.3", "0.4", "0.5")), ("pileon.min_hostile_authors=2..9:3", ("2", "5", "8")),
     ("pileon.window=30m,PT1H", ("30m", "PT1H")), ("alert.max_opened=5", ("5",))],
)  # fmt: skip
def test_a_grid_is_values_and_ranges_with_both_their_ends(text: str, values: tuple[str, ...]):
    assert axes([text], Settings()) == [Axis(text.partition("=")[0], values)]


def test_every_combination_is_tried_the_last_setting_changing_fastest():
    found = combinations([Axis("a", ("1", "2")), Axis("b", ("x", "y"))])
    assert [tuple(one.values()) for one in found] == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_values_are_put_among_the_settings_and_durations_read_as_people_write_them():
    made = tried(Settings(), {"pileon.window": "90m", "pileon.min_hostile_authors": "7", "alert.stale_after": "2d"})
    assert (made.pileon.window.total_seconds(), made.pileon.min_hostile_authors) == (5400, 7)
    assert made.alert.stale_after.days == 2
    assert tried(Settings(), {}) == Settings()


def test_what_a_community_has_set_for_itself_is_not_reached_and_told():
    base = Settings(communities={"news/sport": {"window": "PT2H"}, "news/x": {"min_share": 0.1}})
    assert hidden(base, axes(["pileon.window=1h", "alert.max_opened=5"], base)) == ["communities.news/sport.window"]


@pytest.mark.parametrize(
    ("grids", "said"),
    [
        (["pileon.window"], "write a setting and its values"),
        (["pileon.window="], "write a setting and its values"),
        (["pileon.windw=1h"], "there is no setting pileon.windw; pileon has window, "),
        (["scorer=linear"], "a sweep varies address, pileon, alert, not 'scorer'"),
        (["kafka.bootstrap=x"], "a sweep varies"),
        (["pileon.window=1h", "pileon.window=2h"], "is given twice"),
        (["pileon.min_hostile_authors=8..3"], "a range goes up"),
        (["pileon.min_hostile_authors=3..8:0"], "a range goes up"),
        (["pileon.min_hostile_authors=3..x"], "is no value and no range"),
        (["pileon.min_hostile_authors=3,,4"], "is no value and no range"),
        (["pileon.min_hostile_authors=3..99999999999"], "at most 200"),
        (["pileon.min_hostile_authors=3..30", "pileon.min_share=0.1..0.9:0.1"], "these are 252 combinations, at most 200"),
        (["pileon.min_hostile_authors=1,3"], "pileon.min_hostile_authors=1: Expected `int` >= 2"),
        (["pileon.min_hostile_authors=many"], "Expected `int`"),
        (["pileon.window=1y"], "Invalid ISO8601 duration"),
        (["pileon.window=9d"], "window is 9 days"),
    ],
)
def test_a_grid_that_is_none_is_one_plain_line_before_anything_is_read(grids: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    assert sweep("in.jsonl", *(part for grid in grids for part in ("--grid", grid))) == 2
    error = capsys.readouterr().err
    assert error.startswith("threadwatch: --grid") and said in error and error.count("\n") == 1
    assert not Path("out").exists()


@given(st.text(max_size=40))
def test_any_text_is_a_grid_or_a_plain_mistake(text: str):
    for whole in (text, f"pileon.{text}", f"pileon.min_share={text}"):
        with suppress(UserError):
            assert all(tried(Settings(), one) for one in combinations(axes([whole], Settings())))


# What it gives.
def test_each_combination_is_what_a_run_with_those_settings_gives(file: Path):
    assert sweep(file, *GRID) == 0
    found = result()
    assert len(found["points"]) == 8
    for point in (found["points"][0], found["points"][7]):
        values = point["values"]
        candidate = (
            f"{BASELINE}\n[pileon]\nmin_hostile_authors = {values['pileon.min_hostile_authors']}\n"
            f'window = "PT{values["pileon.window"].upper()}"\n[address]\nlook_back = {values["address.look_back"]}\n'
        )
        ran = backtested(Path.cwd(), candidate, point["configuration"][:8], file)
        summary = msgspec.json.decode((ran / "summary.json").read_bytes())
        assert summary["configurations"]["candidate"] == point["configuration"]
        assert summary["candidate"] == point["measures"]
        assert summary["baseline"] == found["as_it_is"]["measures"]
        assert summary["coverage"] == found["coverage"] and summary["period"] == found["period"]
    assert len({point["measures"]["pileons"] for point in found["points"]}) > 1


def test_time_goes_on_after_the_last_reply_as_it_does_in_a_run():
    later = [comment(f"later-{n}", conversation_id=f"other-{n}", created_at=NOON + 12 * HOUR + n * MINUTE) for n in range(5)]
    lines = [comment("root"), *(hostile(n, created_at=NOON + n * MINUTE) for n in range(1, 6)), *later]
    Path("in.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    assert sweep("in.jsonl", "--grid", "pileon.min_hostile_authors=4,5") == 0
    ran = backtested(Path.cwd(), f"{BASELINE}\n[pileon]\nmin_hostile_authors = 5\n", "ran", Path("in.jsonl"))
    measured = result()["points"][1]["measures"]
    assert measured == msgspec.json.decode((ran / "summary.json").read_bytes())["candidate"]
    assert (measured["pileons"], measured["pileons_open_at_end"]) == (1, 0)


def test_every_text_is_scored_once_and_addressed_once_for_settings_that_are_alike(file: Path, monkeypatch: pytest.MonkeyPatch):
    scorer, addressed = Counting(), list[Any]()
    monkeypatch.setattr("streams.cli.recorded.scorer_of", lambda *_: scorer)
    monkeypatch.setattr("streams.replay.backtest.sweep.addressed", _counting(addressed))
    assert sweep(file, *GRID) == 0
    assert len(scorer.asked) == len(set(scorer.asked)) > 100
    assert len(addressed) == 2  # look_back 32 is what holds as it is


def _counting(calls: list[Any]) -> Any:
    from streams.replay.backtest.addressed import addressed

    def counted(*given: Any) -> Any:
        calls.append(given)
        return addressed(*given)

    return counted


def test_two_sweeps_give_the_same_bytes_and_the_table_has_a_row_for_each(file: Path, capsys: pytest.CaptureFixture[str]):
    grid = ("--grid", "pileon.min_hostile_authors=3..12:3")
    assert sweep(file, *grid) == sweep(file, *grid, out="again") == 0
    out, said = capsys.readouterr()
    assert out == "" and "sweep of 4 combinations: " in said and said.count("as it is") == 2
    assert [one.name for one in sorted(Path("out").iterdir())] == ["sweep.csv", "sweep.json"]
    assert all(one.read_bytes() == Path("again", one.name).read_bytes() for one in Path("out").iterdir())
    rows = list(csv.DictReader(Path("out/sweep.csv").read_text().splitlines()))
    assert [row["pileon.min_hostile_authors"] for row in rows] == ["as it is", "3", "6", "9", "12"]
    assert [float(row["alerts"]) for row in rows[1:]] == [point["measures"]["alerts"] for point in result()["points"]]


def test_labels_make_precision_and_recall_of_every_combination(file: Path, capsys: pytest.CaptureFixture[str]):
    ran = backtested(Path.cwd(), BASELINE, "now", file)
    asked = [msgspec.json.decode(line) for line in (ran / "judge-next.jsonl").read_bytes().splitlines()]
    Path("labels.jsonl").write_bytes(b"\n".join(msgspec.json.encode(one | {"verdict": "pile_on"}) for one in asked))
    assert sweep(file, "--grid", "pileon.min_hostile_authors=3,14", "--labels", "labels.jsonl", "--html", "out.html") == 0
    found = result()
    recall = {point["values"]["pileon.min_hostile_authors"]: point["score"]["recall"] for point in found["points"]}
    assert (recall["3"]["hits"], recall["14"]["hits"], recall["14"]["n"]) == (2, 1, 2)
    assert found["labels_in_period"] == 2
    assert "0.50 (n 2)" in capsys.readouterr().err
    page = LexborHTMLParser(Path("out.html").read_text())
    assert [one.text() for one in page.css("h2")] == ["Coverage", "Curves", "All combinations"]
    assert len(page.css("figure svg")) == len(page.css("figure table")) == 5
    assert "0.50 (0.09 to 0.91, n 2)" in page.css("#table tbody tr")[2].text()
    assert len(page.css("#table tbody tr")) == 3 and not page.css("script")


def test_a_sweep_of_several_settings_draws_a_line_for_each_of_the_others(file: Path):
    assert sweep(file, "--grid", "pileon.min_hostile_authors=3..5", "--grid", "pileon.window=30m,1h", "--html", "out.html") == 0
    page = LexborHTMLParser(Path("out.html").read_text())
    assert len(page.css("figure")[0].css("polyline")) == 2 and len(page.css("figure")[0].css("line.level")) == 1
    assert "pileon.window=30m" in page.css("figure")[0].text()


def test_show_tells_of_a_sweep_again(file: Path, capsys: pytest.CaptureFixture[str]):
    assert sweep(file, "--grid", "pileon.min_hostile_authors=3..5", "--html", "out.html") == 0
    said = capsys.readouterr().err
    assert main(["backtest", "show", "out"]) == 0
    assert capsys.readouterr().out + "report: out.html\n" == said
    assert main(["backtest", "show", "out", "--html", "again.html"]) == 0
    assert Path("again.html").read_bytes() == Path("out.html").read_bytes()
    assert main(["backtest", "show", "out", "--json"]) == 0
    assert capsys.readouterr().out == Path("out/sweep.json").read_text()
    Path("out/sweep.json").write_text("{}")
    assert main(["backtest", "show", "out"]) == 2
    assert "sweep.json is not that of a sweep of this version" in capsys.readouterr().err


def test_a_sweep_that_fails_leaves_nothing(capsys: pytest.CaptureFixture[str]):
    Path("in.jsonl").write_bytes(b"nonsense")
    assert sweep("in.jsonl", "--grid", "pileon.window=1h") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not Path("out").exists()


# The budget.
BUDGETED = ("--grid", "pileon.min_hostile_authors=3,14")


def test_a_budget_is_drawn_and_tells_which_combinations_stay_within(file: Path, capsys: pytest.CaptureFixture[str]):
    assert sweep(file, *BUDGETED, "--budget", "1.5", "--html", "out.html") == 0
    rates = [point["measures"]["alerts_per_day"] for point in result()["points"]]
    assert rates[0] > 1.5 > rates[1]
    said = capsys.readouterr().err
    assert "✓ 1 of 2 combinations within 1.50 alerts a day: the budget\n" in said
    assert [" ✓ " in line for line in said.splitlines() if line.split()[:1] in (["3"], ["14"])] == [False, True]
    rows = list(csv.DictReader(Path("out/sweep.csv").read_text().splitlines()))
    assert [row["within_budget"] for row in rows] == ["false", "false", "true"]
    page = LexborHTMLParser(Path("out.html").read_text())
    drawn = {one.css_first("figcaption").text(): len(one.css("line.budget")) for one in page.css("figure")}  # type: ignore[union-attr]
    assert drawn.pop("Alerts per day") == 1 and set(drawn.values()) == {0}
    assert "budget: 1.50." in page.css("figure desc")[0].text()
    assert [row.css("td")[0].text() for row in page.css("#table tbody tr")] == ["", "", "✓"]


def test_a_budget_that_only_just_holds_is_held_and_none_is_what_the_settings_give(file: Path, capsys: pytest.CaptureFixture[str]):
    assert sweep(file, *BUDGETED, "--html", "out.html") == 0
    now = result()["as_it_is"]["measures"]["alerts_per_day"]
    assert result()["budget"] == {"alerts_per_day": now, "was_asked": False}
    assert "✓ 2 of 2 combinations within 2 alerts a day: the settings as they are; --budget names another\n" in capsys.readouterr().err
    assert not LexborHTMLParser(Path("out.html").read_text()).css("line.budget")
    assert sweep(file, *BUDGETED, "--budget", str(now), out="asked") == 0
    assert "✓ 2 of 2 combinations" in capsys.readouterr().err


@pytest.mark.parametrize("budget", ["-1", "many", "nan", "inf"])
def test_a_budget_that_is_no_number_of_alerts_is_refused(file: Path, budget: str, capsys: pytest.CaptureFixture[str]):
    assert sweep(file, *BUDGETED, "--budget", budget) == 2
    assert "--budget" in capsys.readouterr().err and not Path("out").exists()


# Shared and interrupted.
def results(out: str) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in Path(out).iterdir()}


def test_one_or_two_processes_give_the_same_bytes(file: Path):
    assert sweep(file, *GRID, "--processes", "1", out="one") == sweep(file, *GRID, "--processes", "2", out="two") == 0
    assert results("one") == results("two")


def test_ctrl_c_keeps_what_was_tried_and_it_goes_on_to_the_same_bytes(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert sweep(file, *GRID, out="whole") == 0
    with monkeypatch.context() as patched:
        _press_ctrl_c_at(patched, 8)
        assert sweep(file, *GRID, "--processes", "1", "--html", "part.html") == 130
    assert "combinations were not tried" in Path("part.html").read_text()
    found = result()
    assert (found["complete"], found["not_tried"]) == (False, 9 - 1 - len(found["points"]))
    assert 1 <= len(found["points"]) < 8 and "PARTIAL: it was interrupted" in capsys.readouterr().err
    known = {tuple(one["values"].items()): one for one in result("whole")["points"]}
    assert all(known[tuple(one["values"].items())] == one for one in found["points"])
    assert sweep(file, *GRID[:2], "--resume") == 2
    assert "was of another input, grid" in capsys.readouterr().err and result() == found
    tried = _count_units(monkeypatch)
    assert sweep(file, *GRID, "--resume", "--processes", "1") == 0
    assert results("out") == results("whole")
    assert sum(tried) == found["not_tried"]


def test_ctrl_c_before_anything_is_known_leaves_the_folder_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch):
    _press_ctrl_c_at(monkeypatch, 1)
    assert sweep(file, *GRID, "--processes", "1") == 130 and not Path("out").exists()


def _press_ctrl_c_at(monkeypatch: pytest.MonkeyPatch, unit: int) -> None:
    from streams.replay.backtest import folding

    fold, count = folding._fold, 0

    def pressed(*given: Any) -> bool:
        nonlocal count
        count += len(given[2])
        if count >= unit:
            signal.raise_signal(signal.SIGINT)
        return fold(*given)

    monkeypatch.setattr(folding, "_fold", pressed)


def _count_units(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from streams.replay.backtest import folding

    fold, found = folding._fold, list[int]()

    def counted(*given: Any) -> bool:
        found.append(len(given[2]))
        return fold(*given)

    monkeypatch.setattr(folding, "_fold", counted)
    return found


# From what was scored and addressed live.
def test_from_replies_each_combination_is_what_a_replay_of_the_log_with_it_makes():
    write_recording(Path("log.rec"), "replies", log_of(4))
    grid = ("--grid", "pileon.min_hostile_authors=4,6", "--grid", "pileon.window=30m,1h")
    for out, processes in (("one", "1"), ("two", "2")):
        assert main(["backtest", "sweep", "--file", "log.rec", "--out", out, *grid, "--processes", processes]) == 0
    assert results("one") == results("two")
    for point in result("one")["points"]:
        people, window = point["values"]["pileon.min_hostile_authors"], {"30m": "PT30M", "1h": "PT1H"}[point["values"]["pileon.window"]]
        Path("new.toml").write_text(f'[pileon]\nmin_hostile_authors = {people}\nwindow = "{window}"\n')
        assert main(["replay", "--file", "log.rec", "--config", "new.toml", "--out", "ran", "--force"]) == 0
        account = msgspec.json.decode(Path("ran/summary.json").read_bytes())
        assert point["measures"]["pileons"] == account["pileons"]["opened"] > 5
        assert point["measures"]["alerts"] == account["alerts"]["fire"]
        assert point["measures"]["late_replies"] == account["replies"]["late"]
    assert len({point["measures"]["pileons"] for point in result("one")["points"]}) > 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--grid", "address.look_back=4,32"), "replies were addressed live"),
        (("--grid", "pileon.window=1h", "--scores", "reuse"), "--scores"),
    ],
)
def test_from_replies_how_they_were_scored_and_addressed_is_no_setting(
    options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
):
    write_recording(Path("log.rec"), "replies", log_of(1))
    assert main(["backtest", "sweep", "--file", "log.rec", "--out", "out", *options]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not Path("out").exists()
