"""Two detectors at once: one decides, the other runs along in its shadow. What that one tells is recorded, and nobody hears of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from streams.stages.changes import Changes, own_key, shadow_key
from streams.stages.ledger import Target
from streams.stages.step import Arrived, Step
from streams.stages.watched import OpenCase, Watched
from streams.stages.window import WindowDetector

STILL: Final = "shadow_still"
"""A record that the shadow did not see, because it was stopped."""
NOTES: Final = ("shadow_opened", "shadow_ongoing", "shadow_closed", STILL)
"""Transitions of the shadow, counted as things met on the way."""


class Both:
    """The state of both: entries of the shadow have keys of their own. A function of the entries alone, as each of them is.

    Settings that the log has changed are neither's: whichever detector follows them finds them, after the two have changed places too.
    """

    def __init__(self, live: Watched, shadow: Watched, is_still: Callable[[], bool]) -> None:
        """``is_still``: whether the shadow was stopped, so that nothing is due for it."""
        self.live, self.shadow, self._is_still = live, shadow, is_still

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, sorted."""
        return iter(sorted((*self.live, *(shadow_key(key) for key in self.shadow if self.shadow.changes.get(key) is None))))

    def get(self, key: str) -> Target | None:
        """Return an entry."""
        own = own_key(key)
        return self.live.get(key) if own is None else self.shadow.get(own)

    def apply(self, key: str, entry: Target | None) -> None:
        """Put one entry, or remove it."""
        own = own_key(key)
        if own is not None:
            self.shadow.apply(own, entry)
            return
        self.live.apply(key, entry)
        if entry is not None and entry.change is not None:
            self.shadow.apply(key, entry)

    def next_due(self) -> datetime | None:
        """Return when a tick would have something to do for either."""
        dues = (self.live.next_due(), None if self._is_still() else self.shadow.next_due())
        return min((due for due in dues if due is not None), default=None)

    def open_cases(self) -> Iterator[OpenCase]:
        """Yield the pile-ons that are open; those of the shadow are nobody's."""
        return self.live.open_cases()

    @property
    def changes(self) -> Changes:
        """Return the settings that the log has changed."""
        return self.live.changes


class Shadowed:
    """A detector that decides, and one that does not."""

    def __init__(self, live: WindowDetector, shadow: WindowDetector) -> None:
        self.live, self.shadow = live, shadow
        self.name = live.name
        self.is_still = False
        """Whether the shadow was stopped: it sees nothing more, and its state stays as it is."""

    def new_store(self) -> Both:
        """Return the state of a partition where nothing happened yet."""
        return Both(self.live.new_store(), self.shadow.new_store(), lambda: self.is_still)

    def steps(self, store: Both, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per record, in order: that of the first, and beside it what the other would tell."""
        for each in arrived:
            step = self.live.step(store.live, each.record)
            if self.is_still:
                yield msgspec.structs.replace(step, notes=(*step.notes, STILL))
                continue
            other = self.shadow.step(store.shadow, each.record)
            if other.entries or other.outputs:
                step = msgspec.structs.replace(
                    step, entries=(*step.entries, *map(_entry_of_shadow, other.entries)), aside=other.outputs,
                    notes=(*step.notes, *(f"shadow_{one.status}" for one in other.outputs)),
                )  # fmt: skip
            yield step

    def new_followed(self) -> Any:
        """Return the state of a fold that nobody goes on from. The shadow has none there: ``backtest`` compares detectors."""
        return self.live.new_followed()

    def follow(self, store: Any, record: Any) -> Any:
        """Do what the one that decides does."""
        return self.live.follow(store, record)


def _entry_of_shadow(found: tuple[str, Target | None]) -> tuple[str, Target | None]:
    key, entry = found
    return found if entry is not None and entry.change is not None else (shadow_key(key), entry)
