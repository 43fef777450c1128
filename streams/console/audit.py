"""Who looked at which case's comments, and who judged: one JSON line each, ids and names of viewers, never a text."""

import os
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.access import Viewer

FILE: Final = "console-audit.jsonl"


class Entry(Struct, frozen=True, omit_defaults=True):
    """What somebody did."""

    at: datetime
    who: str
    what: str
    """``text``: comments were shown; ``verdict``; ``claim``, ``release``, ``note``; ``silence_case``, ``silence_community``,
    ``unsilence``; ``people``, ``people_exported``: who is piled on most, with the ``reason``; ``login``, ``login_refused``;
    ``dead_letters``."""
    pileon_id: str | None = None
    judgement: str | None = None
    reason: str | None = None


class Audit:
    """Appends to a file that its owner alone can read; a line is whole or not there."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)

    def note(self, at: datetime, viewer: Viewer | None, what: str, pileon_id: str | None = None, judgement: str | None = None,
             reason: str | None = None) -> None:  # fmt: skip
        """Write one entry; it is written before what it tells of is shown."""
        who = "nobody" if viewer is None else viewer.name or "at this machine"
        line = msgspec.json.encode(Entry(at, who, what, pileon_id, judgement, reason)) + b"\n"
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
