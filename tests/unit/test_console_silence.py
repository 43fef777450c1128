"""Who is told of a case, without an Alertmanager: plain words, nothing typed is lost, and lines to copy that mean what they say."""

import re
import shlex
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from streams.console.muting import ended_of
from streams.console.silencing import matchers
from streams.console.taking import take
from streams.engine import Message
from streams.errors import UserError
from streams.live.alertmanager import host_of
from streams.records import Status
from streams.settings import load
from streams.stages.alert import Mute
from streams.stages.muting import Muting, ended, record_of
from streams.topics import CONFIG
from tests.support.builders import DAY, MINUTE, SECOND, pileon
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of
from tests.support.reading import NUMBERS, asked

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
    assert "No Alertmanager is set" in text_of(page) and page.css("form[action$=silence]") == []
    assert "No Alertmanager is set" in console.client.get("/pileons/case-1/alert").text
    console.close()


def test_one_that_is_away_is_said_to_be_and_its_password_is_not(console):
    page = page_of(console, "/pileons/case-1/silence")
    assert "127.0.0.1:1 does not answer: what it tells is not known" in text_of(page) and "secret" not in page.html
    answer = silenced(console)
    assert (
        answer.status_code == 502
        and "Nobody was silenced: 127.0.0.1:1 does not answer, after 3 tries" in answer.text
        and "a long thought" in answer.text
    )
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


def test_a_silence_that_nobody_took_says_how_to_make_it_by_hand(console):
    answer = silenced(console, scope="community", lasts="1d", reason='it\'s "that" evening; rm -rf /')
    command = LexborHTMLParser(answer.text).css_first("#by-hand").text()
    words = shlex.split(command)
    assert words[:3] == ["amtool", "silence", "add"] and "--duration=24h" in words and "--author=kim" in words
    assert 'source="news"' in words and any("rm -rf /" in word for word in words), "one word each, whatever stands in them"


def test_the_line_is_by_whoever_signed_in(tmp_path):
    made = Console(tmp_path, load({
        "THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_ALERTMANAGER__URLS": "http://127.0.0.1:1",
        "THREADWATCH_CONSOLE__TOKENS__RITA__SECRET": "r" * 32, "THREADWATCH_CONSOLE__TOKENS__RITA__ROLE": "moderator"}))  # fmt: skip
    made.take(pileons=[pileon()])
    made.client.post("/login", data={"token": "r" * 32})
    assert "--author=rita" in shlex.split(LexborHTMLParser(silenced(made, judge="kim").text).css_first("#by-hand").text())
    made.close()


class _Taking(BaseHTTPRequestHandler):
    """An Alertmanager that has nothing and takes every silence."""

    def do_GET(self):
        self._answer(b"[]")

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(b'{"silenceID": "one"}')

    def _answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def test_the_first_silence_already_is_noted_with_why_and_by_the_name_that_was_typed(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taking) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        console = console_of(tmp_path, f"http://127.0.0.1:{server.server_port}")
        assert silenced(console, judge="kim").status_code == 303
        assert [(entry["who"], entry["what"], entry["reason"]) for entry in console.audited()] == [
            ("at this machine, as kim", "silence_case", "a long thought")]  # fmt: skip
        silenced(console, judge="at this machine")
        assert console.audited()[-1]["who"] == "at this machine, as kim", "what the log calls those who have no name is no name"
        assert 'value="kim"' in console.client.get("/pileons/case-1/silence").text, "it is remembered"
        console.close()
        server.shutdown()


def test_a_community_is_meant_by_the_name_that_its_alerts_carry():
    named = {matcher.name: matcher.value for matcher in matchers(pileon(community="a<b>" + "x" * 900), "community")}
    assert named == {"alertname": "PileOn", "source": "news", "community": "a_b_" + "x" * 124}


def test_an_address_is_shown_without_name_and_password():
    assert host_of("https://kim:secret@alerts.example:9093/prefix") == "alerts.example:9093"


