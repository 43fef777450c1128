"""A scorer around an engine: pieces of long comments, batches by tokens, scores that no neighbour can turn, both lanes."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec.structs import astuple, replace

from streams.scorers import CRASHED, Toxicity, Work
from streams.scorers.remembered import Remembered, key_of
from streams.scorers.rounding import near_a_step, rounded
from streams.scorers.transformer.engine import Engine, Logits
from streams.scorers.transformer.flat import Ids
from streams.scorers.transformer.pool import Pool

BATCH_TOKENS: Final = 256
"""Tokens of a batch: from here on more make nothing faster, and the arrays stay in the cache."""
THRESHOLDS: Final = (0.5, 0.8)
"""Scores that decide something. Near them the fast lane asks the exact one, so that a flag does not hang on eight bits."""
_LEAST_MARGIN: Final = 0.1
_DRIFTS: Final = 2.0
"""Margin round a threshold, in logits: so many times what int8 moved on the sample, at least ``_LEAST_MARGIN``."""
_MARGIN: Final = 16.0
"""Times the largest difference that the probe showed: the probe is small, and other texts differ more."""
_LEAST_NOISE: Final = 1e-5
_PROBE: Final = ("Thank you.", "I do not agree with any of this, sorry.", "What a stupid thing to say, you clown!", "no", "why " * 40)
"""Scored together and alone when a model is opened: by how much a logit moves with its batch depends on model and processor."""

Scores = tuple[float, ...]


class Detoxify:
    """A scorer that gives all of the model's labels."""

    def __init__(self, engine: Engine, name: str, *, is_fast: bool = False, remember: int = 0, processes: int = 1) -> None:
        """``name`` goes on every record; ``remember``: how many scores are kept for texts that come again."""
        self.name = name
        self.at_most: int = (64 if is_fast else 32) * processes
        """Texts at once in a live worker: a second or two."""
        self.engine, self._is_fast = engine, is_fast
        self._labels = engine.about.labels
        self._remembered = Remembered(remember)
        self._worked = Work()
        self._told = Work()
        self._margin = max(_LEAST_MARGIN, _DRIFTS * engine.about.drift.logit) if engine.about.drift else 0.0
        self._noise = {exact: self._measured_noise(exact) for exact in {True, not is_fast}}

    def _measured_noise(self, exact: bool) -> float:
        """Return more than a logit moves with its batch, on this machine."""
        pieces, _ = self.engine.pieces(_PROBE)
        together, *alone = self.engine.run([pieces, *([piece] for piece in pieces)], exact)
        moved = (abs(one - other) for row, [single] in zip(together, alone, strict=True) for one, other in zip(row, single, strict=True))
        return max(_LEAST_NOISE, _MARGIN * max(moved))

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order; 0 for a text without a visible character.

        Each text is computed once, however often it stands in the batch.
        """
        wanted = sorted({text for text in texts if text and not text.isspace()})
        worst = dict(zip(wanted, self._worst(wanted), strict=True))
        nothing = (0.0,) * len(self._labels)
        return [self._toxicity(worst.get(text, nothing)) for text in texts]

    def worked(self) -> Work:
        """Return what was done since this was asked the last time."""
        self._worked = replace(self._worked, restarts=getattr(self.engine, "restarts", 0))
        before, self._told = self._told, self._worked
        return Work(*(now - then for now, then in zip(astuple(self._worked), astuple(before), strict=True)))

    def _count(self, **more: int) -> None:
        self._worked = replace(self._worked, **{name: getattr(self._worked, name) + number for name, number in more.items()})

    def tell_computed(self, told: Callable[[], None]) -> None:
        """Have ``told`` called whenever a batch is computed."""
        self.engine.computed = told

    def close(self) -> None:
        """End the processes that compute, where there are some."""
        if isinstance(self.engine, Pool):
            self.engine.close()

    def _toxicity(self, scores: Scores) -> Toxicity:
        if not scores:
            return Toxicity(0.0, abstained=CRASHED)
        labels = dict(zip(self._labels, scores, strict=True))
        return Toxicity(labels.get("toxicity", max(scores)), labels)

    def _worst(self, texts: Sequence[str]) -> list[Scores]:
        """Return the largest score of each label over the pieces of each text; none of one with a piece that crashed."""
        if not texts:
            return []
        pieces, owners = self.engine.pieces(texts)
        worst: list[Scores] = [(0.0,) * len(self._labels)] * len(texts)
        for owner, scores in zip(owners, self._scores(pieces), strict=True):
            worst[owner] = tuple(map(max, worst[owner], scores))
        return worst

    def _scores(self, pieces: Sequence[Ids]) -> list[Scores]:
        """Return the rounded scores of each piece, in order; what was computed lately is not computed again."""
        keys = [key_of(ids) for ids in pieces]
        found = {key: self._remembered.get(key) for key in dict.fromkeys(keys)}
        new = {key: ids for key, ids in zip(keys, pieces, strict=True) if found[key] is None}
        self._count(remembered=len(keys) - len(new))
        computed = dict(zip(new, self._computed(list(new.values())), strict=True)) if new else {}
        for key, scores in computed.items():
            self._remembered.put(key, scores)
        return [computed[key] if key in computed else (found[key] or ()) for key in keys]

    def _computed(self, pieces: Sequence[Ids]) -> list[Scores]:
        logits = self._as_if_alone(pieces, exact=not self._is_fast)
        if self._is_fast and (near := [number for number, row in enumerate(logits) if self._is_near_a_threshold(row)]):
            for number, row in zip(near, self._as_if_alone([pieces[number] for number in near], exact=True), strict=True):
                logits[number] = row
        return [rounded(row) for row in logits]

    def _as_if_alone(self, pieces: Sequence[Ids], exact: bool) -> list[Logits]:
        """Return the logits of each piece, computed in batches; alone where its neighbours could turn the last decimal, or the lane."""
        batches = list(batched(pieces))
        self._count(**{"exact" if exact else "fast": len(pieces)})
        together = self.engine.run([[pieces[number] for number in batch] for batch in batches], exact)
        found = {number: row for batch, rows in zip(batches, together, strict=True) for number, row in zip(batch, rows, strict=True)}
        unsure = [number for batch in batches if len(batch) > 1 for number in batch if self._is_unsure(found[number], exact)]
        for number, [row] in zip(unsure, self.engine.run([[pieces[number]] for number in unsure], exact), strict=True):
            found[number] = row
        return [found[number] for number in range(len(pieces))]

    def _is_unsure(self, logits: Logits, exact: bool) -> bool:
        noise = self._noise[exact]
        return any(near_a_step(logit, noise) or (not exact and self._is_at_the_edge(logit, noise)) for logit in logits)

    def _is_near_a_threshold(self, logits: Logits) -> bool:
        return any(_distance(logit) <= self._margin for logit in logits)

    def _is_at_the_edge(self, logit: float, noise: float) -> bool:
        return abs(_distance(logit) - self._margin) <= noise


_BOUNDS: Final = tuple(math.log(threshold / (1 - threshold)) for threshold in THRESHOLDS)


def _distance(logit: float) -> float:
    """Return how far a logit is from the nearest threshold."""
    return min(abs(logit - bound) for bound in _BOUNDS)


def batched(pieces: Sequence[Ids]) -> Iterator[list[int]]:
    """Yield the numbers of pieces from short to long, as many at once as the budget of tokens allows, at least one."""
    batch: list[int] = []
    tokens = 0
    for number in sorted(range(len(pieces)), key=lambda number: len(pieces[number])):
        if batch and tokens + len(pieces[number]) > BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(number)
        tokens += len(pieces[number])
    if batch:
        yield batch
