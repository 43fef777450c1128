"""How toxic is a comment? One scorer call for a whole batch; each score depends on its own text alone."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from streams.records import Abstained, Action, Comment, ScoredComment, TextFormat
from streams.scorers import TOXIC, Scorer, Toxicity
from streams.scorers.disguises import own_words, text_of_html
from streams.stages.step import Arrived, Step
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, Topic, by_conversation

MAX_SCORED_BYTES: Final = 64 * 1024
"""UTF-8 bytes of a text that are scored."""
MAX_CLOCK_AHEAD: Final = timedelta(minutes=5)
"""A comment written this much after it arrived has a wrong clock: it counts as written when it arrived."""
NOT_SCORED: Final = "none@0"
_NO_LANGUAGE: Final = frozenset({"und", "zxx", "mul", "mis"})
"""What tags say that say no language."""

_TAG: Final = re.compile("[a-z]{2,3}")
"""A language of BCP 47, without script and region."""

SCORED: Final = "scored"
DELETED: Final = "deleted"
ABSTAINED: Final = "abstained"
"""The scorer does not know the language."""
TEXT_CUT: Final = "text_cut"
CLOCK_AHEAD: Final = "clock_ahead"
REKEYED: Final = "rekeyed"
"""It came under another key than its conversation's; from here on it has the right one."""


class Stateless:
    """The store of a stage that remembers nothing."""

    def apply(self, key: str, entry: Any) -> None:
        """Refuse: a stateless stage has no entries."""
        raise ValueError(f"the score stage keeps no state, but was given the entry {key!r}")


class Score:
    """The stage ``comments.raw`` → ``comments.scored``."""

    name: str = "score"
    source: Topic = COMMENTS_RAW
    sink: Topic | None = COMMENTS_SCORED
    entry: Any = None
    outcomes: tuple[str, ...] = (SCORED, DELETED)
    notes: tuple[str, ...] = (TEXT_CUT, CLOCK_AHEAD, REKEYED, ABSTAINED)

    def __init__(self, scorer: Scorer) -> None:
        """Take the scorer; its name goes on every record."""
        self._scorer = scorer
        self._languages: frozenset[str] = getattr(scorer, "languages", frozenset())
        self.at_most: int = getattr(scorer, "at_most", 4096)
        """Comments at once, so that a batch of a slow scorer takes a second or two."""

    def new_store(self) -> Stateless:
        """Return the store of a stage that remembers nothing."""
        return Stateless()

    def steps(self, store: Any, arrived: Sequence[Arrived]) -> Iterator[Step]:
        """Yield one step with one scored comment per record, in order."""
        texts = [text_to_score(each.record) for each in arrived if each.record.action is not Action.DELETED]
        toxicities = self._scorer.score([text for text, _ in texts]) if texts else []
        results = iter(zip(toxicities, texts, strict=True))
        for each in arrived:
            if each.record.action is Action.DELETED:
                yield deleted(each)
            else:
                toxicity, (_, was_cut) = next(results)
                yield scored(each, self._as_said(each.record, toxicity), was_cut, self._scorer.name)

    def _as_said(self, comment: Comment, toxicity: Toxicity) -> Toxicity:
        """Return an abstention where the source says a language that the scorer was not taught, and the text says none that it was.

        What is toxic stays so, whatever the source says: who writes an insult may be who says in which language it is.
        """
        said = (comment.language or "").lower().replace("_", "-").partition("-")[0]
        if not self._languages or toxicity.language or toxicity.abstained or toxicity.toxicity >= TOXIC:
            return toxicity
        if said in _NO_LANGUAGE or said in self._languages or not _TAG.fullmatch(said):
            return toxicity
        return Toxicity(0.0, language=said, abstained=Abstained.LANGUAGE)


