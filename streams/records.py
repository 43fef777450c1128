"""What flows: one frozen struct per record, aware UTC times, JSON on the wire.

The JSON Schema files in ``schemas/records/`` are the contract; ``tests/contract`` holds struct and schema equal.
Readers tolerate unknown fields; we write only known ones. A field that is absent is not written.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

SCHEMA_VERSION: Final = 1
"""The version this program writes. It reads this one and the one before."""


def _current() -> int:
    """Return the version to write.

    A factory, because a plain default would be left off the wire, and then every later program would take a record of
    this version for one of its own.
    """
    return SCHEMA_VERSION


Probability = Annotated[float, Meta(ge=0, le=1)]
Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=512)]
Id = Annotated[str, Meta(min_length=1, max_length=1024)]


class Action(StrEnum):
    """What happened to the comment."""

    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"


class Role(StrEnum):
    """Who speaks, as the source says. Bots and moderators never count as hostile authors."""

    MEMBER = "member"
    GUEST = "guest"
    STAFF = "staff"
    MODERATOR = "moderator"
    BOT = "bot"


class DeletedBy(StrEnum):
    """Who deleted. What authors take back no longer counts; what moderators remove stays counted, marked."""

    AUTHOR = "author"
    MODERATOR = "moderator"


class TextFormat(StrEnum):
    """How the text is written."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"


