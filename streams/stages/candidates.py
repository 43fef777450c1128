"""What a link is made from and what it is: settings, the question, the candidates."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from streams.records import Comment, LinkKind, Probability
from streams.stages.hearing import Heard
from streams.stages.hostility import Cues

MAX_CANDIDATES: Final = 3
MIN_CONFIDENCE: Final = 0.05
Weight = Annotated[float, Meta(ge=0, le=10)]


class Prior(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How likely a comment without parent, mention, name or quotation answers whom: weights of a mixture.

    They compete with each other and with "nobody"; only their proportions matter.
    """

    previous: Weight = 0.6
    """The speaker just before. Measured elsewhere as right for 76 % (news comments), 42 % (Wikipedia talk), 34 % (Reddit)."""
    earlier: Weight = 0.05
    """A speaker k comments before: this ÷ k."""
    starter: Weight = 0.02
    """Who began the conversation."""
    nobody: Weight = 0.45
    """Nobody: a comment on the article."""
    nobody_if_spoken_to: Weight = 0.15
    """Nobody, although it says "you"."""
    sibling: Weight = 0.25
    """Whom the previous comment answered (answers to one comment stand one after the other)."""
    sibling_if_spoken_to: Weight = 0.2
    """The same, where both say "you" and not to each other: two people answering a third."""
    answer_back: Weight = 1.3
    """Somebody who spoke to this author and was not answered yet."""
    echo: Weight = 0.9
    """Somebody whose two neighbouring words are repeated, who said them first."""
    attention: Weight = 0.2
    """Whom the last comments answered: on a page in reply order they stand in one branch."""
    sharpen: Annotated[float, Meta(ge=0.5, le=3)] = 1.3
    """Every weight to this power before they are made shares: above 1 trusts the evidence more than its sum."""
    heat: Weight = 0.5
    """For an attack: at whom the last comments were hostile. Hostility draws hostility; 0 turns that off."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``address`` needs to know."""

    max_comments: Annotated[int, Meta(ge=10, le=200_000)] = 20_000
    """Comments remembered of one conversation."""
    max_waiting: Annotated[int, Meta(ge=1, le=20_000)] = 1_000
    """Comments of one conversation that may wait for their parents."""
    max_days: Annotated[int, Meta(ge=1, le=400)] = 30
    """Days of event time that a comment is remembered."""
    look_back: Annotated[int, Meta(ge=1, le=256)] = 32
    """Comments looked back at where only page order tells."""
    prior: Prior = Prior()
    priors: dict[str, Prior] = {}
    """Per source."""
    rankers: dict[str, Literal["irc", "molweni"]] = {}
    """Sources that are chats: which ranker finds what a message answers that names no parent and nobody. Off where a source is not here."""
    handles_are_ids: tuple[str, ...] = ()
    """Sources where an @handle is an author's id: a mention then reaches people who have not spoken."""


class Candidate(Struct, frozen=True, gc=False):
    """Somebody the comment may be aimed at."""

    target: str
    kind: LinkKind
    confidence: Probability
    absent: bool = False
    """Spoken of, not spoken to."""


class Links(Struct, frozen=True, gc=False):
    """Whom a comment is aimed at, surest first; confidences sum to ≤ 1."""

    candidates: tuple[Candidate, ...] = ()
    outside: bool = False
    """Aimed at a group, an outsider, oneself."""
    self_reply: bool = False


class Asked(Struct, frozen=True, gc=False):
    """Everything that a link is made from."""

    comment: Comment
    n: int
    """Its place in the conversation."""
    me: str
    """Its author, or ``comment:<id>``."""
    heard: Heard
    cues: Cues
    ranked: Mapping[str, float] | None = None
    """In a chat, P(it answers a message of theirs) by person, as its ranker says; else None."""


def likeliest(shares: Mapping[str, float], kind: LinkKind | Mapping[str, LinkKind], *, absent: bool = False) -> tuple[Candidate, ...]:
    """Return the three most likely, surest first; equal ones by name, so that nothing depends on their order before."""
    likely = sorted((-share, person) for person, share in shares.items() if share >= MIN_CONFIDENCE)[:MAX_CANDIDATES]
    return tuple(
        Candidate(person, kind if isinstance(kind, LinkKind) else kind[person], _down(-share), absent=absent) for share, person in likely
    )


def _down(share: float) -> float:
    """Return four decimals, rounded down: the sum stays ≤ 1."""
    return int(min(share, 1.0) * 10_000) / 10_000
