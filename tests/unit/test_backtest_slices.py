"""Who pays for a threshold: slices by community, language and the groups that comments mention. Only counts leave."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from streams.cli.main import main
from streams.records import Comment, TextFormat
from streams.replay.backtest.identity_terms import LIST, folded, terms
from streams.replay.backtest.slices import ALL, MOST, NO_TERM, NOT_SAID, language_of
from tests.support.backtests import BASELINE, STRICTER, backtested, sample_file
from tests.support.builders import MINUTE, NOON, comment
from tests.unit.test_replay_command import hostile

MENTIONING = " So say women, and Muslims too."


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)


def sliced(lines: list[Comment], candidate: str = BASELINE + "\n[pileon]\nmin_hostile_authors = 6\n", *options: str) -> dict[str, Any]:
    """Return the slices of a run on these comments, by name."""
    Path("in.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    Path("old.toml").write_text(BASELINE)
    Path("new.toml").write_text(candidate)
    run = ["backtest", "run", "--file", "in.jsonl", "--config", "new.toml", "--baseline", "old.toml", "--out", "out", "--force"]
    assert main([*run, *options]) == 0
    return {one["name"]: one for one in summary("out")["slices"]["slices"]}


def summary(out: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Path(out, "summary.json").read_bytes())
    return found


def case(count: int, where: str = "root", **more: Any) -> list[Comment]:
    """Return a comment and so many people who are hostile to its author."""
    root = comment(f"{where}", conversation_id=f"talk-{where}", author_id=f"author-{where}")
    others = {"conversation_id": f"talk-{where}", "parent_id": where}
    return [root, *(msgspec.structs.replace(hostile(n, created_at=NOON + n * MINUTE), comment_id=f"{where}-{n}", **others, **more)
                    for n in range(1, count + 1))]  # fmt: skip


# What is counted.
def test_a_stricter_rule_costs_those_whose_pile_ons_are_smaller():
    small, large = case(5, "small", language="de"), case(7, "large", language="en-GB")
    found = sliced([*small, *large])
    assert {name: (found[name]["lost"], found[name]["gained"], found[name]["comments"]) for name in ("de", "en", NOT_SAID, ALL)} == {
        "de": (1, 0, 5), "en": (0, 0, 7), NOT_SAID: (0, 0, 2), ALL: (1, 0, 14),
    }  # fmt: skip
    assert [found["de"][side]["pileons"] for side in ("baseline", "candidate")] == [1, 0]
    assert [found["de"][side]["alerts_per_day"] for side in ("baseline", "candidate")] == [1, 0]
    assert found["de"]["baseline"]["hostile"] == {"hits": 5, "n": 5, "value": 1.0, "low": 0.565518, "high": 1.0}
    assert found[NOT_SAID]["baseline"]["hostile"]["hits"] == 0


def test_a_case_belongs_to_the_groups_that_one_in_ten_of_its_hostile_comments_mention():
    some = case(11, "few", language="en")
    mentions = [msgspec.structs.replace(one, text=one.text + MENTIONING) if n in (1, 2) else one for n, one in enumerate(some)]
    found = sliced(mentions, BASELINE)
    assert found["women"]["comments"] == found["Muslims"]["comments"] == 2
    assert found["women"]["baseline"]["pileons"] == 1 and found[NO_TERM]["baseline"]["pileons"] == 0
    found = sliced([msgspec.structs.replace(one, text=one.text + MENTIONING) if n == 1 else one for n, one in enumerate(some)], BASELINE)
    assert found["women"]["comments"] == 1 and found["women"]["baseline"]["hostile"]["hits"] == 1
    assert found["women"]["baseline"]["pileons"] == 0 and found[NO_TERM]["baseline"]["pileons"] == 1
    assert "Jews" not in found


def test_communities_and_languages_add_up_to_the_whole(tmp_path: Path):
    out = backtested(tmp_path, STRICTER, "run", sample_file(tmp_path))
    found = summary(str(out))
    all_, parts = found["slices"]["slices"][0], found["slices"]["slices"][1:]
    for by in ("community", "language"):
        mine = [one for one in parts if one["by"] == by]
        for name in ("comments", "gained", "lost"):
            assert sum(one[name] for one in mine) == all_[name]
        for side in ("baseline", "candidate"):
            assert sum(one[side]["pileons"] for one in mine) == all_[side]["pileons"] == found[side]["pileons"]
            assert sum(one[side]["hostile"]["hits"] for one in mine) == all_[side]["hostile"]["hits"] > 0
            assert all_[side]["alerts_per_day"] == found[side]["alerts_per_day"]
    assert all_["comments"] == found["coverage"]["comments"]
    assert (all_["gained"], all_["lost"]) == (found["changes"]["gained"], found["changes"]["lost"]) == (0, 1)


def test_precision_is_that_of_the_slices_pile_ons_that_somebody_judged():
    lines = [*case(5, "one", language="de"), *case(5, "two", language="en")]
    said = [{"target": f"author-{name}", "from": NOON, "to": None, "verdict": verdict} for name, verdict in
            (("one", "not_one"), ("two", "pile_on"))]  # fmt: skip
    Path("labels.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, said)))
    found = sliced(lines, BASELINE, "--labels", "labels.jsonl")
    shares = {name: found[name]["baseline"]["precision"] for name in ("de", "en", ALL, NOT_SAID)}
    assert {name: (one["hits"], one["n"]) for name, one in shares.items()} == {"de": (0, 1), "en": (1, 1), ALL: (1, 2), NOT_SAID: (0, 0)}
    assert shares[NOT_SAID]["value"] is None and shares["en"]["low"] < 0.3


def test_too_many_communities_are_told_and_those_with_most_comments_stay():
    lines = [comment(f"c{n}-{k}", community=f"place-{n:02}") for n in range(MOST + 3) for k in range(1 + (n < 3))]
    names = sliced(lines, BASELINE)
    assert [f"forum/place-{n:02}" in names or f"news/place-{n:02}" in names for n in (0, 1, 2, MOST, MOST + 2)] == [True] * 3 + [False] * 2
    assert summary("out")["slices"]["left_out"] == {"community": 3, "language": 0}


def test_no_word_of_any_comment_leaves():
    odd = "Zyzzogeton"
    lines = [msgspec.structs.replace(one, text=f"{one.text} {odd} {MENTIONING}") for one in case(6)]
    sliced(lines, BASELINE)
    for file in Path("out").iterdir():
        assert odd.encode() not in file.read_bytes() and b"So say" not in file.read_bytes()


# Languages and terms.
@pytest.mark.parametrize(
    ("given_", "language"),
    [("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("zh-Hant-TW", "zh"), ("gsw", "gsw"), (None, NOT_SAID), ("", NOT_SAID),
     ("und", NOT_SAID), ("English", NOT_SAID), ("<b>", NOT_SAID), ("\u202een", NOT_SAID), ("e", NOT_SAID)],
)  # fmt: skip
def test_a_language_is_its_first_tag_and_what_is_none_was_not_said(given_: str | None, language: str):
    assert language_of(comment("a", language=given_)) == language


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Women!", {"women"}), ("MÜSLIMS and muslims", {"Muslims"}), ("Ju\u0308din", {"Jews"}),
        ("\uff37\uff2f\uff2d\uff25\uff2e", {"women"}),
        ("a black cat on white ice", set()), ("black, people", {"Black people"}), ("womenswear, humanity, Amen", set()),
        ("> women said so\nNo.", set()), ("trans\nmigrants", {"trans people", "migrants and refugees"}), ("", set()),
    ],
)  # fmt: skip
def test_whole_folded_words_of_ones_own_are_mentions(text: str, groups: set[str]):
    assert terms().mentioned(comment("a", text=text)) == groups


def test_mark_up_is_no_text():
    assert terms().mentioned(comment("a", text="<p title='women'>mi<b>grants</b></p>", text_format=TextFormat.HTML)) == {
        "migrants and refugees"
    }


def test_no_term_stands_in_two_groups_and_each_finds_its_own():
    held = tomllib.loads(files("streams.replay.backtest").joinpath(LIST).read_text(encoding="utf-8"))
    all_ = [folded(term) for written in held["groups"].values() for term in written.split(",")]
    by_group = {group: {folded(term) for term in written.split(",")} for group, written in held["groups"].items()}
    for group, words in by_group.items():
        assert all(group in terms().mentioned(comment("a", text=word)) for word in words)
        assert not any(words & others for name, others in by_group.items() if name != group)
    assert all(all_) and held["version"] == terms().version


@given(st.text())
def test_any_text_can_be_looked_through(text: str):
    assert terms().mentioned(comment("a", text=text)) <= set(terms().groups)


# How it is shown.
def test_show_tells_slices_and_says_where_there_are_few(capsys: pytest.CaptureFixture[str]):
    sliced([*case(5, "small", language="de"), *case(7, "large", language="en-GB")])
    capsys.readouterr()
    assert main(["backtest", "show", "out", "--slices"]) == 0
    told = capsys.readouterr().out
    row = next(line for line in told.splitlines() if line.startswith("de "))
    assert row.split() == ["de", "5", "few", "100.0", "%", "100.0", "%", "1", "0", "1", "0", "0", "1"]
    assert "precision" not in told and "(list 1)" in told and max(map(len, told.splitlines())) <= 140


def test_the_report_has_a_row_per_slice_with_its_numbers_beside_the_bar():
    sliced([*case(5, "small", language="de"), *case(7, "large", language="en-GB")], BASELINE, "--html", "out.html")
    page = LexborHTMLParser(Path("out.html").read_text())
    assert [one.text() for one in page.css("#slices caption")] == ["By community", "By language", "By identity terms"]
    rows = {
        first(row, "th").text(): [cell.text(separator=" ", strip=True) for cell in row.css("td")] for row in page.css("#slices tbody tr")
    }
    assert rows["de"][0] == "5 few" and rows["de"][1] == "baseline: 100.0 % (56.6 to 100.0) candidate: 100.0 % (56.6 to 100.0)"
    bars = page.css("#slices svg")
    assert len(bars) == 2 * len(page.css("#slices tbody tr")) and all(one.attributes["aria-hidden"] == "true" for one in bars)


def first(node: Any, css: str) -> Any:
    found = node.css_first(css)
    assert found is not None
    return found
