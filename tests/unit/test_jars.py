"""Kafka's jars are exactly those that the lock names, or none."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.errors import UserError
from streams.kafka import jars


class Maven:
    """Gives one file per artifact; each fetch writes what is next in ``contents``."""

    def __init__(self, folder: Path, *contents: bytes) -> None:
        self._file, self._contents, self.fetched = folder / "a-1.jar", list(contents), 0

    def project(self, group: str, artifact: str) -> Any:
        return SimpleNamespace(at_version=lambda _: SimpleNamespace(artifact=lambda: self))

    def resolve(self) -> Path:
        if not self._file.exists():
            self.fetched += 1
            self._file.write_bytes(self._contents.pop(0))
        return self._file


def wanted(content: bytes) -> Any:
    return SimpleNamespace(groupId="g", artifactId="a", version="1", sha256=hashlib.sha256(content).hexdigest())


def test_a_jar_with_the_locked_digest_is_taken(tmp_path: Path) -> None:
    assert jars._checked(Maven(tmp_path, b"good"), wanted(b"good")).read_bytes() == b"good"


def test_a_half_fetched_jar_is_fetched_again_once(tmp_path: Path) -> None:
    maven = Maven(tmp_path, b"go", b"good")
    assert jars._checked(maven, wanted(b"good")).read_bytes() == b"good"
    assert maven.fetched == 2


def test_a_jar_that_stays_another_is_refused_and_removed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a-1.jar is not the jar that jgo.lock.toml locks"):
        jars._checked(Maven(tmp_path, b"evil", b"evil"), wanted(b"good"))
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_one_plain_line(tmp_path: Path) -> None:
    def resolve() -> Path:
        raise RuntimeError("Not found\nin: somewhere")

    maven = SimpleNamespace(project=lambda *_: SimpleNamespace(at_version=lambda _: SimpleNamespace(
        artifact=lambda: SimpleNamespace(resolve=resolve))))  # fmt: skip
    with pytest.raises(UserError, match=r"cannot fetch a-1.jar of the embedded broker: Not found; .*THREADWATCH_KAFKA"):
        jars._checked(maven, wanted(b"good"))


def test_the_lock_names_kafka_itself_and_a_digest_for_every_jar() -> None:
    from jgo.env import LockFile

    locked = LockFile.load(jars.LOCK).dependencies
    assert len(locked) > 30
    assert {"kafka_2.13"} <= {dependency.artifactId for dependency in locked}
    assert all(len(dependency.sha256 or "") == 64 for dependency in locked)


def test_jars_that_are_complete_are_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / f"complete-{jars._digest(jars.LOCK)[:16]}").touch()
    monkeypatch.setattr(jars, "_fetched", lambda *_: pytest.fail("fetched again"))
    assert jars.fetch_jars(tmp_path) == lib
