"""The whole in AsyncAPI 3.0: a channel per topic, a message per record, an operation per stage and direction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from streams.kafka.declared import TopicFile
from streams.records import SCHEMA_VERSION

JSON_SCHEMA: Final = "application/schema+json;version=draft-2020-12"
BINDING: Final = "0.5.0"

MEMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "comments.raw": {"Comment": "comment"},
    "comments.scored": {"ScoredComment": "scored-comment"},
    "replies": {"Reply": "reply-log", "Tick": "reply-log", "ConfigChange": "reply-log", "Judged": "reply-log"},
    "pileons": {"PileOn": "pile-on"},
    "pileons.shadow": {"PileOn": "pile-on"},
    "feedback": {"Verdict": "verdict"},
    "handling": {"Handling": "handling"},
    "config": {"ConfigRecord": "config-record"},
}
"""Topic → struct → file in ``schemas/records`` that describes it."""

OPERATIONS: Final[Sequence[tuple[str, str, str, str]]] = (
    ("publishComments", "send", "comments.raw", "Sources and outside scrapers bring comments."),
    ("scoreComments", "receive", "comments.raw", "`score` reads each comment."),
    ("publishScores", "send", "comments.scored", "`score` adds the toxicity and the scorer that gave it."),
    ("addressComments", "receive", "comments.scored", "`address` finds whom each comment answers."),
    (
        "publishReplies",
        "send",
        "replies",
        "`address` writes one reply per comment and target; the partition's owner adds ticks and verdicts.",
    ),
    ("detectPileOns", "receive", "replies", "`pileon` follows the partition in offset order."),
    ("publishPileOns", "send", "pileons", "`pileon` writes every transition."),
    ("publishShadow", "send", "pileons.shadow", "`pileon` writes what the detector that does not decide would have told."),
    ("watchShadow", "receive", "pileons.shadow", "`threadwatch watch --shadow` shows it; nobody else reads it."),
    ("alertOnPileOns", "receive", "pileons", "`alert` decides: fire, escalate, hold, resolve."),
    ("keepDeliveries", "send", "deliveries", "`alert` writes what webhooks have to tell with its state, and takes out what was delivered."),
    ("loadDeliveries", "receive", "deliveries", "`alert` loads what waits when a partition is assigned."),
    ("publishVerdicts", "send", "feedback", "Moderators judge a pile-on."),
    (
        "followVerdicts",
        "receive",
        "feedback",
        "`pileon` ends what was judged to be none: the owner of its partition writes that into `replies`.",
    ),
    ("publishHandling", "send", "handling", "Moderators take pile-ons on, give them back, and note what others should know."),
    ("followHandling", "receive", "handling", "The console shows who holds what."),
    ("publishConfig", "send", "config", "Operators set what matters to results, with the moment from which it holds."),
    (
        "followConfig",
        "receive",
        "config",
        "`pileon` follows calibrations of the detector e-SR; the owner of a partition writes them into `replies`.",
    ),
    *(
        (f"redrive{name}", "receive", f"{topic}.dlq", f"`threadwatch redrive {topic}` sends mended messages back.")
        for name, topic in (("Raw", "comments.raw"), ("Scored", "comments.scored"), ("Replies", "replies"), ("PileOns", "pileons"))
    ),
    *(
        (f"deadLetter{name}", "send", f"{topic}.dlq", f"Messages of {topic} that cannot be read, with the reason.")
        for name, topic in (("Raw", "comments.raw"), ("Scored", "comments.scored"), ("Replies", "replies"), ("PileOns", "pileons"))
    ),
    *(
        (f"keep{stage.capitalize()}State", "send", f"state.{stage}", f"`{stage}` writes its state with its effects, in one transaction.")
        for stage in ("score", "address", "pileon", "alert")
    ),
    *(
        (f"snapshot{stage.capitalize()}State", "send", f"state.{stage}.snapshots", f"`{stage}` writes its whole state down, once a day.")
        for stage in ("address", "pileon", "alert")
    ),
    *(
        (f"start{stage.capitalize()}", "receive", f"state.{stage}.snapshots", f"A replay starts `{stage}` where a day began.")
        for stage in ("address", "pileon", "alert")
    ),
    *(
        (f"load{stage.capitalize()}State", "receive", f"state.{stage}", f"`{stage}` loads its state when a partition is assigned.")
        for stage in ("score", "address", "pileon", "alert")
    ),
)
"""Name, action, topic, summary."""


def asyncapi(topics: Iterable[TopicFile]) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of these topics."""
    topics = tuple(topics)
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The broker that `kafka.bootstrap` names.",
                "variables": {"bootstrap": {"default": "localhost:9092"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {name: _operation(*rest) for name, *rest in OPERATIONS},
        "components": {"messages": _messages()},
    }


def _info() -> dict[str, Any]:
    return {
        "title": "threadwatch",
        "version": f"{SCHEMA_VERSION}.0.0",
        "description": "Comments are scored, tied to the person they answer, and watched for pile-ons. Readers tolerate unknown fields. "
        "Keys are JSON arrays; the partitioner is Kafka's murmur2.",
        "license": {"name": "Apache-2.0"},
    }


def _channel(topic: TopicFile) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "replicas": topic.replication,
                "topicConfiguration": {"cleanup.policy": [topic.cleanup], "max.message.bytes": topic.max_message_bytes},
                "bindingVersion": BINDING,
            }
        },
    }


def _names(topic: TopicFile) -> Iterable[str]:
    if topic.input is None:
        return MEMBERS[topic.name]
    return ("StateEntry",) if topic.cleanup == "compact" else ("DeadLetter",)


def _operation(action: str, topic: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}, "summary": summary}


def _messages() -> dict[str, Any]:
    messages = {name: _record_message(name, file) for members in MEMBERS.values() for name, file in members.items()}
    return messages | {"DeadLetter": _dead_letter(), "StateEntry": _state_entry()}


def _record_message(name: str, file: str) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        "payload": {"schemaFormat": JSON_SCHEMA, "schema": {"$ref": f"./records/{file}.json#/$defs/{name}"}},
    }


def _dead_letter() -> dict[str, Any]:
    words = {
        "reason": "One word of a closed set.",
        "detail": "What the reader said.",
        "topic": "Where it stood.",
        "partition": "Where it stood.",
        "offset": "Where it stood.",
    }
    return {
        "name": "DeadLetter",
        "summary": "The very bytes that could not be read, under the key they had.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": ["reason", "topic", "partition", "offset"],
            "properties": {name: {"type": "string", "description": said} for name, said in words.items()},
        },
        "payload": {},
    }


def _state_entry() -> dict[str, Any]:
    return {
        "name": "StateEntry",
        "summary": "One entry of a stage's state, or the last input offset applied (key `applied`). Nobody else reads it.",
        "contentType": "application/json",
        "payload": {},
    }
