"""The replies to one target that can still matter: what is written as state, and its working form."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from streams.records import ConfigChange
from streams.stages.baseline import REST, Baseline, met
from streams.stages.case import Case
from streams.stages.esr.detector import Target as Evidence
from streams.stages.esr.entry import Entry, entry, target_of
from streams.stages.kept import IN_CASE, SPENT, UNKNOWN, Hostile, Kept, Mild, counts
from streams.stages.pileon_config import Config

MAX_MILD: Final = 768
MAX_HOSTILE: Final = 256
MAX_OF_AUTHOR: Final = 8
MAX_OF_UNKNOWN: Final = 64
"""All unknown authors of one conversation stand as one author; more of their replies are kept, to see that they are many."""
_K = TypeVar("_K", Mild, Hostile)


class Target(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The state entry of one target."""

    mild: tuple[Mild, ...] = ()
    hostile: tuple[Hostile, ...] = ()
    untimed: tuple[int, ...] = ()
    """The last replies whose times are only estimated, in order of arrival."""
    case: Case | None = None
    baseline: Baseline | None = None
    """The history; where it stands alone, nobody has answered the target for a while."""
    esr: Entry | None = None
    """What the e-SR detector knows of the target; it may stand alone, too."""
    change: ConfigChange | None = None
    """No target, but a setting that the log has changed, for all of its partition (``changes.change_key``)."""

    @property
    def size(self) -> int:
        """Return how many replies are kept."""
        return len(self.mild) + len(self.hostile)

    @property
    def newest(self) -> int:
        """Return when the newest kept reply was written."""
        return max(self.mild[-1].at if self.mild else 0, self.hostile[-1].at if self.hostile else 0)

    def matters_until(self, keep: int) -> int:
        """Return until when it can matter, microseconds, where replies are kept for ``keep``."""
        if not self.size and self.esr is not None:
            return self.esr.last_at + REST
        return self.newest + keep if self.size or self.baseline is None else self.baseline.kept_until

    def rested(self) -> "Target | None":
        """Return what is left once its replies can matter no more: the history, if it tells anything."""
        if self.size and self.esr is not None:
            return Target(esr=self.esr)
        if not self.size or self.baseline is None or self.baseline.is_blank:
            return None
        return Target(baseline=self.baseline)


