"""What a stage is: it reads records and a store, and says which entries to put and which records to send."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from streams.topics import Topic


class Step(Struct, frozen=True, gc=False):
    """What a stage makes of one record."""

    outcome: str
    """One word of the stage's closed set: it labels a metric and balances the oracle."""
    outputs: tuple[Any, ...] = ()
    """Records for the stage's sink, in order."""
    entries: tuple[tuple[str, Any], ...] = ()
    """State to put by key; None removes it."""
    notes: tuple[str, ...] = ()
    """Odd things met on the way (``text_cut``, ``clock_ahead``, ``evicted`` …), each counted."""
    aside: tuple[Any, ...] = ()
    """Records for ``pileons.shadow``, which nobody acts on."""


class Store(Protocol):
    """A partition's state: made of entries, read by the stage."""

    def apply(self, key: str, entry: Any) -> None:
        """Put one entry, or remove it (None). The only way state changes."""


class Stage(Protocol):
    """What happens to the records of one topic."""

    name: str
    source: Topic
    sink: Topic | None
    entry: Any
    """Type of a state entry; None for a stateless stage."""
    outcomes: tuple[str, ...]

    def new_store(self) -> Store:
        """Return an empty store."""

    def steps(self, store: Any, arrived: Sequence["Arrived"]) -> Iterable[Step]:
        """Yield one step per record, in order; the caller applies each to the store before taking the next."""


class Arrived(Struct, frozen=True, gc=False):
    """A record and when the broker got it."""

    record: Any
    at: datetime
    key: bytes | None = None
    """The message's own key; None when the record comes from a file."""
