"""Pile-ons put into a life, plain and by every evasion of docs/evaluation.md, and the civil twin of each.

A twin has the people, the pace and the look of its attack, and nobody in it is hostile beyond what is usual: it must raise nothing.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import Struct

from streams.evaluation.lags import drawn
from streams.evaluation.life import Knobs, Person, hostility, strangers, viral
from streams.evaluation.stream import HOUR, MINUTE, NO_TEXT, Event, Floats, Ints, Part, Rows

FRESH: Final = 2_000_000_000
"""Accounts from this number on were made for the occasion."""
SIZES: Final = (4, 8, 16, 32)
SHARES: Final = (0.3, 0.6, 0.9)
DILUTED: Final = 0.15


class Attack(Struct, frozen=True, kw_only=True):
    """One pile-on to be, or the twin of one."""

    kind: str
    is_attack: bool
    hostile_authors: int
    share: float
    lags: str

    @property
    def crowd(self) -> int:
        """Return how many others answer meanwhile."""
        return round(self.hostile_authors * (1 / self.share - 1))


def inject(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> tuple[list[Rows], Event]:
    """Return the rows of one attack or twin that begins then, and the event that tells of it."""
    make = KINDS[attack.kind][0 if attack.is_attack else 1]
    rows = make(knobs, who, attack, begin, chance)
    wanted = Part.ATTACKER if attack.is_attack else Part.CROWD
    counted = [part.at for part in rows if part.at.size and part.part[0] == wanted]
    times = np.concatenate(counted)
    return rows, Event(
        kind=attack.kind, is_attack=attack.is_attack, begin=int(times.min()), end=int(times.max()),
        hostile_authors=attack.hostile_authors if attack.is_attack else 0, share=attack.share, lags=attack.lags,
    )  # fmt: skip


def _hostile(knobs: Knobs, size: int, chance: np.random.Generator) -> Floats:
    return chance.beta(*knobs.hostile_x, size)


def _civil(knobs: Knobs, who: Person, size: int, chance: np.random.Generator) -> Floats:
    return hostility(knobs, min(who.hostile, 0.05), size, chance)


def _fresh(who: Person, size: int, chance: np.random.Generator) -> Ints:
    return FRESH + who.number * 100_000 + chance.permutation(50_000)[:size]


def _raid(
    knobs: Knobs, who: Person, attack: Attack, begin: float, x: Floats, chance: np.random.Generator, text: Ints | int = NO_TEXT
) -> list[Rows]:
    """Return attackers, a third of whom write twice, and the crowd around them."""
    at = begin + drawn(attack.lags, attack.hostile_authors, chance)
    author = _fresh(who, attack.hostile_authors, chance)
    again = np.flatnonzero(chance.random(at.size) < 1 / 3)
    talk = next(who.threads)
    texts = np.broadcast_to(np.asarray(text, np.int64), at.shape)
    second = at[again] + chance.exponential(20 * MINUTE, again.size)
    return [
        Rows.of(at, author, x, talk, Part.ATTACKER, texts),
        Rows.of(second, author[again], x[again], talk, Part.ATTACKER, texts[again]),
        _crowd(knobs, who, attack, begin, talk, chance),
    ]


def _crowd(knobs: Knobs, who: Person, attack: Attack, begin: float, talk: int, chance: np.random.Generator) -> Rows:
    size = attack.crowd
    at = begin + drawn(attack.lags, size, chance)
    return Rows.of(at, strangers(knobs, size, chance), _civil(knobs, who, size, chance), talk, Part.CROWD)


def _wave(
    knobs: Knobs, who: Person, attack: Attack, begin: float, x: Floats, chance: np.random.Generator, text: Ints | int = NO_TEXT
) -> list[Rows]:
    """Return as many people as the attack's attackers who are not hostile, and the crowd."""
    return [
        Rows.of(rows.at.astype(float), rows.author, rows.x, rows.conversation, Part.CROWD, rows.text)
        for rows in _raid(knobs, who, attack, begin, x, chance, text)
    ]


