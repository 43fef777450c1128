"""``address``: scored comments → replies: whom each comment is aimed at, how surely, and how hostile it is to them.

State is one small entry per comment (``conversation.py``); the rules are in ``links.py``, the hostility in ``hostility.py``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from streams.records import Action
from streams.stages import revisions
from streams.stages.candidates import Config, Links, Prior
from streams.stages.conversation import Conversations, Entry, person_of, unknown_author
from streams.stages.forgetting import let_go, stop_waiting
from streams.stages.gathering import CREATED, Gathered, aims_of
from streams.stages.keyed import Keyed
from streams.stages.links import answer, spoken_to_by
from streams.stages.listening import listen
from streams.stages.step import Arrived, Step
from streams.topics import COMMENTS_SCORED, REPLIES, Topic

if TYPE_CHECKING:
    from streams.stages.ranking.ranker import Ranker

__all__ = ["Address", "Config", "Conversations", "Prior"]


class Address:
    """The stage. Each comment has exactly one outcome; what was ``waiting`` is settled later by a note.

    Settling notes: ``released`` (its replies went out), ``released_self_reply``, ``parent_missing`` (unaddressed after all),
    ``withdrawn`` (deleted while it waited). Other notes: ``evicted``, ``taken_back``, ``stale_edit``, ``unscored_edit``.
    """

    name: str = "address"
    source: Topic = COMMENTS_SCORED
    sink: Topic | None = REPLIES
    entry: Any = Entry
    outcomes: tuple[str, ...] = (
        "replies",
        "unaddressed",
        "outside",
        "self_reply",
        "duplicate",
        "waiting",
        "edited",
        "deleted",
        "unroutable",
    )
    notes: tuple[str, ...] = (
        "released",
        "released_self_reply",
        "parent_missing",
        "withdrawn",
        "evicted",
        "taken_back",
        "stale_edit",
        "unscored_edit",
    )

    def __init__(
        self, config: Config | None = None, installation_key: bytes = b"threadwatch", rankers: "Mapping[str, Ranker] | None" = None
    ) -> None:
        """``installation_key``: what state remembers of names and words is hashed under it, and decides nothing.

        ``rankers``: by source, what ``config.rankers`` names.
        """
        self.config = config or Config()
        self._keyed = Keyed(installation_key)
        self._rankers = rankers or {}

    def new_store(self) -> Conversations:
        """Return an empty store."""
        return Conversations(self._keyed)

    def steps(self, store: Conversations, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per scored comment, in order; each must be applied before the next is taken."""
        for one in arrived:
            yield self.step(store, one)

    def step(self, store: Conversations, arrived: Arrived) -> Step:
        """Return what one scored comment asks for."""
        gathered = Gathered(store, arrived)
        if gathered.comment.action is CREATED:
            return self._created(gathered, store)
        if gathered.comment.action is Action.EDITED:
            return revisions.edited(gathered, self.config, self._rankers.get(gathered.comment.source))
        return revisions.deleted(gathered)

    def _created(self, gathered: Gathered, store: Conversations) -> Step:
        comment_id = gathered.comment.comment_id
        if comment_id in gathered.conversation.entries:
            return gathered.step("duplicate")
        let_go(gathered, self.config, store)
        entry, found, heard = listen(gathered, self.config, self._rankers.get(gathered.comment.source))
        if found is None:
            gathered.put(comment_id, entry)
            _release(gathered, comment_id, entry)  # it waits itself, but whom its children answer is known now
            stop_waiting(gathered, self.config)
            return gathered.step("waiting")
        entry = msgspec.structs.replace(entry, aims=aims_of(entry, found.candidates))
        gathered.put(comment_id, entry)
        gathered.send(comment_id, entry, entry.aims)
        _release(gathered, comment_id, entry)
        revisions.take_back(gathered, entry, heard)
        return gathered.step(_outcome(found))


def _release(gathered: Gathered, comment_id: str, parent: Entry) -> None:
    """Send the replies of the comments that waited for this one, in the order they came."""
    for child_id in gathered.conversation.children_of(comment_id):
        child = gathered.known(child_id)
        if child is None:
            continue
        me = child.author or unknown_author(child_id)
        found = answer(me, person_of(comment_id, parent), spoken_to_by(parent, me) if child.meant else {})
        settled = msgspec.structs.replace(child, parent=None, aims=aims_of(child, found.candidates))
        gathered.put(child_id, settled)
        gathered.send(child_id, settled, settled.aims)
        gathered.notes.append("released_self_reply" if found.self_reply else "released")


def _outcome(found: Links) -> str:
    if found.candidates:
        return "replies"
    if found.self_reply:
        return "self_reply"
    return "outside" if found.outside else "unaddressed"
