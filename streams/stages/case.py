"""One pile-on from its opening to its close, and the records that tell of it."""

import base64
import hashlib
import hmac
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import EndedBecause, Grounds, PileOn, Reply, Severity, Status
from streams.stages.baseline import DAY
from streams.stages.instants import instant, micros

MAX_CONVERSATIONS: Final = 20
MAX_EVIDENCE: Final = 10
_ID_BYTES: Final = 15
_MINUTE: Final = 60_000_000


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What must be remembered of an open pile-on beside the replies that are kept. Times are microseconds."""

    pileon_id: str
    revision: int
    severity: Severity
    opened_by: str
    opened_at: int
    first_hostile_at: int
    last_hostile_at: int
    updated_at: int
    due: int
    """Closes as quiet from then on."""
    delay: float = 0.0
    """Seconds between writing and arrival of the opening reply."""
    conversations: tuple[str, ...]
    replies: int
    authors_sent: int
    """The most hostile people told of so far."""
    untimed: bool = False
    usual_a_day: float = 0.0
    """How many people a day were usually hostile to this person when it opened."""
    grounds: Grounds | None = None
    """What evidence opened it; None: the window rule did."""
    bar: int = 0
    """Judged to be none: nothing is told of it before so many people are hostile. 0: nobody judged it so."""
    forgotten_authors: int = 0
    """People whose last kept reply made room for others. One who comes back counts again: above the cap the number is approximate."""
    forgotten_replies: int = 0
    forgotten_unknown: int = 0
    forgotten_moderated: int = 0

    @property
    def usual(self) -> float | None:
        """Return how many people would be hostile in a time as long as this; three digits. None where times are only estimated."""
        if self.untimed:
            return None
        lasted = max(self.last_hostile_at - self.first_hostile_at, _MINUTE)
        return float(f"{self.usual_a_day * lasted / DAY:.3g}")


class Sizes(Struct, frozen=True, kw_only=True, gc=False):
    """The numbers of a case at one moment."""

    hostile_authors: int
    hostile_in_window: int
    replying_authors: int
    hostile_replies: int
    unknown: int
    moderated: int
    severe_authors: int
    evidence: tuple[str, ...]


def pileon_id(installation_key: bytes, detector: str, reply: Reply) -> str:
    """Return 24 characters that nobody without the key can tie to a person: an HMAC-SHA256 in base32.

    It is a function of the input alone: detector, target, and the reply that crossed. A comment's first reply is named by the
    ids of the comment and its conversation alone; a later revision (an edit that turned hostile) adds its number, and where
    times are only estimated the arrival is added, since such a reply can come again after all is forgotten: no id is used for
    two cases.
    """
    family = detector.partition("@")[0]  # no version: an upgrade must not tell of open cases again
    again = (reply.revision,) if reply.revision > 1 else ()
    scraped = (micros(reply.ingested_at),) if reply.created_at_is_estimated else ()
    message = msgspec.json.encode(
        (family, reply.source, reply.community, reply.target_id, reply.conversation_id, reply.comment_id, *again, *scraped)
    )
    digest = hmac.new(installation_key, message, hashlib.sha256).digest()
    return base64.b32encode(digest[:_ID_BYTES]).decode().lower()


def with_conversation(conversations: tuple[str, ...], conversation: str) -> tuple[str, ...]:
    """Return the conversations with this one at the end if it is new and there is room."""
    if conversation in conversations or len(conversations) >= MAX_CONVERSATIONS:
        return conversations
    return (*conversations, conversation)


def told(where: tuple[str, str, str], detector: str, case: Case, sizes: Sizes, status: Status, reason: str) -> PileOn:
    """Return the record of an opening or a change; ``where`` is source, community, target."""
    source, community, target = where
    return PileOn(
        pileon_id=case.pileon_id, revision=case.revision, status=status, source=source, community=community, target_id=target,
        severity=case.severity, first_hostile_at=instant(case.first_hostile_at), opened_at=instant(case.opened_at),
        last_hostile_at=None if case.untimed else instant(case.last_hostile_at),
        updated_at=instant(case.updated_at), hostile_authors=sizes.hostile_authors,
        usual_hostile_authors=case.usual, replying_authors=sizes.replying_authors,
        hostile_replies=sizes.hostile_replies, replies=case.replies, unknown_author_replies=sizes.unknown,
        removed_by_moderators=sizes.moderated, conversations=case.conversations, evidence=sizes.evidence, opened_by=case.opened_by,
        opening_delay_seconds=case.delay, detector=detector, reason=reason, grounds=case.grounds,
    )  # fmt: skip


def ended(last: PileOn, at: int, because: EndedBecause) -> PileOn:
    """Return the closing record: ``last`` as it would have been told, closed at ``at`` (microseconds)."""
    closed_at = instant(at)
    return msgspec.structs.replace(last, status=Status.CLOSED, closed_at=closed_at, updated_at=closed_at, ended_because=because)
