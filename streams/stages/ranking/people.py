"""Features: who calls whom, who spoke with whom."""

import numpy as np

from streams.stages.ranking.seen import LOGS, NOBODY, UNIT, After, Bools, Columns, Ints, Seen
from streams.stages.ranking.turn import Sign


def names(seen: Seen, after: After) -> Columns:
    """Who calls whom."""
    now, calls = seen.called_now, seen.called != NOBODY
    is_called = seen.author == now if now != NOBODY else np.zeros(len(seen.author), bool)
    mentioned = np.array([one.author in seen.turn.calls for one in seen.earlier], bool)
    called_and_called_me = is_called & seen.calls_me
    return {
        "called": is_called, "mentioned": mentioned, "calls me first": seen.called == 0, "calls me": seen.calls_me,
        "both call one": calls & (seen.called == now), "neither calls": ~calls & (now == NOBODY),
        "another is called": ~is_called & (now != NOBODY), "calls another": calls & (seen.called != 0),
        "called, last": is_called & after.last, "called, called me": called_and_called_me & (np.cumsum(called_and_called_me) == 1),
        "called, just before": is_called & (np.arange(len(is_called)) == 0), "called, this minute": is_called & (seen.minutes <= 1),
        "called me last": seen.calls_me & (np.cumsum(seen.calls_me) == 1), "calls me, last": (seen.called == 0) & after.last,
        "begins with a name": (seen.signs & Sign.CALLS_FIRST) != 0,
    }  # fmt: skip


def turns(seen: Seen, after: After) -> Columns:
    """Who spoke with whom."""
    place = np.arange(len(seen.author))
    known = _met(seen)
    latest = _latest_call(seen)
    whom = seen.whom
    my_last_called = int(seen.called[seen.own]) if seen.own < len(place) else NOBODY
    partner = (seen.author == seen.partner) & (seen.partner != NOBODY)
    answered = (seen.author == my_last_called) & (my_last_called != NOBODY)
    turned_to_me = latest == 0
    waits = (seen.author == whom) & (whom != NOBODY) & ~seen.mine
    return {
        "met": known, "met, last": known & after.last, "met, since I spoke": known & (place < seen.own), "partner": partner,
        "calls my partner": (seen.called == seen.partner) & (seen.partner != NOBODY) & ~seen.mine,
        "whom I just called": answered, "whom I just called, last": answered & after.last, "last called me": turned_to_me,
        "last called me, last": turned_to_me & after.last, "last called another": (latest != NOBODY) & (latest != 0),
        "last of its author": after.last, "spoke since": LOGS[after.spoke], "was called since": LOGS[after.called],
        "nobody called since": after.called == 0, "theirs, since I spoke": waits & (place < seen.own),
        "theirs, before I spoke": waits & (place > seen.own), "first time, other": ~seen.mine & (seen.own == len(place)),
        "speakers": np.full(len(place), UNIT * len(set(seen.author[:15].tolist())) // 10),
    }  # fmt: skip


def _met(seen: Seen) -> Bools:
    """Return whether its author called who speaks now, or was called by them."""
    by_me = {person for one in seen.earlier if one.author == seen.turn.author for person in one.calls}
    at_me = {one.author for one in seen.earlier if seen.turn.author in one.calls}
    return np.array([one.author in by_me or one.author in at_me for one in seen.earlier], bool)


def _latest_call(seen: Seen) -> Ints:
    """Return whom the author of each message called last."""
    latest: dict[int, int] = {}
    for author, called in zip(seen.author.tolist(), seen.called.tolist(), strict=True):
        if called != NOBODY:
            latest.setdefault(author, called)
    return np.array([latest.get(author, NOBODY) for author in seen.author.tolist()], np.int64)
