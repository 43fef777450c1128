"""Which block is a name, which begins a comment and which goes on with one: the cheapest reading of the whole page.

The flattened widget writes, for each comment, its name line, one empty line, its paragraphs with one empty line between, and one
empty line. A missing name leaves one empty line more in front; an empty text (a picture) leaves one more behind its name; a comment
with neither leaves two. A picture inside or after a text leaves one more, too, which is rare. A line between single empty lines can
thus be a name or one more paragraph, and only the page as a whole decides: names come back, and after a name comes its text. So each
reading has a cost and dynamic programming finds the cheapest: time and memory are linear in the number of blocks.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from streams.sources.page_names import Names
from streams.sources.page_region import Block, Region

_PARAGRAPH: Final = 1.3
_PICTURE: Final = 6.0
_NAMED_EMPTY: Final = 2.5
_UNNAMED_EMPTY: Final = 4.0
_EMPTY_FIRST: Final = 1.5
_UNNAMED: Final = 0.7
_UNLABELLED: Final = 4.0
_HEADED_NAME: Final = 8.0
_NO_GAP: Final = 2.0
_SURELY_NAME: Final = 3.9
_NAME_BELOW: Final = 2.0
_IMPOSSIBLE: Final = math.inf
_MOST_EMPTIES: Final = 50
_MOST_AT_EDGE: Final = 7
"""Empty lines; more, at the beginning or the end of the comments, are a site's habit."""
_NEARLY: Final = 0.1
_MOST_TOLL: Final = 2.5
_HALVINGS: Final = 5


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


class Layout(NamedTuple):
    """Each block's part, and how many comments with neither name nor text stand behind the last."""

    placed: tuple[Placed, ...] = ()
    empties_after: int = 0

    def comments(self) -> int:
        """Return how many comments there are in this reading."""
        begun = sum((part is not Part.TEXT) + empties for part, empties in self.placed)
        return begun + self.empties_after


def layout(region: Region) -> Layout:
    """Return the cheapest reading. Where the first finds few names, the second believes less in rare ones.

    Where the bar announces a number of comments that is nearly reached, what is in doubt is decided so that it is.
    """
    if not region.blocks:
        return Layout()
    scores = Names(region.blocks).scores
    found = _cheapest(region, scores)
    named = sum(placed.part is Part.NAME for placed in found.placed)
    unnamed = sum(placed.part is Part.BEGINS for placed in found.placed)
    doubt = min(0.0, math.log((named + 1) / (unnamed + 1)))
    if doubt < 0:
        scores = [score + doubt for score in scores]
        found = _cheapest(region, scores)
    return found if region.announced is None else _as_announced(region, scores, found, region.announced)


def _as_announced(region: Region, scores: Sequence[float], found: Layout, announced: int) -> Layout:
    """Return the reading with as many comments as are announced, if a small toll or reward on each comment gives one; else ``found``."""
    missing = announced - found.comments()
    if missing == 0 or abs(missing) > max(2, announced * _NEARLY):
        return found
    least, most = (-_MOST_TOLL, 0.0) if missing > 0 else (0.0, _MOST_TOLL)
    for _ in range(_HALVINGS):
        toll = (least + most) / 2
        other = _cheapest(region, scores, toll)
        if other.comments() == announced:
            return other
        least, most = (toll, most) if other.comments() > announced else (least, toll)
    return found


def _cheapest(region: Region, scores: Sequence[float], toll: float = 0.0) -> Layout:
    costs, empties = _beginning(region.blocks[0], scores[0], toll, region.heads_are_labelled)
    back: list[list[tuple[Part, int]]] = []
    for block, score in zip(region.blocks[1:], scores[1:], strict=True):
        steps = [_best(costs, block, score, part, region, toll) for part in Part]
        back.append([(before, between) for _, before, between in steps])
        costs = [cost for cost, _, _ in steps]
    ends = [_ending(part, region, toll) for part in Part]
    last = min(Part, key=lambda part: costs[part] + ends[part][0])
    return Layout(_traced(back, last, empties), ends[last][1])