class Ledger:
    """A target's kept replies, sorted by time, with counters: no scan of the window for a reply that comes in order."""

    __slots__ = ("_hostile_of", "_known", "_mild_of", "_recent", "baseline", "case_authors", "esr", "hostile", "mild", "untimed")

    def __init__(self, target: Target) -> None:
        """Make the working form of an entry."""
        self.mild = list(target.mild)
        self.hostile = list(target.hostile)
        self.untimed = list(target.untimed)
        self.baseline = target.baseline
        self.esr: Evidence | None = None if target.esr is None else target_of(target.esr)
        self._known: dict[int, Kept] = {}
        self._mild_of: dict[int, int] = {}
        self._hostile_of: dict[int, int] = {}
        self.case_authors: dict[int, int] = {}
        self._recent: Recent | None = None
        for mild in self.mild:
            self._note(mild, self._mild_of)
        for hostile in self.hostile:
            self._note(hostile, self._hostile_of)

    @property
    def size(self) -> int:
        """Return how many replies are kept."""
        return len(self.mild) + len(self.hostile)

    def target(self, case: Case | None) -> Target | None:
        """Return the state entry, or None when there is nothing to remember."""
        if self.is_empty and case is None:
            return None
        return Target(
            mild=tuple(self.mild), hostile=tuple(self.hostile), untimed=tuple(self.untimed), case=case, baseline=self.baseline,
            esr=None if self.esr is None else entry(self.esr),
        )  # fmt: skip

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is kept: no reply, and no evidence."""
        return not self.mild and not self.hostile and self.esr is None

    def meet(self, at: int, heard: int) -> None:
        """Begin the target's history with a reply written at ``at`` and heard of then, or go on with it."""
        if self.baseline is not None and self.mild:  # nearly always
            return
        self.baseline = met(self.baseline, at, heard, is_alone=not self.mild and not self.hostile)

    def note_hostile(self, new: Hostile) -> None:
        """Note in the history a reply that is about to be added, if its author was not hostile lately."""
        if self.baseline is not None and new.author not in self._hostile_of:
            self.baseline = self.baseline.with_person(new.at)

    def usual_a_day(self, at: int, config: Config) -> float:
        """Return how many people a day are usually hostile to the target, as seen from then."""
        return self.baseline.a_day(at, config) if self.baseline is not None else config.usual_people_a_day

    def find(self, comment: int) -> Kept | None:
        """Return what is kept of a comment."""
        return self._known.get(comment)

    def add(self, kept: Kept) -> Sequence[Kept]:
        """Keep a reply; return those that made room for it."""
        if isinstance(kept, Hostile):
            return self._added(self.hostile, kept, self._hostile_of, MAX_HOSTILE)
        return self._added(self.mild, kept, self._mild_of, MAX_MILD)

    def remove(self, kept: Kept) -> None:
        """Keep it no longer."""
        if isinstance(kept, Hostile):
            del self.hostile[bisect_left(self.hostile, kept)]
        else:
            del self.mild[bisect_left(self.mild, kept)]
        self._discount(kept)
        self._recent = None

    def forget(self, before: int, *, hostile: bool) -> None:
        """Drop what was written before then; hostile replies only if asked (an open case needs them)."""
        if self.mild and self.mild[0].at < before:
            self._forget(self.mild, before)
        if hostile and self.hostile and self.hostile[0].at < before:
            self._forget(self.hostile, before)

    def flag(self, chosen: Iterable[Hostile], flags: int) -> None:
        """Give these replies other flags in place of those that tie them to a case."""
        places = {kept.comment: kept for kept in chosen}
        for place, kept in enumerate(self.hostile):
            if kept.comment in places:
                self._discount(kept)
                self.hostile[place] = msgspec.structs.replace(kept, flags=kept.flags & ~(IN_CASE | SPENT) | flags)
                self._note(self.hostile[place], self._hostile_of)
        self._recent = None

    def remember_untimed(self, comment: int, most: int) -> None:
        """Note that a reply without a time came; the last ``most`` stand for the window."""
        if comment not in self.untimed:
            self.untimed.append(comment)
            del self.untimed[:-most]

    def untimed_window(self) -> Iterator[Kept]:
        """Yield what counts of the last replies without times."""
        found = (self._known.get(comment) for comment in self.untimed)
        return (kept for kept in found if kept is not None and counts(kept))

    def within(self, after: int, until: int) -> Iterator[Kept]:
        """Yield what counts and was written in (after, until]."""
        everything: Iterable[Kept] = chain[Kept](_between(self.mild, after, until), _between(self.hostile, after, until))
        return (kept for kept in everything if counts(kept))

    def newest(self) -> int:
        """Return when the newest kept reply was written."""
        return max(self.mild[-1].at if self.mild else 0, self.hostile[-1].at if self.hostile else 0)

    def recent(self, window: int) -> tuple[int, int]:
        """Return (hostile authors, replying authors) of the window that ends with the newest reply."""
        end = self.newest()
        if self._recent is None:
            self._recent = Recent(sorted(self.within(end - window, end), key=_at))
        return self._recent.since(end - window)

    def _added(self, replies: list[_K], kept: _K, of_author: dict[int, int], most: int) -> Sequence[Kept]:
        recent = self._recent
        newest = 0 if recent is None else self.newest()
        if not replies or replies[-1].at < kept.at or replies[-1] < kept:
            replies.append(kept)
        else:
            insort(replies, kept)
        self._note(kept, of_author)
        if recent is not None:
            self._recent = recent.with_newest(kept) if kept.at >= newest and counts(kept) else None
        if len(replies) <= most and of_author[kept.author] <= MAX_OF_AUTHOR:
            return ()
        return list(self._evicted(replies, kept, of_author, most))

    def _evicted(self, replies: list[_K], kept: _K, of_author: dict[int, int], most: int) -> Iterator[Kept]:
        if of_author[kept.author] > (MAX_OF_UNKNOWN if kept.flags & UNKNOWN else MAX_OF_AUTHOR):
            yield self._dropped(replies, next(place for place, other in enumerate(replies) if other.author == kept.author))
        if len(replies) > most:
            yield self._dropped(replies, 0)

    def _forget(self, replies: list[_K], before: int) -> None:
        old = 1  # the first is; mostly it is the only one
        while old < len(replies) and replies[old].at < before:
            old += 1
        forgotten = replies[:old]
        del replies[:old]
        for kept in forgotten:
            self._uncount(kept)

    def _dropped(self, replies: list[_K], place: int) -> Kept:
        dropped = replies.pop(place)
        self._uncount(dropped)
        return dropped

    def _uncount(self, dropped: Kept) -> None:
        self._discount(dropped)
        if self._recent is not None:
            author = dropped.author
            hostile = author in self._hostile_of
            self._recent = self._recent.without(dropped, alone=not hostile and author not in self._mild_of, hostile=hostile)

    def _note(self, kept: Kept, of_author: dict[int, int]) -> None:
        author = kept.author
        self._known[kept.comment] = kept
        of_author[author] = of_author.get(author, 0) + 1
        if kept.flags & IN_CASE:
            self.case_authors[author] = self.case_authors.get(author, 0) + 1

    def _discount(self, kept: Kept) -> None:
        self._known.pop(kept.comment, None)
        _less(self._hostile_of if type(kept) is Hostile else self._mild_of, kept.author)
        if kept.flags & IN_CASE:
            _less(self.case_authors, kept.author)


