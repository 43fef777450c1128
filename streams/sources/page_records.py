"""A page's comments as records: ids that stay the same when the page is scraped again, and estimated times in page order."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from streams.errors import UserError
from streams.records import Comment
from streams.sources.page import Page, PageComment

_HEX: Final = 32
_STEP: Final = timedelta(microseconds=1)
Pseudonymise = Callable[[str], str]


class Origin(NamedTuple):
    """Where a page's comments belong, and between which moments they were written."""

    source: str
    community: str
    conversation_id: str
    published_at: datetime
    scraped_at: datetime
    arrived_as_of_then: bool = False
    """``ingested_at`` is ``created_at``; else it is left to Kafka's timestamp."""


class Found(NamedTuple):
    """What a page held: all comments, and what of them is new."""

    records: tuple[Comment, ...]
    named: int
    empty: int
    known: int

    def words(self) -> str:
        """Return e.g. ``112 comments found (66 named, 46 unnamed, 3 empty); 5 new, 107 known``."""
        found = len(self.records) + self.known
        kinds = f"{self.named} named, {found - self.named} unnamed, {self.empty} empty"
        return f"{found} comment{'' if found == 1 else 's'} found ({kinds}); {len(self.records)} new, {self.known} known"


def conversation_of(page: Page) -> str:
    """Return the id of a page's conversation: a hash of the article's heading, in lower case."""
    return "page:" + _digest("heading", page.heading.casefold())


def comment_ids(conversation_id: str, comments: Collection[PageComment]) -> Iterator[str]:
    """Yield one id per comment: a hash of conversation, author or "", text, and which of its like on the page it is (0, 1, …).

    So what is inserted elsewhere changes no id, and of n equal comments every one has its own.
    """
    likes: Counter[tuple[str, str]] = Counter()
    for author, text, _ in comments:
        said = (author or "", text)
        yield _digest(conversation_id, *said, likes[said])
        likes[said] += 1


def _digest(*parts: str | int) -> str:
    # A JSON array, so that no text can forge where one part ends. Lone surrogates cannot come: pages are decoded with replacement.
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:_HEX]


def records_of(page: Page, origin: Origin, seen: Collection[str] = (), pseudonymise: Pseudonymise | None = None) -> Found:
    """Return the comments that were not seen before, as records in page order, and the counts."""
    comments = [_pseudonymous(comment, pseudonymise) for comment in page.comments]
    numbered = zip(comment_ids(origin.conversation_id, comments), comments, estimated_times(origin, len(comments)), strict=True)
    new = tuple(_record(origin, *known) for known in numbered if known[0] not in seen)
    named = sum(comment.author is not None for comment in comments)
    return Found(new, named, sum(not comment.text for comment in comments), len(comments) - len(new))


def _pseudonymous(comment: PageComment, pseudonymise: Pseudonymise | None) -> PageComment:
    """Ids are made from the pseudonym: an empty comment's id must not tell whose it is to somebody with a list of names."""
    if pseudonymise is None:
        return comment
    author, answers = (name if name is None else pseudonymise(name) for name in (comment.author, comment.answers))
    return PageComment(author, comment.text, answers)


def _record(origin: Origin, comment_id: str, comment: PageComment, created_at: datetime) -> Comment:
    return Comment(
        source=origin.source,
        community=origin.community,
        conversation_id=origin.conversation_id,
        comment_id=comment_id,
        author_id=comment.author,
        author_name=comment.author,
        reply_to_author_id=comment.answers,
        text=comment.text,
        created_at=created_at,
        created_at_is_estimated=True,
        ingested_at=created_at if origin.arrived_as_of_then else None,
    )


def bounds(published_at: datetime | None, scraped_at: datetime | None, now: datetime, count: int) -> tuple[datetime, datetime]:
    """Return between which moments ``count`` comments were written, as far as is known.

    Without ``published_at`` they lie a microsecond apart, just before ``scraped_at`` (default: now): no time is claimed, only order.
    Raises UserError where published lies after scraped.
    """
    last = scraped_at or now
    first = published_at or last - _STEP * max(count - 1, 0)
    if first > last:
        raise UserError(f"--published-at {first:%Y-%m-%dT%H:%M:%SZ} is after --scraped-at {last:%Y-%m-%dT%H:%M:%SZ}: swap or correct them")
    return first, last


def estimated_times(origin: Origin, count: int) -> list[datetime]:
    """Return ``count`` times in order, spread evenly from ``published_at`` to ``scraped_at``."""
    span = origin.scraped_at - origin.published_at
    return [(origin.published_at + span * at / max(count - 1, 1)).astimezone(UTC) for at in range(count)]
