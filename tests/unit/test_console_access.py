"""Who may look and judge: loopback alone without tokens, forms of our own pages only, not too many, and all of it noted."""

import re

import pytest

from streams.console.access import SESSION_FOR, Access, Limit, check_address, is_loopback
from streams.console.guard import READS
from streams.console_settings import Console as Settings
from streams.console_settings import Token
from streams.errors import UserError
from streams.settings import load
from tests.support.builders import pileon, scored
from tests.support.console import AT, NOBODY_LISTENS, Console

SECRETS = {"anna": "anna's very long secret", "rolf": "rolf's very long secret"}


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    made.take(pileons=[pileon()], scored=[scored()])
    yield made
    made.close()


@pytest.fixture
def guarded(tmp_path):
    settings = load({
        "THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path), "THREADWATCH_CONSOLE__HOST": "0.0.0.0",
        "THREADWATCH_CONSOLE__TOKENS__ANNA__SECRET": SECRETS["anna"], "THREADWATCH_CONSOLE__TOKENS__ANNA__ROLE": "moderator",
        "THREADWATCH_CONSOLE__TOKENS__ROLF__SECRET": SECRETS["rolf"],
    })  # fmt: skip
    made = Console(tmp_path, settings)
    made.take(pileons=[pileon()], scored=[scored()])
    yield made
    made.close()


def form_token(html: str) -> str:
    return re.search(r'name="form_token" value="(\w+)"', html)[1]


def judged(browser, **fields):
    token = form_token(browser.get("/pileons/case-1").text)
    return browser.post(
        "/pileons/case-1/verdict", data={"form_token": token, "judgement": "unsure", "judge": "me", "note": "a long thought"} | fields
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "10.0.0.1", "example.org", "127.0.0.1.example.org", ""])
def test_another_address_without_tokens_is_refused(host):
    with pytest.raises(UserError, match=r"console\.tokens"):
        check_address(Settings(host=host))
    check_address(Settings(host=host, tokens={"anna": Token(secret=SECRETS["anna"])}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST."])
def test_this_machine_alone_needs_no_tokens(host):
    assert is_loopback(host)
    check_address(Settings(host=host))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example:8470", "", "localhost.evil.example", "[::1].evil.example", "localhost:8470@evil.example"],
)
def test_a_name_that_somebody_led_to_us_gets_nothing(console, host):
    answer = console.browser().get("/pileons/case-1", headers={"host": host})
    assert answer.status_code == 421 and "Nice goal" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8470", "localhost:1234", "[::1]:8470", "localhost"])
def test_the_loopbacks_names_are_ours(console, host):
    assert console.browser().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/pileons/case-1", "/health", "/static/console.css", "/nowhere", "/login"])
def test_every_answer_carries_what_browsers_obey(console, path):
    headers = console.client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer" and headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


# Forms


def test_a_verdict_without_a_broker_is_not_lost(console):
    answer = judged(console.client)
    assert answer.status_code == 503
    assert "the broker does not take it" in answer.text and "a long thought" in answer.text and 'value="me"' in answer.text
    assert [entry["what"] for entry in console.audited()] == ["text", "text"], "what was not sent is no verdict"


@pytest.mark.parametrize(("fields", "said"), [
    ({"judgement": ""}, "choose one of the three first"), ({"judgement": "nonsense"}, "Not sent"), ({"judge": " "}, "say who you are"),
    ({"note": "x" * 4001}, "Not sent"), ({"judge": "x" * 513}, "Not sent"),
])  # fmt: skip
def test_a_form_that_says_too_little_or_too_much_is_told_so(console, fields, said):
    answer = judged(console.client, **fields)
    assert answer.status_code == 400 and said in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "ä"])
def test_a_form_that_is_not_ours_does_nothing_and_keeps_what_was_typed(console, token):
    answer = judged(console.client, form_token=token)
    assert answer.status_code == 403 and "Nothing was sent" in answer.text and "a long thought" in answer.text


def test_a_form_of_another_session_is_not_ours(console):
    other = form_token(console.browser().get("/pileons/case-1").text)
    assert judged(console.client, form_token=other).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null", "sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
def test_a_form_of_another_site_is_refused(console, headers):
    answer = console.client.post("/pileons/case-1/verdict", data={"judgement": "unsure"}, headers=headers)
    assert answer.status_code == 403 and "not come from the console's own page" in answer.text


def test_where_a_browser_says_nothing_of_where_a_form_is_from_its_token_decides(console):
    answer = console.client.post("/pileons/case-1/verdict", data={"judgement": "unsure"}, headers={"origin": "null"})
    assert answer.status_code == 403 and "too old, or not ours" in answer.text


@pytest.mark.parametrize("origin", [AT, "null"])
def test_a_browser_on_our_own_page_is_let_through(console, origin):
    """``null`` is what browsers send from a page without referrer."""
    token = form_token(console.client.get("/pileons/case-1").text)
    answer = console.client.post(
        "/pileons/case-1/verdict", data={"form_token": token}, headers={"origin": origin, "sec-fetch-site": "same-origin"}
    )
    assert "choose one of the three first" in answer.text


def test_too_much_or_too_many_is_refused(console):
    assert console.client.post("/pileons/case-1/verdict", content=b"x" * 70_000).status_code == 413
    assert console.client.post("/pileons/case-1/verdict", content=b"&".join(b"a=%d" % n for n in range(500))).status_code == 400
    answers = [console.client.post("/pileons/case-1/verdict", data={"judgement": "unsure"}).status_code for _ in range(40)]
    assert answers.count(429) > 5 and answers[0] == 403


