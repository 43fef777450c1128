"""Features: what can be seen of the messages themselves, and going on where one left off."""

import numpy as np

from streams.stages.ranking.seen import LOGS, NOBODY, After, Columns, Seen, log
from streams.stages.ranking.turn import Sign


def signs(seen: Seen, after: After) -> Columns:
    """What each message looks like, beside what this one does."""
    turn = seen.turn
    has = {sign: (seen.signs & sign) != 0 for sign in Sign}
    asks, thanks, greets = has[Sign.ASKS], has[Sign.THANKS], has[Sign.GREETS]
    open_question = (seen.called == NOBODY) & after.last & asks & (not turn.calls)
    return {
        "asks": asks, "asks, thanked": asks & bool(turn.signs & Sign.THANKS), "asks, told": asks & (not turn.signs & Sign.ASKS),
        "asks, last": asks & after.last, "asks, not called since": asks & (after.called == 0), "asks all": open_question,
        "both ask": asks & ~seen.mine & (seen.called == NOBODY) & bool(turn.signs & Sign.ASKS),
        "thanks": thanks, "thanks me": thanks & (seen.called == 0), "greets": greets, "greets, last": greets & after.last,
        "both greet": greets & bool(turn.signs & Sign.GREETS), "says you": has[Sign.SECOND],
        "both say you": has[Sign.SECOND] & bool(turn.signs & Sign.SECOND), "link": has[Sign.LINK],
        "length": np.array([log(one.length) for one in seen.earlier], np.int64) // 3,
    }  # fmt: skip


def own(seen: Seen, after: After) -> Columns:
    """Going on where one left off."""
    mine, turn = seen.mine, seen.turn
    last = mine & (after.mine == 0)
    place = np.arange(len(mine))
    calls, now = seen.called != NOBODY, bool(turn.calls)
    whom = seen.whom
    spoke = bool((seen.author[: seen.own] == whom).any()) if whom != NOBODY else False
    joins, goes_on = bool(turn.signs & Sign.JOINS), bool(turn.signs & Sign.CONTINUES)
    at_once = seen.minutes == 0
    trails, short = (seen.signs & Sign.TRAILS) != 0, np.array([one.length <= 4 for one in seen.earlier], bool)
    same_called = calls & (seen.called == seen.called_now)
    holds = {
        "mine": mine, "mine, just before": mine & (place == 0), "mine, near": mine & (place < 2) & (seen.minutes <= 1),
        "mine, I ask": mine & bool(turn.signs & Sign.ASKS), "mine, asked": mine & ((seen.signs & Sign.ASKS) != 0),
        "mine, they are silent": mine & (whom != NOBODY) & (not spoke), "mine, they spoke": mine & spoke,
        "mine, no partner": mine & (whom == NOBODY), "mine, joins": mine & joins, "last of mine": last, "last of mine, joins": last & joins,
        "last of mine, goes on": last & goes_on, "last of mine, at once": last & at_once,
        "last of mine, just before": last & (place == 0) & at_once, "last of mine, none called": last & ~calls & (not now),
        "last of mine, called then": last & calls & (not now), "last of mine, called now": last & ~calls & now,
        "last of mine, called again": last & same_called, "last of mine, called others": last & calls & now & ~same_called,
        "mine, trails": mine & trails, "mine, short": mine & short, "mine, called again": mine & same_called,
        "other's, just before": ~mine & (place == 0), "other's, joins": ~mine & joins, "other's, at once": ~mine & at_once,
        "just before, calls nobody": (place == 0) & ~calls,
    }  # fmt: skip
    return {**holds, "spoke myself since": LOGS[after.mine]}
