"""The settings that the log has changed for a partition: they are entries of its state like targets, and few."""

from collections.abc import Iterator
from typing import Any

from streams.stages.ledger import Target
from streams.topics import json_key


def change_key(name: str) -> str:
    """Return the key of a changed setting's entry; no target has such a source."""
    return json_key("", "", name).decode()


class Changes:
    """Entries of changed settings by key, and what a detector made of them."""

    def __init__(self) -> None:
        self._entries: dict[str, Target] = {}
        self.made: Any = None
        """The detector's own: worked out from the entries when it is first asked for; None: not yet."""

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(self._entries)

    def get(self, key: str) -> Target | None:
        """Return an entry."""
        return self._entries.get(key)

    def put(self, key: str, entry: Target) -> None:
        """Put an entry; what was worked out from the others holds no longer."""
        self._entries[key] = entry
        self.made = None
