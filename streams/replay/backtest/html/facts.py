"""The report's parts that are tables: coverage, baseline beside candidate, what became of each pile-on, what to judge next."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote
from xml.etree.ElementTree import Element

from streams.alert_settings import is_address
from streams.lines import shown
from streams.replay.backtest.cases import Case, Change, Kind
from streams.replay.backtest.coverage import Coverage
from streams.replay.backtest.html.elements import Child, e, outside, section, table, unfolded
from streams.replay.backtest.next_up import Next
from streams.replay.backtest.report import TO_JUDGE, Summary
from streams.replay.backtest.table import SHOWN, apart, in_minutes, number
from streams.replay.reach import started

MOST_ROWS: Final = 40
"""Pile-ons shown of each kind: the page stays under a megabyte whatever their ids hold. All are in changes.jsonl."""
_ID: Final = 60
"""Characters shown of an id of a person or a place."""
_MEANING: Final = {
    Kind.LOST: "only the baseline has it",
    Kind.GAINED: "only the candidate has it",
    Kind.EARLIER: "both have it, the candidate opens it earlier",
    Kind.LATER: "both have it, the candidate opens it later",
    Kind.UNCHANGED: "both open it at the same moment",
}
"""In the order of the page: what is at stake stands first."""


def coverage(seen: Coverage) -> Element:
    """Return what was read, and what of it could not count."""
    facts = {
        "records": seen.records, "undecodable": seen.undecodable, "comments": seen.comments, "edits": seen.edits,
        "deletions": seen.deletions, "late": seen.late, "conversations": seen.conversations, "authors": seen.authors,
        "without author": seen.without_author, "without time": seen.without_time, "gaps of 1 h or more": seen.gaps,
        "times not believed": seen.arrivals_not_believed,
    }  # fmt: skip
    listed = e("dl", *(e("div", e("dt", name), e("dd", f"{count:,}")) for name, count in facts.items()))
    return section(
        "coverage", "Coverage", e("p", "What was read. A gap is a silence: nothing was written in it, or nothing was recorded."),
        e("p", started(seen.start, seen.warm_up_days, seen.warm_up_records)), listed, *_gaps(seen),
    )  # fmt: skip


def _gaps(seen: Coverage) -> list[Element]:
    if not seen.longest_gaps:
        return []
    rows = [(at(gap.start), at(gap.end), f"{gap.seconds / 3600:.1f}") for gap in seen.longest_gaps]
    return [unfolded("The longest gaps", table("The longest gaps, in UTC", ("from", "to", "hours"), rows, (0, 1)))]


def compared(found: Summary) -> Element:
    """Return baseline, candidate and their difference for every measure."""
    rows = []
    for name, said in SHOWN.items():
        before, after = in_minutes(name, found.baseline[name]), in_minutes(name, found.candidate[name])
        rows.append((_named(said), number(before), number(after), apart(before, after)))
    told = f"Rates are per day of {found.period.days:.1f} days. A dot: no difference. A dash: nothing to measure."
    return section(
        "compared", "Baseline and candidate", e("p", told), table("Measures of both sides", ("measure", "baseline", "candidate", "Δ"), rows)
    )


def _named(said: str) -> Child:
    return said if not said.startswith(" ") else "– " + said.strip()


def changes(found: Summary, all_: Sequence[Change]) -> Element:
    """Return what became of the pile-ons, in counts and one by one."""
    counts = [(str(kind), str(found.changes[kind]), meaning) for kind, meaning in _MEANING.items()]
    parts = [_of_kind(kind, [one for one in all_ if one.change is kind], found.console) for kind in _MEANING]
    told = "Two are the same pile-on where they are on the same person and overlap in time."
    if found.console:
        told += " A case's id leads to the console, where there is one: a case of the baseline, had its settings been live."
    by_kind = table("Pile-ons by what became of them", ("change", "pile-ons", "meaning"), counts, (0, 2))
    return section("changes", "What became of the pile-ons", e("p", told), by_kind, *(part for part in parts if part is not None))


def _of_kind(kind: Kind, of_kind: Sequence[Change], console: str) -> Element | None:
    if not of_kind:
        return None
    headers = ("case", "person", "where", "opened", "severity", "people", "minutes apart", "reason")
    listed = table(
        f"{kind}: {_MEANING[kind]}; times in UTC", headers, (_change(one, console) for one in of_kind[:MOST_ROWS]), (0, 1, 2, 3, 4, 7)
    )
    more = len(of_kind) - MOST_ROWS
    rest = e("p", f"… and {more} more, in changes.jsonl.", class_="soft") if more > 0 else None
    made = unfolded(f"{kind}: {len(of_kind)}", listed, rest)
    if kind is not Kind.UNCHANGED:
        made.set("open", "")
    return made


def _change(one: Change, console: str) -> list[Child]:
    case = one.case
    live = None if one.baseline is None else one.baseline.pileon_id
    moved = None
    if one.baseline is not None and one.candidate is not None:
        moved = (one.candidate.opened_at - one.baseline.opened_at).total_seconds() / 60
    return [
        *_case(case, console, live),
        _severity(one),
        _pair(one),
        "–" if moved is None else f"{moved:+.1f}".replace("-", "−"),
        outside(case.reason),
    ]


def _case(case: Case, console: str, live: str | None) -> list[Child]:
    """Return what a case is. ``live``: the id by which the console knows it, if it can."""
    where = e("span", outside(case.source, _ID), "/", outside(case.community, _ID))
    told = e("code", shown(case.pileon_id, 8))
    if live is not None and is_address(console):
        told = e("a", told, href=f"{console.rstrip('/')}/pileons/{quote(live, safe='')}")
    return [told, outside(case.target_id, _ID), where, at(case.opened_at)]


def _severity(one: Change) -> str:
    return _both(one, lambda case: str(case.severity))


def _pair(one: Change) -> str:
    return _both(one, lambda case: str(case.hostile_authors))


def _both(one: Change, said: Callable[[Case], str]) -> str:
    sides = [said(case) for case in (one.baseline, one.candidate) if case is not None]
    return " → ".join(dict.fromkeys(sides))


def judge_next(found: Summary) -> Element:
    """Return the pile-ons that say most once somebody judged them."""
    told = f"Nobody judged {found.unjudged} of the pile-ons. Those that only one side has come first: they tell the sides apart. "
    told += f"{TO_JUDGE} has the same list: fill in its verdicts and give it to --labels."
    headers = ("case", "person", "where", "opened", "became", "people", "reason")
    rows = [
        [*_case(one.case, found.console, _live(one)), str(one.change), str(one.case.hostile_authors), outside(one.case.reason)]
        for one in found.judge_next
    ]
    listed = table("Pile-ons to judge next, best first; times in UTC", headers, rows, (0, 1, 2, 3, 4, 6)) if rows else None
    return section("next", "What to judge next", e("p", told), listed)


def _live(one: Next) -> str | None:
    """Return the baseline's id of it where that is the one at hand: what was opened at another moment has another."""
    return one.case.pileon_id if one.change in (Kind.LOST, Kind.UNCHANGED) else None


def at(when: datetime) -> str:
    """Return a time in UTC, to the minute."""
    return f"{when:%Y-%m-%d %H:%M}"
