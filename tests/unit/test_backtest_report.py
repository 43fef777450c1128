"""The report: one file that needs nothing else, in which everything can be seen and heard, whatever an id holds."""

import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from selectolax.lexbor import LexborNode as Node

from streams.cli.main import main
from streams.replay.backtest.cases import Change, Kind
from streams.replay.backtest.diff import summary_of
from streams.replay.backtest.html.elements import e, outside, visible, written
from streams.replay.backtest.html.page import MOST_BYTES, report
from streams.replay.backtest.html.pictures import ceiling
from streams.replay.backtest.next_up import Next
from streams.replay.backtest.report import LOCK, Lock
from tests.support.backtests import sample_file
from tests.support.builders import NOON
from tests.support.preview.__main__ import shot
from tests.support.programs import needed
from tests.support.report_picture import reported
from tests.unit.test_backtest_cases import case

KEY = "0f" * 32
HOSTILE = (
    "</td><script>document.title='gone'</script><img src=http://evil.test/x onerror=\"document.title='gone'\">&amp;'\""
    "\u202edlrow\u2066\u200b\x00\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run with labels, and its report."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADWATCH_KEY", KEY)
        reported(folder, sample_file(folder))
    return folder


@pytest.fixture(scope="module")
def page(made: Path) -> HTMLParser:
    return HTMLParser((made / "report.html").read_text())


def hostile(made: Path, text: str, count: int = 300) -> str:
    """Return the report of the run, had its people, places and settings such names."""
    found, lock = summary_of(made / "second"), msgspec.json.decode((made / "second" / LOCK).read_bytes(), type=Lock)
    one = case(text[:256], NOON, None, source=text[:256], community=text[:256], target_id=text[:4000], reason=text[:1000])
    changes = [Change(change=kind, baseline=one, candidate=one) for kind in Kind for _ in range(count)]
    next_ = tuple(Next(change=Kind.LOST, case=one) for _ in range(20))
    settings = {f"{text[:200]}{n}": {"x": text} for n in range(count)}
    tried = replace(lock.candidate, scorer=text, settings=lock.candidate.settings | {"communities": settings})
    return report(replace(found, run=text[:40], judge_next=next_), changes, replace(lock, candidate=tried))


def all_of(page: HTMLParser | Node, css: str) -> list[Node]:
    return list(page.css(css))


def first(page: HTMLParser | Node, css: str) -> Node:
    found = page.css_first(css)
    assert found is not None, css
    return found


def words(node: Node) -> str:
    return node.text(separator=" ", strip=True)


# What it tells.
def test_coverage_stands_first_and_every_part_is_there(page: HTMLParser):
    assert [words(one) for one in all_of(page, "h2")] == [
        "Coverage", "Baseline and candidate", "What became of the pile-ons", "Over time", "Time to alert", "Precision and recall",
        "Who pays for it", "What to judge next", "Settings that differ", "How to make it again",
    ]  # fmt: skip


def test_the_numbers_are_those_of_the_summary(page: HTMLParser, made: Path):
    found = summary_of(made / "second")
    facts = {words(first(one, "dt")): words(first(one, "dd")) for one in all_of(page, "#coverage dl div")}
    assert facts["comments"] == str(found.coverage.comments) and facts["authors"] == str(found.coverage.authors)
    rows = {words(first(row, "th")): [words(cell) for cell in row.css("td")] for row in all_of(page, "#compared tbody tr")}
    assert rows["pile-ons"][:2] == [str(int(side["pileons"] or 0)) for side in (found.baseline, found.candidate)]
    counts = {words(first(row, "th")): words(row.css("td")[0]) for row in all_of(page, "#changes > div tbody tr")}
    assert counts == {str(kind): str(count) for kind, count in found.changes.items()}
    drawn = sum(int(words(cell)) for row in all_of(page, "#time details")[0].css("tbody tr") for cell in row.css("td"))
    assert drawn == (found.baseline["alerts"] or 0) + (found.candidate["alerts"] or 0)


def test_each_case_stands_there_with_its_reason_and_settings_only_where_they_differ(page: HTMLParser, made: Path):
    changes = [msgspec.json.decode(line, type=Change) for line in (made / "second" / "changes.jsonl").read_bytes().splitlines()]
    told = words(first(page, "#changes"))
    assert all(change.case.reason in told and change.case.target_id in told for change in changes)
    differing = {words(first(row, "th")): [words(cell) for cell in row.css("td")] for row in all_of(page, "#settings tbody tr")}
    assert differing["pileon.min_hostile_authors"] == ["4", "8"]
    assert differing['communities."kitchen-table/cooking".min_share'] == ["–", "0.01"]
    assert "pileon.window" not in differing


@pytest.mark.parametrize("console", ["https://console.test/", "", "javascript:alert(1)", "data:text/html,x"])
def test_a_case_of_the_baseline_leads_to_the_console_and_to_nothing_else(made: Path, console: str):
    found, lock = summary_of(made / "second"), msgspec.json.decode((made / "second" / LOCK).read_bytes(), type=Lock)
    changes = [msgspec.json.decode(line, type=Change) for line in (made / "second" / "changes.jsonl").read_bytes().splitlines()]
    shown = HTMLParser(report(replace(found, console=console), changes, lock))
    wanted = {f"https://console.test/pileons/{one.baseline.pileon_id}" for one in changes if one.baseline}
    links = {one.attributes["href"] for one in all_of(shown, "#changes a")}
    assert links == (wanted if console.startswith("https") else set()) and len(wanted) > 1
    assert {one.attributes["href"] for one in all_of(shown, "#next a")} <= links


def test_without_labels_it_says_how_to_get_some(made: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["backtest", "show", str(made / "first"), "--html", str(made / "first.html")]) == 0
    assert capsys.readouterr() == ("", f"report: {made / 'first.html'}\n")
    page = HTMLParser((made / "first.html").read_text())
    assert "No labels were given" in words(first(page, "#labels")) and not all_of(page, "#labels svg")


def test_show_writes_the_same_bytes_as_the_run_did(made: Path):
    assert main(["backtest", "show", str(made / "second"), "--html", str(made / "again.html")]) == 0
    assert (made / "again.html").read_bytes() == (made / "report.html").read_bytes()


# For everybody.
def test_headings_landmarks_and_tables_can_be_heard(page: HTMLParser):
    assert first(page, "html").attributes["lang"] == "en"
    assert len(all_of(page, "h1")) == len(all_of(page, "main")) == len(all_of(page, "header")) == 1
    ids = [node.attributes["id"] for node in all_of(page, "[id]")]
    assert len(ids) == len(set(ids))
    named = {name for node in all_of(page, "[aria-labelledby], [aria-describedby]") for name in
             (node.attributes.get("aria-labelledby"), node.attributes.get("aria-describedby")) if name}  # fmt: skip
    assert named <= set(ids)
    assert {node.attributes["href"] for node in all_of(page, "a")} <= {f"#{name}" for name in ids}
    assert all(node.attributes.get("scope") in ("col", "row") for node in all_of(page, "th"))
    for table in all_of(page, "table"):
        assert words(first(table, "caption")) and all(row.css_first("th") for row in table.css("tr"))


def test_every_picture_has_a_name_a_sentence_and_its_numbers_beside_it(page: HTMLParser):
    figures = all_of(page, "figure")
    assert len(figures) >= 5
    for figure in figures:
        svg = first(figure, "svg")
        assert svg.attributes["role"] == "img" and words(first(svg, "title")) and words(first(svg, "desc"))
        assert words(first(figure, "table caption")) and all_of(figure, "table tbody tr")


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(page: HTMLParser):
    regions = all_of(page, "div[role=group]")
    assert regions and all(one.attributes["tabindex"] == "0" and one.attributes["aria-label"] for one in regions)


@pytest.mark.parametrize("scheme", ["", "@media (prefers-color-scheme:dark)"])
def test_words_stand_out_from_the_page_as_wcag_asks(page: HTMLParser, scheme: str):
    style = words(first(page, "style"))
    colours = dict(re.findall(r"--(\w+):(#\w+)", style.partition(scheme)[2] if scheme else style.partition("@media")[0]))
    for name, least in (("text", 7), ("soft", 4.5), ("link", 4.5), ("baseline", 3), ("candidate", 3)):
        assert all(contrast(colours[name], colours[below]) >= least for below in ("page", "panel")), name


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2.2, 1.4.3."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    signs = colour[1:] if len(colour) == 7 else "".join(sign * 2 for sign in colour[1:])
    parts = [int(signs[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Hostile text.
def test_it_asks_nobody_for_anything_and_runs_no_script(made: Path):
    for html in ((made / "report.html").read_text(), hostile(made, HOSTILE)):
        page = HTMLParser(html)
        assert "default-src 'none'" in (first(page, "meta[http-equiv]").attributes["content"] or "")
        assert not all_of(page, "script, img, link, iframe, object, embed, form, base, use, image, foreignObject")
        assert not any(
            name.startswith("on") or name in ("src", "style", "srcdoc") for node in all_of(page, "*") for name in node.attributes
        )
        assert all((node.attributes["href"] or "").startswith("#") for node in all_of(page, "[href]"))


def test_what_turns_text_round_or_cannot_be_seen_is_shown(made: Path):
    html = hostile(made, HOSTILE)
    assert "⟨U+202E⟩dlrow⟨U+2066⟩⟨U+200B⟩" in html
    assert all(sign == "\n" or sign.isprintable() for sign in html)


@pytest.mark.parametrize("sign", ["&", "\U0001f600", "\u202e", "\U000e0001", "e\u0301\u0301\u0301", "<", "\ud800", "W"])
def test_it_stays_under_a_megabyte_whatever_ids_hold(made: Path, sign: str):
    assert len(hostile(made, sign * 4000).encode()) < MOST_BYTES


@given(st.text())
def test_any_text_comes_back_as_it_was_shown(text: str):
    shown = visible(text)
    assert all(sign.isprintable() for sign in shown)
    parsed = first(HTMLParser(written(e("p", e("b", text, title=text), text))), "p b")
    assert parsed.text() == shown and (parsed.attributes["title"] or "") == shown


def test_marks_are_capped_and_long_names_are_cut():
    assert visible("a" + "\u0300" * 50 + "b") == "a\u0300\u0300b"
    assert outside("x" * 400, 10).text == "x" * 10 + "…"


@given(st.floats(1e-6, 1e9))
def test_an_axis_reaches_the_highest_value_in_at_most_ten_round_steps(most: float):
    top, step = ceiling(most)
    assert top >= most * (1 - 1e-6) and 1 <= round(top / step) <= 10


# Mistakes.
@pytest.mark.parametrize(
    ("damage", "said"),
    [("changes.jsonl", "changes.jsonl is not that of a"), ("config.lock", "config.lock is not that of a"), (None, "--html: ")],
)
def test_a_report_that_cannot_be_made_is_one_plain_line(made: Path, tmp_path: Path, damage: str | None, said: str, capsys: Any):
    run = tmp_path / "run"
    run.mkdir()
    for file in (made / "second").iterdir():
        (run / file.name).write_bytes(b"[1]\n" if file.name == damage else file.read_bytes())
    where = tmp_path / ("there.html" if damage else "no/such/folder.html")
    assert main(["backtest", "show", str(run), "--html", str(where)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not where.exists()


# In a real browser.
def test_chromium_runs_nothing_of_it_and_draws_it_light_and_dark(made: Path, tmp_path: Path):
    needed("chromium")
    file = tmp_path / "hostile.html"
    file.write_text(hostile(made, HOSTILE, 3), encoding="utf-8", errors="backslashreplace")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'chromium'}", "--enable-logging=stderr"]
    done = subprocess.run(["chromium", *flags, "--dump-dom", file.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    assert "<title>Backtest &lt;/td&gt;&lt;script&gt;" in done.stdout
    assert "Refused to" not in done.stderr and "violates the following Content Security Policy" not in done.stderr
    shot(file, tmp_path / "light.png", 600, tmp_path)
    shot(file, tmp_path / "dark.png", 600, tmp_path, dark=True)
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()
