"""Pile-ons and their civil twins put into real trees: comments by fresh authors below a real one, at the lags of real storms.

What is said is read from ``../shared`` as the program runs: insults that people typed at a chatbot, and for the crowd, real civil
replies of the same source. How hostile each is, the scorer and the address stage say, as of any comment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from streams.evaluation.attacks import SHARES, SIZES
from streams.evaluation.lags import LAGS, drawn
from streams.evaluation.stream import Part
from streams.evaluation.trees import later
from streams.records import Comment

ATTACKER: Final = "raid-attacker"
CROWD: Final = "raid-crowd"


@dataclass(frozen=True, kw_only=True)
class Raid:
    """One pile-on, or the civil twin of one, below a real comment."""

    kind: str
    is_attack: bool
    hostile_authors: int
    share: float
    lags: str

    @staticmethod
    def part(comment_id: str) -> Part:
        """Return whose part a comment plays."""
        return Part.ATTACKER if comment_id.startswith(ATTACKER) else Part.CROWD if comment_id.startswith(CROWD) else Part.LIFE


@dataclass(frozen=True, kw_only=True)
class Said:
    """What can be said."""

    insults: Sequence[str]
    civil: Sequence[str]
    strangers: Sequence[str]
    """Real authors of the source: the crowd."""


def combinations() -> list[Raid]:
    """Return every size, share and pace, as pile-on and as twin."""
    return [
        Raid(kind=f"share {share:g}", is_attack=is_attack, hostile_authors=size, share=share, lags=lags)
        for size in SIZES for share in SHARES for lags in sorted(LAGS) for is_attack in (True, False)
    ]  # fmt: skip


def put_below(post: Comment, raid: Raid, said: Said, number: int, chance: np.random.Generator) -> list[Comment]:
    """Return the raid's comments: attackers (of a twin as many civil strangers), and the crowd that makes up the share."""
    attackers = _wave(post, raid.hostile_authors, raid.lags, said.insults, chance) if raid.is_attack else []
    size = round(raid.hostile_authors / raid.share) - len(attackers)
    crowd = _wave(post, size, raid.lags, said.civil, chance)
    names = chance.choice(len(said.strangers), size, replace=False) if size <= len(said.strangers) else range(size)
    return [
        *(_by(one, f"{ATTACKER}-{number}-{n}", f"fresh-{number}-{n}", post) for n, one in enumerate(attackers)),
        *(_by(one, f"{CROWD}-{number}-{n}", said.strangers[int(name) % len(said.strangers)], post)
          for n, (one, name) in enumerate(zip(crowd, names, strict=True))),
    ]  # fmt: skip


def _wave(post: Comment, size: int, lags: str, texts: Sequence[str], chance: np.random.Generator) -> list[Comment]:
    minutes = drawn(lags, size, chance) / 1e6
    said = chance.integers(len(texts), size=size)
    return [later(post, timedelta(seconds=float(lag)), text=texts[int(n)]) for lag, n in zip(minutes, said, strict=True)]


def _by(one: Comment, comment_id: str, author_id: str, post: Comment) -> Comment:
    return later(one, timedelta(0), comment_id=comment_id, author_id=author_id, parent_id=post.comment_id)
