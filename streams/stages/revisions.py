"""What happens to a comment after it was sent: edited, deleted, or taken back by a later comment of its author."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from streams.records import Action, LinkKind
from streams.stages.candidates import Config
from streams.stages.conversation import Aim, Entry
from streams.stages.corrections import OWN_BACK, earlier_of, stands, taken_back
from streams.stages.gathering import Gathered, aims_of, remembered, revised
from streams.stages.hearing import Heard
from streams.stages.listening import listen
from streams.stages.step import Step

if TYPE_CHECKING:
    from streams.stages.ranking.ranker import Ranker

MEANT: Final = 0.8
LEFT: Final = 0.1
"""Share of an aim that is left when its author takes it back."""


def edited(gathered: Gathered, config: Config, ranker: "Ranker | None" = None) -> Step:
    """Return the next revision of each reply of a comment whose text changed; a new reply for whom it is aimed at only now."""
    comment_id = gathered.comment.comment_id
    old = gathered.conversation.entries.get(comment_id)
    if old is None or old.deleted:
        return gathered.step("unroutable")
    at = gathered.comment.edited_at or gathered.comment.created_at
    if old.edited is not None and at <= old.edited:
        gathered.notes.extend(["stale_edit"] if at < old.edited else [])
        return gathered.step("duplicate")
    if gathered.scored.toxicity is None and not old.unscored:
        return _unread(gathered, old, at)
    entry, found, _ = listen(gathered, config, ranker, old)
    if old.parent is not None and entry.parent is None:
        gathered.notes.append("released")
    changed = revised(old.aims, aims_of(entry, found.candidates)) if found is not None else ()
    entry = msgspec.structs.replace(entry, aims=remembered(old.aims, changed), edited=at)
    gathered.put(comment_id, entry)
    gathered.send(comment_id, entry, changed, Action.EDITED)
    return gathered.step("edited")


def _unread(gathered: Gathered, old: Entry, at: datetime) -> Step:
    """Let what was scored stand: an edit that nobody could read takes nothing back."""
    gathered.put(gathered.comment.comment_id, msgspec.structs.replace(old, edited=at))
    gathered.notes.append("unscored_edit")
    return gathered.step("edited")


def deleted(gathered: Gathered) -> Step:
    """Return the next revision of each reply of a comment that is gone, marked with who deleted it."""
    comment_id, by = gathered.comment.comment_id, gathered.comment.deleted_by
    old = gathered.conversation.entries.get(comment_id)
    if old is None:
        return gathered.step("unroutable")
    if old.deleted:
        return gathered.step("duplicate")
    if old.parent is not None:
        gathered.notes.append("withdrawn")
    changed = tuple(msgspec.structs.replace(aim, revision=aim.revision + 1) for aim in old.aims if aim.confidence)
    entry = msgspec.structs.replace(old, aims=remembered(old.aims, changed), deleted=True, parent=None, said=b"", turn=None)
    gathered.put(comment_id, entry)
    gathered.send(comment_id, entry, changed, Action.DELETED, by)
    return gathered.step("deleted")


def take_back(gathered: Gathered, entry: Entry, heard: Heard) -> None:
    """Correct an earlier comment of the same author, if this one says whom that was not, or was, aimed at."""
    back = taken_back(heard, gathered.conversation) if entry.author is not None else None
    if back is None or entry.author is None:
        return
    spoken_to = [aim.target for aim in entry.aims] if back.not_you else []
    before = _before(gathered, entry)
    for person in (*spoken_to, None) if back.instead else spoken_to:
        earlier = earlier_of(before, entry.author, person, names_another=bool(back.instead))
        if earlier is not None:
            _correct(gathered, *earlier, person, tuple(one for one in back.instead if one != entry.author))
            return


def _before(gathered: Gathered, entry: Entry) -> list[tuple[str, Entry]]:
    """Return the comments before, last first, as they are by now: one that waited for this very comment was just sent."""
    names = (comment_id for comment_id, _ in gathered.conversation.before(entry.n, OWN_BACK))
    return [(comment_id, known) for comment_id in names if (known := gathered.known(comment_id)) is not None]


def _correct(gathered: Gathered, comment_id: str, entry: Entry, not_person: str | None, instead: tuple[str, ...]) -> None:
    """Send the next revision of what an earlier comment was aimed at; none where it stands as it was said."""
    if any(stands(entry, aim) for aim in entry.aims):
        return
    changed = [
        Aim(aim.target, aim.kind, round(aim.confidence * LEFT, 4), round(aim.hostility * LEFT, 4), aim.revision + 1)
        for aim in entry.aims
        if aim.confidence and aim.target not in instead and (instead or aim.target == not_person)
    ]
    hostility = max(entry.toward, entry.meant)
    before = {aim.target: aim.revision for aim in entry.aims}
    for person in instead:
        share = int(MEANT / len(instead) * 10_000) / 10_000
        changed.append(Aim(person, LinkKind.NAME, share, round(hostility * share, 4), before.get(person, 0) + 1))
    if not changed:  # it was tied to nobody, and still is
        return
    now = msgspec.structs.replace(entry, aims=remembered(entry.aims, tuple(changed)))
    gathered.put(comment_id, now)
    gathered.send(comment_id, now, changed)
    gathered.notes.append("taken_back")