def test_the_bound_on_posts_is_one_place_and_one_minutes():
    now = [0.0]
    limit = Limit(most=3, per_seconds=60, clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b")
    now[0] = 21
    assert [limit.allows("a") for _ in range(2)] == [True, False]


# Tokens


def test_whoever_does_not_say_who_they_are_is_asked(guarded):
    answer = guarded.client.get("/pileons/case-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?to=/pileons/case-1")
    assert guarded.client.get("/live/stream", headers={"accept": "text/event-stream"}).status_code == 401
    assert guarded.client.post("/pileons/case-1/verdict", data={"judgement": "unsure"}).status_code == 401
    assert guarded.audited() == []


def test_a_token_opens_a_session_and_names_who_judges(guarded):
    page = guarded.client.post("/login", data={"token": SECRETS["anna"]})
    assert (page.status_code, page.headers["location"]) == (303, "/")
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and SECRETS["anna"] not in cookie
    html = guarded.client.get("/pileons/case-1").text
    assert "anna (moderator)" in html and 'name="judge"' not in html
    assert guarded.audited()[-1] | {"at": ""} == {"at": "", "who": "anna", "what": "text", "pileon_id": "case-1", "way": "token"}


def test_a_reader_reads_and_does_not_judge(guarded):
    guarded.client.post("/login", data={"token": SECRETS["rolf"]})
    html = guarded.client.get("/pileons/case-1").text
    assert "Nice goal" in html and "<form" not in html.split("<aside")[1].split("</aside>")[0]
    assert guarded.client.post("/pileons/case-1/verdict", data={"judgement": "unsure"}).status_code == 403


def test_a_wrong_token_is_refused_noted_and_not_repeated(guarded):
    answer = guarded.client.post("/login", data={"token": "guess <b>"})
    assert answer.status_code == 403 and "guess" not in answer.text
    assert [(entry["who"], entry["what"]) for entry in guarded.audited()] == [("nobody", "login_refused")]


def test_a_program_may_bring_its_token_in_a_header(guarded):
    browser = guarded.browser(authorization=f"Bearer {SECRETS['rolf']}")
    assert browser.get("/pileons/case-1").status_code == 200
    assert guarded.browser(authorization="Bearer wrong").get("/pileons/case-1").status_code == 303


def test_a_session_ends_and_a_forged_or_foreign_one_never_begins():
    now = [1000.0]
    settings = Settings(tokens={"anna": Token(secret=SECRETS["anna"], role="moderator")})
    access = Access(settings, b"key", lambda: now[0])
    viewer = access.logged_in(SECRETS["anna"])
    cookie = access.cookie(viewer)
    assert access.viewer(cookie, None).name == "anna"
    assert access.viewer(cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), None) is None
    assert Access(settings, b"other", lambda: now[0]).viewer(cookie, None) is None
    assert Access(Settings(tokens={"eve": Token(secret="eve's very long secret")}), b"key", lambda: now[0]).viewer(cookie, None) is None
    now[0] += SESSION_FOR + 1
    assert access.viewer(cookie, None) is None


@pytest.mark.parametrize("variables", [
    {"ANNA__SECRET": "short"}, {"ANNA__SECRET": SECRETS["anna"], "ANNA__ROLE": "queen"},
    {"ANNA__SECRET": "s" * 20, "ROLF__SECRET": "s" * 20}, {"ANNA__ROLE": "reader"},
])  # fmt: skip
def test_tokens_that_cannot_be_end_in_one_line_without_the_secret(variables):
    with pytest.raises(UserError) as told:
        load({f"THREADWATCH_CONSOLE__TOKENS__{name}": value for name, value in variables.items()})
    assert "tokens" in str(told.value).lower() and "ssss" not in str(told.value) and SECRETS["anna"] not in str(told.value)


# The audit log


def test_who_saw_which_cases_text_is_noted_without_any_of_it(console):
    console.client.get("/pileons/case-1")
    console.client.get("/")
    console.client.get("/pileons/nobody")
    assert [entry | {"at": ""} for entry in console.audited()] == [
        {"at": "", "who": "at this machine", "what": "text", "pileon_id": "case-1"}
    ]
    assert console.audit_file.stat().st_mode & 0o077 == 0
    assert b"Nice goal" not in console.audit_file.read_bytes()


def test_a_page_of_text_that_cannot_be_noted_is_not_shown(console):
    console.audit_file.mkdir()
    with pytest.raises(IsADirectoryError):
        console.client.get("/pileons/case-1")


# Reading


def until_refused(browser):
    """Return how many pages one gets before there are too many; a bucket that fills while one reads makes it some more."""
    for read in range(10 * READS):
        if (answer := browser.get("/login")).status_code == 429:
            return read, answer
    raise AssertionError("it never was too much")


def test_who_reads_more_pages_than_anybody_could_waits_and_others_do_not(console):
    read, refused = until_refused(console.client)
    assert read >= READS and refused.headers["retry-after"] == "10" and refused.text.startswith("These are more pages than anybody reads")
    assert console.browser(address="127.0.0.2").get("/").status_code == 200
    assert console.client.get("/static/console.css").status_code == 200 and console.client.get("/readyz").status_code in (200, 503)


def test_people_with_tokens_behind_one_address_are_counted_apart(guarded):
    anna, rolf = (guarded.browser(authorization=f"Bearer {secret}") for secret in SECRETS.values())
    until_refused(anna)
    assert rolf.get("/").status_code == 200
