"""A comment page's text, read whole: from a file or standard input, packed or not."""

from typing import Final

from streams.errors import UserError
from streams.packed import name_of, opened

MAX_PAGE: Final = 64 * 1024 * 1024
"""Bytes."""


def page_text(file: str) -> str:
    """Return a page's text: UTF-8 (or UTF-16 with its mark); bytes that are neither become the replacement sign."""
    with opened(file) as (stream, _):
        data = stream.read(MAX_PAGE + 1)
    if len(data) > MAX_PAGE:
        raise UserError(f"{name_of(file)}: larger than {MAX_PAGE // 1024 // 1024} MiB is no comment page; is it the right file?")
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(coding, errors="replace")
