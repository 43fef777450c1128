"""One record's work on one target: what it does to the kept replies and to the case, and what is told."""

from typing import Final

import msgspec

from streams.records import Action, DeletedBy, EndedBecause, Judged, PileOn, Reply, Role, Severity, Status
from streams.stages.case import Case, ended, pileon_id, told, with_conversation
from streams.stages.crossing import Crossing, crossing
from streams.stages.instants import micros
from streams.stages.kept import GONE, IN_CASE, MODERATED, SPENT, UNKNOWN, Hostile, Kept, Mild, counts, hostile_of
from streams.stages.ledger import Ledger
from streams.stages.pileon_config import Rule
from streams.stages.pseudonyms import Pseudonyms
from streams.stages.reasons import why, why_ended
from streams.stages.severity import is_worth_telling, severity
from streams.stages.sizes import answering, authors_of, severe_authors_of, sizes_of

COUNTED: Final = "counted"
LATE: Final = "late"
NOT_QUALIFYING: Final = "not_qualifying"
DUPLICATE: Final = "duplicate"
UNSCORED: Final = "unscored"
"""The scorer did not know its language: it is no evidence for or against."""
_MAX_AHEAD: Final = 300_000_000
NEVER_HOSTILE: Final = (Role.BOT, Role.MODERATOR)
"""What they write is never counted as hostile."""


