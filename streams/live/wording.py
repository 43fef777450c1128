"""What people read of a pile-on: numbers and words of our own, a case's pseudonym; never a name of a person or a comment's text.

Alertmanager's texts (``deploy/alertmanager/pile-on.tmpl``) and our own webhooks say the same line.
"""

from collections.abc import Mapping
from typing import Protocol

from streams.records import Moment
from streams.stages.instants import micros
from streams.stages.reasons import case_name, spoken, usually


class Numbers(Protocol):
    """What a firing and a transition both know."""

    @property
    def pileon_id(self) -> str: ...  # noqa: D102
    @property
    def hostile_authors(self) -> int: ...  # noqa: D102
    @property
    def usual_hostile_authors(self) -> float | None: ...  # noqa: D102
    @property
    def replying_authors(self) -> int: ...  # noqa: D102
    @property
    def hostile_replies(self) -> int: ...  # noqa: D102
    @property
    def unknown_author_replies(self) -> int: ...  # noqa: D102
    @property
    def first_hostile_at(self) -> Moment: ...  # noqa: D102
    @property
    def last_hostile_at(self) -> Moment | None: ...  # noqa: D102
    @property
    def updated_at(self) -> Moment: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


def annotations(numbers: Numbers, conversations: int, ended: str, link: str, before: str = "") -> dict[str, str]:
    """Return numbers, a link, and words that we made ourselves; empty ones are left out. ``before``: the severity it had."""
    case, people = case_name(numbers.pileon_id), numbers.hostile_authors
    told = {
        "summary": f"case {case}: ended, {ended}" if ended else f"case {case}: {people} people hostile to one person",
        "description": numbers.reason,
        "case": case,
        "people": str(people),
        "within": _within(numbers),
        "usual": usually(numbers.usual_hostile_authors),
        "replying": _replying(numbers),
        "hostile_replies": str(numbers.hostile_replies),
        "conversations": str(conversations),
        "unknown_author_replies": str(numbers.unknown_author_replies or ""),
        "before": before,
        "link": link,
        "ended_because": ended,
    }
    return {name: value for name, value in told.items() if value}


def _within(numbers: Numbers) -> str:
    """Return from the first hostile reply to the last, which is before the case's end; nothing where a page gives no times."""
    if numbers.usual_hostile_authors is None:
        return ""
    return spoken(micros(numbers.last_hostile_at or numbers.updated_at) - micros(numbers.first_hostile_at))


def _replying(numbers: Numbers) -> str:
    """Return how many reply: a share where it is one. The hostile ones count since the case began, those who reply within the window."""
    hostile, replying = numbers.hostile_authors, numbers.replying_authors
    return f"{hostile} of {replying} replying" if hostile <= replying else f"{replying} replying now"


def line(labels: Mapping[str, str], told: Mapping[str, str]) -> str:
    """Return the one line, as the template ``threadwatch.line`` writes it for what fires or ended."""
    pace = f"in {told['within']} (usual {told['usual']})" if told.get("within") else "(the page gives no times)"
    what = f"case {told['case']}: {told['people']} people hostile {pace}, {told['replying']}"
    where = told.get("link") or f"threadwatch watch --case {told['case']}"  # without a console the terminal shows it
    parts = (f"[{labels['severity']}] {labels['source']} / {labels['community']}", what, _state(told), where)
    return " · ".join(part for part in parts if part)


def _state(told: Mapping[str, str]) -> str:
    if ended := told.get("ended_because"):
        return f"ENDED ({ended})"
    return f"ongoing, began as {told['before']}" if told.get("before") else "ongoing"
