"""Pile-ons in a terminal. One line per transition: numbers and opaque ids, never a name or a text; one case in full on demand."""

from datetime import UTC, timedelta, tzinfo
from typing import Final

from rich.text import Text

from streams.records import PileOn, Severity, Status

_COLOURS: Final = {Severity.WARNING: "yellow", Severity.CRITICAL: "bold red"}
_SHOWN_OF_ID: Final = 6
_SHOWN_OF_NAME: Final = 40


def line_of(pileon: PileOn, zone: tzinfo = UTC) -> Text:
    """Return e.g. ``14:03 opened  warning   news/sport  case 7Q4F2A…  9 people hostile in 22 min, 9 of 14 replying``."""
    line = Text(no_wrap=True)
    line.append(f"{(pileon.closed_at or pileon.updated_at).astimezone(zone):%H:%M} ")
    line.append(f"{pileon.status:<8}", "green" if pileon.status is Status.CLOSED else "bold")
    line.append(f"{pileon.severity:<9} ", _COLOURS[pileon.severity])
    line.append(f"{shown(pileon.source)}/{shown(pileon.community)}  case {shown(pileon.pileon_id, _SHOWN_OF_ID)}  ")
    line.append(_numbers(pileon))
    return line


def _numbers(pileon: PileOn) -> str:
    took = _minutes((pileon.closed_at or pileon.updated_at) - pileon.first_hostile_at)
    people = f"{pileon.hostile_authors} {'person' if pileon.hostile_authors == 1 else 'people'} hostile in {took}"
    if len(pileon.conversations) > 1:
        people += f" across {len(pileon.conversations)} conversations"
    if pileon.status is Status.CLOSED:
        return f"{people}; ended: {pileon.ended_because}"
    return f"{people}, {pileon.hostile_authors} of {max(pileon.replying_authors, pileon.hostile_authors)} replying"


def _minutes(took: timedelta) -> str:
    minutes = max(0, round(took.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def shown(name: str, longest: int = _SHOWN_OF_NAME) -> str:
    """Return a name that cannot move the cursor, turn the text round or fill the screen."""
    plain = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[: longest + 1])
    return plain if len(plain) <= longest else plain[:longest] + "…"


def case_lines(pileon: PileOn) -> list[str]:
    """Return a case in full: whom it is about, where, by what evidence. Ids stand as a settings file takes them (``[[mutes]]``)."""
    over = f", ended: {pileon.ended_because}" if pileon.ended_because else ""
    times = {"first hostile": pileon.first_hostile_at, "opened": pileon.opened_at, "updated": pileon.updated_at, "closed": pileon.closed_at}
    told = {
        "case": f"{pileon.pileon_id}, revision {pileon.revision}, by {shown(pileon.detector)}",
        "status": f"{pileon.status}, {pileon.severity}{over}",
        "source": quoted(pileon.source),
        "community": quoted(pileon.community),
        "target": quoted(pileon.target_id),
        "conversations": ", ".join(map(quoted, pileon.conversations)),
        "evidence": ", ".join(map(quoted, pileon.evidence)),
        "opened by": quoted(pileon.opened_by),
        "people": f"{pileon.hostile_authors} hostile{_usual(pileon)}, {pileon.replying_authors} replying {_when(pileon)}",
        "replies": f"{pileon.hostile_replies} hostile of {pileon.replies}, {pileon.unknown_author_replies} by unknown authors, "
        f"{pileon.removed_by_moderators} removed by moderators",
        "times": ", ".join(f"{what} {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for what, at in times.items() if at),
        "reason": shown(pileon.reason, 1000),
    }
    return [f"{name:<14}{value}" for name, value in told.items()]


def _when(pileon: PileOn) -> str:
    return "within the window" if pileon.grounds is None else "since it began"


def _usual(pileon: PileOn) -> str:
    return "" if pileon.usual_hostile_authors is None else f" (usual {pileon.usual_hostile_authors:.2g})"


def quoted(name: str) -> str:
    """Return an id whole and in quotes, as TOML reads it; what a terminal would obey is escaped."""
    return '"' + "".join(_escaped(sign) for sign in name) + '"'


def _escaped(sign: str) -> str:
    if sign in {'"', "\\"}:
        return "\\" + sign
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
