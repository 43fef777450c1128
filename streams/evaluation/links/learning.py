"""From chats to the ranker's weights: each net leaves some chats out, and those say how far its scores are to be trusted."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from streams.evaluation.links.chats import Chat
from streams.evaluation.links.fit import Floats, Net, Question, fitted
from streams.evaluation.links.played import with_answers
from streams.stages.ranking.features import UNIT, features
from streams.stages.ranking.ranker import WEIGHT_UNIT, Ranker
from streams.stages.ranking.turn import LOOK_BACK
from streams.stages.ranking.weights import ARRAYS, Weights

_MOST: Final = np.iinfo(np.int16).max
_HEATS: Final = tuple(n / 20 for n in range(10, 41))

HeldOut = Sequence[tuple[Floats, NDArray[np.bool_]]]
"""Scores of a message's rows, and which are right."""


def questions(chats: Sequence[Chat], nets: int) -> list[Question]:
    """Return what can be learned from chats, a talk in one of so many groups. What answers only things out of sight says nothing."""
    found = [
        _question(chat, number, group) for chat, group in zip(chats, groups(chats, nets), strict=True) for number, _ in chat.annotated()
    ]
    return [one for one in found if one is not None]


def groups(chats: Sequence[Chat], nets: int) -> list[int]:
    """Return a group for each chat, so that they are about as large and no talk is in two."""
    sizes = Counter(chat.talk for chat in chats)
    filled, of = [0] * nets, dict[int, int]()
    for talk, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0])):
        of[talk] = filled.index(min(filled))
        filled[of[talk]] += size
    return [of[chat.talk] for chat in chats]


def _question(chat: Chat, number: int, group: int) -> Question | None:
    message = chat.messages[number]
    if message.turn is None:
        return None
    earlier = chat.before(number, LOOK_BACK)
    right = np.array([place in message.answers for place, _ in earlier] + [number in message.answers])
    rows = features(message.turn, [turn for _, turn in earlier]).astype(np.int16)
    return Question(rows, right, group) if right.any() else None


def learned(chats: Sequence[Chat], nets: int, seed: int, told: Callable[[str], None]) -> Weights:
    """Return weights of so many nets, each learned without one group of chats, and the heat that suits these groups best.

    The first round knows nothing of threads; the second learns from those that the first one found, each net's in its left-out chats.
    The round that does better on what was left out is taken. ``told`` hears how far it is.
    """
    first, loss = _round(questions(chats, nets), nets, seed, threads=False)
    told(f"not knowing threads: log loss {loss:.4f} on what was left out")
    rankers = [Ranker(replace(first, **{name: getattr(first, name)[net : net + 1] for name in ARRAYS})) for net in range(nets)]
    known = [with_answers(chat, rankers[group]) for chat, group in zip(chats, groups(chats, nets), strict=True)]
    second, with_threads = _round(questions(known, nets), nets, seed + nets, threads=True)
    told(f"knowing threads: log loss {with_threads:.4f} on what was left out")
    return second if with_threads < loss else first


def _round(given: Sequence[Question], nets: int, seed: int, *, threads: bool) -> tuple[Weights, float]:
    """Return weights, and the mean log loss of each net on the group that it left out."""
    found = [fitted([one for one in given if one.group != group], seed + group) for group in range(nets)]
    held_out = [(_scores(found[one.group], one.rows), one.right) for one in given]
    heat = min(_HEATS, key=lambda heat: _loss(held_out, heat))
    return _whole(found, heat, threads=threads), _loss(held_out, heat) / len(given)


def _scores(net: Net, rows: NDArray[np.int16]) -> Floats:
    under: Floats = rows.astype(np.float32) / np.float32(UNIT)
    for weights, bias in ((net[0], net[1]), (net[2], net[3])):
        under = under @ weights + bias
        under /= 1 + np.abs(under)
    return under @ net[4]


def _loss(held_out: HeldOut, heat: float) -> float:
    """Return minus the summed log of the right answers' share."""
    return sum(float(np.logaddexp.reduce(score / heat) - np.logaddexp.reduce(score[right] / heat)) for score, right in held_out)


def _whole(nets: Sequence[Net], heat: float, *, threads: bool) -> Weights:
    first, first_bias, second, second_bias, last = (np.stack(each) for each in zip(*nets, strict=True))
    small = [np.clip(np.rint(each * WEIGHT_UNIT), -_MOST, _MOST).astype(np.int16) for each in (first, second, last)]
    return Weights(
        first=small[0], first_bias=np.rint(first_bias * WEIGHT_UNIT * UNIT).astype(np.int32), second=small[1],
        second_bias=np.rint(second_bias * WEIGHT_UNIT * WEIGHT_UNIT).astype(np.int32), last=small[2], heat=heat, threads=threads,
    )  # fmt: skip
