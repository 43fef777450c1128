"""From a scored comment to its entry and its links: hear it, weigh its cues, find whom it answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from streams.records import Comment
from streams.stages.candidates import Asked, Config, Links
from streams.stages.chat import followed
from streams.stages.conversation import Conversation, Entry, unknown_author
from streams.stages.gathering import Gathered, parent_aim
from streams.stages.hearing import Heard, hear
from streams.stages.hostility import cues, toward_meant
from streams.stages.links import is_absent, links
from streams.stages.mentions import whole_name
from streams.stages.whom.answered import as_spoken_to
from streams.stages.whom.model import toward

if TYPE_CHECKING:
    from streams.stages.ranking.ranker import Ranker


def listen(
    gathered: Gathered, config: Config, ranker: "Ranker | None" = None, old: Entry | None = None
) -> tuple[Entry, Links | None, Heard]:
    """Return a comment's entry without aims, its links, and the comment as heard; no links while it waits for its parent.

    ``old`` is its entry when it is edited: it keeps its place, and the parent it was known to answer. ``ranker``: the source is a chat.
    """
    comment = _as_known(gathered.comment, old)
    parent = gathered.known(comment.parent_id) if comment.parent_id and comment.parent_id != comment.comment_id else None
    heard = as_spoken_to(hear(comment.text, comment.text_format), comment, parent)
    asked = asked_of(comment, heard, gathered.conversation, old.n if old else gathered.conversation.next_n())
    waits = parent is None and _waits_for(comment) and (old is None or old.parent is not None)
    entry = _entry(gathered, asked, comment.parent_id if waits else None, old)
    if ranker is not None:
        turn, shares = followed(ranker, gathered.conversation, comment, asked.n, parent)
        entry, asked = msgspec.structs.replace(entry, turn=turn), msgspec.structs.replace(asked, ranked=shares)
    if waits:
        return entry, None, heard
    if parent is None and _waits_for(comment):
        return entry, Links(), heard
    return entry, links(config, gathered.conversation, asked, (comment.parent_id or "", parent) if parent else None), heard


def _as_known(comment: Comment, old: Entry | None) -> Comment:
    """Return an edit with what is known of the comment: its author, and the parent it waits for or the person it answered.

    An edit can leave these out, and must not change them: whoever edits, the comment stays its author's, and goes by that name.
    """
    if old is None:
        return comment
    changes: dict[str, Any] = {"author_id": old.author, "author_role": old.role}
    if old.author is None or old.author != comment.author_id or not comment.author_name:
        changes["author_name"] = None
    aim = parent_aim(old)
    if old.parent is not None and comment.parent_id is None:
        changes["parent_id"] = old.parent
    elif aim is not None and comment.reply_to_author_id is None:
        changes["reply_to_author_id"] = aim.target
    return msgspec.structs.replace(comment, **changes)


def _waits_for(comment: Comment) -> bool:
    """Return whether it needs its parent's entry; the conversation itself as parent means top level."""
    if comment.parent_id is None or comment.reply_to_author_id is not None:
        return False
    return comment.parent_id not in (comment.comment_id, comment.conversation_id)


def asked_of(comment: Comment, heard: Heard, conversation: Conversation, n: int) -> Asked:
    """Return what a link is made from: the comment as heard at its place in the conversation."""
    return Asked(
        comment=comment,
        n=n,
        me=comment.author_id or unknown_author(comment.comment_id),
        heard=heard,
        cues=cues(heard.sentences, lambda sentence: _subject_is(heard.subjects[sentence], conversation)),
    )


def _subject_is(subject: Sequence[str], conversation: Conversation) -> str:
    """Return whom an insult in a sentence with this subject is for: somebody here, or something else with a name."""
    if not subject:
        return ""
    return "third" if whole_name(subject, conversation) else "group"


def _entry(gathered: Gathered, asked: Asked, waits_for: str | None, old: Entry | None) -> Entry:
    comment, known = asked.comment, gathered.scored.toxicity
    toxicity = known or 0.0
    keyed = gathered.conversation.keyed
    called = keyed.names_of(comment.author_name) if comment.author_id not in (None, comment.author_name) else ()
    return Entry(
        n=asked.n,
        at=old.at if old else comment.created_at,
        seen=old.seen if old else gathered.seen,
        estimated=comment.created_at_is_estimated,
        author=comment.author_id,
        called=old.called if old and comment.author_name is None else called,
        role=comment.author_role,
        parent=waits_for,
        replied=comment.parent_id is not None or (old is not None and old.replied),
        toxicity=toxicity,
        unscored=known is None,
        toward=toward(toxicity, asked.heard, asked.cues) if known is not None else 0.0,
        meant=toward_meant(toxicity, asked.cues) if known is not None and is_absent(asked.cues) else 0.0,
        second=asked.cues.second > 0 or asked.cues.attack >= 1.0,
        said=keyed.fingerprint(asked.heard.said),
    )
