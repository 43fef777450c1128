"""Where it flows: a topic is declared once: name, record type, key.

Partitions, retention and cleanup are in ``schemas/topics/*.yaml``.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from streams.records import Comment, ConfigRecord, Handling, PileOn, Reply, ReplyLog, ScoredComment, Verdict

DEAD_LETTER_SUFFIX: Final = ".dlq"
STATE_PREFIX: Final = "state."


class Topic(Struct, frozen=True):
    """A topic: its name, what it carries, and the key of a record."""

    name: str
    record: Any
    key: Callable[[Any], bytes]

    @property
    def dead_letters(self) -> str:
        """Return the name of the topic where what cannot be read goes."""
        return self.name + DEAD_LETTER_SUFFIX


class _AimedAt(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def community(self) -> str: ...
    @property
    def target_id(self) -> str: ...


_ENCODE: Final = msgspec.json.Encoder().encode


def json_key(*parts: str) -> bytes:
    """Return a JSON array as bytes: names cannot forge another's key, whatever they contain."""
    return _ENCODE(parts)


def by_conversation(comment: Comment) -> bytes:
    """Return the key that keeps a conversation in one partition, in order."""
    return json_key(comment.source, comment.community, comment.conversation_id)


def by_scored_conversation(scored: ScoredComment) -> bytes:
    """Return the key of the comment inside."""
    return by_conversation(scored.comment)


def by_target(record: _AimedAt) -> bytes:
    """Return the key that makes a person attacked in five conversations one stream."""
    return json_key(record.source, record.community, record.target_id)


def by_pileon(said: Verdict | Handling) -> bytes:
    """Return the pile-on's id as key."""
    return said.pileon_id.encode()


def by_name(config: ConfigRecord) -> bytes:
    """Return the setting's name as key."""
    return config.name.encode()


COMMENTS_RAW: Final = Topic("comments.raw", Comment, by_conversation)
COMMENTS_SCORED: Final = Topic("comments.scored", ScoredComment, by_scored_conversation)
REPLIES: Final = Topic("replies", ReplyLog, by_target)
PILEONS: Final = Topic("pileons", PileOn, by_target)
PILEONS_SHADOW: Final = Topic("pileons.shadow", PileOn, by_target)
"""What the detector tells that runs along. Nobody acts on it."""
FEEDBACK: Final = Topic("feedback", Verdict, by_pileon)
HANDLING: Final = Topic("handling", Handling, by_pileon)
CONFIG: Final = Topic("config", ConfigRecord, by_name)

READ_TOPICS: Final = (COMMENTS_RAW, COMMENTS_SCORED, REPLIES, PILEONS)
"""Those that a stage reads: what it cannot read goes to their dead letters."""
RECORD_TOPICS: Final = (COMMENTS_RAW, COMMENTS_SCORED, REPLIES, PILEONS, FEEDBACK, HANDLING, CONFIG)


def state_topic(stage: str) -> str:
    """Return the compacted topic of a stage's state."""
    return STATE_PREFIX + stage


def snapshots_topic(stage: str) -> str:
    """Return the topic of a stage's daily snapshots."""
    return f"{state_topic(stage)}.snapshots"


__all__ = [
    "COMMENTS_RAW",
    "COMMENTS_SCORED",
    "CONFIG",
    "FEEDBACK",
    "HANDLING",
    "PILEONS",
    "PILEONS_SHADOW",
    "READ_TOPICS",
    "RECORD_TOPICS",
    "REPLIES",
    "Reply",
    "Topic",
    "by_conversation",
    "by_target",
    "json_key",
    "snapshots_topic",
    "state_topic",
]
