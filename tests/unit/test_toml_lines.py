"""The line of a setting in a TOML file, however it is written there."""

from pathlib import Path

import pytest

from streams.errors import UserError
from streams.toml_lines import Steps, line_of, parsed, place

FILE = '''\
# url = "a comment is no setting"
scorer = "linear"
kafka.prefix = "dotted."

[pileon]
reason = """
window = "not this one"
"""
"window" = "PT1H"  # window

[sources.news]
communities = [
  "sport",
  "politics",
]
lateness = "PT2H"

[communities."news/sport"]
min_hostile_authors = 5

[[webhooks]]
name = "day"
url = "https://a"

[[webhooks]]
name = "night"
url = "https://b"

[address]
prior = {previous = 0.5, heat = 99}
'''


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (("scorer",), 2),
        (("kafka", "prefix"), 3),
        (("kafka",), 3),
        (("pileon",), 5),
        (("pileon", "window"), 9),
        (("sources", "news", "communities", 1), 12),
        (("sources", "news", "lateness"), 16),
        (("communities", "news/sport", "min_hostile_authors"), 19),
        (("webhooks", 0, "url"), 23),
        (("webhooks", 1), 25),
        (("webhooks", 1, "url"), 27),
        (("webhooks", 1, "secrets"), 25),
        (("address", "prior", "heat"), 30),
        (("worker", "batch"), None),
        (("communities", "news/sport", "min_hostile"), 18),
        ((), None),
    ],
)
def test_a_setting_has_a_line_and_one_that_is_missing_that_of_its_table(steps: Steps, line: int | None) -> None:
    assert line_of(FILE, steps) == line


def test_windows_line_ends_and_a_separator_within_a_text_count_no_other_lines() -> None:
    assert line_of('scorer = "a\u2028b"\r\n[kafka]\r\nprefix = 3\r\n', ("kafka", "prefix")) == 3


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"scorer = 'a'\n[kafka\n", ":2: Expected ']' at the end of a table declaration, column 7"),
        (b"a = 1\nb = [1,\n2\n", ":3: "),
        (b"a = 1\na = 2\n", ":2: Cannot overwrite a value"),
        (b"a = 1\nb = '\xff'\n", ":2: a byte that is no UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_names_its_line(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "threadwatch.toml"
    file.write_bytes(raw)
    with pytest.raises(UserError) as told:
        parsed(file)
    assert str(told.value).startswith(f"{file}{said}")
    assert place(file, ("a",)) in (str(file), f"{file}:1")


def test_what_is_no_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r": Is a directory$"):
        parsed(tmp_path)
    assert place(tmp_path, ("a",)) == str(tmp_path)
