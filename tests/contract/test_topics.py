"""Topic files ↔ streams.topics ↔ AsyncAPI, and what a broker is told."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.kafka.asyncapi import OPERATIONS
from streams.kafka.batches import partition_of
from streams.kafka.connection import MAX_MESSAGE
from streams.kafka.declared import DeclaredTopic, TopicFile, declared, read, topic_files
from streams.kafka.produce import BATCH_BYTES
from streams.topics import PILEONS_SHADOW, RECORD_TOPICS, by_conversation, json_key, snapshots_topic
from tests.contract.schema_files import SCHEMAS
from tests.support.builders import comment

DEAD_LETTERS = ("comments.raw", "comments.scored", "replies", "pileons")
STATES = {"score": "comments.raw", "address": "comments.scored", "pileon": "replies", "alert": "pileons"}
SNAPSHOTS = {snapshots_topic(stage): stage for stage in ("address", "pileon", "alert")}
KIB, MIB = 1024, 1024 * 1024
MONTH = timedelta(days=30)


def files() -> dict[str, TopicFile]:
    return {topic.name: topic for topic in topic_files()}


def on_broker(**options: Any) -> dict[str, DeclaredTopic]:
    return {topic.name: topic for topic in declared(**({"retention": MONTH} | options))}


def test_every_topic_of_the_program_has_a_file_and_no_file_is_an_orphan():
    program = {topic.name for topic in (*RECORD_TOPICS, PILEONS_SHADOW)}
    dead = {f"{name}.dlq" for name in DEAD_LETTERS}
    assert set(files()) == program | dead | {f"state.{stage}" for stage in STATES} | {"deliveries"} | set(SNAPSHOTS)


def test_deliveries_follow_the_partitions_of_what_they_tell_of_and_keep_the_last_of_a_key():
    deliveries, pileons = files()["deliveries"], files()["pileons"]
    assert (deliveries.input, deliveries.partitions) == ("pileons", pileons.partitions)
    assert (deliveries.cleanup, deliveries.retention, deliveries.record) == ("compact", "forever", None)


@pytest.mark.parametrize("topic", RECORD_TOPICS, ids=lambda topic: topic.name)
def test_a_record_topic_names_a_schema_that_is_there(topic: Any):
    record = files()[topic.name].record
    assert record is not None
    assert (SCHEMAS / "records" / record).is_file()


def test_every_schema_is_the_record_of_a_topic():
    named = {topic.record for topic in topic_files() if topic.record}
    assert sorted(named) == sorted(file.name for file in (SCHEMAS / "records").iterdir())


@pytest.mark.parametrize("name", DEAD_LETTERS)
def test_a_dead_letter_topic_follows_its_source_and_takes_64_kib_more(name: str):
    source, dead = files()[name], files()[f"{name}.dlq"]
    assert dead.input == name
    assert dead.max_message_bytes == source.max_message_bytes + 64 * KIB
    assert dead.partitions == source.partitions
    assert dead.holds_text


@pytest.mark.parametrize("stage", STATES)
def test_a_state_topic_has_its_inputs_partitions_and_is_compacted(stage: str):
    state = files()[f"state.{stage}"]
    assert state.input == STATES[stage]
    assert state.partitions == files()[STATES[stage]].partitions
    assert (state.cleanup, state.retention, state.record) == ("compact", "forever", None)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_snapshots_follow_their_stages_input_and_live_as_long_as_replies(name: str):
    snapshots, stage = files()[name], SNAPSHOTS[name]
    assert (snapshots.input, snapshots.partitions) == (STATES[stage], files()[STATES[stage]].partitions)
    assert (snapshots.cleanup, snapshots.retention, snapshots.record) == ("delete", files()["replies"].retention, None)


def test_what_fits_into_raw_fits_into_scored_and_every_client_takes_the_largest():
    topics = files()
    assert topics["comments.raw"].max_message_bytes == 4 * MIB
    assert topics["comments.scored"].max_message_bytes >= 4 * MIB + 64 * KIB
    assert max(topic.max_message_bytes for topic in topics.values()) < MAX_MESSAGE


@pytest.mark.parametrize("topic", topic_files(), ids=lambda topic: topic.name)
def test_a_whole_batch_of_ours_fits_every_topic(topic: TopicFile):
    assert topic.max_message_bytes >= 2 * BATCH_BYTES


def test_text_lives_as_long_as_the_setting_says_and_only_where_text_is():
    holding = {"comments.raw", "comments.scored", *(f"{name}.dlq" for name in DEAD_LETTERS)}
    month, week = on_broker(), on_broker(retention=timedelta(days=7))
    for name, topic in month.items():
        assert (topic.configs["retention.ms"] != week[name].configs["retention.ms"]) == (name in holding), name
    assert month["comments.raw"].configs["retention.ms"] == str(30 * 24 * 3600 * 1000)


@given(st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(days=3650)))
def test_text_never_outlives_its_term_by_more_than_a_quarter_or_a_day(retention: timedelta):
    configs = on_broker(retention=retention)["comments.raw"].configs
    segment = timedelta(milliseconds=int(configs["segment.ms"]))
    assert segment <= timedelta(days=1)
    assert segment <= retention / 4


def test_the_brokers_clock_decides_what_is_old():
    assert {topic.configs["message.timestamp.type"] for topic in on_broker().values()} == {"LogAppendTime"}


def test_replication_is_raised_with_enough_replicas_in_sync():
    one, three = on_broker()["replies"], on_broker(replication=3)["replies"]
    assert (one.replication, one.configs["min.insync.replicas"]) == (1, "1")
    assert (three.replication, three.configs["min.insync.replicas"]) == (3, "2")


def test_a_prefix_stands_before_every_name():
    assert [topic.name for topic in declared(MONTH, 1, "two.")] == [f"two.{topic.name}" for topic in declared(MONTH)]


def test_all_that_stages_share_has_as_many_partitions_as_one_asks_for_and_what_one_log_orders_keeps_one():
    usual, asked = on_broker(), on_broker(partitions=12)
    assert {name: topic.partitions for name, topic in asked.items()} == {
        name: 12 if topic.partitions > 1 else 1 for name, topic in usual.items()
    }
    assert (asked["feedback"].partitions, asked["replies"].partitions, asked["state.pileon"].partitions) == (1, 12, 12)


def test_no_retention_is_a_users_mistake():
    with pytest.raises(UserError, match="retention"):
        declared(timedelta(), 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"partitions": 0}, "partitions"),
        ({"partitions": "four"}, "partitions"),
        ({"cleanup": "shred"}, "cleanup"),
        ({"retention": "a month"}, "retention"),
        ({"retention": "P0D"}, "longer than nothing"),
        ({"name": "replies.old"}, "replies.old"),
        ({"colour": "red"}, "colour"),
        ({"owner": None}, "owner"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_place(tmp_path: Path, change: dict[str, Any], said: str):
    content = yaml.safe_load((SCHEMAS / "topics" / "replies.yaml").read_text(encoding="utf-8"))
    file = tmp_path / "replies.yaml"
    file.write_text(yaml.safe_dump(content | change), encoding="utf-8")
    with pytest.raises(UserError, match=r"replies\.yaml") as mistake:
        read(file)
    assert said in str(mistake.value)
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"a: [", b"\xff\xfe", b"!!python/object/apply:os.getcwd []", b"[" * 5000])
def test_a_file_that_is_no_topic_is_a_users_mistake(tmp_path: Path, content: bytes):
    file = tmp_path / "replies.yaml"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"replies\.yaml"):
        read(file)


def test_an_empty_folder_says_what_to_do(tmp_path: Path):
    with pytest.raises(UserError, match="no topic files"):
        topic_files(tmp_path)


# Keys and partitions. The vectors are those of Kafka's own UtilsTest, which any client must meet.
MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", MURMUR2)
def test_the_partitioner_is_kafkas_murmur2(key: bytes):
    assert partition_of(key, 4096) == (MURMUR2[key] & 0x7FFFFFFF) % 4096


def test_a_key_is_a_json_array_of_source_community_and_id():
    assert by_conversation(comment(source="news", community="sport", conversation_id="talk")) == b'["news","sport","talk"]'


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(st.tuples(names, names, names), st.tuples(names, names, names))
def test_names_cannot_forge_anothers_key(one: tuple[str, str, str], other: tuple[str, str, str]):
    assert (json_key(*one) == json_key(*other)) == (one == other)
    assert json.loads(json_key(*one)) == list(one)


# AsyncAPI.
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
    return loaded


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from references(inner)


def resolved(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    found = json.loads((SCHEMAS / file).read_text(encoding="utf-8")) if file else document()
    for step in pointer.split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def test_asyncapi_describes_every_topic_and_no_other():
    assert {channel["address"] for channel in document()["channels"].values()} == set(files())


def test_every_reference_of_asyncapi_leads_somewhere():
    found = list(references(document()))
    assert len(found) > 40
    assert all(resolved(reference) for reference in found)


def test_every_channel_is_sent_to_and_received_from():
    def used(action: str) -> Iterable[str]:
        return (operation["channel"]["$ref"] for operation in document()["operations"].values() if operation["action"] == action)

    channels = {f"#/channels/{name}" for name in files()}
    assert set(used("send")) == channels
    assert set(used("receive")) == channels
    assert len(document()["operations"]) == len(OPERATIONS)