class Recent:
    """Authors by their latest reply, oldest first: the distinct ones of a window that only moves forward."""

    __slots__ = ("_everyone", "_hostile")

    def __init__(self, replies: Iterable[Kept]) -> None:
        """Take the replies of a window, oldest first."""
        self._everyone: OrderedDict[int, int] = OrderedDict()
        self._hostile: OrderedDict[int, int] = OrderedDict()
        for kept in replies:
            self.with_newest(kept)

    def with_newest(self, kept: Kept) -> "Recent":
        """Take in a reply that is not older than any before it."""
        self._everyone[kept.author] = kept.at
        self._everyone.move_to_end(kept.author)
        if isinstance(kept, Hostile):
            self._hostile[kept.author] = kept.at
            self._hostile.move_to_end(kept.author)
        return self

    def since(self, after: int) -> tuple[int, int]:
        """Return (hostile authors, authors) with a reply later than ``after``, which never falls."""
        for authors in (self._hostile, self._everyone):
            while authors and next(iter(authors.values())) <= after:
                authors.popitem(last=False)
        return len(self._hostile), len(self._everyone)

    def without(self, dropped: Kept, *, alone: bool, hostile: bool) -> "Recent | None":
        """Take out a reply; ``alone``: its author has no other, ``hostile``: has other hostile ones. None: count anew."""
        if not hostile:
            self._hostile.pop(dropped.author, None)
        if alone:
            self._everyone.pop(dropped.author, None)
        is_latest = self._everyone.get(dropped.author) == dropped.at or self._hostile.get(dropped.author) == dropped.at
        return None if is_latest else self


def _between(replies: list[_K], after: int, until: int) -> Iterator[_K]:
    for place in range(bisect_left(replies, after + 1, key=_at), len(replies)):
        if replies[place].at > until:
            return
        yield replies[place]


def _at(kept: Kept) -> int:
    return kept.at


def _less(numbers: dict[int, int], key: int) -> None:
    number = numbers.get(key, 0)
    if number == 1:  # mostly
        del numbers[key]
    elif number:
        numbers[key] = number - 1
