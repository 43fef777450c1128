"""Comments that arrive so long after they were written that no pile-on will count them: told when they are sent, not found out later."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from streams.records import Action, Comment
from streams.settings import Source


class Late:
    """Counts late comments as they go by.

    ``now`` is when a comment without ``ingested_at`` arrives; None where it goes to a file, and counts as arrived as of then.
    """

    def __init__(self, sources: Mapping[str, Source], now: datetime | None) -> None:
        self._sources, self._now = sources, now
        self.count = 0

    def seen(self, comments: Iterable[Comment]) -> Iterator[Comment]:
        """Yield the comments, having counted those that are late."""
        for comment in comments:
            self.count += self._is_late(comment)
            yield comment

    def _is_late(self, comment: Comment) -> bool:
        arrived = comment.ingested_at or self._now
        if arrived is None or comment.created_at_is_estimated or comment.action is Action.DELETED:
            return False
        written = (comment.edited_at or comment.created_at) if comment.action is Action.EDITED else comment.created_at
        return arrived - written > self._sources.get(comment.source, Source()).lateness

    def words(self) -> str:
        """Return how many are late, and what to do."""
        return (
            f"{self.count} of them will not be counted in pile-ons: written longer ago than the lateness of their source; "
            "if they are history, send them with --arrived-at created"
        )
