"""With what state a partition's fold begins, and whether that is all there was: the one place that knows."""

from typing import Any

from msgspec import Struct

from streams.stages.step import Stage


class Opening(Struct, frozen=True):
    """The state before the first message that is folded."""

    store: Any
    is_approximate: bool
    """Whether something before that message is missing: equality is claimed only where it is False."""


def opening(stage: Stage, first: int) -> Opening:
    """Return the state with which a fold from the oldest message that there is, at the offset ``first``, begins.

    From offset 0 nothing came before. Where retention took the beginning, what came before is not known, and the start is approximate.
    """
    return Opening(stage.new_store(), first > 0)
