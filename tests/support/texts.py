"""A scorer for tests that need one whose mind everybody can read."""

from collections.abc import Sequence
from typing import Final

from streams.scorers import Toxicity

SWEAR_WORDS: Final = frozenset({"idiot", "moron", "loser", "clown", "imbecile", "fool", "stupid", "pathetic", "liar"})


class BySwearing:
    """Gives 0.95 to a text with a swear word, else 0.03."""

    name = "swearing@1"

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text."""
        return [Toxicity(0.95 if SWEAR_WORDS & set(_words(text)) else 0.03) for text in texts]


def _words(text: str) -> list[str]:
    return "".join(sign if sign.isalpha() else " " for sign in text.lower()).split()
