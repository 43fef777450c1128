"""What ``address`` lets go: comments over the limit or the days, conversations gone quiet, children whose parent never came.

A little at each step, decided by the entries alone, so that a store made again from its entries lets go the same.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from streams.stages.candidates import Config
from streams.stages.conversation import Conversations
from streams.stages.gathering import Gathered

MAX_EVICTED: Final = 100
"""Comments let go in one step, so that no step is long."""
MAX_SWEPT: Final = 20


_days: Final = lru_cache(timedelta)
"""Asked for each comment."""


def let_go(gathered: Gathered, config: Config, store: Conversations) -> None:
    """Let go of what is over the limit or older than the days: here, and of a conversation where nothing came for so long."""
    since = gathered.seen - _days(config.max_days)
    _evict(gathered, config, since)
    _sweep(gathered, since, store)


def _evict(gathered: Gathered, config: Config, since: datetime) -> None:
    """Let go of this conversation's oldest comments: over the limit, or older than the days."""
    conversation = gathered.conversation
    surplus = len(conversation.entries) + 1 - config.max_comments
    oldest = conversation.oldest()
    if oldest is None or (surplus <= 0 and conversation.entries[oldest].seen >= since):
        return
    for count, (comment_id, entry) in enumerate(conversation.oldest_first()):
        if count >= MAX_EVICTED or (count >= surplus and entry.seen >= since):
            break
        gathered.put(comment_id, None)
        gathered.notes.append("evicted")
        if entry.parent is not None:
            gathered.notes.append("parent_missing")


def _sweep(gathered: Gathered, since: datetime, store: Conversations) -> None:
    """Let go of the comments of a conversation of the same community where nothing came for all the days."""
    quiet = store.quietest(gathered.place, since)
    if quiet is None or quiet == gathered.place:
        return
    for count, (comment_id, entry) in enumerate(store.open[quiet].oldest_first()):
        if count >= MAX_SWEPT:
            break
        gathered.put(comment_id, None, quiet)
        gathered.notes.extend(["evicted"] if entry.parent is None else ["evicted", "parent_missing"])


def stop_waiting(gathered: Gathered, config: Config) -> None:
    """Make room for the comment at hand, which waits: the one that waited longest is unaddressed after all.

    Those that waited for the comment at hand are released in the same step.
    """
    waiting = gathered.conversation.waiting_by_n
    if len(waiting) < config.max_waiting:
        return
    released = set(gathered.conversation.children_of(gathered.comment.comment_id))
    if len(waiting) - len(released) < config.max_waiting:
        return
    comment_id = waiting[min(n for n, waits in waiting.items() if waits not in released)]
    entry = gathered.known(comment_id)
    if entry is not None:
        gathered.put(comment_id, msgspec.structs.replace(entry, parent=None))
        gathered.notes.append("parent_missing")
