"""``python -m streams.evaluation``: tables, figures in a folder, the same every time; a mistake is one line."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.contract.schema_files import ROOT

SMALL = ("--targets", "200", "--days", "12", "--seed", "5", "--quick")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.evaluation", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Without real trees: they are not everywhere."""
    folder = tmp_path_factory.mktemp("eval")
    return run(*SMALL, "--data", str(folder), "--out", str(folder)), folder


def test_it_says_what_it_measured_and_comes_out_the_same(once, tmp_path: Path):
    first, folder = once
    again = run(*SMALL, "--data", str(folder), "--out", str(tmp_path))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == again.stdout
    assert "the half that decides: 100 people" in first.stdout
    for name in ("eval.json", "eval.html"):
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes()


def test_every_detector_stands_in_the_figures_at_every_budget(once):
    figures = json.loads((once[1] / "eval.json").read_text(encoding="utf-8"))
    told = {(line["detector"], line["budget_per_day"]) for line in figures["detectors"]}
    assert {(name, b) for name in ("paired", "paired, slack learned", "rate only", "share only", "gated") for b in (0.1, 1.0, 3.0)} <= told
    names = " ".join(name for name, _ in told)
    assert all(word in names for word in ("window ≥5 in 1 h", "window ≥10 in 1 h", "z-score", "CUSUM"))
    assert {line["name"] for line in figures["bounds"]} >= {"four people surely hostile", "oracle of the share, B = 1"}
    assert len(figures["ablations"]) == 10
    assert {"erde_5", "erde_10", "f_latency", "alerts_per_case", "false_per_1000"} <= figures["detectors"][0].keys()


def test_where_there_are_no_real_trees_a_plain_line_says_so(once):
    first, folder = once
    assert "real trees: not here (online_misogyny/final_labels.csv.gz" in " ".join(first.stdout.split())
    assert len(json.loads((folder / "eval.json").read_text(encoding="utf-8"))["real_trees"]["absent"]) == 3


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else_and_every_picture_can_be_read_aloud(once):
    written = (once[1] / "eval.html").read_text(encoding="utf-8")
    assert len(written.encode()) < 1_000_000
    page = Page()
    page.feed(written)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "link", "iframe"} & set(names)
    assert not [
        value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href"} and (value or "")[0] != "#"
    ]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 3
    assert all(
        attributes["role"] == "img" and attributes["aria-labelledby"] in ids and attributes["aria-describedby"] in ids
        for attributes in pictures
    )
    assert all(attributes.get("tabindex") == "0" for _, attributes in page.tags if attributes.get("role") == "region")
    assert "prefers-color-scheme:dark" in written


def test_too_small_a_site_is_said_to_be_so():
    asked = run("--days", "5")
    assert asked.returncode == 2
    assert "10 days and 100 people are the least" in asked.stderr.splitlines()[-1]
