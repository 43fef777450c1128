"""Who is told of a case, without an Alertmanager: plain words, nothing typed is lost, and lines to copy that mean what they say."""

import re
import tomllib
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from streams.console.silencing import matchers, mute
from streams.live.alertmanager import host_of
from streams.settings import load
from streams.stages.alert import Mute
from tests.support.builders import NOON, pileon
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of

HOSTILE = 'a"]\n[kafka]\nbootstrap = "evil"\u202e\\'


def console_of(folder, *urls: str) -> Console:
    made = Console(folder, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(folder),
                                 "THREADWATCH_ALERTMANAGER__URLS": ",".join(urls)}))  # fmt: skip
    made.take(pileons=[pileon(target_id=HOSTILE)])
    return made


@pytest.fixture
def console(tmp_path):
    made = console_of(tmp_path, "http://kim:secret@127.0.0.1:1")
    yield made
    made.close()


def silenced(console: Console, **fields):
    token = re.search(r'name="form_token" value="(\w+)"', console.client.get("/pileons/case-1/silence").text)[1]
    given = {"form_token": token, "judge": "kim", "scope": "case", "lasts": "4h", "reason": "a long thought"}
    return console.client.post("/pileons/case-1/silence", data=given | fields)


def test_without_an_alertmanager_there_is_nothing_to_silence(tmp_path):
    console = console_of(tmp_path)
    page = page_of(console, "/pileons/case-1/silence")
    assert "No Alertmanager is set" in text_of(page) and page.css("main form") == []
    assert "No Alertmanager is set" in console.client.get("/pileons/case-1/alert").text
    console.close()


def test_one_that_is_away_is_said_to_be_and_its_password_is_not(console):
    page = page_of(console, "/pileons/case-1/silence")
    assert "127.0.0.1:1 does not answer: what it tells is not known" in text_of(page) and "secret" not in page.html
    answer = silenced(console)
    assert answer.status_code == 400 and "It was not done: 127.0.0.1:1 does not answer" in answer.text and "a long thought" in answer.text
    assert console.audited() == [], "what was not done is not noted"


@pytest.mark.parametrize(("fields", "said"), [
    ({"lasts": "1y"}, "say what, and for how long"), ({"scope": "all"}, "say what"), ({"reason": " "}, "say why"),
    ({"reason": "x" * 501}, "say why"), ({"judge": ""}, "say who you are"),
    ({"judge": "ki\u200fm"}, "in signs that can be seen"),
])  # fmt: skip
def test_a_silence_says_what_for_how_long_why_and_who(console, fields, said):
    answer = silenced(console, **fields)
    assert answer.status_code == 400 and said in answer.text


@pytest.mark.parametrize("name", ["", "../alerts", "a/b", "x" * 200, "é"])
def test_only_a_silences_own_id_is_asked_for(console, name):
    token = re.search(r'name="form_token" value="(\w+)"', console.client.get("/pileons/case-1/silence").text)[1]
    answer = console.client.post("/pileons/case-1/unsilence", data={"form_token": token, "judge": "kim", "silence": name})
    assert answer.status_code == 400 and "there is no such silence" in answer.text


@pytest.mark.parametrize("path", ["/pileons/nobody/silence", "/pileons/%00/silence"])
def test_of_a_case_that_is_none_nobody_is_told(console, path):
    page_of(console, path, 404)


def test_the_lines_of_a_mute_hold_this_person_and_nothing_else():
    case = pileon(target_id=HOSTILE, community="[[mutes]]\n#", updated_at=NOON)
    read = tomllib.loads(mute(case, NOON))
    made = [Mute(**each) for each in read["mutes"]]
    assert list(read) == ["mutes"] and [each.holds(case) for each in made] == [True]
    assert not made[0].holds(pileon(target_id="ann"))


def test_a_community_is_meant_by_the_name_that_its_alerts_carry():
    named = {matcher.name: matcher.value for matcher in matchers(pileon(community="a<b>" + "x" * 900), "community")}
    assert named == {"alertname": "PileOn", "source": "news", "community": "a_b_" + "x" * 124}


def test_an_address_is_shown_without_name_and_password():
    assert host_of("https://kim:secret@alerts.example:9093/prefix") == "alerts.example:9093"


@pytest.mark.parametrize(("body", "said"), [
    (b"[" + b" " * 3_000_000 + b"]", "has no alert of this case"), (b"[" + b" " * 5_000_000 + b"]", "answers more than can be shown"),
    (b"<html>", "does not answer as an Alertmanager does"), (b'[{"labels": 1}]', "does not answer as an Alertmanager does"),
])  # fmt: skip
def test_an_answer_may_be_long_and_may_be_anything(tmp_path, body, said):
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        console = console_of(tmp_path, f"http://127.0.0.1:{server.server_port}")
        assert said in console.client.get("/pileons/case-1/alert").text
        console.close()
        server.shutdown()
