"""Topics as ``schemas/topics/*.yaml`` declares them: what ``threadwatch topics create`` makes and ``check`` compares."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from streams.errors import UserError

BESIDE: Final = Path(__file__).parents[2] / "schemas"
"""The checkout's folder, next to ``streams/``."""
PACKAGED: Final = Path(__file__).parents[1] / "schemas"
"""Where a wheel puts the same files."""

DAY: Final = timedelta(days=1)
FOREVER: Final = "-1"
MIN_SEGMENT: Final = timedelta(minutes=10)
Positive = Annotated[int, Meta(ge=1)]


class DeclaredTopic(Struct, frozen=True, kw_only=True):
    """A topic as the broker should have it. ``configs`` are Kafka's own names and texts."""

    name: str
    partitions: int
    replication: int
    configs: dict[str, str]


class TopicFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of ``schemas/topics``, word for word."""

    name: str
    description: str
    owner: str
    key: str
    record: str | None
    """File in ``schemas/records``; null where the bytes are nobody else's business."""
    input: str | None = None
    """For state and dead letters: the topic whose partitions they follow."""
    partitions: Positive
    replication: Positive
    cleanup: Literal["delete", "compact"]
    retention: str
    """``text`` (the setting ``retention``), ``forever``, or an ISO 8601 duration such as ``P400D``."""
    timestamps: Literal["LogAppendTime", "CreateTime"]
    max_message_bytes: Positive
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    settings: dict[str, str | int | float] = {}
    """Further settings, in Kafka's names."""

    @property
    def holds_text(self) -> bool:
        """Return whether comment text can lie here, so that the retention setting governs it."""
        return self.retention == "text"


def declared(retention: timedelta, replication: int = 1, prefix: str = "", partitions: int = 0) -> tuple[DeclaredTopic, ...]:
    """Return every topic, by name, as the broker should have it.

    ``retention`` is how long text lives; ``replication`` raises what the files say, never lowers it; ``prefix`` stands
    before every name; ``partitions``, unless 0, is how many each topic has that is split at all: stages hand on by the number of
    the partition. Raises UserError that names the file and what is wrong with it.
    """
    return tuple(_declared(topic, retention, replication, prefix, partitions) for topic in topic_files())


def topic_files(folder: Path | None = None) -> tuple[TopicFile, ...]:
    """Return the files of ``schemas/topics``, by name of topic. Raises UserError that names the file."""
    folder = folder or schemas() / "topics"
    files = sorted(folder.glob("*.yaml"), key=lambda file: file.stem)
    if not files:
        raise UserError(f"there are no topic files in {folder}: install threadwatch again, or run it from its checkout")
    return tuple(read(file) for file in files)


def schemas() -> Path:
    """Return the folder of the contract: the checkout's, else the installed copy's."""
    found = next((folder for folder in (BESIDE, PACKAGED) if (folder / "topics").is_dir()), None)
    if found is None:
        raise UserError(f"the folder schemas/ is missing (looked at {BESIDE} and {PACKAGED}): install threadwatch again")
    return found


def read(file: Path) -> TopicFile:
    """Return one topic file, checked. Raises UserError that names it."""
    try:
        topic = msgspec.convert(_yaml(file), TopicFile)
    except msgspec.ValidationError as error:
        raise UserError(f"{file}: {error}") from error
    if topic.name != file.stem:
        raise UserError(f"{file}: it declares the topic {topic.name!r}; name the file {topic.name}.yaml or mend `name`")
    _retention_ms(topic, DAY, file)
    return topic


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{file}: cannot be read as YAML: {' '.join(str(error).split())}") from error


def _declared(topic: TopicFile, retention: timedelta, replication: int, prefix: str, partitions: int) -> DeclaredTopic:
    copies, split = max(topic.replication, replication), topic.partitions > 1
    configs = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": _retention_ms(topic, retention),
        "message.timestamp.type": topic.timestamps,
        "max.message.bytes": str(topic.max_message_bytes),
        "min.insync.replicas": "2" if copies > 2 else "1",
    }
    if topic.holds_text:
        configs["segment.ms"] = _milliseconds(_segment(retention))
    configs |= {name: str(value) for name, value in topic.settings.items()}
    count = partitions if partitions and split else topic.partitions
    return DeclaredTopic(name=prefix + topic.name, partitions=count, replication=copies, configs=configs)


def _segment(retention: timedelta) -> timedelta:
    """Return how long a segment may grow: Kafka deletes whole segments, so text outlives its term by this much."""
    return max(MIN_SEGMENT, min(DAY, retention / 4))


def _retention_ms(topic: TopicFile, text: timedelta, file: Path | None = None) -> str:
    if topic.retention == "forever":
        return FOREVER
    if topic.retention == "text":
        return _milliseconds(_checked(text, "the setting `retention`"))
    where = f"{file or topic.name}: retention {topic.retention!r}"
    try:
        return _milliseconds(_checked(msgspec.convert(topic.retention, timedelta), where))
    except msgspec.ValidationError as error:
        raise UserError(f"{where}: write text, forever, or a duration such as P400D") from error


def _checked(duration: timedelta, where: str) -> timedelta:
    if duration <= timedelta():
        raise UserError(f"{where} must be longer than nothing")
    return duration


def _milliseconds(duration: timedelta) -> str:
    return str(min(duration // timedelta(milliseconds=1), sys.maxsize))
