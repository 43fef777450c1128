"""docs/life-of-a-comment.md: its JSON, made by the program. ``python -m tests.support.life_page`` writes it; a test compares."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from streams import engine
from streams.engine import APPLIED, Effects, Message
from streams.live.alertmanager import alerts
from streams.records import Comment, Tick
from streams.scorers import open_scorer
from streams.topology import Config, topology

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "life-of-a-comment.md"
FILE: Final = DOCS / "life-of-a-comment.jsonl"
FOLLOWED: Final = b'"comment_id":"c6"'
_BLOCK: Final = re.compile(r"(<!-- life: ([a-z ]+) -->\n```json\n)(?:.*?\n)??(```)", re.DOTALL)


def page() -> str:
    """Return the page as it should be."""
    found = shown()
    return _BLOCK.sub(lambda block: block[1] + found[block[2]] + "\n" + block[3], PAGE.read_text(encoding="utf-8"))


def shown() -> dict[str, str]:
    """Return what the page shows, by the name in its markers."""
    line = next(line for line in FILE.read_bytes().splitlines() if FOLLOWED in line)
    found = {"raw": _pretty(line)}
    for name, effects in _lives():
        found |= {f"{name} sends": "\n".join(_pretty(send.value) for send in effects.sends)}
        found |= {f"{name} state": "\n".join(_pretty(value) for key, value in effects.entries.items() if value and key != APPLIED)}
        found |= {f"{name} outputs": "\n".join(_pretty(msgspec.json.encode(output)) for output in effects.outputs)}
        if name == "alert":
            found["posted"] = _posted(effects)
    return found


def _posted(effects: Effects) -> str:
    """Return what Alertmanager gets a second after the comment arrived."""
    at = datetime(2026, 5, 4, 8, 20, 1, tzinfo=UTC)
    entries = [entry for step in effects.steps for _, entry in step.entries if entry is not None]
    return _pretty(msgspec.json.encode(alerts(entries, at, timedelta(minutes=15), "")))


def _lives() -> Iterator[tuple[str, Effects]]:
    """Yield each stage's effects of the comment followed; then, as ``later …``, those of the tick that ends the case."""
    stages = topology(open_scorer("linear"), Config(installation_key=bytes.fromhex("6c" * 32)))
    stores = [stage.new_store() for stage in stages]
    for line in FILE.read_bytes().splitlines():
        at = msgspec.json.decode(line, type=Comment).created_at
        values = [line]
        for stage, store in zip(stages, stores, strict=True):
            effects = engine.turn(stage, [_message(value, at) for value in values], store)
            values = [send.value for send in effects.sends]
            if FOLLOWED in line:
                yield stage.name, effects
        if FOLLOWED in line:
            break
    later = datetime(2026, 5, 4, 14, 21, tzinfo=UTC)
    closed = engine.turn(stages[2], [_message(msgspec.json.encode(Tick(at=later)), later)], stores[2])
    yield "later pileon", closed
    yield "later alert", engine.turn(stages[3], [_message(send.value, later) for send in closed.sends], stores[3])


def _message(value: bytes, at: datetime) -> Message:
    return Message("", 0, 0, int(at.timestamp() * 1000), None, value)


def _pretty(value: Any) -> str:
    return str(msgspec.json.format(value, indent=2).decode())


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
