"""Pages of the console as a test reads them."""

from typing import Any

from selectolax.lexbor import LexborHTMLParser

from tests.support.console import Console


def page_of(console: Console, path: str, status: int = 200) -> LexborHTMLParser:
    """Return a page; fail where it is answered otherwise."""
    answer = console.client.get(path)
    assert answer.status_code == status, answer.text
    return LexborHTMLParser(answer.text)


def text_of(page: Any, selector: str = "main") -> str:
    """Return the words of the first element there, whatever stands between them."""
    return " ".join(page.css_first(selector).text(separator=" ").split())
