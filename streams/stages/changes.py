"""Entries of a partition's state that are no targets: settings that the log has changed. Keys that no target can have."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from streams.stages.ledger import Target
from streams.topics import json_key

_SHADOW: Final = "shadow"


def change_key(name: str) -> str:
    """Return the key of a changed setting's entry; no target has such a source."""
    return json_key("", "", name).decode()


def shadow_key(key: str) -> str:
    """Return the key of an entry of the detector that runs along (``stages.shadow``); no target has such a source either."""
    return json_key("", key, _SHADOW).decode()


def is_of_a_shadow(key: str) -> bool:
    """Return whether an entry is one of those."""
    return own_key(key) is not None


def own_key(key: str) -> str | None:
    """Return the key that the detector that runs along knows an entry by; None: it is none of its."""
    if not key.startswith('["",'):
        return None
    _, own, which = msgspec.json.decode(key, type=tuple[str, str, str])
    return own if own and which == _SHADOW else None


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
