"""Programs that pip cannot bring: found, or named with the package that brings them."""

import os
import shutil
import socket
from contextlib import suppress
from random import randrange
from typing import Final

import pytest

PACKAGES: Final = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "openssl": "openssl",
    "chromium": "chromium",
}
"""Program → Debian's package."""
OTHER_NAMES: Final = {"prometheus-alertmanager": "alertmanager"}


def needed(program: str) -> str:
    """Return where a program lies; where it is missing, skip with what to do. With ``CI=true`` that is a failure."""
    found = shutil.which(program) or shutil.which(OTHER_NAMES.get(program, program))
    if found is None:
        why = f"{program} is not on the PATH; on Debian: apt-get install {PACKAGES[program]}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return found


def free_port() -> int:
    """Return a port of the loopback that nobody listens on just now.

    Below those that the system gives to outgoing connections (from 32768 on): one of these may be somebody's before it is listened on.
    """
    while True:
        port = randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
