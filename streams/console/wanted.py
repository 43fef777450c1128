"""The page that somebody wanted when they were asked who they are: carried through sign-in, and never leading anywhere but here. Pure."""

import re
from typing import Final
from urllib.parse import quote, urlencode

LOGIN: Final = "/login"
_MOST: Final = 1000
"""Signs. It stands in a cookie while a browser is at a provider."""
_OURS: Final = re.compile(r"/(?:(?!/)[\x21-\x5b\x5d-\x7e]+)?", re.ASCII)
"""Of this host: ``//host`` and ``/\\host`` lead elsewhere, and so does what browsers take out before they look (tabs, line breaks)."""


def ours(given: str) -> str:
    """Return what was given where it is a path of ours to go to, else ``/``."""
    is_ours = len(given) <= _MOST and _OURS.fullmatch(given) and given.partition("?")[0] not in (LOGIN, "/logout")
    return given if is_ours and not given.startswith(f"{LOGIN}/") else "/"


def wanted(path: str, query: bytes) -> str:
    """Return the page that a request asks for, as a path to come back to."""
    return ours(quote(path) + (f"?{query.decode('latin-1')}" if query else ""))


def login(to: str = "/", is_anew: bool = False, at: str = LOGIN) -> str:
    """Return where one says who one is, to go on to a page of ours; ``is_anew``: and is asked as whom, at a provider that knows one."""
    given = {name: value for name, value in (("to", to if to != "/" else ""), ("anew", "yes" if is_anew else "")) if value}
    return f"{at}?{urlencode(given, safe='/')}" if given else at
