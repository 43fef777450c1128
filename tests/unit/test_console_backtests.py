"""Backtests: a list of runs in a folder, and reports that run nothing and lead nowhere out of it."""

import shutil
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from streams.settings import load
from tests.support.backtests import sample_file
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of
from tests.support.report_picture import reported


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with runs of the sample, one damaged, and what is none."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADWATCH_KEY", "0f" * 32)
        reported(folder, sample_file(folder))
    shutil.copytree(folder / "second", folder / "<b>torn\u202e")
    (folder / "<b>torn\u202e" / "summary.json").write_text("{")
    (folder / "elsewhere").symlink_to(folder / "second")
    return folder


def console_of(folder: Path, runs: Path | str) -> Console:
    return Console(folder, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(folder),
                                 "THREADWATCH_CONSOLE__BACKTESTS": str(runs)}))  # fmt: skip


@pytest.fixture
def console(tmp_path, made):
    console = console_of(tmp_path, made)
    yield console
    console.close()


def test_runs_are_listed_with_what_they_gained_and_a_damaged_one_says_so(console):
    page = page_of(console, "/backtests")
    rows = {row.css_first("th").text().strip(): " ".join(row.text(separator=" ").split()) for row in page.css("tbody tr")}
    assert "second" in rows and "→" in rows["second"] and "elsewhere" not in rows
    assert "is not that of a backtest of this version" in rows["<b>torn⟦U+202E⟧"] and page.css("tbody b") == []


def test_a_report_is_shut_in_by_its_policy_and_noted(console):
    answer = console.client.get("/backtests/second")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200 and policy.startswith("sandbox;") and "unsafe" not in policy and "default-src 'none'" in policy
    page = LexborHTMLParser(answer.text)
    assert page.css("script, img, form, iframe") == [] and page.css_first("h1").text().startswith("Backtest")
    assert page.css_first("meta[http-equiv]").attributes["content"] in policy, "what it says of itself is what is served with it"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-frame-options"] == "DENY"
    assert [(entry["what"], entry["reason"]) for entry in console.audited()] == [("backtest", "second")]


@pytest.mark.parametrize("name", ["none", "elsewhere", "..", "%2e%2e", "..%2fsecond", "second%2f..%2fsecond", "%00", "x" * 3000])
def test_nothing_else_of_the_machine_is_read(console, name):
    assert console.client.get(f"/backtests/{name}").status_code in (200, 404)
    assert console.audited() == []


def test_a_damaged_run_is_one_plain_line(console):
    assert "run it again" in text_of(page_of(console, "/backtests/%3Cb%3Etorn%E2%80%AE", 500))


@pytest.mark.parametrize(("runs", "status", "said"), [("", 200, "No folder of runs is set"), ("/nowhere/at/all", 503, "cannot be read")])
def test_without_runs_it_says_what_to_do(tmp_path, runs, status, said):
    console = console_of(tmp_path, runs)
    assert said in text_of(page_of(console, "/backtests", status))
    page_of(console, "/backtests/second", 404 if status == 200 else 500)
    console.close()
