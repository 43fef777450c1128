"""The only broad ``except`` of the program: whatever leaves an agent's body ends the process, with nothing applied.

In Faust an exception that leaves an agent is acknowledged and its message never seen again; so nothing may leave.
"""

import os
import sys
import traceback
from collections.abc import Awaitable
from typing import NoReturn, TypeVar

from streams.errors import INPUT_UNREADABLE, UNEXPECTED, USER_MISTAKE, UserError

T = TypeVar("T")


class TooMuchUnreadable(Exception):
    """The input is mostly not what it should be: stop, keep the offset, let a person look."""


async def guarded(what: str, doing: Awaitable[T]) -> T:
    """Return what ``doing`` returns. If it raises, say so and end the process: 3, 2, or 70 which a supervisor restarts."""
    try:
        return await doing
    except BaseException as error:
        if type(error).__name__ in {"CancelledError", "GeneratorExit"}:
            raise
        ended(what, error)


def ended(what: str, error: BaseException) -> NoReturn:
    """End the process now, without running anything else: an offset not applied stays not applied."""
    code = _code(error)
    if code == UNEXPECTED:
        traceback.print_exception(error, file=sys.stderr)
    print(f"threadwatch: {what} stopped the worker (exit {code}): {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    leave(code)


def leave(code: int) -> NoReturn:
    """End the process with a code, at once."""
    sys.stdout.flush()
    os._exit(code)


def _code(error: BaseException) -> int:
    if isinstance(error, TooMuchUnreadable):
        return INPUT_UNREADABLE
    return USER_MISTAKE if isinstance(error, UserError) else UNEXPECTED
