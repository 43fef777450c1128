"""``--with-text``: what was said stands in the report only where it was asked for, escaped, cut and marked; and in no other file."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from streams.cli.main import main
from streams.records import Comment, TextFormat
from streams.replay.backtest.html.page import MOST_BYTES
from streams.replay.backtest.texts import MOST_CASES, MOST_COMMENTS
from tests.support.backtests import BASELINE
from tests.support.builders import HOUR, MINUTE, NOON, comment, deleted, edited
from tests.support.preview.__main__ import shot
from tests.support.programs import needed
from tests.unit.test_backtest_slices import case

SAID = "You stupid liar, you are an idiot."
EVIL = {
    "mark-up": "</q></li><script>document.title='gone'</script><img src=http://evil.test/x onerror=\"document.title='gone'\">&amp;&lt;",
    "bidi": "\u202eliar\u2066 \u200fx\u061c \u200b",
    "marks": "a" + "\u0300" * 5000 + "z",
    "long": "<b>W" * 250_000,
    "lines": "one\n\n\x00\x1b[31mtwo\r\nthree",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    Path("new.toml").write_text(BASELINE + "\n[pileon]\nmin_hostile_authors = 2\n")
    Path("old.toml").write_text(BASELINE)


def run(lines: list[Comment], *options: str) -> int:
    Path("in.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    files = ("--file", "in.jsonl", "--config", "new.toml", "--baseline", "old.toml")
    return main(["backtest", "run", *files, "--out", "out", "--force", *options])


def saying(texts: list[str], where: str = "root") -> list[Comment]:
    """Return a pile-on in which each of these is said."""
    root, *answers = case(len(texts), where)
    return [root, *(replace(one, text=f"{SAID} {text}") for one, text in zip(answers, texts, strict=True))]


def page() -> Any:
    return LexborHTMLParser(Path("out.html").read_text())


def test_without_it_no_text_is_in_any_file_and_with_it_in_the_report_alone():
    lines = saying(["Quagswagging."] * 5)
    assert run(lines, "--html", "out.html") == 0
    assert "Quagswagging" not in Path("out.html").read_text() and "no text of comments" in page().css_first("footer").text()
    assert not page().css("[role=note]")
    assert run(lines, "--html", "out.html", "--with-text") == 0
    assert [one.text() for one in page().css("#said q")] == [f"{SAID} Quagswagging."] * MOST_COMMENTS
    assert (
        "Holds text. This file holds text of comments. Keep it no longer than text is kept at all: 30 days"
        in page().css_first("header [role=note]").text()
    )
    assert "no text of comments" not in page().css_first("footer").text()
    assert not any(b"Quagswagging" in one.read_bytes() for one in Path("out").iterdir())
    assert main(["backtest", "show", "out", "--html", "out.html"]) == 0
    assert "Quagswagging" not in Path("out.html").read_text()


def test_how_long_it_may_be_kept_is_what_the_settings_say():
    Path("threadwatch.toml").write_text('retention = "P7D"\n')
    assert run(saying(["x"] * 5), "--html", "out.html", "--with-text") == 0
    assert "no longer than text is kept at all: 7 days" in page().css_first("header [role=note]").text()


def test_what_was_edited_stands_as_it_is_now_and_what_was_deleted_is_gone():
    lines = saying([f"number {n}" for n in range(4)])
    lines += [edited(lines[1], "Sorry, I take it back.", NOON + HOUR, author_id=lines[1].author_id), deleted(lines[2], NOON + 2 * HOUR)]
    assert run(lines, "--html", "out.html", "--with-text") == 0
    told = page().css_first("#said").text()
    assert "Sorry, I take it back." in told and "number 0" not in told
    assert "number 1" not in told and "number 2" in told


@pytest.mark.parametrize("name", EVIL)
def test_hostile_text_is_shown_and_does_nothing(name: str):
    assert run(saying([EVIL[name]] * 4), "--html", "out.html", "--with-text") == 0
    html, shown = Path("out.html").read_text(), page()
    assert len(html.encode()) < MOST_BYTES and all(sign == "\n" or sign.isprintable() for sign in html)
    assert not shown.css("script, img, link, iframe, object, embed, form, base, b") and len(shown.css("#said q bdi")) == 4
    assert "\u0300" * 3 not in html
    told = shown.css("#said q")[0].text()
    wanted = {"mark-up": "</q></li><script>document.title='gone'</script><img src=",
              "bidi": "⟨U+202E⟩liar⟨U+2066⟩ ⟨U+200F⟩x⟨U+061C⟩ ⟨U+200B⟩",
              "marks": "a\u0300\u0300…", "long": "<b>W<b>W", "lines": "one ⟨U+0000⟩⟨U+001B⟩[31mtwo three"}  # fmt: skip
    assert wanted[name] in told and len(told) < 300


def test_a_page_of_the_most_hostile_texts_stays_under_a_megabyte():
    lines = [one for n in range(MOST_CASES + 3) for one in saying(["\U000e0001" * 4000] * 4, f"root{n}")]
    assert run(lines, "--html", "out.html", "--with-text") == 0
    assert len(page().css("#said details")) == MOST_CASES and len(page().css("#said li")) == MOST_CASES * MOST_COMMENTS
    assert len(Path("out.html").read_bytes()) < MOST_BYTES


def test_mark_up_of_a_comment_that_is_html_is_shown_as_it_stands():
    lines = [replace(one, text_format=TextFormat.HTML) for one in saying(["<em>very</em>"] * 4)]
    assert run(lines, "--html", "out.html", "--with-text") == 0
    assert page().css("#said q")[0].text() == f"{SAID} <em>very</em>"


def test_with_text_without_a_report_is_a_plain_mistake(capsys: pytest.CaptureFixture[str]):
    assert run([comment("a")], "--with-text") == 2
    assert capsys.readouterr().err == "threadwatch: --with-text: belongs to --html; no other file of a backtest holds text\n"
    assert not Path("out").exists()


def test_chromium_runs_nothing_of_it(tmp_path: Path):
    needed("chromium")
    lines = [one for n, text in enumerate(EVIL.values()) for one in saying([text] * 4, f"root{n}")]
    lines = [replace(one, created_at=one.created_at + MINUTE) for one in lines]
    assert run(lines, "--name", "evil", "--html", "out.html", "--with-text") == 0
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'chromium'}", "--enable-logging=stderr"]
    where = (tmp_path / "out.html").as_uri()
    done = subprocess.run(["chromium", *flags, "--dump-dom", where], capture_output=True, text=True, check=True, timeout=120)
    shown = LexborHTMLParser(done.stdout)
    assert "<title>Backtest evil</title>" in done.stdout and len(shown.css("#said q")) == 4 * len(EVIL)
    assert not shown.css("script, img, #said b") and "Refused to" not in done.stderr and "Content Security Policy" not in done.stderr
    shot(tmp_path / "out.html", tmp_path / "shown.png", 600, tmp_path)
    assert (tmp_path / "shown.png").stat().st_size > 10_000
