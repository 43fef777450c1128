"""Who receives can tell that it was us, lately, and with which secret: with the ten lines of docs/alerts.md."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.live.signing import headers
from tests.support.hooks import OTHER, SECRET

BODY = b'{"version":1}'


@pytest.fixture(scope="module")
def is_ours() -> Any:
    """Return the function that the page shows."""
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?def is_ours.*?)```", page, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)  # it is our own page
    return names["is_ours"]


def sent(*secrets: str, ago: timedelta = timedelta(0)) -> dict[str, str]:
    return headers(secrets, "a/1/mods", BODY, datetime.now(UTC) - ago)


def test_the_signature_is_taken_and_any_change_is_not(is_ours: Any) -> None:
    told = sent(SECRET)
    assert is_ours(SECRET, told, BODY)
    assert not is_ours(OTHER, told, BODY)
    assert not is_ours(SECRET, told, BODY + b" ")
    assert not is_ours(SECRET, told | {"Threadwatch-Timestamp": str(int(told["Threadwatch-Timestamp"]) + 1)}, BODY)


def test_what_is_old_is_not_taken(is_ours: Any) -> None:
    assert is_ours(SECRET, sent(SECRET, ago=timedelta(minutes=4)), BODY)
    assert not is_ours(SECRET, sent(SECRET, ago=timedelta(minutes=6)), BODY)


@pytest.mark.parametrize("told", [
    {}, {"Threadwatch-Timestamp": "now"}, {"Threadwatch-Timestamp": "\u0661"}, {"Threadwatch-Signature": "v1=\u00e9"},
    {"Threadwatch-Signature": ""},
])  # fmt: skip
def test_what_is_no_header_of_ours_is_not_taken_and_raises_nothing(is_ours: Any, told: dict[str, str]) -> None:
    assert not is_ours(SECRET, sent(SECRET) | told if told else told, BODY)


def test_while_secrets_change_both_sides_may_have_either(is_ours: Any) -> None:
    told = sent(OTHER, SECRET)
    assert is_ours(SECRET, told, BODY)
    assert is_ours(OTHER, told, BODY)


def test_the_signature_is_that_of_the_standard() -> None:
    told = headers(["0123456789abcdef"], "k", b"body", datetime.fromtimestamp(1700000000, UTC))
    assert told["Threadwatch-Timestamp"] == "1700000000"
    # printf '1700000000.body' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert told["Threadwatch-Signature"] == "v1=eba557db1f2d733c0b5a666469744627a020cfe6764be44fba992b21bf2deb6f"
