"""The report's part that holds text of comments: only where it was asked for, escaped, cut and marked."""

from xml.etree.ElementTree import Element

from streams.lines import shown
from streams.replay.backtest.cases import Change
from streams.replay.backtest.html.elements import e, outside, section, unfolded
from streams.replay.backtest.html.facts import at
from streams.replay.backtest.texts import LONGEST, MOST_CASES, MOST_COMMENTS, Said, Texts

_ID = 60


def banner(texts: Texts) -> Element:
    """Return what stands before everything else."""
    days = f"{texts.retention.days} days" if texts.retention.days else "a day"
    told = (
        f"This file holds text of comments. Keep it no longer than text is kept at all: {days} (setting retention, docs/privacy.md). "
        "A deletion does not reach it: delete the file then, and make it again."
    )
    return e("p", e("strong", "Holds text. "), told, class_="warn", role="note")


def said(texts: Texts) -> Element:
    """Return what was said in each pile-on."""
    told = (
        f"Of at most {MOST_CASES} pile-ons at most {MOST_COMMENTS} comments that counted as hostile, each cut at {LONGEST} signs. "
        "What nobody sees or what turns text round is shown as ⟨U+202E⟩. Mark-up is shown, not obeyed."
    )
    return section("said", "What was said", e("p", told, class_="warn"), *(_case(change, all_) for change, all_ in texts.cases))


def _case(change: Change, all_: list[Said]) -> Element:
    title = f"{change.change}: case {shown(change.case.pileon_id, 8)}, opened {at(change.case.opened_at)}"
    lines = [e("li", e("span", f"{at(one.at)}, ", outside(one.comment_id, _ID), ": ", class_="soft"), _text(one)) for one in all_]
    return unfolded(title, e("ul", *lines, class_="said") if lines else e("p", "None of its comments was read.", class_="soft"))


def _text(one: Said) -> Element:
    return e("em", "deleted since") if one.text is None else e("q", outside(one.text, LONGEST))
