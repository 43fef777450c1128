"""The whole report: one file that needs nothing else, runs no script and asks nobody for anything."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element

import msgspec

from streams.errors import UserError
from streams.replay.backtest.cases import Change
from streams.replay.backtest.diff import summary_of
from streams.replay.backtest.html import charts, differing, facts, said, sliced
from streams.replay.backtest.html.elements import e, written
from streams.replay.backtest.report import LOCK, Lock, Summary
from streams.replay.backtest.texts import Texts

MOST_BYTES: Final = 1_000_000
"""Of a page; tests hold it with the most hostile ids that there can be."""
_AFTER_CHANGES: Final = 3
"""What was said stands behind what became of each pile-on."""


def report_of(folder: Path, texts: Texts | None = None) -> str:
    """Return a run's report as HTML, with the text of comments where it is given. Raises UserError where the folder holds no whole run."""
    return report(summary_of(folder), _changes(folder), _read(folder / LOCK, Lock), texts)


def _changes(folder: Path) -> list[Change]:
    found: list[Change] = _read(folder / "changes.jsonl", list[Change], lines=True)
    return found


def _read(file: Path, kind: Any, *, lines: bool = False) -> Any:
    try:
        held = file.read_bytes()
        return msgspec.json.Decoder(kind.__args__[0]).decode_lines(held) if lines else msgspec.json.decode(held, type=kind)
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}); run the backtest again") from error
    except msgspec.MsgspecError as error:
        raise UserError(f"{file} is not that of a backtest of this version ({error}); run it again") from error


def report(found: Summary, changes: Sequence[Change], lock: Lock, texts: Texts | None = None) -> str:
    """Return a run's report as HTML, coverage first."""
    when = f"{found.period.start:%Y-%m-%d %H:%M} to {found.period.end:%Y-%m-%d %H:%M} UTC"
    parts = [
        facts.coverage(found.coverage), facts.compared(found), facts.changes(found, changes), charts.over_time(found),
        charts.time_to_alert(found), charts.labels(found), sliced.slices(found), facts.judge_next(found), differing.settings(lock),
        differing.again(found, lock),
    ]  # fmt: skip
    partial = None if found.complete else partial_note(f"It was stopped, and {found.not_replayed} comments were left.")
    title = f"Backtest {found.run}"
    if texts is None:
        return page(title, when, parts, f"Made by {found.program}. It holds ids of people and no text of comments.", partial)
    parts.insert(_AFTER_CHANGES, said.said(texts))
    return page(title, when, parts, f"Made by {found.program}. It holds ids of people and text of comments.", partial, said.banner(texts))


def partial_note(told: str) -> Element:
    """Return what stands before all else in the report of a run that was stopped."""
    return e("p", e("strong", "Partial. "), told, class_="warn", role="note")


def page(title: str, below: str, parts: Sequence[Element], foot: str, *banners: Element | None) -> str:
    """Return a page of these parts: a way past the navigation, landmarks, one style sheet, and a policy that allows nothing else."""
    style = _style()
    sheet = Element("style")
    sheet.text = style
    head = e(
        "head", e("meta", charset="utf-8"), e("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        e("meta", name="viewport", content="width=device-width, initial-scale=1"), e("meta", name="referrer", content="no-referrer"),
        e("title", title), sheet,
    )  # fmt: skip
    links = [e("li", e("a", _heading(part), href=f"#{part.get('id')}")) for part in parts]
    top = e("header", e("h1", title), e("p", below, class_="soft"), *banners, e("nav", e("ul", *links), aria_label="Parts of the report"))
    skip = e("a", "Skip to the report", href="#report", class_="skip")
    body = e("body", skip, top, e("main", *parts, id="report", tabindex="-1"), e("footer", foot))
    return written(e("html", head, body, lang="en"))


def report_policy() -> str:
    """Return the policy that a report states in itself: for who serves one."""
    return _policy(_style())


def _style() -> str:
    return files(__package__).joinpath("report.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _heading(part: Element) -> str:
    heading = part.find("h2")
    return (heading.text or "") if heading is not None else ""