def scored(arrived: Arrived, toxicity: Toxicity, was_cut: bool, scorer: str, was_clamped: bool = False) -> Step:
    """Return what becomes of a comment with its score. ``was_clamped``: it was read from where its times had been mended before."""
    comment, ahead = timed(arrived)
    ahead = ahead or was_clamped
    record = ScoredComment(
        comment=comment,
        toxicity=None if toxicity.abstained else toxicity.toxicity,
        labels=toxicity.labels,
        scorer=scorer,
        decided_by=toxicity.decided_by or None,
        abstained=Abstained(toxicity.abstained) if toxicity.abstained else None,
        language=toxicity.language or None if toxicity.abstained else None,
        text_was_cut=was_cut,
        created_at_was_clamped=ahead,
    )
    notes = _notes(arrived, was_cut, ahead)
    return Step(SCORED, (record,), notes=(*notes, ABSTAINED) if toxicity.abstained else notes)


def deleted(arrived: Arrived, was_clamped: bool = False) -> Step:
    """Return what becomes of a deletion: what was deleted has no toxicity, and its text goes no further."""
    comment, ahead = timed(arrived)
    ahead = ahead or was_clamped
    bare = msgspec.structs.replace(comment, text=None)
    record = ScoredComment(comment=bare, toxicity=0.0, scorer=NOT_SCORED, created_at_was_clamped=ahead)
    return Step(DELETED, (record,), notes=_notes(arrived, was_cut=False, ahead=ahead))


def _notes(arrived: Arrived, was_cut: bool, ahead: bool) -> tuple[str, ...]:
    if not (was_cut or ahead) and (arrived.key is None or arrived.key == by_conversation(arrived.record)):
        return ()
    rekeyed = arrived.key is not None and arrived.key != by_conversation(arrived.record)
    return tuple(note for note, met in ((TEXT_CUT, was_cut), (CLOCK_AHEAD, ahead), (REKEYED, rekeyed)) if met)


def timed(arrived: Arrived) -> tuple[Comment, bool]:
    """Return the comment with the time it arrived, and whether it claimed to be written well after that."""
    comment: Comment = arrived.record
    # "As of then" may lie in the past; an arrival after the broker's own is a lie, and would move time for everybody else.
    ingested_at, arrived_ahead = _not_ahead(comment.ingested_at or arrived.at, arrived.at)
    created_at, created_ahead = _not_ahead(comment.created_at, ingested_at)
    changes: dict[str, Any] = {}
    if comment.ingested_at is None or arrived_ahead:
        changes["ingested_at"] = ingested_at
    if created_ahead:
        changes["created_at"] = created_at
    edited_ahead = False
    if comment.edited_at is not None:
        edited_at, edited_ahead = _not_ahead(comment.edited_at, ingested_at)
        changes |= {"edited_at": edited_at} if edited_ahead else {}
    return (msgspec.structs.replace(comment, **changes) if changes else comment), arrived_ahead or created_ahead or edited_ahead


def _not_ahead(claimed: datetime, ingested_at: datetime) -> tuple[datetime, bool]:
    return (ingested_at, True) if claimed - ingested_at > MAX_CLOCK_AHEAD else (claimed, False)


def text_to_score(comment: Comment) -> tuple[str, bool]:
    """Return a comment's own words as plain text, and whether it was too long to be read whole.

    What it quotes of others is left out: ``>`` lines, blockquotes, ``[quote]``. A comment that is nothing but a quotation
    is scored as it stands: else a ``>`` in front would hide anything.
    """
    text, was_cut = cut(comment.text or "")
    if comment.text_format is TextFormat.HTML:
        own = own_words(text_of_html(text, ("blockquote",)))
        return (own if own and not own.isspace() else text_of_html(text)), was_cut
    return own_words(text), was_cut


def cut(text: str) -> tuple[str, bool]:
    """Return the first 64 KiB of a text, cut between two characters."""
    if len(text) * 4 <= MAX_SCORED_BYTES:
        return text, False
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_SCORED_BYTES:
        return text, False
    return encoded[:MAX_SCORED_BYTES].decode("utf-8", "ignore"), True
