"""A scraped page, from file to ``targets.jsonl``: who is most piled on, under whatever name, and no alarm."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.cli.main import main
from streams.sources.page import PageComment
from tests.support.disputes import DISPUTES
from tests.support.pages import flattened
from tests.support.seed_page import seed_page

MOST_PILED_ON: Final = "Brian Dippenaar"
OTHER_WORDS: Final = (
    "Oskar Lindgren Petra Vance Tobias Marsh Helga Norwood Felix Quarry Greta Holm Magnus Thorne Wanda Birch Casper Lowell Edith Frost "
    "Linus Garrow Maren Stokes Rufus Penhale Sonja Crane Viktor Dunmore Astrid Kell Bruno Hartley Clara Wexford Dorian Pike Elsa Munro "
    "Gideon Ross Hedda Lang Ivo Sutter Jonna Blake Konrad Ashby Livia Moss Nils Carver Olga Finch Paul Strand Runa Tate"
).split()


@pytest.fixture
def page() -> str:
    return seed_page()


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Take a page's text through the commands; give the comments and the files of the replay."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "5e" * 32)

    def run(text: str) -> dict[str, Any]:
        Path("page.txt").write_text(text, encoding="utf-8")
        scraped = ["--scraped-at", "2024-05-01T12:00:00Z", "--arrived-at", "created"]
        assert main(["ingest", "page", "page.txt", "--to", "comments.jsonl", *scraped]) == 0
        assert main(["replay", "--file", "comments.jsonl", "--out", "out", "--force"]) == 0
        return {
            "comments": decoded(Path("comments.jsonl")),
            "summary": msgspec.json.decode(Path("out/summary.json").read_bytes()),
            **{name: decoded(Path(f"out/{name}.jsonl")) for name in ("targets", "pileons", "dead-letters", "replies")},
        }

    return run


def decoded(file: Path) -> list[Any]:
    return [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]


def names_in(found: dict[str, Any]) -> list[str]:
    return sorted({one["author_name"] for one in found["comments"] if one.get("author_name")})


def test_all_comments_of_the_page_are_found_and_scored(page: str, replayed: Callable[[str], dict[str, Any]]) -> None:
    found = replayed(page)
    comments = found["comments"]
    assert len(comments) == found["summary"]["raw"]["scored"] == 112
    assert sum(1 for one in comments if one.get("author_id")) == 66
    assert found["summary"]["comments"]["without_author"] == 46
    assert found["summary"]["comments"]["without_time"] == 112
    assert sum(1 for one in comments if not one.get("text")) == 3
    assert found["dead-letters"] == []


def test_the_person_most_piled_on_leads_and_is_watched_and_no_pile_on_opens(
    page: str, replayed: Callable[[str], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = replayed(page)
    first, second = found["targets"][:2]
    assert first["target_id"] == MOST_PILED_ON
    assert first["hostile_authors"] >= second["hostile_authors"] + 0.5
    assert first["surely_hostile_authors"] < 4
    assert first["why"].startswith("watched, no pile-on: ")
    assert "below the floor of 4" in first["why"]
    assert found["pileons"] == []
    assert [one["target_id"] for one in found["targets"] if one["status"] != "calm"] == [MOST_PILED_ON]
    assert "\n1 person is watched, without a pile-on: out/targets.jsonl says whom and why" in capsys.readouterr().err
    assert found["summary"]["targets"] == {
        "records": len(found["targets"]),
        "open": 0,
        "watch": 1,
        "unknown": 0,
        "calm": len(found["targets"]) - 1,
    }


def test_nothing_opens_where_evidence_decides_and_no_pace_is_claimed(
    page: str, replayed: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = replayed(page)
    monkeypatch.setenv("THREADWATCH_DETECTOR", "e-SR")
    found = replayed(page)
    assert found["summary"]["detector"] == "e-SR@1"
    assert (found["pileons"], found["targets"]) == ([], window["targets"])


@pytest.mark.parametrize("detector", ["window", "e-SR"])
@pytest.mark.parametrize("dispute", DISPUTES)
def test_nothing_opens_on_invented_pages_like_it_by_either_detector(
    dispute: str, detector: str, replayed: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADWATCH_DETECTOR", detector)
    found = replayed(flattened([PageComment(*line) for line in DISPUTES[dispute].lines]))
    assert found["summary"]["raw"]["scored"] == len(DISPUTES[dispute].lines)
    assert (found["pileons"], found["targets"][0]["target_id"]) == ([], DISPUTES[dispute].most)


def test_who_is_most_piled_on_leaves_the_top_when_what_is_hostile_is_made_civil(
    page: str, replayed: Callable[[str], dict[str, Any]]
) -> None:
    found = replayed(page)
    hostile = {one["comment_id"] for one in found["replies"] if one["target_id"] == MOST_PILED_ON and one["hostility"] >= 0.1}
    civil = [one | ({"text": "I see that differently."} if one["comment_id"] in hostile else {}) for one in found["comments"]]
    Path("civil.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, civil)))
    assert main(["replay", "--file", "civil.jsonl", "--out", "civil"]) == 0
    assert MOST_PILED_ON not in [one["target_id"] for one in decoded(Path("civil/targets.jsonl"))[:3]]


def test_the_same_person_leads_under_another_name(page: str, replayed: Callable[[str], dict[str, Any]]) -> None:
    original = replayed(page)
    named = {word for name in names_in(original) for word in name.split() if len(word) > 2}
    assert len(named) <= len(OTHER_WORDS), "more names on the page than this test has others for"
    other = dict(zip(sorted(named), OTHER_WORDS, strict=False))
    renamed_page = re.sub(r"\b\w+\b", lambda word: other.get(word[0], word[0]), page)
    assert MOST_PILED_ON not in renamed_page
    renamed = replayed(renamed_page)
    renamed_person = " ".join(other[word] for word in MOST_PILED_ON.split())
    assert renamed["summary"]["raw"] == original["summary"]["raw"]
    assert renamed["summary"]["comments"] == original["summary"]["comments"]
    assert renamed["targets"][0]["target_id"] == renamed_person
    assert renamed["targets"][0]["hostile_authors"] > renamed["targets"][1]["hostile_authors"]
    assert renamed["pileons"] == []


def test_replaying_the_page_twice_gives_the_same_replies(page: str, replayed: Callable[[str], dict[str, Any]]) -> None:
    assert replayed(page) == replayed(page)
