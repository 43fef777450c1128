"""Which languages a scorer was taught: what it says of others is a number all the same, and means little."""

from functools import lru_cache
from typing import Final

from streams.records import ScoredComment
from streams.replay.backtest.slices import NOT_SAID, language_of

_ENGLISH: Final = frozenset({"en"})
_TAUGHT: Final = {
    "linear": _ENGLISH, "compact": _ENGLISH, "detoxify:original": _ENGLISH, "detoxify:unbiased": _ENGLISH,
    "detoxify:original-small": _ENGLISH, "detoxify:unbiased-small": _ENGLISH,
    "detoxify:multilingual": frozenset({"en", "es", "fr", "it", "pt", "ru", "tr"}),
}  # fmt: skip


def strange(scored: ScoredComment) -> str | None:
    """Return the language of a comment, as its source says it, if its scorer was not taught it; else None. Nothing guesses."""
    return None if scored.comment.language is None else _strange(language_of(scored.comment), _of(scored.scorer))


def _of(scorer: str) -> str:
    """Return the model's name without its version and its lane."""
    return scorer.partition("@")[0].removesuffix(":fast")


@lru_cache(1 << 10)
def _strange(language: str, scorer: str) -> str | None:
    taught = _TAUGHT.get(scorer)
    return None if taught is None or language == NOT_SAID or language in taught else language
