"""What ``address`` remembers: one small entry per comment, and an index that is a function of the entries alone.

No text and no names: an entry holds whom it was aimed at, how hostile it was, and keyed hashes of what its author can be
called by and of its words. Ids stand there as they are, because the replies made from an entry name them.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import LinkKind, Role
from streams.stages.keyed import Keyed
from streams.stages.ranking.remembered import Remembered

UNKNOWN: Final = "comment:"
MAX_PLAIN_ID: Final = 1000

Place = tuple[str, str, str]
"""Source, community, conversation."""
Person = tuple[str, tuple[int, ...]]
"""An author's id, and keyed hashes of what else the author can be called by."""


class Aim(Struct, frozen=True, array_like=True, gc=False):
    """One candidate a comment was aimed at, as last sent."""

    target: str
    kind: LinkKind
    confidence: float
    hostility: float
    revision: int = 1


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One comment in state. Absent means the default: entries are small."""

    n: int
    """Place in the conversation, by arrival."""
    at: datetime
    """``created_at``."""
    seen: datetime
    """``ingested_at``."""
    estimated: bool = False
    author: str | None = None
    called: tuple[int, ...] = ()
    """Keyed hashes of what its author can be called by, where the name is not the author's id."""
    role: Role | None = None
    parent: str | None = None
    """The parent's id while it is waited for."""
    replied: bool = False
    """The source gave a parent: it knows reply chains."""
    toxicity: float = 0.0
    unscored: bool = False
    """The scorer abstained: nobody knows how toxic it is."""
    toward: float = 0.0
    """P(hostile to the person addressed), link certain."""
    meant: float = 0.0
    """P(hostile to an absent person spoken of)."""
    second: bool = False
    """It speaks to somebody."""
    aims: tuple[Aim, ...] = ()
    said: bytes = b""
    """The keyed fingerprint of its words."""
    turn: Remembered | None = None
    """What a ranker is to know of it, where the source has one."""
    edited: datetime | None = None
    """The last edit applied."""
    deleted: bool = False
    name: str | None = None
    """State version 1: what ``called`` is now, in clear. Read, never written."""
    marks: bytes = b""
    """State version 1: what ``said`` is now, without the key."""


def person_of(comment_id: str, entry: Entry) -> str:
    """Return whom an answer to this comment is aimed at: its author, or the comment where the author is unknown."""
    return entry.author or unknown_author(comment_id)


