"""Signing in at a real provider: the code flow with PKCE; who is named gets a role of the settings; what does not hold lets nobody in."""

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from streams.console import oidc
from streams.console.access import SESSION_FOR, Access, check_address
from streams.console.oidc import Named
from streams.console_settings import Console as Settings
from streams.console_settings import Oidc
from streams.errors import UserError
from streams.settings import load
from tests.support.builders import pileon, scored
from tests.support.console import AT, NOBODY_LISTENS, Console
from tests.support.provider import CLIENT, SECRET, Provider, provider
from tests.support.reading import KEY

FILE = f"""
[console.oidc]
issuer = "ISSUER"
client_id = "{CLIENT}"
url = "{AT}"
roles = {{ kim = "moderator", "trust and safety" = "moderator" }}
group_roles = {{ "trust and safety" = "reader", leads = "reviewer" }}
"""


@pytest.fixture
def there() -> Iterator[Provider]:
    with provider(f"{AT}/login/back") as made:
        yield made


def console_of(folder, issuer: str, **variables: str) -> Console:
    (folder / "threadwatch.toml").write_text(FILE.replace("ISSUER", issuer))
    made = Console(folder, load({
        "THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(folder), "THREADWATCH_CONFIG": str(folder / "threadwatch.toml"),
        "THREADWATCH_CONSOLE__OIDC__CLIENT_SECRET": SECRET, **variables}))  # fmt: skip
    made.take(pileons=[pileon()], scored=[scored()])
    return made


@pytest.fixture
def console(tmp_path, there) -> Iterator[Console]:
    made = console_of(tmp_path, there.issuer)
    yield made
    made.close()


def sent_back(console: Console, start: str = "/login/start") -> str:
    """Go to the provider as a browser does; return the path and query that it comes back to."""
    begun = console.client.get(start)
    assert begun.status_code == 303 and SECRET not in begun.headers["location"]
    back = httpx.get(begun.headers["location"], trust_env=False)
    assert back.status_code == 302 and back.headers["location"].startswith(f"{AT}/login/back?")
    return urlsplit(back.headers["location"])._replace(scheme="", netloc="").geturl()


def test_whom_the_provider_names_is_in_with_the_role_of_the_settings_and_noted(console, there):
    assert console.client.get("/").headers["location"] == "/login" and "Sign in at localhost" in console.client.get("/login").text
    answer = console.client.get(sent_back(console))
    (cookie,) = (line for line in answer.headers.get_list("set-cookie") if line.startswith("threadwatch="))
    assert (answer.status_code, answer.headers["location"]) == (303, "/") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert "kim (moderator)" in console.client.get("/pileons/case-1").text
    assert [(entry["who"], entry["what"]) for entry in console.audited()] == [("kim", "login"), ("kim", "text")]
    assert all((entry["way"], entry["issuer"], entry["sub"]) == ("provider", there.issuer, "1") for entry in console.audited())


@pytest.mark.parametrize(("groups", "role"), [
    (["trust and safety"], "reader"), (["trust and safety", "leads"], "reviewer"), ("leads", "reviewer"),
])  # fmt: skip
def test_a_group_gives_its_role_and_of_several_the_highest_counts(console, there, groups, role):
    there.who = {"sub": "2", "preferred_username": "lee", "groups": groups}
    console.client.get(sent_back(console))
    assert f"lee ({role})" in console.client.get("/").text


@pytest.mark.parametrize("groups", [[], None, ["kim"], "kim", {"leads": 1}, [1, {"leads": 1}]])
def test_who_has_no_role_does_not_get_in(console, there, groups):
    there.who = {"sub": "3", "preferred_username": "eve", "groups": groups}
    answer = console.client.get(sent_back(console))
    assert answer.status_code == 403 and "you have no role here" in answer.text
    assert console.client.get("/pileons/case-1").status_code == 303
    assert [(entry["who"], entry["what"]) for entry in console.audited()] == [("eve", "login_refused")]


def test_who_is_called_what_a_group_is_has_the_role_of_that_name_and_not_the_group_s(console, there):
    there.who = {"sub": "4", "preferred_username": "leads"}
    assert console.client.get(sent_back(console)).status_code == 403
    there.who = {"sub": "5", "preferred_username": "trust and safety"}
    console.client.get(sent_back(console))
    assert "trust and safety (moderator)" in console.client.get("/").text


