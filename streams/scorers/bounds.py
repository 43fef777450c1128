"""Between which scores of the cheap scorer a cascade asks the expensive one; found for a stated loss."""

import hashlib
import math
from collections.abc import Iterator
from typing import Annotated, Final

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from streams.scorers.rounding import DECIMALS, probability

_STEPS: Final = 80
"""Bounds that are tried, each at a quantile of the cheap scores."""
_KEPT: Final = 0.8
"""Of the loss that is allowed, so much is used on the half that is fitted on: the other half should keep it too."""
_LEAST: Final = 1e-4

Scores = NDArray[np.float64]
Yes = NDArray[np.bool_]


class Bounds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found, and for which two scorers."""

    cheap: str
    """``name@version``."""
    expensive: str
    clean_to: Annotated[float, Meta(ge=-1, le=1)]
    """Up to this score of the cheap scorer a text is clear."""
    toxic_from: Annotated[float, Meta(ge=0, le=2)]
    """From this score on it is, too."""
    slope: Annotated[float, Meta(gt=0)]
    """What a clear text is given: σ(slope · logit of the cheap score + shift), the expensive scorer's scale."""
    shift: float
    flagged_at: Annotated[float, Meta(gt=0, lt=1)]
    """The flag that was to stay the same."""


class Loss(Struct, frozen=True):
    """What may be lost for speed."""

    changed: float = 0.005
    """Share of texts whose flag changes."""
    both: float = 0.95
    """Of those that either flags, the share that both flag; at least."""
    auc: float = 0.002
    """Area under the ROC curve, where it is known which texts are toxic."""


class Scored(Struct, frozen=True):
    """Texts as both scorers scored them."""

    cheap: Scores
    expensive: Scores
    toxic: Yes | None = None

    def where(self, chosen: Yes) -> "Scored":
        """Return some of them."""
        return Scored(self.cheap[chosen], self.expensive[chosen], None if self.toxic is None else self.toxic[chosen])


class Kept(Struct, frozen=True):
    """What bounds do to texts."""

    texts: int
    passed_on: float
    """Share that the expensive scorer reads."""
    changed: float
    both: float
    """1 where neither flags any."""
    auc: float
    """Of the expensive scorer alone; nan where it is not known which texts are toxic."""
    auc_lost: float

    def is_within(self, loss: Loss) -> bool:
        """Return whether no more is lost than that."""
        return self.changed <= loss.changed and self.both >= loss.both and not self.auc_lost > loss.auc


def mapped(bounds: Bounds, score: float) -> float:
    """Return what a text is given that the cheap scorer decides: 0 stays 0, it says that there are no words."""
    return round(probability(bounds.slope * _logit(score) + bounds.shift), DECIMALS) if score else 0.0


def halves(texts: list[str]) -> Yes:
    """Return which texts bounds are fitted on, by a digest of each: about half, the same whatever else there is."""
    return np.array([hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] < 128 for text in texts])


def fitted(scored: Scored, names: tuple[str, str], loss: Loss, flagged_at: float) -> Bounds:
    """Return the bounds that pass on the fewest texts, none of them losing more; where there are none, bounds that pass on all."""
    slope, shift = _line(scored)
    tried = np.unique(np.quantile(scored.cheap, np.linspace(0, 1, _STEPS)))
    least = Loss(loss.changed * _KEPT, 1 - (1 - loss.both) * _KEPT, loss.auc * _KEPT)
    for clean_to, toxic_from in _by_cost(scored.cheap, tried):
        found = Bounds(cheap=names[0], expensive=names[1], clean_to=clean_to, toxic_from=toxic_from, slope=slope, shift=shift,
                       flagged_at=flagged_at)  # fmt: skip
        if _agree(found) and _flags_kept(scored, found, least) and kept(scored, found).is_within(least):
            return found
    return Bounds(cheap=names[0], expensive=names[1], clean_to=-1, toxic_from=2, slope=slope, shift=shift, flagged_at=flagged_at)


def kept(scored: Scored, bounds: Bounds) -> Kept:
    """Return what is lost, and how many texts are passed on."""
    both = cascaded(scored, bounds)
    ours, theirs = both >= bounds.flagged_at, scored.expensive >= bounds.flagged_at
    either = int((ours | theirs).sum())
    before, after = (_auc(each, scored.toxic) for each in (scored.expensive, both))
    return Kept(
        texts=len(both),
        passed_on=float(_unclear(scored.cheap, bounds).mean()),
        changed=float((ours != theirs).mean()),
        both=float((ours & theirs).sum() / either) if either else 1.0,
        auc=before,
        auc_lost=before - after,
    )


def cascaded(scored: Scored, bounds: Bounds) -> Scores:
    """Return the cascade's scores."""
    logits = bounds.slope * _logits(scored.cheap) + bounds.shift
    decided = np.where(scored.cheap == 0, 0.0, np.round(1 / (1 + np.exp(-logits)), DECIMALS))
    return np.where(_unclear(scored.cheap, bounds), scored.expensive, decided)


def _unclear(cheap: Scores, bounds: Bounds) -> Yes:
    return (cheap > bounds.clean_to) & (cheap < bounds.toxic_from)


def _by_cost(cheap: Scores, tried: Scores) -> Iterator[tuple[float, float]]:
    """Yield pairs of bounds, those first that pass on the fewest."""
    below = np.concatenate([[0.0], np.searchsorted(np.sort(cheap), tried, "right")])
    above = np.concatenate([np.searchsorted(np.sort(cheap), tried, "left"), [len(cheap)]])
    lows, highs = np.concatenate([[-1.0], tried]), np.concatenate([tried, [2.0]])
    pairs = [(above[j] - below[i], i, j) for i in range(len(lows)) for j in range(len(highs)) if lows[i] < highs[j]]
    for _, i, j in sorted(pairs):
        yield float(lows[i]), float(highs[j])


def _agree(bounds: Bounds) -> bool:
    """Return whether what is clearly clean is not flagged, and what is clearly toxic is."""
    low, high = bounds.clean_to, bounds.toxic_from
    return (low < 0 or mapped(bounds, low) < bounds.flagged_at) and (high > 1 or mapped(bounds, high) >= bounds.flagged_at)


def _flags_kept(scored: Scored, bounds: Bounds, loss: Loss) -> bool:
    """Return whether few flags change: cheaper to ask than all else."""
    hidden = (scored.cheap <= bounds.clean_to) & (scored.expensive >= bounds.flagged_at)
    added = (scored.cheap >= bounds.toxic_from) & (scored.expensive < bounds.flagged_at)
    return bool((hidden | added).mean() <= loss.changed)


def _line(scored: Scored) -> tuple[float, float]:
    """Return slope and shift of the expensive scorer's logits over the cheap one's, by least squares."""
    x, y = _logits(scored.cheap), _logits(scored.expensive)
    spread = float(((x - x.mean()) ** 2).sum())
    slope = max(0.1, float(((x - x.mean()) * (y - y.mean())).sum()) / spread) if spread else 1.0
    return round(slope, 4), round(float(y.mean() - slope * x.mean()), 4)


def _logit(score: float) -> float:
    bounded = min(max(score, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))


def _logits(scores: Scores) -> Scores:
    bounded = np.clip(scores, _LEAST, 1 - _LEAST)
    logits: Scores = np.log(bounded / (1 - bounded))
    return logits


def _auc(scores: Scores, toxic: Yes | None) -> float:
    if toxic is None:
        return float("nan")
    from streams.scorers.training.measure import auc

    return auc(scores, toxic)
