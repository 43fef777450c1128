"""The protocol of docs/evaluation.md on real trees: null calibration first, then raids put in at real lags, then what really was hostile.

Half of the people teach what is usual, the other half decides. N, and with it the level that each budget asks for, is the simulated
site's: these few people are looked at as a part of a site of its size.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct

from streams.evaluation.contestants import VARIANTS, Contestant, esr
from streams.evaluation.forest import Target, Trees, dealt_anew, replies, site_of, trees, with_hostility
from streams.evaluation.raids import Raid, Said, combinations, put_below
from streams.evaluation.scoring import Score, score, upper_bound
from streams.evaluation.site import HOSTILE, Site, Watched, share_staked, staked
from streams.evaluation.stream import Floats, Part
from streams.evaluation.trees import comments, insults, misogynistic, without_parents
from streams.records import Comment, Reply
from streams.scorers import Scorer, open_scorer
from streams.stages.esr.budget import Budget
from streams.stages.esr.detector import Kind

SEED: Final = 20260106
EACH: Final = 10
"""Raids of each size, share and pace, and as many twins."""
AS_HOSTILE: Final = 0.74
"""Mean x of a hostile reply, as measured on Reddit."""
MANY: Final = 3
"""Natural positives: people to whom so many different people wrote something hostile, by label."""


class Calibration(Struct, frozen=True, kw_only=True):
    """What came of nothing: false alarms where hostility was dealt at random, or where people say that all was calm."""

    name: str
    budget: float
    false: int
    allowed: float
    """α · stakes of what was read."""

    @property
    def upper(self) -> float:
        """Return the 95 % upper bound of realised over allowed."""
        return upper_bound(self.false) / self.allowed if self.allowed else float("inf")


class Line(Struct, frozen=True, kw_only=True):
    """A detector on the raids."""

    name: str
    budget: float | None
    score: Score
    natural: tuple[int, int] = (0, 0)
    """Found of the people with many hostile repliers by label; as the scorer sees them."""
    natural_by_label: tuple[int, int] = (0, 0)
    """The same, had the scorer seen what the labels say."""


class Forest:
    """The real trees of a folder, read and scored once."""

    def __init__(self, data: Path, scorer: Scorer | None = None, each: int = EACH) -> None:
        """``each``: raids of each kind."""
        self._scorer = scorer or open_scorer("linear")
        self._comments = comments(data)
        self._labelled = misogynistic(data)
        self.natural = trees(replies(self._comments, self._scorer))
        self.teaches, self.decides = self.natural.half(0), self.natural.half(1)
        said = _said(self._comments, self.natural, insults(data))
        self._raids, more = _raided(self.decides, self._comments, said, each)
        self._with_raids = [*self._comments, *more]
        self.raided = self._again(self._with_raids)

    @property
    def raids(self) -> int:
        """Return how many pile-ons were put in; there are as many twins, nearly."""
        return sum(raid.is_attack for raid in self._raids.values())

    def recall(self, nominal: Site, contestant: Contestant) -> int:
        """Return how many raids by eight people or more a detector finds."""
        return _scored(self.site(nominal, self.raided), lambda _: contestant).recall()[0]

    def site(self, nominal: Site, those: Trees) -> Site:
        """Return people as part of the simulated site."""
        return site_of(those, self.teaches, nominal)

    def calibrations(self, nominal: Site, budget: Budget, deals: int) -> list[Calibration]:
        """Return false alarms among real people to whom nothing was done, over so many deals of x, and as it was."""
        calm = self.site(nominal, _only(self.decides, lambda key: key[0] == "issues"))
        dealt = [self.site(nominal, dealt_anew(self.decides, np.random.default_rng((SEED, n)))) for n in range(deals)]
        named = (("issues that people called calm", [calm]), (f"all, hostility dealt anew ({deals} times)", dealt))
        return [_calibrated(name, sites, budget) for name, sites in named]

    def line(self, name: str, nominal: Site, make: Callable[[Site], Contestant], budget: float | None) -> Line:
        """Return what a detector makes of the raids and of what really was hostile."""
        own, labelled = self.site(nominal, self.natural), self.site(nominal, self._by_label())
        return Line(
            name=name, budget=budget, score=_scored(self.site(nominal, self.raided), make), natural=self._found(own, make),
            natural_by_label=self._found(labelled, make),
        )  # fmt: skip

    def ablations(self, nominal: Site, make: Callable[[Site], Contestant], budget: float) -> list[Line]:
        """Return the same detector where something is missing or better."""
        hidden = self._again(without_parents(self._with_raids))
        seen = with_hostility(self.raided, [_as_labelled(one) for one in self.raided.watched])
        named = (("parents hidden", hidden), ("every insult recognised", seen))
        return [Line(name=name, budget=budget, score=_scored(self.site(nominal, those), make)) for name, those in named]

    def _again(self, every: Sequence[Comment]) -> Trees:
        """Only people of the half that decides are looked at."""
        found, deciding = trees(replies(every, self._scorer), self._raids), set(self.decides.keys)
        return _only(found, lambda key: key in deciding)

    def _by_label(self) -> Trees:
        return with_hostility(self.natural, [np.array([self._labelled_x(reply) for reply in given]) for given in self.natural.replies])

    def _labelled_x(self, reply: Reply) -> float:
        return AS_HOSTILE if reply.comment_id in self._labelled else min(reply.hostility, 0.3)

    def _found(self, site: Site, make: Callable[[Site], Contestant]) -> tuple[int, int]:
        detector, hit, there = make(site), 0, 0
        for one, given in zip(site.watched, self.natural.replies, strict=True):
            if len({reply.author_id for reply in given if reply.comment_id in self._labelled and reply.author_id}) >= MANY:
                there += 1
                hit += any(kind is not Kind.SURGE for _, kind in detector(one))
        return hit, there


def _scored(site: Site, make: Callable[[Site], Contestant]) -> Score:
    detector = make(site)
    return score(((one, detector(one)) for one in site.watched), since=0)


def _calibrated(name: str, sites: Sequence[Site], budget: Budget) -> Calibration:
    false, allowed = 0, 0.0
    for site in sites:
        detector = esr(site, VARIANTS[0], budget)
        false += sum(kind is Kind.PILEON for one in site.watched for _, kind in detector(one))
        # The bound holds by either test: the smaller one counts.
        pace = sum(staked(one) for one in site.watched) / budget.stakes_per_day
        share = sum(share_staked(one) for one in site.watched) / budget.share_stakes_per_day
        allowed += budget.false_alarms_per_day * min(pace, share)
    return Calibration(name=name, budget=budget.false_alarms_per_day, false=false, allowed=allowed)


def _only(those: Trees, wanted: Callable[[Target], bool]) -> Trees:
    places = [place for place, key in enumerate(those.keys) if wanted(key)]
    return Trees(keys=tuple(those.keys[n] for n in places), watched=tuple(those.watched[n] for n in places),
                 replies=tuple(those.replies[n] for n in places))  # fmt: skip


def _said(every: Sequence[Comment], natural: Trees, insulting: Sequence[str]) -> dict[str, Said]:
    """Return what can be said in each source: its own civil replies, by the program's own measure."""
    texts = {comment.comment_id: comment.text or "" for comment in every}
    civil: dict[str, list[str]] = defaultdict(list)
    strangers: dict[str, set[str]] = defaultdict(set)
    for reply in _flat(natural):
        if reply.hostility < HOSTILE:
            civil[reply.source].append(texts[reply.comment_id])
        if reply.author_id is not None:
            strangers[reply.source].add(reply.author_id)
    return {source: Said(insults=insulting, civil=civil[source], strangers=sorted(strangers[source])) for source in civil}


def _flat(those: Trees) -> list[Reply]:
    return [reply for given in those.replies for reply in given]


def _raided(decides: Trees, every: Sequence[Comment], said: dict[str, Said], each: int) -> tuple[dict[Target, Raid], list[Comment]]:
    """Put one raid, or the twin of one, below one comment of as many people as are needed, chosen by chance."""
    chance = np.random.default_rng(SEED)
    first: dict[Target, Comment] = {}
    for comment in every:
        if comment.author_id is not None:
            first.setdefault((comment.source, comment.community, comment.author_id), comment)
    kinds = combinations() * each
    there = [key for key in decides.keys if key in first]
    chosen = [there[int(n)] for n in chance.permutation(len(there))[: len(kinds)]]
    raids = dict(zip(chosen, kinds, strict=False))
    more = [put_below(first[key], raid, said[key[0]], number, chance) for number, (key, raid) in enumerate(raids.items())]
    return raids, [comment for some in more for comment in some]


def _as_labelled(one: Watched) -> Floats:
    """Return x where each insult that was put in is as hostile as those that are recognised are in the mean."""
    return np.where(one.stream.part == Part.ATTACKER, np.maximum(one.stream.x, AS_HOSTILE), one.stream.x)
