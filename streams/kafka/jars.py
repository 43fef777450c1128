"""Apache Kafka's own jars, by jgo: exactly those of ``deploy/kafka/jgo.lock.toml``, each checked against its SHA-256."""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from streams.errors import UserError

HERE: Final = Path(__file__).parents[2] / "deploy" / "kafka"
SPEC: Final = HERE / "jgo.toml"
LOCK: Final = HERE / "jgo.lock.toml"
_AT_ONCE: Final = 8


def fetch_jars(folder: Path, lock: Path = LOCK) -> Path:
    """Return the folder with every locked jar in it, fetched where missing. The second time it costs a stat per jar.

    Raises UserError if a jar cannot be had or is not the one that was locked.
    """
    from jgo.env import LockFile

    jars, done = folder / "lib", folder / "lib" / f"complete-{_digest(lock)[:16]}"
    if done.exists():
        return jars
    shutil.rmtree(jars, ignore_errors=True)
    jars.mkdir(parents=True)
    for jar in _fetched(LockFile.load(lock).dependencies, folder / "maven"):
        _link(jar, jars / jar.name)
    done.touch()
    return jars


def _fetched(dependencies: list[Any], cache: Path) -> Iterable[Path]:
    from jgo.maven import MavenContext

    with _progress(len(dependencies)) as advance, ThreadPoolExecutor(_AT_ONCE) as pool:
        maven = MavenContext(repo_cache=cache, timeout=60)
        for jar in pool.map(lambda dependency: _checked(maven, dependency), dependencies):
            advance()
            yield jar


def _checked(maven: Any, dependency: Any) -> Path:
    """Return the jar's path once its SHA-256 is the locked one. A half-fetched or changed file is fetched again, once."""
    name = f"{dependency.artifactId}-{dependency.version}.jar"
    artifact = maven.project(dependency.groupId, dependency.artifactId).at_version(dependency.version).artifact()
    for _ in range(2):
        try:
            jar = Path(artifact.resolve())
        except (RuntimeError, OSError) as error:
            raise UserError(
                f"cannot fetch {name} of the embedded broker: {_first_line(error)}; "
                "is Maven Central reachable? Or name a broker with THREADWATCH_KAFKA=host:port"
            ) from error
        if _digest(jar) == dependency.sha256:
            return jar
        jar.unlink()
    raise UserError(f"{name} is not the jar that {LOCK.name} locks: its SHA-256 differs; the file was removed")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _link(jar: Path, place: Path) -> None:
    try:
        os.link(jar, place)
    except OSError:
        shutil.copyfile(jar, place)


@contextmanager
def _progress(total: int) -> Any:
    """A bar on a terminal, a line every ten jars elsewhere, on stderr: data goes to stdout."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task, count = bar.add_task("Apache Kafka's jars", total=total), [0]

        def advance() -> None:
            count[0] += 1
            bar.advance(task)
            if not console.is_terminal and (count[0] % 10 == 0 or count[0] == total):
                print(f"Apache Kafka's jars: {count[0]} of {total}", file=sys.stderr, flush=True)

        yield advance


def write_lock(spec: Path = SPEC, lock: Path = LOCK) -> int:
    """Resolve the spec anew, write the lock, return how many jars it names. For developers, when Kafka is upgraded."""
    import tempfile

    from jgo.env import EnvironmentSpec, LockFile
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    with tempfile.TemporaryDirectory() as cache:
        maven = MavenContext(repo_cache=Path(cache), timeout=60)
        parsed = [Coordinate.parse(text) for text in EnvironmentSpec.load(spec).coordinates]
        wanted = [maven.create_dependency(part) for part in parsed]
        inputs, transitive = maven.resolver.resolve(wanted)
        locked = LockFile.from_resolved_dependencies([*inputs, *transitive], environment_name="threadwatch-kafka")
        locked.save(lock)
    return len(locked.dependencies)


if __name__ == "__main__":
    print(f"{write_lock()} jars locked in {LOCK.name}")
