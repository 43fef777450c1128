"""Comments without parents, heard once and linked again and again under other weights of the mixture, by the rules that run live."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.records import ScoredComment
from streams.replay.order import arrival
from streams.replay.priors.hidden import Hidden
from streams.stages.candidates import Asked, Candidate, Config, Prior
from streams.stages.conversation import Conversation, Conversations, Entry
from streams.stages.gathering import Gathered, aims_of
from streams.stages.keyed import Keyed
from streams.stages.links import links
from streams.stages.listening import asked_of, listen
from streams.stages.step import Arrived

_KEY: Final = b"threadwatch"
"""It decides nothing."""


class Ready(Struct, frozen=True):
    """A comment, heard."""

    hidden: Hidden
    asked: Asked
    entry: Entry


class Linked(Struct, frozen=True):
    """A comment, linked without its parent."""

    hidden: Hidden
    candidates: tuple[Candidate, ...]

    @property
    def best(self) -> Candidate | None:
        """Return the surest candidate."""
        return self.candidates[0] if self.candidates else None

    @property
    def is_right(self) -> bool:
        """Return whether the surest candidate is who is really answered."""
        return self.best is not None and self.best.target == self.hidden.answers

    @property
    def right(self) -> float:
        """Return the confidence given to who is really answered, or to nobody."""
        if self.hidden.answers is None:
            return 1.0 - sum(one.confidence for one in self.candidates)
        return sum(one.confidence for one in self.candidates if one.target == self.hidden.answers)


def ready(talks: Iterable[tuple[Sequence[Hidden], Sequence[float]]]) -> list[list[Ready]]:
    """Return conversations heard; with each comes the toxicity of its comments."""
    return [list(_ready(talk, toxicity)) for talk, toxicity in talks]


def _ready(talk: Sequence[Hidden], toxicity: Sequence[float]) -> Iterator[Ready]:
    store, config = Conversations(Keyed(_KEY)), Config()
    for hidden, score in zip(talk, toxicity, strict=True):
        scored = ScoredComment(comment=hidden.comment, toxicity=score, scorer="known@1")
        gathered = Gathered(store, Arrived(scored, arrival(hidden.comment)))
        entry, _, heard = listen(gathered, config)
        yield Ready(hidden, asked_of(hidden.comment, heard, gathered.conversation, entry.n), entry)
        gathered.put(hidden.comment.comment_id, entry)
        for key, put in gathered.entries.items():
            store.apply(key, put)


def linked(talks: Iterable[Sequence[Ready]], prior: Prior) -> Iterator[Linked]:
    """Yield each comment as the mixture with these weights links it; what it remembers of others is what it found itself."""
    config, keyed = Config(prior=prior), Keyed(_KEY)
    for talk in talks:
        conversation = Conversation(keyed)
        for one in talk:
            found = links(config, conversation, one.asked, None)
            conversation.apply(one.hidden.comment.comment_id, replace(one.entry, aims=aims_of(one.entry, found.candidates)))
            yield Linked(one.hidden, found.candidates)


def previous_other(talk: Sequence[Hidden]) -> list[str | None]:
    """Return the rule to beat, for each comment: the last author before who is somebody else."""
    found: list[str | None] = []
    last: list[str] = []
    for one in talk:
        me = one.comment.author_id
        found.append(next((author for author in reversed(last) if author != me), None))
        if me is not None and last[-1:] != [me]:
            last.append(me)
    return found
