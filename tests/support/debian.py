"""``python -m tests.support.debian``: what the tests need and pip cannot bring, installed where that is allowed, else named."""

import os
import shutil
import subprocess
import sys
from typing import Final

from tests.support.programs import OTHER_NAMES

PROGRAMS: Final = {"prometheus": "prometheus", "promtool": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager",
                   "amtool": "prometheus-alertmanager", "chromium": "chromium", "openssl": "openssl"}  # fmt: skip
"""Program → Debian's package."""
_WITHIN: Final = 900


def missing() -> list[str]:
    """Return the packages whose programs are not on the PATH, sorted."""
    absent = [program for program in PROGRAMS if not (shutil.which(program) or shutil.which(OTHER_NAMES.get(program, program)))]
    return sorted({PROGRAMS[program] for program in absent})


def main() -> int:
    """Install what is missing, or say in one line what it is and how to get it. Always 0: the tests that need it say so themselves."""
    packages = missing()
    if packages and _may_install():
        print(f"tests: installing {', '.join(packages)} (apt-get)", file=sys.stderr, flush=True)
        _install(packages)
        packages = missing()
    if packages:
        print(f"tests: {', '.join(packages)} missing, the tests that need it are skipped; on Debian: apt-get install {' '.join(packages)}",
              file=sys.stderr)  # fmt: skip
    return 0


def _may_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: list[str]) -> None:
    _apt("update", "-qq")
    for package in packages:  # one by one: one that this Debian does not have must not cost the others
        _apt("install", "-qq", "-y", "--no-install-recommends", package)


def _apt(*arguments: str) -> None:
    try:
        subprocess.run(("apt-get", *arguments), env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL,
                       capture_output=True, check=False, timeout=_WITHIN)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"tests: apt-get {arguments[0]}: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
