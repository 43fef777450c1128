"""docs/life-of-a-comment.md shows what the program does, not what it did once."""

import re

from tests.support.life_page import PAGE, page, shown


def test_the_page_shows_what_the_program_makes_of_the_comment():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_block_on_the_page_shows_something():
    names = re.findall(r"<!-- life: ([a-z ]+) -->", PAGE.read_text(encoding="utf-8"))
    found = shown()
    assert len(names) == len(set(names)) >= 9
    assert all(found[name].strip() for name in names)
