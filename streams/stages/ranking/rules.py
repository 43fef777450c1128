"""Which earlier message does one answer, by rules alone: what stands in the ranker's place where there is none, and beside it in tables.

Who is called is answered; who was called, or whose partner spoke, goes on with them; who spoke lately goes on with what they said; a
question, a greeting or a long first message starts anew; else a question just asked is answered, or the message before.
"""

from collections.abc import Callable, Sequence
from typing import Final

from streams.stages.ranking.turn import LOOK_BACK, Sign, Turn

# Chosen on the dev part of the IRC logs; the test part was looked at afterwards.
_STILL_SPEAKING: Final = 10
"""Minutes for which somebody goes on with their own last message."""
_SAME_BREATH: Final = 1
"""Minutes for which who calls the same person again goes on."""
_OPENING_WORDS: Final = 6
"""Words of a newcomer's message that is no short answer."""
_OPEN_QUESTIONS: Final = 2
"""Messages before among which a question to all is looked for."""


def answered(turn: Turn, earlier: Sequence[Turn]) -> int | None:
    """Return the place of the message that this one answers, the last one first; None: it starts anew."""
    earlier = earlier[:LOOK_BACK]
    own = _first(earlier, lambda one: one.author == turn.author)
    if turn.calls:
        return _called(turn, earlier, own)
    spoken_with = _spoken_with(turn, earlier, own)
    if spoken_with is not None:
        return spoken_with
    if own is not None and turn.at - earlier[own].at <= _STILL_SPEAKING:
        return own
    if _opens(turn, own is None):
        return None
    asked = _first(earlier[:_OPEN_QUESTIONS], lambda one: bool(one.signs & Sign.ASKS) and one.author != turn.author and not one.calls)
    return asked if asked is not None or not earlier else 0


def _called(turn: Turn, earlier: Sequence[Turn], own: int | None) -> int | None:
    """Return the last message of the person called; one's own where one was speaking to them just now."""
    theirs = _first(earlier, lambda one: one.author == turn.calls[0])
    calls_again = own is not None and earlier[own].calls[:1] == turn.calls[:1]
    if theirs is None:
        return own if calls_again else None
    goes_on = own is not None and own < theirs and calls_again and turn.at - earlier[own].at <= _SAME_BREATH
    return own if goes_on else theirs


def _spoken_with(turn: Turn, earlier: Sequence[Turn], own: int | None) -> int | None:
    """Return the last message to this author, or of whom they spoke to last, where it came after their own."""
    since = earlier if own is None else earlier[:own]
    to_me = _first(since, lambda one: turn.author in one.calls)
    if to_me is not None:
        return to_me
    partner = next((one.calls[0] for one in earlier if one.author == turn.author and one.calls), None)
    return _first(since, lambda one: one.author == partner) if own is not None else None


def _opens(turn: Turn, is_new: bool) -> bool:
    asks = bool(turn.signs & Sign.ASKS) and not turn.signs & Sign.THANKS
    return asks or (is_new and (bool(turn.signs & Sign.GREETS) or turn.length >= _OPENING_WORDS))


def _first(those: Sequence[Turn], wanted: Callable[[Turn], bool]) -> int | None:
    return next((place for place, one in enumerate(those) if wanted(one)), None)
