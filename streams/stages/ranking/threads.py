"""Features: the threads that the messages before this one were found to make, by ``Turn.back``."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.stages.ranking.seen import LOGS, NOBODY, Bools, Columns, Ints, Seen
from streams.stages.ranking.turn import LOOK_BACK

_UNSEEN: Final = -2
"""The author of what is out of sight, or of nothing."""


@dataclass(frozen=True)
class _Found:
    """Per message, last first."""

    answered: Ints
    """The place of what it answers; its own, where it starts anew."""
    to: Ints
    """Whom it answers."""
    thread: Ints
    answers: Ints
    """How many answer it."""
    mine: Bools
    """Who speaks now answered it."""

    @property
    def starts(self) -> Bools:
        """It starts anew."""
        found: Bools = self.answered == np.arange(len(self.answered))
        return found


def _found(seen: Seen) -> _Found:
    answered = [place + one.back for place, one in enumerate(seen.earlier)]
    author = seen.author.tolist()
    links = [(place, to) for place, to in enumerate(answered) if place != to]
    times = Counter(to for _, to in links)
    by_me = {to for place, to in links if author[place] == 0}
    to_whom = [author[to] if place != to and to < len(author) else _UNSEEN for place, to in enumerate(answered)]
    places = range(len(answered))
    return _Found(
        np.array(answered, np.int64), np.array(to_whom, np.int64), np.array(_threads(answered), np.int64),
        np.array([times[place] for place in places], np.int64), np.array([place in by_me for place in places], bool),
    )  # fmt: skip


def _threads(answered: Sequence[int]) -> list[int]:
    """Return the oldest place of each one's thread, be it in sight or not."""
    oldest: dict[int, int] = {}
    for place in range(len(answered) - 1, -1, -1):
        oldest[place] = oldest.get(answered[place], answered[place])
    return [oldest[place] for place in range(len(answered))]


def threads(seen: Seen) -> Columns:
    """Return where each message stands in its thread, and who else does."""
    found, place, now = _found(seen), np.arange(len(seen.earlier)), seen.called_now
    own_place = place == seen.own
    what_i_answered = place == (found.answered[seen.own] if own_place.any() else NOBODY)
    in_mine = _in_thread_of(found.thread, own_place)
    newest = np.isin(place, np.unique(found.thread, return_index=True)[1])
    with_me, people = _with(found.thread, seen.author, 0), _people(found.thread, seen.author)
    other, unanswered = ~seen.mine, found.answers == 0
    called = _in_thread_of(found.thread, (seen.author == now) & (np.cumsum(seen.author == now) == 1))
    return {
        "in my thread": in_mine, "newest of its thread": newest, "answers": LOGS[np.minimum(found.answers, LOOK_BACK)],
        "unanswered": unanswered, "answered by me": found.mine, "answers me": found.to == 0, "answers the called": found.to == now,
        "thread with me": with_me, "thread with the called": _with(found.thread, seen.author, now), "starts": found.starts,
        "size of its thread": LOGS[_sizes(found.thread)] // 2, "answers another": ~found.starts & (found.to != 0) & other,
        "in the called one's thread": called, "newest of my thread": in_mine & newest, "what I answered last": what_i_answered,
        "alone in its thread": people == 1, "alone in its thread, other": (people == 1) & other,
        "starts, unanswered, other": found.starts & unanswered & other,
        "thread with me, other, since": with_me & other & (place < seen.own),
        "thread with me, other, newest": with_me & other & newest, "thread with me, none called": with_me & (now == NOBODY),
    }  # fmt: skip


def _in_thread_of(thread: Ints, that: Bools) -> Bools:
    """Return what stands in the thread of that one, if there is one."""
    return np.isin(thread, thread[that])


def _with(thread: Ints, author: Ints, person: int) -> Bools:
    return np.isin(thread, thread[author == person])


def _people(thread: Ints, author: Ints) -> Ints:
    there = Counter(one for one, _ in dict.fromkeys(zip(thread.tolist(), author.tolist(), strict=True)))
    return np.array([there[one] for one in thread.tolist()], np.int64)


def _sizes(thread: Ints) -> Ints:
    there = Counter(thread.tolist())
    return np.array([there[one] for one in thread.tolist()], np.int64)
