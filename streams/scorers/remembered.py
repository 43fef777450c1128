"""What was scored lately, found again by a digest: raids repeat. No text is kept."""

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence

Key = bytes
Scores = tuple[float, ...]


class Remembered:
    """Scores by what was scored; the one that was asked for longest ago goes first."""

    def __init__(self, at_most: int) -> None:
        """``at_most`` entries, of some 250 bytes each; 0 remembers nothing."""
        self._at_most = at_most
        self._scores: OrderedDict[Key, Scores] = OrderedDict()

    def get(self, key: Key) -> Scores | None:
        """Return the scores, or None where they are not known any more."""
        found = self._scores.get(key)
        if found is not None:
            self._scores.move_to_end(key)
        return found

    def put(self, key: Key, scores: Scores) -> None:
        """Remember, and forget what is too much."""
        self._scores[key] = scores
        if len(self._scores) > self._at_most:
            self._scores.popitem(last=False)


def key_of(ids: Sequence[int]) -> Key:
    """Return a digest of token ids: what a model reads alike has one key, whatever it looked like (case, spaces, accents)."""
    return hashlib.blake2b(array("I", ids).tobytes(), digest_size=16).digest()
