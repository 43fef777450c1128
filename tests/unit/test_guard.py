"""What leaves a guarded body ends the process, with the code that tells a supervisor what to do; nothing is swallowed."""

import asyncio
import subprocess
import sys

import pytest

from streams.live.guard import guarded

_RAISING = """
import asyncio
from streams.errors import UserError
from streams.live.guard import TooMuchUnreadable, guarded

async def body():
    raise {error}

async def main():
    try:
        await guarded("stage score", body())
    except BaseException:
        print("SWALLOWED")

asyncio.run(main())
print("WENT ON")
"""


@pytest.mark.parametrize(
    ("error", "code", "has_trace"),
    [("ZeroDivisionError('oops')", 70, True), ("KeyboardInterrupt()", 70, True), ("SystemExit(0)", 70, True),
     ("UserError('mend it')", 2, False), ("TooMuchUnreadable('look')", 3, False)],
)  # fmt: skip
def test_an_error_ends_the_process_with_its_code_whoever_waits_for_it(error: str, code: int, has_trace: bool) -> None:
    done = subprocess.run([sys.executable, "-c", _RAISING.format(error=error)], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout == ""
    assert ("Traceback" in done.stderr) is has_trace
    assert done.stderr.splitlines()[-1].startswith(f"threadwatch: stage score stopped the worker (exit {code}): ")


async def test_what_is_returned_comes_back() -> None:
    async def body() -> int:
        return 7

    assert await guarded("it", body()) == 7


async def test_a_cancelled_body_is_cancelled_and_the_process_lives() -> None:
    task = asyncio.create_task(guarded("it", asyncio.sleep(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
