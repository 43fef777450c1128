"""Struct == schema, and the examples mean the same to both."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.kafka.schemas import RECORD_FILES, differing, generated
from streams.stages.decode import Unreadable, decoder
from streams.topics import RECORD_TOPICS
from tests.contract.schema_files import SCHEMAS, examples, name_of, schema, validator

NEEDED = ("valid", "invalid")


def readable(record: str, value: bytes) -> bool:
    try:
        decoder(RECORD_FILES[record])(value)
    except Unreadable:
        return False
    return True


def follows(record: str, value: bytes) -> bool:
    try:
        document = json.loads(value, parse_constant=refuse)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return bool(validator(record).is_valid(document))


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def test_the_files_are_what_the_structs_and_topics_say():
    assert differing(SCHEMAS) == []


def test_a_changed_schema_file_is_noticed(tmp_path: Path):
    (tmp_path / "records").mkdir()
    for name, text in generated().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert differing(tmp_path) == []
    (tmp_path / "records" / "comment.json").write_text("{}", encoding="utf-8")
    (tmp_path / "records" / "orphan.json").write_text("{}", encoding="utf-8")
    assert differing(tmp_path) == ["records/comment.json", "records/orphan.json"]


@pytest.mark.parametrize("record", RECORD_FILES)
def test_each_schema_is_itself_valid_titled_and_open_to_new_fields(record: str):
    made = schema(record)
    Draft202012Validator.check_schema(made)
    assert made["title"] and made["description"]
    for name, definition in made["$defs"].items():
        assert definition["description"], name
        assert "properties" not in definition or definition["additionalProperties"] is True, name


def test_every_record_of_a_topic_has_a_schema_and_no_schema_is_an_orphan():
    assert list(RECORD_FILES.values()) == [topic.record for topic in RECORD_TOPICS]


@pytest.mark.parametrize("record", RECORD_FILES)
def test_every_record_has_several_examples_of_both_kinds(record: str):
    for kind in NEEDED:
        assert len(list((SCHEMAS / "examples" / record).glob(f"{kind}-*.json"))) >= 3


def test_every_example_is_of_a_known_record_and_kind():
    files = {file for file in (SCHEMAS / "examples").rglob("*") if file.is_file()}
    assert files == {*examples("valid"), *examples("invalid")}
    assert {file.parent.name for file in files} == set(RECORD_FILES)


@pytest.mark.parametrize("example", examples("valid"), ids=name_of)
def test_a_valid_example_passes_the_schema_and_the_door(example: Path):
    record, value = example.parent.name, example.read_bytes()
    assert list(validator(record).iter_errors(json.loads(value))) == []
    read = decoder(RECORD_FILES[record])
    decoded = read(value)
    assert read(msgspec.json.encode(decoded)) == decoded


@pytest.mark.parametrize("example", examples("valid"), ids=name_of)
def test_what_we_write_passes_the_schema(example: Path):
    record = example.parent.name
    written = msgspec.json.encode(decoder(RECORD_FILES[record])(example.read_bytes()))
    assert list(validator(record).iter_errors(json.loads(written))) == []


@pytest.mark.parametrize("example", examples("invalid"), ids=name_of)
def test_an_invalid_example_passes_neither(example: Path):
    record, value = example.parent.name, example.read_bytes()
    assert not follows(record, value)
    assert not readable(record, value)


@pytest.mark.parametrize("record", RECORD_FILES)
def test_an_unknown_field_changes_nothing(record: str):
    read = decoder(RECORD_FILES[record])
    for example in (SCHEMAS / "examples" / record).glob("valid-*.json"):
        known = json.loads(example.read_bytes())
        assert read(json.dumps(known | {"from_a_newer_version": {"x": [1]}}).encode()) == read(example.read_bytes())


ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.5,
    1.5,
    -0.5,
    10**30,
    "",
    "x",
    "x" * 513,
    "x" * 1025,
    "x" * 5000,
    "reply",
    "created",
    "closed",
    "parent",
    "2024-05-01T12:00:00Z",
    "2024-05-01T12:00:00",
    "2024-13-01T12:00:00Z",
    "12:00",
    [],
    ["x"],
    [1],
    [""],
    {},
    {"x": 1},
    {"x": 2},
    {"x": "y"},
    {"x": None},
)


def places(document: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path] if path else []
    for name, value in document.items() if isinstance(document, dict) else ():
        found += places(value, (*path, name))
    return found


@given(st.data())
def test_schema_and_door_agree_on_what_odd_writers_send(data: st.DataObject):
    example = data.draw(st.sampled_from(examples("valid")), "example")
    document = copy.deepcopy(json.loads(example.read_bytes()))
    for _ in range(data.draw(st.integers(1, 2), "changes")):
        *inside, last = data.draw(st.sampled_from(places(document) or [("new",)]), "place")
        holder = document
        for name in inside:
            holder = holder[name]
        if data.draw(st.booleans(), "drop"):
            holder.pop(last, None)
        else:
            holder[last] = copy.deepcopy(data.draw(st.sampled_from(ODD), "value"))
    value = json.dumps(document).encode()
    assert readable(example.parent.name, value) == follows(example.parent.name, value)


@given(st.binary(max_size=200), st.sampled_from(list(RECORD_FILES)))
def test_random_bytes_never_raise_anything_but_unreadable(value: bytes, record: str):
    assert readable(record, value) in {True, False}
