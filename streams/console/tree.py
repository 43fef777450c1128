"""A conversation's comments in the order in which they are read, folded to what matters. Pure, and without recursion: chains are long."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

SMALL: Final = 60
"""A conversation of so many comments is shown whole."""
MOST: Final = 200
"""Comments that one conversation shows at once."""
ABOVE: Final = 3
"""Comments above one that matters that stay with it, so that one sees what it answers."""


class Node(Struct, frozen=True, gc=False):
    """A comment's place: numbers only."""

    comment: int
    parent: int | None
    created: int


class Place(Struct, frozen=True, gc=False):
    """A comment as it is read: how deep, and whether what it answers is not here."""

    node: Node
    depth: int
    is_orphan: bool = False


class Fold(Struct, frozen=True, gc=False):
    """Comments that are not shown: how many, and the first one's position in the conversation."""

    count: int
    start: int


def in_order(nodes: Iterable[Node]) -> list[Place]:
    """Return comments below what they answer, older ones first. What answers itself, or nothing that is here, stands on its own."""
    by_number = {node.comment: node for node in sorted(nodes, key=lambda node: (node.created, node.comment))}
    below: dict[int, list[Node]] = {}
    tops = []
    for node in by_number.values():
        if node.parent is not None and node.parent in by_number and node.parent != node.comment:
            below.setdefault(node.parent, []).append(node)
        else:
            tops.append(node)
    found: list[Place] = []
    seen: set[int] = set()
    for top in [*tops, *by_number.values()]:  # the second time round: rings, which hang on no top
        _descend(top, below, seen, found)
    return found


def _descend(top: Node, below: dict[int, list[Node]], seen: set[int], found: list[Place]) -> None:
    waiting = [(top, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node.comment in seen:
            continue
        seen.add(node.comment)
        found.append(Place(node, depth, is_orphan=depth == 0 and node.parent is not None))
        waiting.extend((child, depth + 1) for child in reversed(below.get(node.comment, ())))


def folded(places: Sequence[Place], weight: dict[int, float], opened_at: int | None = None, most: int = MOST) -> list[Place | Fold]:
    """Return what of a conversation is shown, in order, and between it what is not.

    ``weight``: comment → how much it matters; the weightiest stay, with up to ``ABOVE`` above each. ``opened_at``: from this position on
    ``most`` are shown, whatever they weigh. A conversation of at most ``SMALL`` is shown whole.
    """
    if len(places) <= SMALL:
        return list(places)
    at = {place.node.comment: number for number, place in enumerate(places)}
    if opened_at is not None:
        kept = set(range(max(0, opened_at), min(len(places), opened_at + most)))
    else:
        kept = _weighty(places, at, weight, most)
    return _with_folds(places, kept)


def _weighty(places: Sequence[Place], at: dict[int, int], weight: dict[int, float], most: int) -> set[int]:
    kept: set[int] = set()
    for comment in sorted((one for one in weight if one in at), key=lambda one: (-weight[one], at[one])):
        chain = _above(places, at, at[comment])
        if len(kept | chain) > most:
            break
        kept |= chain
    return kept or set(range(min(most, len(places))))


def _above(places: Sequence[Place], at: dict[int, int], number: int) -> set[int]:
    chain = {number}
    for _ in range(ABOVE):
        parent = places[number].node.parent
        if places[number].depth == 0 or parent is None:
            break
        number = at[parent]
        chain.add(number)
    return chain


def _with_folds(places: Sequence[Place], kept: set[int]) -> list[Place | Fold]:
    shown: list[Place | Fold] = []
    start = 0
    for number in sorted(kept):
        if number > start:
            shown.append(Fold(number - start, start))
        shown.append(places[number])
        start = number + 1
    if start < len(places):
        shown.append(Fold(len(places) - start, start))
    return shown
