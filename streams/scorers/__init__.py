"""How toxic: scorers behind one protocol. Nothing here imports torch before a scorer that needs it is opened."""

from collections.abc import Sequence
from typing import Annotated, Final, Protocol

from msgspec import Meta, Struct


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How texts are scored."""

    processes: Annotated[int, Meta(ge=0, le=256)] = 0
    """Processes that compute a transformer's scores, one thread each; 0: one per core."""
    remember: Annotated[int, Meta(ge=0, le=10_000_000)] = 50_000
    """Scores kept for texts that come again, as raids do; about 250 bytes each, under a digest, no text."""
    models: str = ".threadwatch/models"
    """Folder of what `threadwatch models pull` fetches and `threadwatch models build` makes."""
    cascades: str = ".threadwatch/cascades"
    """Folder of the bounds that `threadwatch models fit-cascade` finds."""
    pinned: str = ""
    """`name@version` that this deployment's scores carry; what would score as another refuses to start. Empty: any."""
    fallback: str = ""
    """Scorer to use where `scorer` cannot be opened; each record says which scored it. Empty: refuse to start."""


TOXIC: Final = 0.5
"""From here on what English there is in a text of another language is its score."""


class Toxicity(Struct, frozen=True):
    """What a scorer says of one text; every number in [0, 1], rounded to 4 decimals."""

    toxicity: float
    labels: dict[str, float] = {}
    decided_by: str = ""
    """Of a cascade: which of its two scorers said so, without its version."""
    language: str = ""
    """What the text is written in, where that is sure."""
    abstained: str = ""
    """Why nothing is said of the text: ``toxicity`` then means nothing. Empty: it is scored."""


CRASHED: Final = "crashed"
"""Nothing is said of a text that kills the processes that compute."""


class Work(Struct, frozen=True):
    """What a scorer did since it was asked the last time, in pieces of texts of at most the model's length."""

    remembered: int = 0
    """Found among those scored lately."""
    exact: int = 0
    """Computed in fp32."""
    fast: int = 0
    """Computed in int8."""
    restarts: int = 0
    """Processes that died and were replaced."""
    decided: int = 0
    """Texts that the cheap scorer of a cascade decided."""
    passed_on: int = 0
    """Texts that it left to the expensive one."""


class Scorer(Protocol):
    """Gives toxicities. The same text always gets the same score, whatever else was in the batch."""

    name: str
    """``name@version``, where the version changes whenever a score could."""

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order. Safe to call from any one thread at a time."""


class ScorerUnavailable(Exception):
    """A scorer cannot be opened here. The message is one plain line: what is missing and what to do."""


class OtherVersion(ScorerUnavailable):  # as its base
    """It would score as another version than the one that is pinned."""


def open_scorer(name: str, config: Config | None = None) -> Scorer:
    """Return the scorer that a user named: ``linear``, ``compact``, ``detoxify:<model>``, ``detoxify:<model>:fast``, ``cascade:<two>``.

    Without ``config`` everything is computed in this process. Raises ScorerUnavailable for an unknown name, a missing extra,
    missing weights, no network, or another version than the one that is pinned.
    """
    opened = _abstaining(open_part(name, config))
    if config and config.pinned and opened.name != config.pinned:
        raise OtherVersion(
            f"scoring.pinned is {config.pinned}, this machine would score as {opened.name}: install the pinned versions, or pin that"
        )
    return opened


def _abstaining(scorer: Scorer) -> Scorer:
    from streams.scorers.languages import Abstaining, taught

    known = taught(scorer.name)
    return Abstaining(scorer, known) if known else scorer


def open_part(name: str, config: Config | None) -> Scorer:
    """Return a scorer by its name, whatever version is pinned: what is pinned is the whole, not a part of it. Raises as ``open_scorer``."""
    family, _, model = name.partition(":")
    if family == "linear" and not model:
        from streams.scorers.linear import Linear

        return Linear.shipped()
    if family == "compact" and not model:
        from streams.scorers.compact import Compact

        return Compact.shipped()
    if family == "detoxify":
        from streams.scorers.detoxify import open_detoxify

        return open_detoxify(model or "original", config)
    if family == "cascade":
        from streams.scorers.cascade import open_cascade

        return open_cascade(model, config)
    raise ScorerUnavailable(
        f"there is no scorer {name!r}; there are: linear, compact, detoxify:original, detoxify:unbiased, "
        "detoxify:multilingual, detoxify:original-small, detoxify:unbiased-small; those of Detoxify also with :fast behind; "
        "and two of them as cascade:CHEAP+EXPENSIVE"
    )


def open_or_fall_back(name: str, config: Config) -> tuple[Scorer, str]:
    """Return the scorer, and why it is not the one that was asked for: empty where it is.

    Only what ``config.fallback`` names may stand in. Raises ScorerUnavailable as ``open_scorer`` does.
    """
    try:
        return open_scorer(name, config), ""
    except OtherVersion:  # what is pinned is not to be stood in for
        raise
    except ScorerUnavailable as error:
        if not config.fallback:
            raise
        return _abstaining(open_part(config.fallback, config)), str(error)