def unknown_author(comment_id: str) -> str:
    """Return the target that stands for the unknown author of a comment; a very long id by its hash, to stay an id."""
    if len(comment_id) > MAX_PLAIN_ID:
        comment_id = blake2b(comment_id.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return UNKNOWN + comment_id


class Conversation:
    """The comments of one conversation, indexed."""

    def __init__(self, keyed: Keyed) -> None:
        self.keyed = keyed
        self.entries: dict[str, Entry] = {}
        self.by_n: dict[int, str] = {}
        self.first = 0
        self.last = -1
        self.replied = 0
        """Comments whose source gave a parent."""
        self.waiting: dict[str, dict[int, str]] = {}
        self.waiting_by_n: dict[int, str] = {}
        self.names: dict[int, dict[str, int]] = {}
        """The hash of a folded name, or of a part or the skeleton of it → authors, each with a count of people."""
        self._people: dict[Person, int] = {}
        """Author and what else the author is called, with a count of entries: most comments are by somebody known."""
        self.quiet_since: datetime | None = None

    def apply(self, comment_id: str, entry: Entry | None) -> None:
        """Put or remove one comment."""
        old = self.entries.pop(comment_id, None)
        if old is not None:
            self._forget(old, named=entry is None or (entry.author, entry.called) != (old.author, old.called))
        if entry is not None:
            self.entries[comment_id] = entry
            self._learn(comment_id, entry, named=old is None or (entry.author, entry.called) != (old.author, old.called))

    def _learn(self, comment_id: str, entry: Entry, *, named: bool) -> None:
        if not self.by_n:
            self.first = self.last = entry.n
        elif entry.n > self.last:
            self.last = entry.n
        elif entry.n < self.first:
            self.first = entry.n
        self.by_n[entry.n] = comment_id
        self.replied += entry.replied
        if entry.parent is not None:
            self.waiting.setdefault(entry.parent, {})[entry.n] = comment_id
            self.waiting_by_n[entry.n] = comment_id
        if named and entry.author is not None:
            self._meet((entry.author, entry.called))

    def _meet(self, person: Person) -> None:
        known = self._people.get(person, 0)
        self._people[person] = known + 1
        if known:
            return
        for key in self.keyed.keys_of(*person):
            authors = self.names.setdefault(key, {})
            authors[person[0]] = authors.get(person[0], 0) + 1

    def _forget(self, entry: Entry, *, named: bool) -> None:
        del self.by_n[entry.n]
        self.replied -= entry.replied
        if entry.parent is not None:
            children = self.waiting[entry.parent]
            del children[entry.n], self.waiting_by_n[entry.n]
            if not children:
                del self.waiting[entry.parent]
        if named and entry.author is not None:
            self._part_from((entry.author, entry.called))

    def _part_from(self, person: Person) -> None:
        self._people[person] -= 1
        if self._people[person]:
            return
        del self._people[person]
        for key in self.keyed.keys_of(*person):
            self._forget_name(key, person[0])

    def _forget_name(self, key: int, author: str) -> None:
        authors = self.names[key]
        authors[author] -= 1
        if not authors[author]:
            del authors[author]
        if not authors:
            del self.names[key]

    def oldest(self) -> str | None:
        """Return the id of the comment that came first of those still known."""
        if not self.by_n:
            return None
        while self.first not in self.by_n:
            self.first += 1
        return self.by_n[self.first]

    def newest(self) -> Entry | None:
        """Return the comment that came last of those still known."""
        if not self.by_n:
            return None
        while self.last not in self.by_n:
            self.last -= 1
        return self.entries[self.by_n[self.last]]

    def before(self, n: int, most: int) -> list[tuple[str, Entry]]:
        """Return the comments before the ``n``-th, last first, at most ``most``."""
        entries, by_n = self.entries, self.by_n
        earlier = range(n - 1, max(n - 1 - most, self.first - 1), -1)
        return [(known, entries[known]) for place in earlier if (known := by_n.get(place)) is not None]

    def oldest_first(self) -> Iterator[tuple[str, Entry]]:
        """Yield the comments in the order they came."""
        self.oldest()
        for n in range(self.first, self.last + 1):
            comment_id = self.by_n.get(n)
            if comment_id is not None:
                yield comment_id, self.entries[comment_id]

    def next_n(self) -> int:
        """Return the place of the next comment."""
        newest = self.newest()
        return 0 if newest is None else newest.n + 1

    def children_of(self, parent_id: str) -> list[str]:
        """Return the comments that wait for this one, in order."""
        waiting = self.waiting.get(parent_id)
        return [child for _, child in sorted(waiting.items())] if waiting else []

    def named(self, key: str) -> tuple[str, ...]:
        """Return the authors whose name folds to this, in a fixed order."""
        authors = self.names.get(self.keyed.name(key))
        return tuple(sorted(authors)) if authors else ()


_READ_KEY: Final = msgspec.json.Decoder(tuple[str, str, str, str]).decode
_WRITE_KEY: Final = msgspec.json.Encoder().encode


def key_of(place: Place, comment_id: str) -> str:
    """Return the key of a comment's entry: a JSON array, so that no id can forge another's."""
    return _WRITE_KEY((*place, comment_id)).decode()


class Conversations:
    """The store of ``address``: every conversation of a partition."""

    def __init__(self, keyed: Keyed) -> None:
        self.keyed = keyed
        self.open: dict[Place, Conversation] = {}
        self._quiet: dict[tuple[str, ...], list[tuple[datetime, Place]]] = {}
        """Per ``neighbours``, a heap of conversations by the arrival of their newest comment; stale ones are corrected when met."""

    def apply(self, key: str, entry: Entry | None) -> None:
        """Put one entry, or remove it (None)."""
        source, community, conversation_id, comment_id = _READ_KEY(key)
        place = (source, community, conversation_id)
        conversation = self.open.get(place)
        if conversation is None:
            if entry is None:
                return
            conversation = self.open[place] = Conversation(self.keyed)
        if entry is not None and (entry.name is not None or entry.marks):
            entry = _upgraded(entry, self.keyed)
        conversation.apply(comment_id, entry)
        if not conversation.entries:
            del self.open[place]
        elif entry is not None and (conversation.quiet_since is None or entry.seen < conversation.quiet_since):
            self._queue(place, conversation, entry.seen)

    def _queue(self, place: Place, conversation: Conversation, seen: datetime) -> None:
        """Note that nothing came to the conversation since ``seen`` or later: a lower bound, made exact when it is met."""
        conversation.quiet_since = seen
        heapq.heappush(self._quiet.setdefault(self.neighbours(place), []), (seen, place))

    def conversation(self, place: Place) -> Conversation:
        """Return a conversation; an empty one, not yet part of the store, if it is new."""
        return self.open.get(place) or Conversation(self.keyed)

    def neighbours(self, place: Place) -> tuple[str, ...]:
        """Return what conversations have in common that let each other go when they have been quiet for long: their community."""
        return place[:2]

    def quietest(self, near: Place, before: datetime) -> Place | None:
        """Return the conversation near this one whose newest comment arrived longest ago, if that was before then."""
        heap = self._quiet.get(self.neighbours(near), [])
        while heap and heap[0][0] < before:  # it is a lower bound: nothing need be made exact where it is not
            seen, place = heap[0]
            conversation = self.open.get(place)
            newest = conversation.newest() if conversation else None
            if newest is not None and newest.seen == seen:
                return place
            heapq.heappop(heap)
            if conversation is not None and newest is not None and conversation.quiet_since == seen:
                self._queue(place, conversation, newest.seen)
        return None


def _upgraded(entry: Entry, keyed: Keyed) -> Entry:
    """Return an entry of state version 1 as this version would have made it."""
    changes = {"called": keyed.names_of(entry.name), "said": keyed.rekeyed(entry.marks)}
    return msgspec.structs.replace(entry, name=None, marks=b"", **changes)
