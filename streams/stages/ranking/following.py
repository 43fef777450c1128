"""A conversation as it goes on: each message is ranked among those before it, and remembered with the one it was found to answer."""

from collections.abc import Sequence

import msgspec

from streams.stages.ranking.ranker import Ranked, Ranker
from streams.stages.ranking.turn import LOOK_BACK, Turn


class Following:
    """Keeps the last messages."""

    def __init__(self, ranker: Ranker) -> None:
        """Begin with nothing said."""
        self._ranker = ranker
        self.earlier: Sequence[Turn] = ()
        """The last one first."""

    def take(self, turn: Turn) -> Ranked:
        """Return how surely the next message answers each of those before it."""
        ranked = self._ranker.rank(turn, self.earlier)
        back = 0 if ranked.place is None or not self._ranker.threads else ranked.place + 1
        self.earlier = (msgspec.structs.replace(turn, back=back), *self.earlier[: LOOK_BACK - 1])
        return ranked
