"""What one scored comment asks of ``address``, gathered: entries to put, replies to send, notes. Nothing is changed here."""

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.records import Action, DeletedBy, LinkKind, Reply, ScoredComment
from streams.stages.candidates import Candidate
from streams.stages.conversation import Aim, Conversation, Conversations, Entry, Place, key_of
from streams.stages.step import Arrived, Step

CREATED: Final = Action.CREATED
"""A member of an enum is looked up in Python each time."""
MAX_AIMS: Final = 8
"""People one comment is remembered to have been aimed at, through all its edits."""


class Gathered:
    """One comment's place and record, and what it asks for so far."""

    __slots__ = ("comment", "conversation", "entries", "notes", "outputs", "place", "scored", "seen")

    def __init__(self, store: Conversations, arrived: Arrived) -> None:
        self.scored: ScoredComment = arrived.record
        self.comment = self.scored.comment
        self.seen = self.comment.ingested_at or arrived.at
        self.place: Place = (self.comment.source, self.comment.community, self.comment.conversation_id)
        self.conversation: Conversation = store.conversation(self.place)
        self.entries: dict[str, Entry | None] = {}
        self.outputs: list[Reply] = []
        self.notes: list[str] = []

    def step(self, outcome: str) -> Step:
        """Return it all."""
        return Step(outcome, tuple(self.outputs), tuple(self.entries.items()), tuple(self.notes))

    def known(self, comment_id: str) -> Entry | None:
        """Return a comment of this conversation as it will be after this step."""
        if self.entries and (key := key_of(self.place, comment_id)) in self.entries:
            return self.entries[key]
        return self.conversation.entries.get(comment_id)

    def put(self, comment_id: str, entry: Entry | None, place: Place | None = None) -> None:
        """Ask for an entry to be put, or removed (None)."""
        self.entries[key_of(place or self.place, comment_id)] = entry

    def send(
        self, comment_id: str, entry: Entry, aims: Iterable[Aim], action: Action = CREATED, deleted_by: DeletedBy | None = None
    ) -> None:
        """Ask for one reply per aim, with the arrival of the record at hand."""
        for aim in aims:
            reply = Reply(
                source=self.comment.source,
                community=self.comment.community,
                target_id=aim.target,
                author_id=entry.author,
                author_role=entry.role,
                comment_id=comment_id,
                conversation_id=self.comment.conversation_id,
                toxicity=entry.toxicity,
                hostility=aim.hostility,
                kind=aim.kind,
                confidence=aim.confidence,
                created_at=entry.at,
                created_at_is_estimated=entry.estimated,
                ingested_at=self.seen,
                revision=aim.revision,
            )  # fifteen: of more keywords CPython makes a dict, and the call takes four times as long
            if entry.unscored:
                reply = msgspec.structs.replace(reply, is_unscored=True)
            self.outputs.append(reply if action is CREATED else _changed(reply, entry, action, deleted_by))


def _changed(reply: Reply, entry: Entry, action: Action, deleted_by: DeletedBy | None) -> Reply:
    at = (entry.edited or entry.at) if action is Action.EDITED else entry.at
    return msgspec.structs.replace(reply, action=action, deleted_by=deleted_by, created_at=at)


def aims_of(entry: Entry, candidates: Iterable[Candidate]) -> tuple[Aim, ...]:
    """Return candidates as first aims: hostility = P(hostile to that person) × confidence."""
    return tuple(
        Aim(one.target, one.kind, one.confidence, round((entry.meant if one.absent else entry.toward) * one.confidence, 4))
        for one in candidates
    )


def revised(old: tuple[Aim, ...], new: tuple[Aim, ...]) -> tuple[Aim, ...]:
    """Return the next revision of a comment's aims: who is aimed at now, and those who no longer are, with nothing on them."""
    revisions = {aim.target: aim.revision for aim in old}
    now = {aim.target for aim in new}
    kept = tuple(msgspec.structs.replace(aim, revision=revisions.get(aim.target, 0) + 1) for aim in new)
    gone = tuple(
        Aim(aim.target, aim.kind, 0.0, 0.0, aim.revision + 1) for aim in old if aim.target not in now and (aim.confidence or aim.hostility)
    )
    return gone + kept


def remembered(old: tuple[Aim, ...], changed: tuple[Aim, ...]) -> tuple[Aim, ...]:
    """Return all aims with the changed ones in their new form, at most eight."""
    targets = {aim.target for aim in changed}
    return (changed + tuple(aim for aim in old if aim.target not in targets))[:MAX_AIMS]


def parent_aim(entry: Entry) -> Aim | None:
    """Return the aim that an explicit parent gave."""
    return next((aim for aim in entry.aims if aim.kind is LinkKind.PARENT and aim.confidence), None)
