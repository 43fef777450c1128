"""Thirty people who write the same kind of thing to one person, through the program's own stages and its detector as it is shipped."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.evaluation.whom.invented import HELD_OUT, Phrasing, kinds, phrasings, said
from streams.records import Comment, PileOn, Reply, Status
from streams.replay.run import results, run
from streams.scorers import Scorer
from streams.stages.address import Address
from streams.stages.pileon_config import Which
from streams.stages.score import Score
from streams.stages.step import Arrived
from streams.topology import Config

PEOPLE: Final = 30
HOSTILE: Final = 0.5
_NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_APART: Final = timedelta(minutes=1)


class Crowd(Struct, frozen=True, kw_only=True):
    """What became of a kind of phrasings, each said by thirty people."""

    kind: str
    is_hostile: bool
    phrasings: int
    by_toxicity: int
    """Pile-ons that open where toxicity alone is the hostility."""
    by_model: int
    by_evidence: int
    """The same with the detector ``e-SR``, on a site that it knows nothing of."""
    share: float
    """Of the replies, those that count as hostile."""
    share_by_toxicity: float


def crowds(scorer: Scorer, folder: Path = HELD_OUT) -> list[Crowd]:
    """Return every kind, the harmless ones first."""
    return [crowd(kind, phrasings(folder, kind), scorer, folder) for kind in kinds(folder)]


def crowd(kind: str, those: Sequence[Phrasing], scorer: Scorer, folder: Path) -> Crowd:
    """Return what became of these."""
    stages = (Score(scorer), Address())
    coming = (Arrived(one, one.created_at) for n, phrasing in enumerate(those) for one in _talk(f"{kind}-{n}", n, phrasing, folder))
    replies: list[Reply] = results(run(stages, coming)).outputs["address"]
    toxic = [replace(one, hostility=one.toxicity * one.confidence) for one in replies]
    return Crowd(
        kind=kind, is_hostile=those[0].hostile, phrasings=len(those), by_toxicity=_opened(toxic), by_model=_opened(replies),
        by_evidence=_opened(replies, Config(detector=Which.ESR)), share=_share(replies), share_by_toxicity=_share(toxic),
    )  # fmt: skip


def _talk(name: str, n: int, phrasing: Phrasing, folder: Path) -> Iterator[Comment]:
    """Yield what somebody wrote and what thirty people answer within half an hour."""
    begun = _NOON + n * timedelta(hours=1)
    yield _comment(name, "post", f"{name}-author", begun, "The ferry should stop at the old pier again.")
    for place, text in enumerate(said(folder, phrasing, PEOPLE)):
        answer = _comment(name, f"answer-{place}", f"{name}-{place}", begun + (place + 1) * _APART, text)
        yield replace(answer, parent_id=f"{name}-post")


def _comment(talk: str, name: str, author: str, at: datetime, text: str) -> Comment:
    return Comment(
        source="invented", community="town", conversation_id=talk, comment_id=f"{talk}-{name}", author_id=author, text=text, created_at=at,
        ingested_at=at,
    )  # fmt: skip


def _opened(replies: Sequence[Reply], config: Config | None = None) -> int:
    """Return how many people are found piled on, by the window rule as shipped if nothing else is said."""
    found: list[PileOn] = results(run(((config or Config()).pileons(),), (Arrived(one, one.ingested_at) for one in replies))).outputs[
        "pileon"
    ]
    return len({one.target_id for one in found if one.status is Status.OPENED})


def _share(replies: Sequence[Reply]) -> float:
    return sum(one.hostility >= HOSTILE for one in replies) / len(replies)