@pytest.mark.parametrize(("answers", "said", "is_sure"), [
    (True, "Nobody was silenced: 127.0.0.1:{} answers 500: boom.", True),
    (False, "It is not known whether anybody was silenced: 127.0.0.1:{} does not answer to the end.", False),
])  # fmt: skip
def test_one_that_refuses_and_one_that_breaks_off_are_asked_once_and_the_page_says_what_is_known(tmp_path, answers, said, is_sure):
    asked_for: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self):
            asked_for.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            if answers:
                self.send_response(500)
                self.send_header("content-length", "4")
                self.end_headers()
                self.wfile.write(b"boom")
            self.close_connection = True

        def do_GET(self):
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        console = console_of(tmp_path, f"http://127.0.0.1:{server.server_port}")
        answer = silenced(console)
        assert said.format(server.server_port) in text_of(LexborHTMLParser(answer.text)) and asked_for == ["/api/v2/silences"]
        assert "amtool" in answer.text and ("Nobody was silenced" in answer.text) is is_sure
        console.close()
        server.shutdown()


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


# Mutes


def muted(console: Console, path: str = "mute", **fields):
    token = re.search(r'name="form_token" value="(\w+)"', console.client.get("/pileons/case-1/silence").text)[1]
    given = {"form_token": token, "judge": "kim", "whom": "person", "lasts": "1d", "reason": "a long thought", "mute": "0123456789abcdef"}
    return console.client.post(f"/pileons/case-1/{path}", data=given | fields)


@pytest.mark.parametrize(("fields", "said"), [
    ({"lasts": "1y"}, "for how long"), ({"whom": "all"}, "say whom or what"), ({"reason": " "}, "say why"),
    ({"reason": "x" * 501}, "Not sent"), ({"judge": ""}, "say who you are"), ({"mute": ""}, "not whole"), ({"mute": "a" * 99}, "not whole"),
])  # fmt: skip
def test_a_mute_says_of_whom_for_how_long_why_and_who(console, fields, said):
    answer = muted(console, **fields)
    assert answer.status_code == 400 and said in answer.text and console.audited() == []


def test_a_mute_that_the_broker_does_not_take_is_not_lost(console):
    answer = muted(console)
    assert answer.status_code == 503 and "the broker does not take it" in answer.text and "a long thought" in answer.text
    assert console.audited() == [] and "not muted by a button, or not any more" in muted(console, "unmute").text


def test_a_muted_case_says_so_on_live_and_on_its_page_until_it_ends(console):
    now = datetime.now(UTC) - MINUTE
    mute = Mute(target=HOSTILE, source="news", reason="<b>they\u202e know", since=now, until=now + DAY, from_arrival=True)
    said = Muting(name="mute 1", version=1, by="kim", mute=mute)
    change = asked(console.store.file, "SELECT change FROM pileons")
    console.take(config=[record_of(said)])
    assert "muted" in text_of(page_of(console, "/"), "#case-case-1") and "muted until" in text_of(page_of(console, "/pileons/case-1"))
    page = page_of(console, "/pileons/case-1/silence")
    assert "Muted by kim until" in text_of(page) and "<b>they⟦U+202E⟧ know" in text_of(page)
    assert asked(console.store.file, "SELECT change FROM pileons") > change, "Live hears of it"
    console.take(config=[record_of(ended(said, now - DAY, "lee"))])
    assert "muted" not in text_of(page_of(console, "/"), "#case-case-1")
    console.store.sweep(now + 4 * DAY, timedelta(days=30))
    assert asked(console.store.file, "SELECT * FROM mutes") == []


def mute_of(name: str = "mute 1", version: int = 1, by: str = "kim", **fields) -> Muting:
    now = datetime.now(UTC)
    given = {"target": HOSTILE, "source": "news", "reason": "r", "since": now - MINUTE, "until": now + DAY, "from_arrival": True}
    return Muting(name=name, version=version, by=by, mute=Mute(**given | fields))