@pytest.mark.parametrize("name", ["Rita", "nobody", "At this machine, as kim"])
def test_nobody_signs_in_under_a_name_that_means_another_here(tmp_path, there, name):
    console = console_of(
        tmp_path, there.issuer, THREADWATCH_CONSOLE__OIDC__ROLE="reader", THREADWATCH_CONSOLE__TOKENS__RITA__SECRET="r" * 32
    )
    there.who = {"sub": "6", "preferred_username": name}
    answer = console.client.get(sent_back(console))
    assert answer.status_code == 403 and "called here" in answer.text and console.client.get("/").status_code == 303
    assert [(entry["who"], entry["way"], entry["sub"]) for entry in console.audited()] == [(name, "provider", "6")]
    console.close()


def test_who_was_refused_is_asked_by_the_provider_as_whom_they_sign_in(console, there):
    there.who = {"sub": "3", "preferred_username": "eve"}
    page = console.client.get(sent_back(console, "/login/start?to=/queue")).text
    start = re.search(r'href="(/login/start[^"]*)"', page)[1].replace("&amp;", "&")
    assert "to=/queue" in start and "prompt=select_account" in console.client.get(start).headers["location"]
    assert "prompt" not in console.client.get("/login/start").headers["location"]


def test_one_goes_on_to_the_page_that_one_wanted(console):
    asked = console.client.get("/pileons/case-1?severe=shown").headers["location"]
    start = re.search(r'href="(/login/start[^"]*)"', console.client.get(asked).text)[1]
    assert console.client.get(sent_back(console, start)).headers["location"] == "/pileons/case-1?severe=shown"


def test_a_role_for_everybody_whom_the_provider_names_can_be_set(tmp_path, there):
    console = console_of(tmp_path, there.issuer, THREADWATCH_CONSOLE__OIDC__ROLE="reader")
    there.who = {"sub": "3", "preferred_username": "eve"}
    console.client.get(sent_back(console))
    assert "eve (reader)" in console.client.get("/").text
    console.close()


@pytest.mark.parametrize("spoilt", [
    {"nonce": "another"}, {"nonce": None}, {"aud": "another client"}, {"aud": [CLIENT, "another"], "azp": "another"}, {"iss": "http://evil"},
    {"exp": int(time.time()) - 3600}, {"exp": None}, {"iat": int(time.time()) + 3600}, {"preferred_username": None},
    {"preferred_username": "ki\u202em"}, {"preferred_username": ["kim"]}, {"at_hash": "wrong"},
])  # fmt: skip
def test_what_does_not_hold_signs_nobody_in(console, there, spoilt):
    there.spoilt = spoilt
    answer = console.client.get(sent_back(console))
    assert answer.status_code == 403 and "You were not signed in" in answer.text
    assert console.client.get("/pileons/case-1").status_code == 303
    assert [entry["what"] for entry in console.audited()] == ["login_refused"]


def test_a_token_that_another_key_or_the_clients_own_secret_signed_signs_nobody_in(console, there):
    there.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert console.client.get(sent_back(console)).status_code == 403
    there.key, there.algorithm = OctKey.import_key(SECRET), "HS256"
    assert console.client.get(sent_back(console)).status_code == 403


def test_a_way_back_that_did_not_begin_here_or_was_gone_already_leads_nowhere(console):
    path = sent_back(console)
    assert console.browser().get(path).status_code == 400, "somebody else's browser"
    assert console.client.get(path.replace("state=", "state=x")).status_code == 403
    path = sent_back(console)
    assert console.client.get(path).status_code == 303
    assert console.client.get(path).status_code == 400, "a code is good once"
    assert console.client.get("/login/back?error=access_denied&state=x").status_code == 400


def test_what_the_provider_refuses_is_said(console):
    state = sent_back(console).partition("state=")[2]
    answer = console.client.get("/login/back", params={"error": "access_denied<b>", "state": state})
    assert answer.status_code == 403 and "the provider says: access_denied&lt;b&gt;" in answer.text


