"""How much of what is found in plain text is still found in its disguised twin, and what is flagged that should not be."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

import numpy as np
from msgspec import Struct

from streams.scorers.linear import Linear
from tests.evaluation import twin
from tests.evaluation.readings import Readings, Scores, readings
from tests.evaluation.texts import Texts

FALSE_POSITIVES = 0.01
"""Share of clean text that the threshold flags, by the text as it stands."""
_QUOTED_TOXIC = 2000

Done = Callable[[int], None]


class Kept(Struct, frozen=True):
    """One kind of disguise. ``plain`` is the recall without it; the recalls are of the rows that it changed."""

    kind: str
    rows: int
    plain: float
    recall: dict[str, float]

    @property
    def kept(self) -> float:
        """Return the share of the plain recall that the program keeps."""
        return self.recall["larger of both"] / self.plain if self.plain else float("nan")


class Flagged(Struct, frozen=True):
    """Texts that nobody should flag, and the share that each reading flags."""

    name: str
    rows: int
    share: dict[str, float]


class Hidden(Struct, frozen=True):
    """What the twin showed, at one threshold for all."""

    threshold: float
    plain_recall: float
    kinds: list[Kept]
    by_set: dict[str, dict[str, float]]
    flagged: list[Flagged]


def threshold(clean: Scores) -> float:
    """Return the least threshold that at most one in a hundred of these scores reaches."""
    ordered = np.sort(clean)[::-1]
    return float(ordered[int(len(ordered) * FALSE_POSITIVES)]) + 0.0001


def hidden(scorer: Linear, texts: Texts, done: Done) -> Hidden:
    """Return what is kept per kind of disguise and per set, and what is flagged that should not be."""
    clean = readings(scorer, texts.clean, done)
    least = threshold(clean.raw)
    said = [row.text for row in texts.toxic]
    plain = readings(scorer, said, done).larger >= least
    kinds, found_by_kind = [], {}
    for kind in twin.KINDS:
        changed = [twin.twin(kind, text, texts.telling, texts.clean) for text in said]
        different = np.array([new != old for new, old in zip(changed, said, strict=True)])
        found = readings(scorer, changed, done)
        found_by_kind[kind] = (different, found.larger >= least)
        recall = {name: _share(scores[different] >= least) for name, scores in found.by_name.items()}
        kinds.append(Kept(kind, int(different.sum()), _share(plain[different]), recall))
    return Hidden(least, _share(plain), kinds, _by_set(texts, plain, found_by_kind), _flagged(scorer, texts, clean, least, done))


def _by_set(texts: Texts, plain: np.ndarray, found: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, dict[str, float]]:
    """Return per set the plain recall, and the mean over kinds of what is kept of it."""
    place = {row.text: number for number, row in enumerate(texts.toxic)}
    table = {}
    for name, rows in texts.sets.items():
        inside = np.zeros(len(plain), dtype=bool)
        inside[[place[row.text] for row in rows if row.text in place]] = True
        pairs = [(_share(hits[inside & different]), _share(plain[inside & different])) for different, hits in found.values()]
        shares = [after / before for after, before in pairs if before]
        table[name] = {
            "toxic": float(inside.sum()),
            "recall": _share(plain[inside]),
            "kept": float(np.mean(shares)) if shares else float("nan"),
        }
    return table


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else float("nan")


def _flagged(scorer: Linear, texts: Texts, clean: Readings, least: float, done: Done) -> list[Flagged]:
    latin = [text for said in texts.foreign.values() for text in said if _mostly_latin(text)]
    other = [text for said in texts.foreign.values() for text in said if not _mostly_latin(text)]
    chance = Random(twin.SEED)
    toxic = [row.text for row in texts.toxic[:: max(1, len(texts.toxic) // _QUOTED_TOXIC)]]
    quoting = [twin.quoting(chance.choice(toxic), text, chance) for text in texts.clean]
    groups: dict[str, Sequence[str]] = {
        "foreign languages in Latin letters": latin,
        "foreign scripts": other,
        "code": texts.code,
        "clean text that quotes toxic text": quoting,
    }
    found = [_one("clean text", clean, least)]
    found += [_one(name, readings(scorer, each, done), least) for name, each in groups.items() if each]
    for kind in twin.KINDS:
        disguised = [twin.twin(kind, text, texts.telling, texts.clean) for text in texts.clean]
        found.append(_one(f"clean text, {kind}", readings(scorer, disguised, done), least))
    return found


def _one(name: str, found: Readings, least: float) -> Flagged:
    return Flagged(name, len(found.raw), {reading: _share(scores >= least) for reading, scores in found.by_name.items()})


def _mostly_latin(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter < "\u0250" for letter in letters) * 2 >= len(letters)
