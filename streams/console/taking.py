"""Messages of six topics → rows of the read model. Pure: what comes twice, or in another order, makes the same rows."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from streams.console.languages import strange
from streams.console.muted import row_of
from streams.console.numbers import Numbers
from streams.engine import Message, decoder_of, moment
from streams.records import Action, Comment, ConfigRecord, DeletedBy, Handling, PileOn, Reply, ScoredComment, Verdict
from streams.stages.decode import Unreadable
from streams.stages.hearing import hear
from streams.stages.hostility import cues
from streams.stages.instants import micros
from streams.stages.muting import is_muting
from streams.stages.quotes import plain
from streams.topics import COMMENTS_SCORED, CONFIG, FEEDBACK, HANDLING, PILEONS, REPLIES

TOPICS: Final = (CONFIG, PILEONS, FEEDBACK, HANDLING, REPLIES, COMMENTS_SCORED)
MAX_TEXT: Final = 4000
"""Letters of a comment that are kept; the rest is said as a number, and stands where the comment was written."""
_MAX_URL: Final = 2048
WATCHED_FROM: Final = 0.3
"""Hostility of a reply from which on the person it is aimed at is known by name for a while."""
TOXIC: Final = 0.5
"""Toxicity of a comment from which on it is looked at whom it is aimed at, if it is nobody here."""
WRITTEN, EDITED, TAKEN_BACK, REMOVED = range(4)
"""What became of a comment: by its author TAKEN_BACK, by a moderator REMOVED."""
Row = tuple[Any, ...]


class Taken(Struct):
    """Rows of one batch, by what is done with them."""

    written: list[Row] = field(default_factory=list)
    edited: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    replies: list[Row] = field(default_factory=list)
    replies_gone: list[Row] = field(default_factory=list)
    targets: set[int] = field(default_factory=set)
    watched: dict[int, Row] = field(default_factory=dict)
    """Of each target that somebody was hostile to: who it is, and when the last such reply arrived."""
    answered: dict[int, Row] = field(default_factory=dict)
    """Of each target that was answered, the same."""
    sources: dict[str, int] = field(default_factory=dict)
    """When the first reply of each source arrived."""
    toxic: list[Row] = field(default_factory=list)
    """Where a toxic comment was written, and whether its words insult a group."""
    pileons: list[Row] = field(default_factory=list)
    transitions: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    handling: list[Row] = field(default_factory=list)
    mutes: list[Row] = field(default_factory=list)
    mutes_gone: list[str] = field(default_factory=list)
    unreadable: int = 0
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    """(topic, partition) → the offset to go on with."""


def take(numbers: Numbers, batches: Mapping[str, Iterable[Message]], keep_text_since: int) -> Taken:
    """Return the rows of messages by topic. ``keep_text_since``: milliseconds; a comment that arrived earlier is past its retention."""
    taken = Taken()
    for topic in TOPICS:
        read, put = decoder_of(topic), _PUT[topic.name]
        for message in batches.get(topic.name, ()):
            taken.offsets[topic.name, message.partition] = message.offset + 1
            if topic is CONFIG and message.value is None:  # removed
                taken.mutes_gone.append((message.key or b"").decode(errors="replace"))
                continue
            try:
                record = read(message.value)
            except Unreadable:  # the stage that reads it has sent it to the dead letters
                taken.unreadable += 1
                continue
            if topic is not COMMENTS_SCORED or message.timestamp_ms >= keep_text_since:
                put(taken, numbers, record, message)
    return taken


def millis(at: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return micros(at) // 1000


def _comment(taken: Taken, numbers: Numbers, scored: ScoredComment, message: Message) -> None:
    comment = scored.comment
    conversation = numbers.conversation(comment.source, comment.community, comment.conversation_id)
    number = numbers.comment(comment.comment_id)
    parent = numbers.comment(comment.parent_id) if comment.parent_id is not None else None
    created, edited = millis(comment.created_at), millis(comment.edited_at) if comment.edited_at else None
    if comment.action is Action.DELETED:
        state = REMOVED if comment.deleted_by is DeletedBy.MODERATOR else TAKEN_BACK
        taken.gone.append((conversation, number, parent, state, created, edited, message.timestamp_ms))
        return
    person = numbers.person(comment.source, comment.author_id) if comment.author_id is not None else None
    text, length = _text(comment)
    is_edit = comment.action is Action.EDITED
    (taken.edited if is_edit else taken.written).append((
        conversation, number, parent, person, comment.author_role, EDITED if is_edit else WRITTEN, length, scored.toxicity, scored.scorer,
        strange(scored), created, comment.created_at_is_estimated, edited, message.timestamp_ms, text, _url(comment),
        comment.comment_id.encode("utf-8", "replace"),
    ))  # fmt: skip
    if scored.toxicity is not None and scored.toxicity >= TOXIC:
        is_of_a_group = bool(cues(hear(comment.text, comment.text_format).sentences).group)
        since = created if edited is None else edited
        taken.toxic.append((conversation, number, comment.source, comment.community, is_of_a_group, since, message.timestamp_ms))


def _text(comment: Comment) -> tuple[bytes, int]:
    """Return the beginning of a text, and how long the whole is. A lone half of a surrogate pair is no text for a file."""
    whole = comment.text or ""
    return plain(whole, comment.text_format)[:MAX_TEXT].encode("utf-8", "replace"), len(whole)


def _url(comment: Comment) -> bytes:
    """Return the address of the original if it is one that a browser may be led to, else nothing."""
    url = comment.url or ""
    is_good = url.startswith(("https://", "http://")) and len(url) <= _MAX_URL and url.isprintable()
    return url.encode("utf-8", "replace") if is_good else b""


def _reply(taken: Taken, numbers: Numbers, reply: Any, message: Message) -> None:
    if not isinstance(reply, Reply):  # ticks, and what else the log of replies carries
        return
    target = numbers.target(reply.source, reply.community, reply.target_id)
    conversation = numbers.conversation(reply.source, reply.community, reply.conversation_id)
    comment = numbers.comment(reply.comment_id)
    taken.targets.add(target)
    if reply.action is Action.DELETED and reply.deleted_by is not DeletedBy.MODERATOR:
        taken.replies_gone.append((target, conversation, comment))
        return
    who = target, reply.source, reply.community, reply.target_id, message.timestamp_ms
    taken.answered[target] = who
    taken.sources[reply.source] = min(message.timestamp_ms, taken.sources.get(reply.source, message.timestamp_ms))
    if reply.hostility >= WATCHED_FROM:
        taken.watched[target] = who
    person = numbers.person(reply.source, reply.author_id) if reply.author_id is not None else None
    taken.replies.append((
        target, conversation, comment, person, reply.author_role, reply.revision, reply.hostility, reply.kind, reply.confidence,
        millis(reply.created_at), message.timestamp_ms,
    ))  # fmt: skip


def _pileon(taken: Taken, numbers: Numbers, pileon: PileOn, message: Message) -> None:
    target = numbers.target(pileon.source, pileon.community, pileon.target_id)
    subject = numbers.person(pileon.source, pileon.target_id)
    taken.pileons.append((
        pileon.pileon_id, pileon.revision, target, subject, pileon.source, pileon.community, pileon.status, pileon.severity,
        pileon.detector, pileon.hostile_authors, millis(pileon.opened_at), millis(pileon.updated_at), message.timestamp_ms, message.value,
    ))  # fmt: skip
    taken.transitions.append((pileon.pileon_id, pileon.revision, message.timestamp_ms, pileon.severity, message.value))


def _verdict(taken: Taken, _numbers: Numbers, verdict: Verdict, message: Message) -> None:
    taken.verdicts.append((
        verdict.pileon_id, verdict.judge, millis(verdict.judged_at), verdict.judgement, verdict.note, message.timestamp_ms,
    ))  # fmt: skip


def _handling(taken: Taken, _numbers: Numbers, done: Handling, message: Message) -> None:
    taken.handling.append((done.pileon_id, message.offset, done.step, done.by, done.instead_of, done.note, millis(done.at),
                           message.timestamp_ms))  # fmt: skip


def _config(taken: Taken, _numbers: Numbers, record: ConfigRecord, message: Message) -> None:
    if is_muting(record.name) and (row := row_of(record, moment(message.timestamp_ms))) is not None:
        taken.mutes.append(row)


Put = Callable[[Taken, Numbers, Any, Message], None]
_PUT: Final[dict[str, Put]] = {COMMENTS_SCORED.name: _comment, REPLIES.name: _reply, PILEONS.name: _pileon, FEEDBACK.name: _verdict,
                              HANDLING.name: _handling, CONFIG.name: _config}  # fmt: skip
