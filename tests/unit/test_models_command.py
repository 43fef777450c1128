"""``threadwatch models``: pulled from a mirror over HTTP, checked, converted once, loaded offline; whatever can go wrong is one line."""

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import main
from streams.scorers import pulled
from streams.scorers.detoxify import open_detoxify

pytestmark = pytest.mark.filterwarnings("ignore")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: who asked may hang up."""


@pytest.fixture
def mirror(made: Any, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve a small ``original`` as its hubs do: the checkpoint under its name, without what Detoxify needs offline."""
    root, local = tmp_path / "mirror", made("original")
    hub = root / "bert-base-uncased"
    hub.mkdir(parents=True)
    for name in ("config.json", "tokenizer_config.json", "tokenizer.json", "vocab.txt"):
        if (local.config / name).exists():
            shutil.copy(local.config / name, hub / name)
    config = json.loads((hub / "config.json").read_text())
    (hub / "config.json").write_text(json.dumps({name: value for name, value in config.items() if name not in ("id2label", "label2id")}))
    shutil.copy(local.checkpoint, root / "toxic_original-c1212f89.ckpt")
    server = Server(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", root
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".threadwatch" / "models"


@pytest.fixture
def named_by_digest(monkeypatch: pytest.MonkeyPatch, mirror: tuple[str, Path]) -> None:
    """Let the package's address end in the digest of what the mirror has, as real ones do."""
    file = mirror[1] / "toxic_original-c1212f89.ckpt"
    name = f"toxic_original-{pulled.sha256_of(file)[:8]}.ckpt"
    file.rename(file.with_name(name))
    monkeypatch.setitem(__import__("detoxify").detoxify.MODEL_URLS, "original", f"https://hub.invalid/{name}")


@pytest.mark.usefixtures("named_by_digest")
def test_a_pulled_model_is_listed_checked_and_scores_offline(mirror: Any, home: Path, made: Any, capsys: Any) -> None:
    url, root = mirror
    assert main(["models", "pull", "original", "--from", url]) == 0
    said = capsys.readouterr()
    model, sha256, place = said.out.split()
    assert (model, said.err) == ("original", "")
    assert Path(place) == home / "original" / sha256[:12]
    shutil.rmtree(root)

    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["original", sha256[:12], place]
    assert lines[1].split() == ["unbiased", "not", "here", "threadwatch", "models", "pull", "unbiased"]

    assert main(["models", "check"]) == 0
    exact, fast = capsys.readouterr().out.splitlines()
    assert exact.startswith("ok       detoxify:original@")
    assert "int8 moves a score by 0." in fast

    here, there = (open_detoxify("original", local=each).score(["you liar"]) for each in (pulled.found(home, "original"), made("original")))
    assert here == there


@pytest.mark.usefixtures("named_by_digest")
def test_a_changed_file_is_found_and_pulled_again(mirror: Any, home: Path, capsys: Any) -> None:
    main(["models", "pull", "original", "--from", mirror[0]])
    place = Path(capsys.readouterr().out.split()[2])
    (place / "config" / "config.json").write_text("{}")
    (place / "model.ckpt").unlink()
    assert main(["models", "check", "original"]) == 1
    said = capsys.readouterr().out
    assert "CHANGED  original: model.ckpt is missing; threadwatch models pull original fetches it again" in said
    assert " has SHA-256 " in said
    assert main(["models", "pull", "original", "--from", mirror[0]]) == 0
    assert main(["models", "check", "original"]) == 0


def told(capsys: Any, *arguments: str) -> str:
    """Return the one line of a mistake."""
    assert main(["models", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return str(said.err)


def test_what_came_damaged_is_not_kept(mirror: Any, home: Path, capsys: Any) -> None:
    assert "its name says c1212f89: pull again" in told(capsys, "pull", "original", "--from", mirror[0])
    assert list((home / "original").iterdir()) == []


@pytest.mark.usefixtures("named_by_digest")
def test_a_mirror_without_configuration_is_told(mirror: Any, home: Path, capsys: Any) -> None:
    (mirror[1] / "bert-base-uncased" / "config.json").unlink()
    assert "config.json answers 404" in told(capsys, "pull", "original", "--from", mirror[0])
    assert list((home / "original").iterdir()) == []


@pytest.mark.usefixtures("named_by_digest")
def test_another_architecture_under_the_name_is_told_and_what_was_there_stays(
    mirror: Any, home: Path, made: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert main(["models", "pull", "original", "--from", mirror[0]]) == 0
    capsys.readouterr()
    shutil.copy(made("unbiased").checkpoint, mirror[1] / "other.ckpt")
    shutil.copytree(made("unbiased").config, mirror[1] / "bert-base-uncased", dirs_exist_ok=True)
    monkeypatch.setitem(__import__("detoxify").detoxify.MODEL_URLS, "original", "https://hub.invalid/other.ckpt")
    assert "the checkpoint is a roberta; detoxify:original is a bert" in told(capsys, "pull", "original", "--from", mirror[0])
    assert main(["models", "check", "original"]) == 0


@pytest.mark.usefixtures("named_by_digest")
def test_no_room_is_told(mirror: Any, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))  # type: ignore[attr-defined]
    assert "there is no room in .threadwatch/models for original" in told(capsys, "pull", "original", "--from", mirror[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pull", "toxic"], "there is no model 'toxic'; there are original,"),
        (["pull", "original", "--from", "ftp://x"], "is no address; --from takes https://"),
        (["pull", "original", "--from", "http://127.0.0.1:9"], "cannot be fetched"),
        (["check"], "there is no model in .threadwatch/models: threadwatch models pull MODEL fetches one"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str, made: Any, home: Path, capsys: Any) -> None:
    assert said in told(capsys, *arguments)