def test_a_wrong_secret_of_ours_signs_nobody_in_and_is_not_shown(tmp_path, there):
    console = console_of(tmp_path, there.issuer, THREADWATCH_CONSOLE__OIDC__CLIENT_SECRET="another secret")
    answer = console.client.get(sent_back(console))
    assert answer.status_code == 403 and "another secret" not in answer.text
    console.close()


def test_keys_that_nobody_here_can_read_are_passed_over(console, there):
    strange = [{"kty": "AKP", "kid": "a"}, {"kty": "EC", "crv": "P-999", "kid": "b", "x": "AA", "y": "AA"}, {"kty": "RSA"}, "key", None]
    there.keys_beside = strange
    assert console.client.get(sent_back(console)).status_code == 303


def test_a_provider_that_fails_or_answers_without_end_at_the_way_back_is_away_and_refuses_nobody(console, there, monkeypatch):
    path = sent_back(console)
    there.failing = 500
    answer = console.client.get(path)
    assert answer.status_code == 503 and "does not answer" in answer.text
    monkeypatch.setattr(oidc, "_ALL_WITHIN", 0.3)
    path, there.failing, there.dripping = sent_back(console), 0, 0.05
    answer = console.client.get(path)
    assert answer.status_code == 503 and "in time" in answer.text
    assert console.audited() == []


def test_a_provider_that_is_away_or_calls_itself_otherwise_is_said_to(tmp_path, there):
    for issuer, said in (("http://localhost:1", "does not answer"), (f"{there.issuer}/", "to the letter")):
        console = console_of(tmp_path, issuer)
        answer = console.client.get("/login/start")
        assert answer.status_code == 503 and said in answer.text
        console.close()


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_what_others_could_read_on_the_way_is_not_used(console, there, name):
    there.elsewhere = {name: "http://login.example/"}
    answer = console.client.get("/login/start")
    assert answer.status_code == 503 and "https is wanted" in answer.text


def test_a_session_ends_by_time_by_its_role_or_with_the_provider():
    now = [1000.0]
    settings = Oidc(issuer="https://a.example", client_id="c", url="https://b.example", roles={"kim": "moderator"})
    access = Access(Settings(oidc=settings), KEY, lambda: now[0])
    cookie = access.cookie(access.signed_in(Named("kim", "1")))
    for other in (
        Oidc(issuer="https://z.example", client_id="c", url="https://b.example", roles={"kim": "reviewer"}),
        Oidc(issuer="https://a.example", client_id="c", url="https://b.example"),
        Oidc(),
    ):
        known = Access(Settings(oidc=other), KEY, lambda: now[0]).viewer(cookie, None)
        assert known is None or known.name is None, "where nobody is asked it is nobody's"
    assert access.viewer(cookie, None).role == "moderator"
    now[0] += SESSION_FOR + 1
    assert access.viewer(cookie, None) is None


@pytest.mark.parametrize(("wrong", "said"), [
    ({"issuer": "http://login.example"}, "issuer"), ({"url": "http://console.example"}, "url"), ({"url": ""}, "url"),
    ({"client_id": ""}, "client_id"), ({"role": "queen"}, "role"), ({"roles": {"a": "queen"}}, "role"),
    ({"group_roles": {"a": "queen"}}, "role"), ({"url": "https://a.example/console"}, "url"), ({"url": "https://a.example/?a=1"}, "url"),
    ({"issuer": "https://kim:secret@login.example"}, "issuer"), ({"issuer": "nonsense"}, "issuer"),
])  # fmt: skip
def test_settings_that_say_too_little_or_the_wrong_thing_are_refused(wrong, said):
    good: dict[str, Any] = {"issuer": "https://login.example", "client_id": "c", "url": "https://console.example"}
    assert Oidc(**good).issuer
    with pytest.raises(ValueError, match=said):
        Oidc(**(good | wrong))


def test_an_address_of_a_network_is_served_where_people_sign_in():
    check_address(Settings(host="0.0.0.0", oidc=Oidc(issuer="https://a.example", client_id="c", url="https://b.example")))
    with pytest.raises(UserError, match=r"console\.oidc"):
        check_address(Settings(host="0.0.0.0"))
