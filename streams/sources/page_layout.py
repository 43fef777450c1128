"""Which block is a name, which begins a comment and which goes on with one: the cheapest reading of the whole page.

The flattened widget writes, for each comment, its name line, one empty line, its paragraphs with one empty line between, and one
empty line. A missing name leaves one empty line more in front; an empty text (a picture) leaves one more behind its name; a comment
with neither leaves two. A picture inside or after a text leaves one more, too, which is rare. A line between single empty lines can
thus be a name or one more paragraph, and only the page as a whole decides: names come back, and after a name comes its text. So each
reading has a cost and dynamic programming finds the cheapest: time and memory are linear in the number of blocks.
"""

import math
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from streams.sources.page_labels import Block, Region
from streams.sources.page_names import Names

_PARAGRAPH: Final = 1.3
_PICTURE: Final = 6.0
_NAMED_EMPTY: Final = 2.5
_UNNAMED_EMPTY: Final = 4.0
_UNNAMED: Final = 0.7
_UNLABELLED: Final = 4.0
_NO_GAP: Final = 2.0
_IMPOSSIBLE: Final = math.inf
_MOST_EMPTIES: Final = 50


class Part(IntEnum):
    """What a block is."""

    NAME = 0
    """The name line of a comment."""
    BEGINS = 1
    """The first paragraph of a comment that has no name line."""
    TEXT = 2
    """The text after a name line, or one more paragraph of the text before."""


class Placed(NamedTuple):
    """A block's part, and how many comments with neither name nor text stand before it."""

    part: Part
    empties: int = 0


def layout(region: Region) -> list[Placed]:
    """Return each block's part. Two passes: where the first finds few names, the second believes less in rare ones."""
    scores = Names(region.blocks).scores
    first = _cheapest(region, scores)
    named = sum(placed.part is Part.NAME for placed in first)
    unnamed = sum(placed.part is Part.BEGINS for placed in first)
    doubt = min(0.0, math.log((named + 1) / (unnamed + 1)))
    return _cheapest(region, [score + doubt for score in scores]) if doubt < 0 else first


def _cheapest(region: Region, scores: Sequence[float]) -> list[Placed]:
    if not region.blocks:
        return []
    costs = [-scores[0], _UNNAMED, _IMPOSSIBLE]
    back: list[list[tuple[Part, int]]] = []
    for block, score in zip(region.blocks[1:], scores[1:], strict=True):
        steps = [_best(costs, block, part, region.replies_are_labelled) for part in Part]
        back.append([(before, empties) for _, before, empties in steps])
        costs = [steps[0][0] - score, steps[1][0], steps[2][0]]
    costs = [cost + end for cost, end in zip(costs, _ending(region.gap_after), strict=True)]
    return _traced(back, min(Part, key=lambda part: costs[part]))


def _ending(gap: int | None) -> tuple[float, float, float]:
    """Return what it costs to end with each part: an empty last comment leaves one more empty line before the invitation."""
    if gap is None:
        return _NAMED_EMPTY, 0.0, 0.0
    return (_NAMED_EMPTY, _NO_GAP, _NO_GAP) if gap > 1 else (_NAMED_EMPTY + _PICTURE, 0.0, 0.0)


def _traced(back: Sequence[Sequence[tuple[Part, int]]], part: Part) -> list[Placed]:
    placed = []
    for step in reversed(back):
        before, empties = step[part]
        placed.append(Placed(part, empties))
        part = before
    return [Placed(part), *reversed(placed)]


def _best(costs: Sequence[float], block: Block, part: Part, labelled: bool) -> tuple[float, Part, int]:
    """Return the cheapest way to this part: its cost, the part before, the empty comments between."""
    ways = ((costs[before] + cost, before, empties) for before in Part for cost, empties in _ways(before, part, block, labelled))
    return min(ways, key=lambda way: way[0], default=(_IMPOSSIBLE, Part.TEXT, 0))


def _ways(before: Part, part: Part, block: Block, labelled: bool) -> Iterator[tuple[float, int]]:
    """Yield how this part can follow that one across this gap: its cost and the empty comments between."""
    if part is Part.TEXT:
        yield from _going_on(before, block)
        return
    # What the layout itself needs: one empty line, one more for a missing name, one more for an empty text behind a name.
    needed = 1 + (part is Part.BEGINS) + (before is Part.NAME)
    spare = block.gap - needed
    if spare < 0:
        return
    cost = (_UNNAMED if part is Part.BEGINS else 0.0) + (_NAMED_EMPTY if before is Part.NAME else 0.0)
    cost += _UNLABELLED if labelled and not block.after_label else 0.0
    most = min(spare // 2, _MOST_EMPTIES)
    # More than a screen of emptiness is no run of comments: the rest costs no more than a few pictures.
    pictures = min(spare - 2 * most, 2)
    yield cost + most * _UNNAMED_EMPTY + pictures * _PICTURE, most


def _going_on(before: Part, block: Block) -> Iterator[tuple[float, int]]:
    if block.after_label and before is not Part.NAME:
        return
    if block.gap >= 1:
        pictures = min(block.gap - 1, 3)
        yield (0.0 if before is Part.NAME else _PARAGRAPH) + pictures * _PICTURE, 0