class LinkKind(StrEnum):
    """How we know whom a comment answers, surest first."""

    PARENT = "parent"
    LEADING_MENTION = "leading_mention"
    MENTION = "mention"
    NAME = "name"
    QUOTE = "quote"
    SECOND_PERSON = "second_person"
    PAGE_ORDER = "page_order"
    CONVERSATION_AUTHOR = "conversation_author"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A record of a topic. It holds no record that could hold it: collecting cycles need not look at it."""


class Comment(Record, frozen=True, kw_only=True):
    """One comment as a source gave it: written, edited or deleted."""

    source: Name
    community: Name
    conversation_id: Id
    conversation_author_id: Id | None = None
    comment_id: Id
    parent_id: Id | None = None
    author_id: Id | None = None
    author_name: Annotated[str, Meta(max_length=512)] | None = None
    author_role: Role | None = None
    reply_to_author_id: Id | None = None
    action: Action = Action.CREATED
    deleted_by: DeletedBy | None = None
    text: str | None = None
    text_format: TextFormat = TextFormat.PLAIN
    language: Annotated[str, Meta(max_length=35)] | None = None
    url: Annotated[str, Meta(max_length=4096)] | None = None
    created_at: Moment
    created_at_is_estimated: bool = False
    edited_at: Moment | None = None
    ingested_at: Moment | None = None
    schema_version: int = msgspec.field(default_factory=_current)


class Abstained(StrEnum):
    """Why a scorer says nothing of a comment."""

    LANGUAGE = "language"
    """It was not taught the language that the comment is written in."""
    CRASHED = "crashed"
    """Whatever computes it dies of it."""


class ScoredComment(Record, frozen=True, kw_only=True):
    """A comment with its toxicity, and the scorer that gave it."""

    comment: Comment
    """As it came, with ``ingested_at`` filled from the Kafka timestamp where the source gave none."""
    toxicity: Probability | None = None
    """Absent where the scorer abstained: then nobody knows, and the comment is neither clean nor toxic."""
    labels: dict[str, Probability] = {}
    scorer: Name
    """``name@version``; ``none@0`` for a deletion, which has no text to score."""
    decided_by: Name | None = None
    """Of a cascade: which of its two scorers said so."""
    abstained: Abstained | None = None
    """Why there is no toxicity."""
    language: Annotated[str, Meta(max_length=35)] | None = None
    """Of a comment that was not scored for it: the language that its text is in (``und``: none that it knows), or that its source says."""
    text_was_cut: bool = False
    created_at_was_clamped: bool = False
    schema_version: int = msgspec.field(default_factory=_current)


class Reply(Record, frozen=True, kw_only=True, tag_field="type", tag="reply"):
    """One comment aimed at one person. Never text. Keyed by ``target_key``."""

    source: Name
    community: Name
    target_id: Id
    """The author answered, or ``comment:<comment_id>`` where that author is unknown."""
    author_id: Id | None = None
    author_role: Role | None = None
    comment_id: Id
    conversation_id: Id
    action: Action = Action.CREATED
    deleted_by: DeletedBy | None = None
    toxicity: Probability
    is_unscored: bool = False
    """The scorer abstained: toxicity and hostility are 0 and mean nothing. No detector counts it."""
    hostility: Probability
    """P(hostile to the target) = calibration(toxicity, cues) × confidence of the link."""
    kind: LinkKind
    confidence: Probability
    created_at: Moment
    """For an edit: ``edited_at``."""
    created_at_is_estimated: bool = False
    ingested_at: Moment
    revision: Annotated[int, Meta(ge=1)] = 1
    """1 when first sent for this comment and target; 2, 3, … when edited, deleted or corrected."""
    schema_version: int = msgspec.field(default_factory=_current)


class Tick(Record, frozen=True, kw_only=True, tag_field="type", tag="tick"):
    """Time passed on this partition: nothing older than ``at`` is still on its way."""

    at: Moment
    schema_version: int = msgspec.field(default_factory=_current)


class ConfigChange(Record, frozen=True, kw_only=True, tag_field="type", tag="config_change"):
    """A setting that matters to results changes here in the log, not by a clock."""

    name: Name
    version: Annotated[int, Meta(ge=1)]
    effective_from: Moment
    values: dict[str, float | int | str | bool]
    schema_version: int = msgspec.field(default_factory=_current)


class Judged(Record, frozen=True, kw_only=True, tag_field="type", tag="judged"):
    """A moderator said that an open pile-on is none: it ends here in the log, and is told again only if it doubles."""

    source: Name
    community: Name
    target_id: Id
    pileon_id: Id
    hostile_authors: Annotated[int, Meta(ge=0)] = 0
    """How many there were when it was judged; 0: not said."""
    judged_at: Moment
    schema_version: int = msgspec.field(default_factory=_current)


class Status(StrEnum):
    """Where a pile-on is in its life."""

    OPENED = "opened"
    ONGOING = "ongoing"
    CLOSED = "closed"


class Severity(StrEnum):
    """How bad."""

    WARNING = "warning"
    CRITICAL = "critical"


class EndedBecause(StrEnum):
    """Why a pile-on closed."""

    QUIET = "quiet"
    REMOVED = "removed"
    JUDGED = "judged"


class FindingKind(StrEnum):
    """What the evidence amounts to."""

    PILEON = "pileon"
    """Faster and more hostile than history explains."""
    DILUTED = "diluted"
    """Much faster, by many people, and hardly more hostile in share: a crowd may hide it, or fame explain it. Never more than a warning."""


class Grounds(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Why the detector e-SR opened a pile-on: what it weighed then, and against what."""

    finding: FindingKind
    pace_evidence: Annotated[float, Meta(ge=0)] | None = None
    """e-value: how many times bets on a faster pace than usual have multiplied; absent where there are no times."""
    pace_needed: Annotated[float, Meta(ge=0)] | None = None
    """What the budget of false alarms asks of it."""
    share_evidence: Annotated[float, Meta(ge=0)]
    """The same of bets on a larger hostile share."""
    share_needed: Annotated[float, Meta(ge=0)]
    usual_a_day: Annotated[float, Meta(ge=0)]
    """Hostile people a day that this person's history explains at most."""
    usual_a_day_on_site: Annotated[float, Meta(ge=0)]
    """Hostile people a day whom anybody on this site usually meets."""
    usual_share: Probability
    """Hostile share of replies that this person's history explains at most."""
    usual_share_on_site: Probability
    """That of anybody on this site."""