class Episode:
    """What happens at one target during one record. ``changed`` tells whether its entry must be put."""

    __slots__ = ("case", "changed", "detector", "ledger", "notes", "rule", "told", "where")

    def __init__(self, detector: str, rule: Rule, where: tuple[str, str, str], ledger: Ledger, case: Case | None) -> None:
        """``where`` is source, community, target; ``case`` the open one, if any."""
        self.detector = detector
        self.rule = rule
        self.where = where
        self.ledger = ledger
        self.case = case
        self.changed = False
        self.told: list[PileOn] = []
        self.notes: list[str] = []

    def take(self, reply: Reply, installation_key: bytes, pseudonyms: Pseudonyms) -> str:
        """Take a reply into account; return its outcome, one of four that never overlap."""
        ingested = micros(reply.ingested_at)
        # Nothing is known of an estimated time but that it is not after the arrival; a clock ahead of ours is held near it.
        at = ingested if reply.created_at_is_estimated else min(micros(reply.created_at), ingested + _MAX_AHEAD)
        heard = max(at, ingested)
        if self.case is not None:
            self._close_before(self.case, at, heard)
        if not self._qualifies(reply):
            return NOT_QUALIFYING
        comment = pseudonyms.comment(reply.comment_id, reply.conversation_id)
        rule = self.rule
        known = self.ledger.find(comment)
        if known is not None:
            known = self._still(known, heard - rule.keep)
            if known is not None and reply.revision <= known.revision:
                return DUPLICATE
        if reply.action is Action.DELETED:
            return self._deleted(known, reply, heard)
        hostile = reply.hostility >= rule.config.min_hostility
        if ingested - at > rule.lateness and (hostile or not isinstance(known, Hostile)):  # but a hostile one that is taken back
            return LATE
        self._forget(heard - rule.keep)
        self._meet(at, heard)
        if hostile:
            self._hostile(known, hostile_of(reply, at, comment, pseudonyms), reply, heard, installation_key)
        else:
            self._mild(known, reply, at, comment, pseudonyms)
            if self.case is not None:
                self._ended_if_below(heard)
        if reply.created_at_is_estimated:
            self.ledger.remember_untimed(comment, self.rule.config.untimed_replies)
        return COUNTED

    def _qualifies(self, reply: Reply) -> bool:
        if reply.is_unscored:
            self.notes.append(UNSCORED)
            return False
        return reply.author_role not in NEVER_HOSTILE and reply.author_id != reply.target_id

    def judge(self, judged: Judged) -> None:
        """End the case that a moderator said is none. It is watched on, and told anew once its hostile people have doubled."""
        case = self.case
        if case is None or case.bar or case.pileon_id != judged.pileon_id:
            return
        bar = 2 * (judged.hostile_authors or authors_of(self.ledger, self._case()))
        self._tell_end(max(case.updated_at, micros(judged.judged_at)), EndedBecause.JUDGED)
        self.case = msgspec.structs.replace(self._case(), bar=bar)
        self.changed = True

    def close_quiet(self, at: int) -> None:
        """Close the open case as quiet since ``at``."""
        self._close(at, EndedBecause.QUIET, SPENT)

    def _close_before(self, case: Case, at: int, heard: int) -> None:
        """Close what is due before the record is applied. A tick that came first has done just this."""
        silent = case.last_hostile_at + self.rule.case_length
        if heard >= case.due:
            self.close_quiet(case.due)
        elif at >= silent:  # a long outage is caught up: the silence lies between the times of writing
            self.close_quiet(silent)

    def _still(self, known: Kept, before: int) -> Kept | None:
        """Return what is kept of a comment; what a tick may have forgotten by now is not."""
        return None if known.at < before and not (self.case is not None and known.flags & IN_CASE) else known

    def _forget(self, before: int) -> None:
        self.ledger.forget(before, hostile=self.case is None)
        self.changed = True

    def _deleted(self, known: Kept | None, reply: Reply, heard: int) -> str:
        if known is None:
            return NOT_QUALIFYING
        self._forget(heard - self.rule.keep)
        by_moderator = reply.deleted_by is DeletedBy.MODERATOR or bool(known.flags & MODERATED)
        removed: Kept
        if isinstance(known, Hostile) and by_moderator:
            removed = msgspec.structs.replace(known, revision=reply.revision, flags=known.flags | MODERATED, comment_id="")
        elif by_moderator:
            removed = msgspec.structs.replace(known, revision=reply.revision)
        else:
            removed = Mild(known.at, known.comment, known.author, reply.revision, known.flags & UNKNOWN | GONE)
        self._replace(known, removed)
        self._ended_if_below(heard)
        return COUNTED

    def _mild(self, known: Kept | None, reply: Reply, at: int, comment: int, pseudonyms: Pseudonyms) -> None:
        author = pseudonyms.author(reply.author_id, reply.conversation_id)
        flags = UNKNOWN if reply.author_id is None else 0
        if known is not None:
            self._replace(known, Mild(known.at, comment, author, reply.revision, flags))
            return
        self._add(Mild(at, comment, author, reply.revision, flags))
        if self.case is not None:
            self.case = msgspec.structs.replace(self.case, replies=self.case.replies + 1)

    def _hostile(self, known: Kept | None, new: Hostile, reply: Reply, heard: int, installation_key: bytes) -> None:
        if isinstance(known, Hostile):  # it was hostile and still is: the same act
            evidence = "" if known.flags & MODERATED else new.comment_id
            self._replace(known, msgspec.structs.replace(new, at=known.at, flags=known.flags, comment_id=evidence))
            self._ongoing(reply, installation_key)
            return
        in_case = IN_CASE if self.case is not None else 0
        if not reply.created_at_is_estimated:  # a page scraped whole would be a day full of enemies
            self.ledger.note_hostile(new)
        self._replace(known, msgspec.structs.replace(new, flags=new.flags | in_case))
        if reply.created_at_is_estimated:
            self.ledger.remember_untimed(new.comment, self.rule.config.untimed_replies)
        if new.flags & UNKNOWN:
            self._note_unknown()
        crossed = self._crossed(new, reply)
        if self.case is not None:
            self._grow(new, heard, new_reply=known is None)
            self._ongoing(reply, installation_key)
        elif crossed is not None:
            self._open(crossed, reply, heard, installation_key)

    def _crossed(self, new: Hostile, reply: Reply) -> Crossing | None:
        """Return what a new hostile reply crossed with, where no case is open."""
        return crossing(self.rule, self.ledger, new, untimed=reply.created_at_is_estimated) if self.case is None else None

    def _meet(self, at: int, heard: int) -> None:
        """Begin the target's history, or go on with it."""
        self.ledger.meet(at, heard)

    def _open(self, crossed: Crossing, reply: Reply, heard: int, installation_key: bytes) -> None:
        first, last = crossed.hostile[0].at, crossed.hostile[-1].at
        conversations: tuple[str, ...] = ()
        for kept in crossed.hostile:
            conversations = with_conversation(conversations, kept.conversation_id)
        self.ledger.flag(crossed.hostile, IN_CASE)
        late = 0 if reply.created_at_is_estimated else micros(reply.ingested_at) - micros(reply.created_at)
        usual = self.ledger.usual_a_day(first, self.rule.config) if crossed.grounds is None else crossed.grounds.usual_a_day
        case = Case(
            pileon_id=pileon_id(installation_key, self.detector, reply), revision=1, severity=Severity.WARNING,
            opened_by=reply.comment_id, opened_at=crossed.end, first_hostile_at=first, last_hostile_at=last,
            updated_at=crossed.end, due=self._due(last, heard), delay=max(0, late) / 1_000_000, conversations=conversations,
            replies=0, authors_sent=0, untimed=reply.created_at_is_estimated, usual_a_day=usual, grounds=crossed.grounds,
        )  # fmt: skip
        self.case = msgspec.structs.replace(case, replies=len(answering(self.rule, self.ledger, case, crossed.end)))
        self._tell(Status.OPENED)

    def _grow(self, new: Hostile, heard: int, *, new_reply: bool) -> None:
        """Another hostile reply of the open case."""
        case = self._case()
        last = max(case.last_hostile_at, new.at)
        self.case = msgspec.structs.replace(
            case, first_hostile_at=min(case.first_hostile_at, new.at), last_hostile_at=last, updated_at=max(case.updated_at, last),
            due=max(case.due, self._due(last, heard)), replies=case.replies + new_reply,
            conversations=with_conversation(case.conversations, new.conversation_id),
        )  # fmt: skip

    def _ongoing(self, reply: Reply, installation_key: bytes) -> None:
        """Tell again if the case got worse or larger; tell anew if it was judged to be none and has doubled since."""
        if self.case is None:
            return
        if self.case.bar:
            self._anew(reply, installation_key)
            return
        authors = authors_of(self.ledger, self._case())
        worse = severity(self.rule.config, self.case, authors, severe_authors_of(self.rule.config, self.ledger)) is not self.case.severity
        if worse or is_worth_telling(self.rule.config, authors, self.case.authors_sent):
            self.case = msgspec.structs.replace(self.case, revision=self.case.revision + 1)
            self._tell(Status.ONGOING)

    def _anew(self, reply: Reply, installation_key: bytes) -> None:
        case = self._case()
        if authors_of(self.ledger, self._case()) < case.bar:
            return
        self.case = msgspec.structs.replace(
            case, pileon_id=pileon_id(installation_key, self.detector, reply), revision=1, severity=Severity.WARNING,
            opened_by=reply.comment_id, opened_at=case.updated_at, authors_sent=0, bar=0,
        )  # fmt: skip
        self._tell(Status.OPENED)

    def _tell(self, status: Status) -> None:
        sizes = sizes_of(self.rule, self.ledger, self._case())
        case = self._case()
        self.case = msgspec.structs.replace(
            case,
            severity=severity(self.rule.config, case, sizes.hostile_authors, sizes.severe_authors),
            authors_sent=max(case.authors_sent, sizes.hostile_authors),
        )
        self.told.append(told(self.where, self.detector, self.case, sizes, status, why(self.rule.config, self.case, sizes)))

    def _ended_if_below(self, heard: int) -> None:
        """Close the case when so much was taken back that fewer people than the floor are left."""
        if self.case is not None and authors_of(self.ledger, self._case()) < self.rule.config.min_hostile_authors:
            self._close(max(self.case.updated_at, heard), EndedBecause.REMOVED, 0)

    def _tell_end(self, at: int, because: EndedBecause) -> None:
        sizes = sizes_of(self.rule, self.ledger, self._case())
        self.case = msgspec.structs.replace(self._case(), revision=self._case().revision + 1)
        reason = why_ended(self.rule.config, self.case, sizes, because)
        last = told(self.where, self.detector, self.case, sizes, Status.CLOSED, reason)
        self.told.append(ended(last, at, because))

    def _close(self, at: int, because: EndedBecause, flags: int) -> None:
        if not self._case().bar:  # else its end was told when it was judged
            self._tell_end(at, because)
        self.ledger.flag([kept for kept in self.ledger.hostile if kept.flags & IN_CASE], flags)
        self.case = None
        self.changed = True

    def _replace(self, known: Kept | None, new: Kept) -> None:
        if known is not None:
            self.ledger.remove(known)
        self._add(new)

    def _add(self, new: Kept) -> None:
        for evicted in self.ledger.add(new):
            self._evicted(evicted)

    def _evicted(self, kept: Kept) -> None:
        self.notes.append("evicted")
        if self.case is None or not kept.flags & IN_CASE:
            return
        case, last_of_author = self.case, kept.author not in self.ledger.case_authors
        self.case = msgspec.structs.replace(
            case,
            forgotten_authors=case.forgotten_authors + last_of_author,
            forgotten_replies=case.forgotten_replies + 1,
            forgotten_unknown=case.forgotten_unknown + bool(kept.flags & UNKNOWN),
            forgotten_moderated=case.forgotten_moderated + bool(kept.flags & MODERATED),
        )

    def _note_unknown(self) -> None:
        unknown = sum(1 for kept in self.ledger.hostile if kept.flags & UNKNOWN and counts(kept))
        if unknown == self.rule.config.min_unknown_noted:
            self.notes.append("people_unknown")

    def _case(self) -> Case:
        if self.case is None:
            raise AssertionError("there is no open case here")
        return self.case

    def _due(self, last_hostile_at: int, heard: int) -> int:
        """Quiet is counted in event time, but never before one window passed since we last heard of hostility.

        Without the second part an outage's backlog would close the case between any two of its replies.
        """
        return max(last_hostile_at + self.rule.case_length, heard + self.rule.window)