def plain(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Attackers write what they think."""
    return _raid(knobs, who, attack, begin, _hostile(knobs, attack.hostile_authors, chance), chance)


def plain_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """As many strangers at the same pace, as civil as people are to this person."""
    return _wave(knobs, who, attack, begin, _civil(knobs, who, attack.hostile_authors, chance), chance)


def hello(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Each attacker is civil first, five minutes to an hour before."""
    rows = plain(knobs, who, attack, begin, chance)
    first = rows[0].at - chance.uniform(5 * MINUTE, 60 * MINUTE, rows[0].at.size)
    greeting = chance.beta(*knobs.mild_x, first.size)
    return [*rows, Rows.of(first, rows[0].author, greeting, rows[0].conversation[0], Part.HELLO)]


def hello_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """People say hello, then go on to talk."""
    rows = plain_twin(knobs, who, attack, begin, chance)
    first = rows[0].at - chance.uniform(5 * MINUTE, 60 * MINUTE, rows[0].at.size)
    greeting = chance.beta(*knobs.mild_x, first.size)
    return [*rows, Rows.of(first, rows[0].author, greeting, rows[0].conversation[0], Part.CROWD)]


def diluted(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Friendly accounts of the attackers hold the share down to ``DILUTED``."""
    return plain(knobs, who, attack, begin, chance)


def diluted_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """A crowd as large, with the hostile share that fame usually brings."""
    size = attack.crowd + attack.hostile_authors
    return [_as_crowd(viral(knobs, who, begin, size, float(chance.beta(*knobs.viral_hostile)), chance))]


def famous(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Hundreds to thousands answered in the day before; the pile-on comes into the tail of that."""
    return [*plain(knobs, who, attack, begin, chance), _earlier(knobs, who, begin, chance)]


def famous_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """The same fame, and a second civil wave."""
    return [*plain_twin(knobs, who, attack, begin, chance), _earlier(knobs, who, begin, chance)]


def _earlier(knobs: Knobs, who: Person, begin: float, chance: np.random.Generator) -> Rows:
    size = int(chance.integers(300, 2001))
    return viral(knobs, who, begin - chance.uniform(6 * HOUR, 20 * HOUR), size, float(chance.beta(*knobs.viral_hostile)), chance)


def recycled(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Two texts are handed round."""
    text = chance.integers(2, size=attack.hostile_authors)
    return _raid(knobs, who, attack, begin, _hostile(knobs, 2, chance)[text], chance, who.number * 100 + text)


def recycled_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Two texts of support are handed round; half of them quote the insult, which scorers do not like."""
    text = chance.integers(2, size=attack.hostile_authors)
    x = np.array([chance.beta(*knobs.mild_x), chance.uniform(0.1, 0.3)])[text]
    return _wave(knobs, who, attack, begin, x, chance, who.number * 100 + text)


def varied(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """One text, slightly changed by each."""
    size = attack.hostile_authors
    return _raid(knobs, who, attack, begin, _hostile(knobs, 1, chance) + chance.normal(0, 0.05, size), chance)


def varied_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Birthday wishes."""
    return _wave(knobs, who, attack, begin, chance.beta(1.0, 30.0, attack.hostile_authors), chance)


def disguised(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Spelled so that the scorer is half blind to a third of it."""
    x = _hostile(knobs, attack.hostile_authors, chance)
    return _raid(knobs, who, attack, begin, np.where(chance.random(x.size) < 1 / 3, x * chance.uniform(0.2, 0.6, x.size), x), chance)


def disguised_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Friends who swear, and reclaimed words: one in eight looks hostile, the others look odd."""
    size = attack.hostile_authors
    x = np.where(chance.random(size) < 1 / 8, chance.uniform(0.5, 0.7, size), chance.uniform(0.03, 0.2, size))
    return _wave(knobs, who, attack, begin, x, chance)


def mild(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Each message is mild; half of them are under the bound of what counts as hostile."""
    return _raid(knobs, who, attack, begin, chance.beta(6.0, 6.0, attack.hostile_authors), chance)


def mild_twin(knobs: Knobs, who: Person, attack: Attack, begin: float, chance: np.random.Generator) -> list[Rows]:
    """Many disagree with what was said, and with nothing else."""
    return _wave(knobs, who, attack, begin, chance.beta(1.5, 11.0, attack.hostile_authors), chance)


def _as_crowd(rows: Rows) -> Rows:
    return Rows.of(rows.at.astype(float), rows.author, rows.x, rows.conversation, Part.CROWD)


Make = Callable[[Knobs, Person, Attack, float, np.random.Generator], list[Rows]]
KINDS: Final[dict[str, tuple[Make, Make]]] = {
    "plain": (plain, plain_twin),
    "hello": (hello, hello_twin),
    "diluted": (diluted, diluted_twin),
    "famous": (famous, famous_twin),
    "recycled": (recycled, recycled_twin),
    "varied": (varied, varied_twin),
    "disguised": (disguised, disguised_twin),
    "mild": (mild, mild_twin),
}
"""Each kind with its civil twin."""
