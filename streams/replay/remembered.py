"""What the stores of the stages remember: the entries that would make them again."""

from collections.abc import Iterator
from typing import Any

from streams.stages.conversation import Conversations, key_of
from streams.stages.firing import Firings
from streams.stages.followed import Followed
from streams.stages.shadow import Both
from streams.stages.watched import Watched


def entries_of(store: Any) -> Iterator[tuple[str, Any]]:
    """Yield a store's entries by key, in an order that does not depend on when they came."""
    if isinstance(store, Conversations):
        for place in sorted(store.open):
            for comment_id, entry in store.open[place].oldest_first():
                yield key_of(place, comment_id), entry
    elif isinstance(store, Followed):
        yield from store.entries()
    elif isinstance(store, Watched | Both):
        for key in store:
            yield key, store.get(key)
    elif isinstance(store, Firings):
        yield from sorted(store.entries.items())
    else:
        raise TypeError(f"nobody knows what {type(store).__name__} remembers")
