"""A proxy in front says who somebody is: from its addresses alone, once, under its own host names, with the roles of the settings."""

import re

import pytest

from streams.console.access import check_address
from streams.console_settings import Console as Settings
from streams.errors import UserError
from streams.settings import load
from tests.support.builders import pileon, scored
from tests.support.console import NOBODY_LISTENS, Console

AT = "https://console.example"
FILE = """
[console.proxy]
addresses = ["10.0.3.7", "10.1.0.0/24", "127.0.0.1", "fd00::7"]
hosts = ["console.example"]
header = "X-Who"
roles = { anna = "moderator", rita = "reviewer" }
"""


@pytest.fixture
def console(tmp_path):
    (tmp_path / "threadwatch.toml").write_text(FILE)
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
                                   "THREADWATCH_CONFIG": str(tmp_path / "threadwatch.toml")}))  # fmt: skip
    made.take(pileons=[pileon()], scored=[scored()])
    yield made
    made.close()


@pytest.mark.parametrize("address", ["10.0.3.7", "10.1.0.255", "127.0.0.1", "fd00::7", "::ffff:10.0.3.7"])
def test_whom_the_proxy_names_is_in_and_noted(console, address):
    answer = console.browser(AT, address, **{"x-who": "rolf"}).get("/pileons/case-1")
    assert answer.status_code == 200 and "rolf (reader)" in answer.text
    assert [(entry["who"], entry["way"]) for entry in console.audited()] == [("rolf", "proxy")]


@pytest.mark.parametrize("address", ["10.0.3.8", "10.1.1.0", "192.168.0.1", "::1", "testclient", ""])
def test_from_elsewhere_the_header_counts_for_nothing(console, address):
    assert console.browser(AT, address, **{"x-who": "anna"}).get("/pileons/case-1").status_code == 303
    assert console.audited() == []


def test_a_proxy_that_names_nobody_lets_nobody_in(console):
    for headers in (
        {},
        {"x-who": ""},
        {"x-who": "x" * 201},
        {"x-forwarded-user": "anna"},
        {"x-who": "Nobody"},
        {"x-who": "at this machine"},
    ):
        assert console.browser(AT, "10.0.3.7", **headers).get("/pileons/case-1").status_code == 303


def test_a_second_name_in_the_header_is_believed_no_more_than_the_first(console):
    browser = console.browser(AT, "10.0.3.7")
    assert browser.get("/pileons/case-1", headers=[("x-who", "anna"), ("x-who", "rolf")]).status_code == 303


def test_a_token_s_name_is_nobody_s_behind_the_proxy(tmp_path):
    (tmp_path / "threadwatch.toml").write_text(FILE + f'[console.tokens.rita]\nsecret = "{"r" * 32}"\n')
    console = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_CONFIG": str(tmp_path / "threadwatch.toml")}))
    for name, status in (("rita", 303), ("RITA", 303), ("anna", 200)):
        assert console.browser(AT, "10.0.3.7", **{"x-who": name}).get("/").status_code == status
    console.close()


def test_another_name_that_somebody_led_to_a_console_behind_it_gets_nothing(console):
    assert console.browser("http://evil.example", "127.0.0.1", **{"x-who": "anna"}).get("/").status_code == 421


def judged(browser, token: str):
    return browser.post("/pileons/case-1/verdict", data={"form_token": token, "judgement": "unsure"})


def test_a_role_is_what_the_settings_say_and_a_form_is_of_ones_own_session(console):
    anna, rolf = (console.browser(AT, "10.0.3.7", **{"x-who": name}) for name in ("anna", "rolf"))
    token = re.search(r'name="form_token" value="(\w+)"', anna.get("/pileons/case-1").text)[1]
    assert 'name="form_token"' not in rolf.get("/pileons/case-1").text
    assert judged(rolf, token).status_code == 403
    assert judged(anna, token).status_code == 503, "it is hers, and would be sent if there were a broker"
    rolf.cookies = anna.cookies
    assert judged(rolf, token).status_code == 403, "her cookie makes nobody her: the proxy says who it is"


def test_a_cookie_from_behind_the_proxy_is_no_session_without_it(console):
    anna = console.browser(AT, "10.0.3.7", **{"x-who": "anna"})
    anna.get("/")
    direct = console.browser(AT, "10.9.9.9")
    direct.cookies = anna.cookies
    assert direct.get("/pileons/case-1").status_code == 303


@pytest.mark.parametrize(
    ("address", "proto", "is_secure"), [("10.0.3.7", "https", True), ("10.0.3.7", "http", False), ("10.9.9.9", "https", False)]
)
def test_where_the_proxy_speaks_https_the_cookie_is_for_https_alone(console, address, proto, is_secure):
    browser = console.browser("http://console.example", address, **{"x-who": "anna", "x-forwarded-proto": proto})
    lines = browser.get("/login" if address == "10.9.9.9" else "/").headers.get_list("set-cookie")
    assert all(("Secure" in line) is is_secure for line in lines) and bool(lines) is (address != "10.9.9.9")


def test_everybody_behind_one_proxy_has_a_limit_of_their_own(console):
    anna, rita = (console.browser(AT, "10.0.3.7", **{"x-who": name}) for name in ("anna", "rita"))
    codes = [judged(anna, "none").status_code for _ in range(31)]
    assert codes.count(429) == 1 and judged(rita, "none").status_code == 403


@pytest.mark.parametrize(("wrong", "said"), [
    ('addresses = ["0.0.0.0/0"]\nhosts = ["x"]', "everybody"), ('addresses = ["10.0.0.1"]', "hosts"), ('addresses = ["nobody"]', "nobody"),
    ('role = "king"', "there are reader"), ('roles = { anna = "king" }', "there are reader"), ('header = "a b"', "header"),
])  # fmt: skip
def test_settings_that_would_trust_the_wrong_ones_are_refused(tmp_path, wrong, said):
    (tmp_path / "threadwatch.toml").write_text(f"[console.proxy]\n{wrong}\n")
    with pytest.raises(UserError, match=said):
        load({"THREADWATCH_CONFIG": str(tmp_path / "threadwatch.toml")})


def test_an_address_of_a_network_is_served_with_a_proxy_in_front(console):
    check_address(Settings(host="0.0.0.0", proxy=console.settings.console.proxy))
    with pytest.raises(UserError, match=r"console\.proxy"):
        check_address(Settings(host="0.0.0.0"))
