"""One builder per record: only the interesting fields stand at the call site. Time is written out (``NOON + 3 * MINUTE``)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from streams.records import (
    Action,
    Comment,
    ConfigChange,
    ConfigRecord,
    EndedBecause,
    Handling,
    Judgement,
    LinkKind,
    PileOn,
    Reply,
    ScoredComment,
    Severity,
    Status,
    Step,
    Tick,
    Verdict,
)
from streams.stages.step import Arrived

NOON: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

SOURCE: Final = "news"
COMMUNITY: Final = "sport"
HOSTILE: Final = 0.9
FRIENDLY: Final = 0.05


def comment(comment_id: str = "c1", **fields: Any) -> Comment:
    """Return a comment written at noon that arrived two seconds later, unless told otherwise."""
    created_at = fields.setdefault("created_at", NOON)
    fields.setdefault("ingested_at", created_at + 2 * SECOND)
    given = {"source": SOURCE, "community": COMMUNITY, "conversation_id": "talk", "author_id": "ann", "text": "Nice goal, that."}
    return Comment(comment_id=comment_id, **(given | fields))


def edited(original: Comment, text: str, at: datetime, **fields: Any) -> Comment:
    """Return the record that says a comment's text changed at ``at``."""
    return _again(original, action=Action.EDITED, text=text, edited_at=at, ingested_at=at + 2 * SECOND, **fields)


def deleted(original: Comment, at: datetime, **fields: Any) -> Comment:
    """Return the record that says a comment is gone since ``at``."""
    return _again(original, action=Action.DELETED, text=None, edited_at=at, ingested_at=at + 2 * SECOND, **fields)


def _again(original: Comment, **changes: Any) -> Comment:
    fields = {name: getattr(original, name) for name in original.__struct_fields__}
    return Comment(**(fields | changes))


def scored(comment_id: str = "c1", toxicity: float = FRIENDLY, **fields: Any) -> ScoredComment:
    """Return a scored comment; other fields are the comment's, except ``labels``, ``scorer`` and the two marks."""
    own: dict[str, Any] = {
        name: fields.pop(name) for name in ("labels", "scorer", "text_was_cut", "created_at_was_clamped") if name in fields
    }
    own.setdefault("scorer", "test@1")
    return ScoredComment(comment=comment(comment_id, **fields), toxicity=toxicity, **own)


def reply(author_id: str | None = "bob", at: datetime = NOON, hostility: float = HOSTILE, **fields: Any) -> Reply:
    """Return a reply to ``ann``, hostile unless told otherwise, that arrived two seconds after it was written."""
    given: dict[str, Any] = {
        "source": SOURCE,
        "community": COMMUNITY,
        "target_id": "ann",
        "comment_id": f"{author_id}-{(at - NOON).total_seconds():g}",
        "conversation_id": "talk",
        "toxicity": hostility,
        "kind": LinkKind.PARENT,
        "confidence": 1.0,
        "created_at": at,
        "ingested_at": at + 2 * SECOND,
    }
    return Reply(author_id=author_id, hostility=hostility, **(given | fields))


def tick(at: datetime = NOON) -> Tick:
    """Return the record that says nothing older than ``at`` is still on its way."""
    return Tick(at=at)


def config_change(name: str = "pileon", version: int = 1, **values: float | str | bool) -> ConfigChange:
    """Return a change of settings from noon on."""
    return ConfigChange(name=name, version=version, effective_from=NOON, values=values)


def config_record(name: str = "pileon", version: int = 1, **values: float | str | bool) -> ConfigRecord:
    """Return a versioned setting from noon on."""
    return ConfigRecord(name=name, version=version, effective_from=NOON, values=values)


def pileon(pileon_id: str = "case-1", revision: int = 1, status: Status = Status.OPENED, **fields: Any) -> PileOn:
    """Return a transition of a pile-on on ``ann``: a warning opened at noon by four people, unless told otherwise."""
    given: dict[str, Any] = {
        "source": SOURCE,
        "community": COMMUNITY,
        "target_id": "ann",
        "severity": Severity.WARNING,
        "first_hostile_at": NOON - 10 * MINUTE,
        "opened_at": NOON,
        "updated_at": fields.get("opened_at", NOON),
        "hostile_authors": 4,
        "replying_authors": 5,
        "hostile_replies": 4,
        "replies": 6,
        "conversations": ("talk",),
        "evidence": ("c1", "c2"),
        "opened_by": "c1",
        "detector": "window@1",
        "reason": "4 people hostile in 10 min, 4 of 6 replying",
    }
    if status is Status.CLOSED:
        given |= {"closed_at": given["updated_at"], "ended_because": EndedBecause.QUIET}
    return PileOn(pileon_id=pileon_id, revision=revision, status=status, **(given | fields))


def verdict(judgement: Judgement = Judgement.PILE_ON, **fields: Any) -> Verdict:
    """Return a moderator's judgement of ``case-1``."""
    given: dict[str, Any] = {"pileon_id": "case-1", "judge": "mod", "judged_at": NOON + HOUR}
    return Verdict(judgement=judgement, **(given | fields))


def handling(step: Step = Step.CLAIM, by: str = "kim", **fields: Any) -> Handling:
    """Return a step that somebody takes with ``case-1``."""
    given: dict[str, Any] = {"pileon_id": "case-1", "at": NOON + HOUR}
    return Handling(step=step, by=by, **(given | fields))


def arrived(record: Any, at: datetime | None = None, key: bytes | None = None) -> Arrived:
    """Return a record with the broker's time: its own ``ingested_at``, or noon."""
    return Arrived(record, at or _arrival(record), key)


def _arrival(record: Any) -> datetime:
    inner = record.comment if isinstance(record, ScoredComment) else record
    return getattr(inner, "ingested_at", None) or getattr(inner, "at", None) or NOON
