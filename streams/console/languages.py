"""Which languages a scorer was taught: what it says of others is a number all the same, and means little."""

from functools import lru_cache

from streams.records import ScoredComment
from streams.replay.backtest.slices import NOT_SAID, language_of
from streams.scorers.languages import taught


def strange(scored: ScoredComment) -> str | None:
    """Return the language of a comment that was not scored for it, or that its source says and its scorer was not taught; else None."""
    if scored.abstained is not None:
        return scored.language
    return None if scored.comment.language is None else _strange(language_of(scored.comment), scored.scorer.partition("@")[0])


@lru_cache(1 << 10)
def _strange(language: str, scorer: str) -> str | None:
    known = taught(scorer)
    return None if not known or language == NOT_SAID or language in known else language