def _beginning(block: Block, score: float, toll: float, heads_are_labelled: bool) -> tuple[list[float], tuple[int, ...]]:
    """Return what it costs to begin the page with each part, and the empty comments before it.

    The bar may or may not have an empty line of its own below it: what is more than that, two by two, are empty comments.
    """
    gap = block.gap if block.gap <= _MOST_AT_EDGE else 0
    empties = (block.begins - 1, block.begins - 1, 0) if block.begins else (gap // 2, max(gap - 1, 0) // 2, 0)
    name = _HEADED_NAME if block.headed else 0.0
    unheaded = _UNLABELLED if heads_are_labelled and not block.headed else 0.0
    return [
        name - score + toll + empties[0] * (_EMPTY_FIRST + toll),
        _UNNAMED + unheaded + toll + empties[1] * (_UNNAMED_EMPTY + toll),
        _IMPOSSIBLE,
    ], empties


def _ending(part: Part, region: Region, toll: float) -> tuple[float, int]:
    """Return what it costs to end with this part, and the empty comments behind: each leaves two more empty lines before the invitation."""
    gap, empty = region.gap_after, _NAMED_EMPTY if part is Part.NAME else 0.0
    if region.begins_are_labelled:
        return empty + region.begun_after * toll, region.begun_after
    if gap is None or gap > _MOST_AT_EDGE:
        return empty, 0
    spare = gap - 1 - (part is Part.NAME)
    if spare < 0:
        return empty + _PICTURE, 0
    return empty + spare // 2 * (_UNNAMED_EMPTY + toll) + spare % 2 * _NO_GAP, spare // 2


def _traced(back: Sequence[Sequence[tuple[Part, int]]], part: Part, first: Sequence[int]) -> tuple[Placed, ...]:
    placed = []
    for step in reversed(back):
        before, empties = step[part]
        placed.append(Placed(part, empties))
        part = before
    return (Placed(part, first[part]), *reversed(placed))


def _best(costs: Sequence[float], block: Block, score: float, part: Part, region: Region, toll: float) -> tuple[float, Part, int]:
    """Return the cheapest way to this part: its cost, the part before, the empty comments between."""
    best = (_IMPOSSIBLE, Part.TEXT, 0)
    for before in Part:
        cost, empties = _going_on(before, block, score, region) if part is Part.TEXT else _beginning_anew(before, part, block, region)
        cost += costs[before] + (0.0 if part is Part.TEXT else toll * (1 + empties)) - (score if part is Part.NAME else 0.0)
        if cost < best[0]:
            best = (cost, before, empties)
    return best


def _beginning_anew(before: Part, part: Part, block: Block, region: Region) -> tuple[float, int]:
    """Return what it costs to begin a comment with this part behind that one across this gap, and the empty comments between."""
    if region.begins_are_labelled:
        return _labelled(before, part, block, region)
    # What the layout itself needs: one empty line, one more for a missing name, one more for an empty text behind a name.
    needed = 1 + (part is Part.BEGINS) + (before is Part.NAME)
    spare = block.gap - needed
    if spare < 0:
        return _IMPOSSIBLE, 0
    cost = (_UNNAMED if part is Part.BEGINS else 0.0) + (_NAMED_EMPTY if before is Part.NAME else 0.0)
    cost += _UNLABELLED if region.ends_are_labelled and not block.after_label else 0.0
    cost += _UNLABELLED if part is Part.BEGINS and region.heads_are_labelled and not block.headed else 0.0
    cost += _HEADED_NAME if part is Part.NAME and block.headed else 0.0
    most = min(spare // 2, _MOST_EMPTIES)
    # More than a screen of emptiness is no run of comments: the rest costs no more than a few pictures.
    pictures = min(spare - 2 * most, 2)
    return cost + most * _UNNAMED_EMPTY + pictures * _PICTURE, most


def _labelled(before: Part, part: Part, block: Block, region: Region) -> tuple[float, int]:
    """Do the same where a label begins each comment: empty lines tell nothing then, and two labels in a row an empty comment."""
    cost = (_UNNAMED if part is Part.BEGINS else 0.0) + (_NAMED_EMPTY if before is Part.NAME else 0.0)
    cost += 0.0 if block.begins else 2 * _UNLABELLED
    cost += _UNLABELLED if part is Part.BEGINS and region.heads_are_labelled and not block.headed else 0.0
    cost += _HEADED_NAME if part is Part.NAME and block.headed else 0.0
    return cost, max(0, block.begins - 1)


def _going_on(before: Part, block: Block, score: float, region: Region) -> tuple[float, int]:
    """Return what it costs that this block is the text behind a name, or one more paragraph."""
    behind_name = before is Part.NAME
    if block.gap < 1 or block.begins or (not behind_name and (block.after_label or block.headed)):
        return _IMPOSSIBLE, 0
    cost = min(block.gap - 1, 3) * _PICTURE
    if behind_name:
        return cost + (_UNLABELLED if region.heads_are_labelled and not block.headed else 0.0), 0
    # Who quotes a name on a line of its own begins with it: an answer.
    return cost + _PARAGRAPH + (_NAME_BELOW if score > _SURELY_NAME else 0.0), 0
