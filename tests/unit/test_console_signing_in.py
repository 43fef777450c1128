"""In and out: on to the page that one wanted, nowhere else; a session is not thrown away by what another site asks; one can sign out."""

import re

import pytest

from streams.console.wanted import login, ours, wanted
from streams.errors import UserError
from streams.settings import load
from tests.support.builders import pileon, scored
from tests.support.console import NOBODY_LISTENS, Console

SECRET = "anna's very long secret"
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_CONSOLE__TOKENS__ANNA__SECRET": SECRET}))
    made.take(pileons=[pileon()], scored=[scored()])
    yield made
    made.close()


@pytest.mark.parametrize(
    "path", ["/", "/pileons/case-1", "/pileons/case-1?open=1.40&severe=shown", "/?status=all&community=a%2Fb", "/loginx"]
)
def test_a_page_of_ours_is_gone_on_to(path):
    assert ours(path) == path


@pytest.mark.parametrize("path", [
    "", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "https://evil.example",
    "javascript:alert(1)",
    "evil", " /", "/ /evil", "/a\\b", "/\u2028", "/x\n", "/" + "x" * 1000, "/login", "/login?to=/login", "/login/back?code=1", "/logout",
])  # fmt: skip
def test_what_could_lead_elsewhere_or_round_in_a_circle_leads_to_live(path):
    assert ours(path) == "/"


def test_what_was_asked_for_comes_back_as_it_was_asked():
    assert wanted("/pileons/a b", b"open=1.40&x=%2F") == "/pileons/a%20b?open=1.40&x=%2F"
    assert wanted("//evil.example/", b"") == "/" and login() == "/login" and login("/a?b=1&c") == "/login?to=/a%3Fb%3D1%26c"


def test_who_signs_in_with_a_token_goes_on_to_the_page_that_they_wanted_also_after_a_slip(console):
    form = console.client.get(console.client.get("/pileons/case-1?severe=shown").headers["location"]).text
    to = re.search(r'name="to" value="([^"]*)"', form)[1]
    assert 'name="to" value="/pileons/case-1?severe=shown"' in console.client.post("/login", data={"token": "slip", "to": to}).text
    assert console.client.post("/login", data={"token": SECRET, "to": to}).headers["location"] == "/pileons/case-1?severe=shown"
    assert console.client.post("/login", data={"token": SECRET, "to": "//evil.example"}).headers["location"] == "/"


def test_a_new_session_is_not_thrown_over_one_that_another_site_s_request_did_not_bring(tmp_path):
    console = Console(tmp_path)
    console.take(pileons=[pileon()])

    def kept(method: str, headers: dict[str, str]) -> bool:
        answer = console.browser().request(method, "/pileons/case-1" if method == "GET" else "/pileons/case-1/verdict", headers=headers)
        return any(line.startswith("threadwatch=") for line in answer.headers.get_list("set-cookie"))

    assert kept("GET", {}) and kept("GET", LINK), "a link brings what there is, so there is none"
    image = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    for method, wrong in (("POST", {}), ("GET", {"sec-fetch-dest": "iframe"}), ("GET", image)):
        assert not kept(method, LINK | wrong)
    console.close()


def test_who_signs_out_is_out_and_it_is_noted(console):
    console.client.post("/login", data={"token": SECRET})
    token = re.search(r'action="/logout"><input type="hidden" name="form_token" value="(\w+)"', console.client.get("/").text)[1]
    assert console.client.post("/logout", data={"form_token": "another"}).status_code == 403 and console.client.get("/").status_code == 200
    answer = console.client.post("/logout", data={"form_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?anew=yes")
    assert console.client.get("/").status_code == 303 and console.client.post("/logout", data={}).status_code == 303, "twice does no harm"
    assert [(entry["who"], entry["what"]) for entry in console.audited()] == [("anna", "login"), ("anna", "logout")]


def test_where_nobody_is_asked_there_is_nothing_to_sign_out_of(tmp_path):
    console = Console(tmp_path)
    assert 'action="/logout"' not in console.client.get("/").text
    console.close()


@pytest.mark.parametrize("name", ["nobody", "at this machine"])
def test_no_token_is_called_as_the_audit_log_calls_others(tmp_path, name):
    (tmp_path / "threadwatch.toml").write_text(f'[console.tokens."{name}"]\nsecret = "{SECRET}"\n')
    with pytest.raises(UserError, match="the audit log says something else"):
        load({"THREADWATCH_CONFIG": str(tmp_path / "threadwatch.toml")})