class PileOn(Record, frozen=True, kw_only=True):
    """One transition of one pile-on: opened, ongoing (worse or larger), closed. Never text."""

    pileon_id: Id
    revision: Annotated[int, Meta(ge=1)]
    status: Status
    source: Name
    community: Name
    target_id: Id
    severity: Severity
    first_hostile_at: Moment
    opened_at: Moment
    last_hostile_at: Moment | None = None
    """When the newest hostile reply was written; absent where there are no times."""
    updated_at: Moment
    closed_at: Moment | None = None
    ended_because: EndedBecause | None = None
    hostile_authors: Annotated[int, Meta(ge=0)]
    """Distinct people whose replies scored hostile, in the whole case."""
    usual_hostile_authors: Annotated[float, Meta(ge=0)] | None = None
    """So many people would be hostile to this person in a time as long, by what is usual; absent where there are no times."""
    replying_authors: Annotated[int, Meta(ge=0)]
    """Distinct people who replied within the window; where evidence opened it, since its first hostile reply."""
    hostile_replies: Annotated[int, Meta(ge=0)]
    replies: Annotated[int, Meta(ge=0)]
    unknown_author_replies: Annotated[int, Meta(ge=0)] = 0
    removed_by_moderators: Annotated[int, Meta(ge=0)] = 0
    conversations: tuple[Id, ...]
    """Every conversation involved, in order of first hostile reply, at most 20."""
    evidence: tuple[Id, ...]
    """Comment ids of the most hostile replies of distinct authors, at most 10."""
    opened_by: Id
    """The comment whose reply crossed the threshold."""
    opening_delay_seconds: Annotated[float, Meta(ge=0)] = 0.0
    """How long after it was written the opening reply arrived, by what it says; over 24 h the case is stale."""
    detector: Name
    reason: Annotated[str, Meta(max_length=1000)]
    """Why, in words that a moderator understands. Numbers only, never names or text."""
    grounds: Grounds | None = None
    """Of the detector e-SR: the evidence that opened it."""
    schema_version: int = msgspec.field(default_factory=_current)


class Judgement(StrEnum):
    """What a moderator says of a pile-on."""

    PILE_ON = "pile_on"
    NOT_ONE = "not_one"
    UNSURE = "unsure"


class Verdict(Record, frozen=True, kw_only=True):
    """One person's judgement of one pile-on."""

    pileon_id: Id
    judgement: Judgement
    judge: Name
    note: Annotated[str, Meta(max_length=4000)] | None = None
    hostile_authors: Annotated[int, Meta(ge=0)] = 0
    """How many there were when it was judged."""
    judged_at: Moment
    schema_version: int = msgspec.field(default_factory=_current)


class Step(StrEnum):
    """What somebody does with a pile-on besides judging it."""

    CLAIM = "claim"
    RELEASE = "release"
    NOTE = "note"


class Handling(Record, frozen=True, kw_only=True):
    """Somebody takes a pile-on on, gives it back, or notes something for whoever comes after."""

    pileon_id: Id
    step: Step
    by: Name
    instead_of: Name | None = None
    """Of a claim: who held it, in the eyes of whoever claims; absent: nobody. Where somebody else holds it by then, the claim is void."""
    note: Annotated[str, Meta(max_length=4000)] | None = None
    at: Moment
    schema_version: int = msgspec.field(default_factory=_current)


class ConfigRecord(Record, frozen=True, kw_only=True):
    """A named, versioned setting in the ``config`` topic."""

    name: Name
    version: Annotated[int, Meta(ge=1)]
    effective_from: Moment
    values: dict[str, float | int | str | bool]
    schema_version: int = msgspec.field(default_factory=_current)


ReplyLog = Reply | Tick | ConfigChange | Judged
"""What the ``replies`` topic carries."""
