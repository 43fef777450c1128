"""What the fast lane's kernel needs: a processor and a C compiler. Who lacks one is told which, and that nothing was tested."""

import os
import platform
import shlex
import shutil

import pytest

from streams.scorers.transformer.kernel import building


def needed_compiler() -> None:
    """Skip where nothing can be built, with what is missing. With CI a missing compiler is a failure: there it is to be installed."""
    if platform.machine() != "x86_64":
        pytest.skip(f"the kernel is not built: it is for x86-64, this is {platform.machine()}")
    compiler = shlex.split(os.environ.get("CC", "cc"))[0]
    if shutil.which(compiler) is None:
        why = f"the kernel is not tested: there is no C compiler {compiler!r}; on Debian: apt-get install gcc libc6-dev"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def needed_processor() -> None:
    """Skip where the processor cannot run it, with what it lacks: no CI can install that. Where it can, nothing is skipped in CI."""
    if missing := building.lacking():
        pytest.skip(f"the kernel is built and not run: this processor lacks {missing}")
