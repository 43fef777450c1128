"""``threadwatch doctor``: whom alerts are told to is looked at too, before anybody has to be told."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from streams.cli.main import main

SAID = "NOBODY IS TOLD: neither alertmanager.urls nor webhooks is set"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/v2/status" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def answering() -> Iterator[int]:
    """Return a port where something answers as an Alertmanager does."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def unused() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def told(capsys: pytest.CaptureFixture[str], settings: str) -> dict[str, list[str]]:
    """Return what doctor says, by the thing it looked at."""
    Path("threadwatch.toml").write_text(settings)
    assert main(["doctor", "--kafka", f"127.0.0.1:{unused()}", "--data", "data"]) == 1, "no broker is there"
    lines = [line.split(None, 2) for line in capsys.readouterr().out.splitlines()]
    return {
        what: [f"{mark} {said}" for mark, other, said in lines if other == what] for what in ("webhook", "alertmanager", "alerts", "broker")
    }


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_alertmanager_is_asked_whether_it_is_one(answering: int, capsys: pytest.CaptureFixture[str]) -> None:
    urls = [f"http://127.0.0.1:{answering}/", f"http://127.0.0.1:{answering}/elsewhere", f"http://127.0.0.1:{unused()}"]
    good, unknown, other, away = told(capsys, f"[alertmanager]\nurls = {urls}".replace("'", '"'))["alertmanager"]
    assert good == f"ok {urls[0]} answers 200"
    assert unknown.startswith(f"CHECK {urls[0]} does not say whom it tells")
    assert other.startswith(f"MISSING {urls[1]} answers 404; it should be 200")
    assert away.startswith(f"MISSING {urls[2]} does not answer")


@pytest.mark.parametrize("where", ["127.0.0.1:{closed}", "127.0.0.1:{open}/elsewhere", "nobody.invalid"])
def test_the_password_of_an_alertmanager_is_not_shown(answering: int, capsys: pytest.CaptureFixture[str], where: str) -> None:
    host = where.format(closed=unused(), open=answering)
    (said,) = told(capsys, f'[alertmanager]\nurls = ["http://kim:hunter2secret@{host}"]')["alertmanager"]
    assert said.startswith(f"MISSING http://{host} ") and "hunter2" not in said


def test_a_webhook_without_a_secret_is_missing_and_one_with_it_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[[webhooks]]\nname = "night-shift"\nurl = "https://hooks.example.org/x"\n'
    (without,) = told(capsys, settings)["webhook"]
    assert without.startswith("MISSING webhooks, night-shift: it has no secret; set THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS")
    monkeypatch.setenv("THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS", "0123456789abcdef")
    (with_it,) = told(capsys, settings)["webhook"]
    assert with_it == "ok night-shift: has a secret and an address (nothing was sent)"


def test_a_webhook_for_a_community_that_no_source_has_is_to_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    hook = '[[webhooks]]\nname = "day"\nurl = "https://hooks.example/x"\nsecrets = ["a-secret-of-sixteen"]\ncommunities = ["news/sprot"]\n'
    well, doubtful = told(capsys, f'{hook}[sources.news]\ncommunities = ["sport"]\n')["webhook"]
    assert well.startswith("ok day")
    assert doubtful == "CHECK webhooks, day: communities names 'sprot', which is none of sources.news.communities; is it spelled so?"


def test_that_neither_alertmanager_nor_a_webhook_is_set_is_to_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    (nobody,) = told(capsys, "")["alerts"]
    assert nobody.startswith(f"CHECK {SAID}")
    hook = '[[webhooks]]\nname = "day"\nurl = "https://hooks.example/x"\nsecrets = ["a-secret-of-sixteen"]\n'
    assert told(capsys, hook)["alerts"] == []
    assert told(capsys, f'[alertmanager]\nurls = ["http://127.0.0.1:{unused()}"]')["alerts"] == []
