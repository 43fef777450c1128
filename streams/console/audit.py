"""Who looked at which case's comments, and what they did: one JSON line each, ids and names of viewers, never a text.

A month is a file: the current one, and beside it those before, until they are past their term.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.access import Viewer
from streams.console_settings import HERE, NOBODY

FILE: Final = "console-audit.jsonl"
KEEP: Final = timedelta(days=400)


class Entry(Struct, frozen=True, omit_defaults=True):
    """What somebody did."""

    at: datetime
    who: str
    what: str
    """``text``: comments were shown; ``verdict``; ``claim``, ``release``, ``note``; ``silence_case``, ``silence_community``,
    ``unsilence``; ``mute``, ``unmute``; ``people``, ``people_exported``: who is piled on most, ``people_found``: by a part of an id,
    ``cases_exported``, ``comment_ids_exported``, with the ``reason``; ``login``, ``login_refused``, ``logout``; ``comment_ids``: of the
    hostile ones of a case; ``dead_letters``; ``redrive``; ``backtest``: a report; ``watched``, or ``watched_unnamed`` with pseudonyms."""
    pileon_id: str | None = None
    judgement: str | None = None
    reason: str | None = None
    conversation: str | None = None
    """Under the installation key."""
    way: str = ""
    """How it is known who it was: ``token``, ``proxy``, ``provider``; and at a provider,"""
    issuer: str = ""
    """which one, and"""
    sub: str = ""
    """what it calls them for ever: a name can change hands there."""


class Audit:
    """Appends to a file that its owner alone can read; a line is whole or not there."""

    def __init__(self, file: Path, keep: timedelta = KEEP) -> None:
        self.file, self._keep = file, keep
        self._month = ""
        file.parent.mkdir(parents=True, exist_ok=True)

    def note(self, at: datetime, viewer: Viewer | None, what: str, pileon_id: str | None = None, judgement: str | None = None,
             reason: str | None = None, conversation: str | None = None) -> None:  # fmt: skip
        """Write one entry; it is written before what it tells of is shown."""
        self._turn(at)
        way, issuer, sub = ("", "", "") if viewer is None else (viewer.way, viewer.issuer, viewer.subject)
        line = msgspec.json.encode(Entry(at, _who(viewer), what, pileon_id, judgement, reason, conversation, way, issuer, sub)) + b"\n"
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _turn(self, at: datetime) -> None:
        """Begin a new file where a month began, and remove what is past its term."""
        month = f"{at.astimezone(UTC):%Y-%m}"
        if month == self._month:
            return
        self._month = month
        if self.file.exists() and (written := f"{datetime.fromtimestamp(self.file.stat().st_mtime, UTC):%Y-%m}") < month:
            self.file.rename(self._of(written))
        oldest = f"{at.astimezone(UTC) - self._keep:%Y-%m}"
        for file in self.file.parent.glob(self._of("????-??").name):
            if file.name < self._of(oldest).name:
                file.unlink()

    def _of(self, month: str) -> Path:
        return self.file.with_name(f"{self.file.stem}-{month}{self.file.suffix}")


def _who(viewer: Viewer | None) -> str:
    if viewer is None:
        return NOBODY
    return viewer.name or (f"{HERE}, as {viewer.called}" if viewer.called else HERE)
