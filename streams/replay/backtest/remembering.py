"""A scorer that scores no text twice: two configurations with one scorer cost one scoring."""

import hashlib
from collections.abc import Sequence

from streams.scorers import Scorer, Toxicity


class Remembering:
    """Stands where its scorer stands. Keeps a hash and a score of each text, never the text."""

    def __init__(self, scorer: Scorer) -> None:
        """A scorer gives a text the same score whatever else is in the batch; that is why it may be asked once."""
        self.name = scorer.name
        self.at_most: int = getattr(scorer, "at_most", 4096)
        self._scorer = scorer
        self._known: dict[bytes, Toxicity] = {}

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order; asks the scorer for those only that it has never seen."""
        keys = [_key(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._scorer.score(list(new.values())), strict=True))
        return [self._known[key] for key in keys]


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
