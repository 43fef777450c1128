"""Chats: where many speak at once and nobody names a parent, a ranker finds what a message answers. Keeps hashes and ids, no text."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from struct import unpack
from typing import TYPE_CHECKING, Final

from streams.records import Comment
from streams.stages.conversation import Conversation, Entry, person_of, unknown_author
from streams.stages.names import MAX_NAME, folded
from streams.stages.quotes import plain
from streams.stages.ranking.remembered import Remembered
from streams.stages.ranking.turn import LOOK_BACK, Turn, turn_of

if TYPE_CHECKING:
    from streams.stages.ranking.ranker import Ranked, Ranker

Shares = dict[str, float]
"""By person: P(it answers a message of theirs)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_APART: Final = 11
"""Minutes between messages whose times are only estimated: too far apart for "just now" to say anything."""


def followed(ranker: "Ranker", conversation: Conversation, comment: Comment, n: int, parent: Entry | None) -> tuple[Remembered, Shares]:
    """Return what is remembered of the ``n``-th message of a conversation, and whom it answers; nobody is ranked beside a known parent."""
    me = comment.author_id or unknown_author(comment.comment_id)
    at = _minute(comment.created_at, n, is_estimated=comment.created_at_is_estimated)
    said = turn_of(at, me, plain(comment.text or "", comment.text_format), _known_in(conversation))
    words = conversation.keyed.words(said.words)
    if parent is not None:
        return Remembered(said.calls, words, said.signs, said.length, max(n - parent.n, 0)), {}
    places, earlier = before(conversation, n, knows_threads=ranker.threads)
    ranked: Ranked = ranker.rank(_turn(at, me, said.calls, words, said.signs, said.length), earlier)
    back = 0 if ranked.place is None else n - places[ranked.place]
    return Remembered(said.calls, words, said.signs, said.length, back), ranked.people(earlier)


def before(conversation: Conversation, n: int, *, knows_threads: bool) -> tuple[list[int], list[Turn]]:
    """Return the places and turns of the messages before the ``n``-th that are remembered, the last one first."""
    known = [(comment_id, entry, entry.turn) for comment_id, entry in conversation.before(n, LOOK_BACK) if entry.turn is not None]
    place_of = {entry.n: place for place, (_, entry, _) in enumerate(known)}
    turns = [
        _turn(
            _minute(entry.at, entry.n, is_estimated=entry.estimated), person_of(comment_id, entry), turn.calls, turn.words, turn.signs,
            turn.length, _steps(place_of, entry.n, turn.back, n) if knows_threads else 0,
        )
        for comment_id, entry, turn in known
    ]  # fmt: skip
    return list(place_of), turns


def _steps(place_of: dict[int, int], n: int, back: int, now: int) -> int:
    """Return how many of the remembered messages before one the answered one stands; what is gone or too old, beyond all of them."""
    if not back:
        return 0
    return place_of.get(n - back, LOOK_BACK + now - (n - back)) - place_of[n]


def _turn(at: int, author: str, calls: Sequence[str], words: bytes, signs: int, length: int, back: int = 0) -> Turn:
    return Turn(at, author, tuple(calls), unpack(f">{len(words) // 4}I", words), signs, length, back)


def _minute(at: datetime, n: int, *, is_estimated: bool) -> int:
    return _APART * n if is_estimated else (at - _EPOCH) // _MINUTE


def _known_in(conversation: Conversation) -> Callable[[str], str | None]:
    def known(word: str) -> str | None:
        people = conversation.named("=" + folded(word)) if len(word) <= MAX_NAME else ()
        return people[0] if people else None

    return known