def test_live_hears_when_a_mute_is_over_and_of_a_case_that_ended_nothing_is_said(console):
    mute = mute_of(until=datetime.now(UTC) + MINUTE)
    console.take(config=[record_of(mute)], pileons=[pileon("old-1", target_id=HOSTILE, status=Status.CLOSED)])
    assert "muted" not in text_of(page_of(console, "/pileons/old-1"))
    assert not console.store.mutes_passed((), mute.mute.until - SECOND)
    before = asked(console.store.file, "SELECT change FROM pileons ORDER BY pileon_id")
    assert console.store.mutes_passed((), mute.mute.until) and not console.store.mutes_passed((), mute.mute.until + SECOND)
    after = asked(console.store.file, "SELECT change FROM pileons ORDER BY pileon_id")
    assert after[0] > before[0] and after[1] == before[1], "the open one alone"


def test_mutes_of_the_settings_are_marked_too_and_no_button_ends_them(tmp_path):
    now = datetime.now(UTC)
    of_settings = Mute(target="ann", reason="a bot", since=now - MINUTE, until=now + DAY)
    settings = load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path)})
    made = Console(tmp_path, replace(settings, mutes=(of_settings,)))
    made.take(pileons=[pileon()])
    assert "muted" in text_of(page_of(made, "/"), "#case-case-1")
    page = page_of(made, "/pileons/case-1/silence")
    assert "only they end it" in text_of(page) and page.css("form[action$=unmute]") == []
    with pytest.raises(UserError, match="not muted by a button"):
        ended_of(SimpleNamespace(mutings=(mute_of("the settings", 0),)), {}, "bo", now)
    assert made.store.mutes_passed((of_settings,), now + DAY)
    made.close()


def test_whom_a_mute_holds_already_is_not_muted_again_and_one_form_makes_one(console):
    console.take(config=[record_of(mute_of("mute 0123456789abcdef"))])
    assert "muted already, until" in muted(console, mute="f" * 16).text
    assert muted(console).status_code == 503, "the same form again is no second mute: it is asked whether it was sent"
    assert page_of(console, "/pileons/case-1/silence").css("form[action$='/mute']") == []


def test_unmuting_ends_every_mute_of_the_case_and_keeps_who_made_them():
    now = datetime.now(UTC)
    mutes = (mute_of(), mute_of("mute 2", by="lee"), ended(mute_of("mute 3"), now, "rita"), mute_of("the settings", 0))
    case = SimpleNamespace(mutings=mutes)
    assert [(each.name, each.version, each.by, each.ended_by) for each in ended_of(case, {}, "bo", now)] == [
        ("mute 1", 2, "kim", "bo"), ("mute 2", 2, "lee", "bo")]  # fmt: skip
    assert ended_of(SimpleNamespace(mutings=mutes[2:]), {}, "bo", now) == [], "somebody ended it"
    with pytest.raises(UserError, match="by itself within a minute"):
        ended_of(SimpleNamespace(mutings=(mute_of(until=now + 30 * SECOND),)), {}, "bo", now)


def test_a_mute_of_another_person_or_one_that_was_removed_holds_nothing(console):
    now = datetime.now(UTC).replace(microsecond=0)
    for name, target in (("mute 1", "somebody else"), ("mute 2", HOSTILE)):
        mute = Mute(target=target, reason="r", since=now, until=now + DAY)
        console.take(config=[record_of(Muting(name=name, version=1, by="kim", mute=mute))])
    assert "muted" in text_of(page_of(console, "/"), "#case-case-1")
    console.store.apply(take(NUMBERS, {CONFIG.name: [Message(CONFIG.name, 0, 9, 0, b"mute 2", None)]}, 0))
    assert "muted" not in text_of(page_of(console, "/"), "#case-case-1")


def test_who_only_reads_mutes_nobody(tmp_path):
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
                                   "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": "a secret that is long enough"}))  # fmt: skip
    made.take(pileons=[pileon()])
    browser = made.browser(authorization="Bearer a secret that is long enough")
    assert "/mute" not in browser.get("/pileons/case-1/silence").text
    assert browser.post("/pileons/case-1/mute", data={"whom": "person", "lasts": "1d", "reason": "r"}).status_code == 403
    made.close()
