"""Behind a proxy it counts who sends a request, as the proxy says it: the last that it names, never what a browser wrote before that."""

import pytest

from streams.console.senders import Places, sender
from streams.errors import UserError
from streams.settings import load
from tests.support.console import NOBODY_LISTENS, Console

PROXIES = Places(("10.0.3.7", "10.1.0.0/24", "fd00::7"))
SECRET = "k" * 32


@pytest.mark.parametrize(("peer", "lines", "said"), [
    ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"), ("10.0.3.7", [], "10.0.3.7"), ("10.0.3.7", [" , "], "10.0.3.7"),
    ("10.0.3.7", ["198.51.100.9"], "198.51.100.9"), ("::ffff:10.0.3.7", ["198.51.100.9:4711"], "198.51.100.9"),
    ("10.0.3.7", ["192.0.2.66, 198.51.100.9, 10.1.0.4"], "198.51.100.9"), ("10.0.3.7", ["192.0.2.66", "198.51.100.9"], "198.51.100.9"),
    ("10.0.3.7", ["10.1.0.9, 10.1.0.8"], "10.0.3.7"), ("fd00::7", ["[2001:db8::1]:80"], "2001:db8::1"),
    ("fd00::7", ["2001:db8::1"], "2001:db8::1"),
    ("10.0.3.7", ["x" * 500], "x" * 100), ("", ["198.51.100.9"], ""),
])  # fmt: skip
def test_the_last_that_the_proxies_name_and_that_is_none_of_them_is_the_sender(peer, lines, said):
    assert sender(peer, lines, PROXIES) == said


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path, load({
        "THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path), "THREADWATCH_CONSOLE__HOST": "0.0.0.0",
        "THREADWATCH_CONSOLE__FORWARDED_BY": "10.0.3.7,10.1.0.0/24", "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": SECRET}))  # fmt: skip
    yield made
    made.close()


def test_who_guesses_tokens_through_a_proxy_keeps_nobody_else_from_signing_in(console):
    guessing, kim = (
        console.browser("http://console.example", "10.0.3.7", **{"x-forwarded-for": at}) for at in ("192.0.2.66", "198.51.100.9")
    )
    codes = [guessing.post("/login", data={"token": f"guess {n}"}, headers={"x-forwarded-for": f"9.9.9.{n}, 192.0.2.66"}).status_code
             for n in range(32)]  # fmt: skip
    assert 429 in codes, "whatever it claims to forward itself"
    assert kim.post("/login", data={"token": SECRET}).status_code == 303


def test_a_proxy_that_only_forwards_says_how_one_comes_and_never_who_one_is(console):
    browser = console.browser("http://console.example", "10.1.0.9", **{"x-forwarded-proto": "https", "x-forwarded-user": "kim"})
    assert browser.get("/").status_code == 303
    assert "; Secure" in browser.post("/login", data={"token": SECRET}).headers["set-cookie"]
    browser = console.browser("http://console.example", "10.9.0.9", **{"x-forwarded-proto": "https"})
    assert "; Secure" not in browser.post("/login", data={"token": SECRET}).headers["set-cookie"], "anybody else is not believed"


def test_everybody_s_word_for_where_they_come_from_is_not_taken():
    for wrong, said in (("0.0.0.0/0", "everybody"), ("nowhere", "nowhere")):
        with pytest.raises(UserError, match=said):
            load({"THREADWATCH_CONSOLE__FORWARDED_BY": wrong})
