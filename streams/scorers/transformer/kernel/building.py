"""The kernel as a file: what it is built from, whether this machine can run it, where it lies. Nothing here imports torch."""

import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from streams.scorers import ScorerUnavailable

_SOURCES: Final = ("lanes.h", "gelu.h", "rows.h", "affine.h", "attention.h", "layer.c")
_NEEDED: Final = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "fma")
"""What the processor must have, by Linux's names."""
# No contraction: else two compilers would round differently, and the version would not say so.
_FLAGS: Final = ("-std=c11", "-O3", "-shared", "-fPIC", "-ffp-contract=off", *(f"-m{name.replace('_', '')}" for name in _NEEDED))
_HERE: Final = Path(__file__).parent
_AGAIN: Final = "threadwatch models build makes it again"
_WITHIN: Final = 300.0
"""Seconds that a compiler may take; gcc takes four."""


@cache
def digest() -> str:
    """Return eight hex digits of SHA-256 over sources and flags: part of the version of every score that it computes."""
    found = hashlib.sha256(" ".join(_FLAGS).encode())
    for name in _SOURCES:
        found.update((_HERE / name).read_bytes())
    return found.hexdigest()[:8]


def lacking(about_processor: Path = Path("/proc/cpuinfo")) -> str:
    """Return what this machine lacks to run it; empty where it lacks nothing."""
    if platform.machine() != "x86_64" or not about_processor.exists():
        return "Linux on x86-64"
    flags = next((line for line in about_processor.read_text().splitlines() if line.startswith("flags")), "").split()
    return ", ".join(name for name in _NEEDED if name not in flags)


def place(models: Path) -> Path:
    """Return where the kernel of this source lies among the models."""
    return models / "kernel" / f"{digest()}.so"


def built(models: Path) -> str:
    """Return its path if it is there and this machine can run it, else nothing."""
    found = place(models)
    return str(found.resolve()) if found.is_file() and not lacking() else ""


def check(path: Path) -> None:
    """Raise ScorerUnavailable for a library that somebody else could have put there, or that is not as it was built.

    It is code that runs before any test of it could.
    """
    try:
        for each in (path, path.parent):
            about = each.stat()
            if about.st_uid not in (0, os.geteuid()) or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ScorerUnavailable(f"{each} could be written by others than this user, and is not loaded: {_AGAIN}")
        is_whole = _digest_file(path).read_text(encoding="ascii").split()[:1] == [hashlib.sha256(path.read_bytes()).hexdigest()]
    except (OSError, UnicodeDecodeError):
        is_whole = False
    if not is_whole:
        raise ScorerUnavailable(f"{path} is not as it was built: {_AGAIN}")


def _digest_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def build(models: Path, anywhere: bool = False) -> Path:
    """Compile it to its place; ``anywhere``: though this machine may not run it. Raises ScorerUnavailable with one line where it cannot."""
    if (missing := lacking()) and not anywhere:
        raise ScorerUnavailable(f"the kernel is not for this machine ({missing} is missing): :fast computes with torch here")
    target = place(models)
    part = target.with_suffix(f".{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)
        part.touch(0o755, exist_ok=False)
        _compiled(part)
        part.chmod(0o755)
        _digest_file(target).write_text(f"{hashlib.sha256(part.read_bytes()).hexdigest()}  {target.name}\n", encoding="ascii")
        part.replace(target)
    except OSError as error:
        raise ScorerUnavailable(f"{target} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _compiled(to: Path) -> None:
    compiler = shlex.split(os.environ.get("CC", "cc")) or ["cc"]
    if not shutil.which(compiler[0]):
        raise ScorerUnavailable(
            f"there is no C compiler {compiler[0]!r}: install gcc or clang, or name yours in CC; without, :fast uses torch"
        )
    command = [*compiler, *_FLAGS, "-o", str(to), str(_HERE / "layer.c"), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=_WITHIN)
    except subprocess.TimeoutExpired as error:
        raise ScorerUnavailable(f"{compiler[0]} did not end within {_WITHIN:.0f} seconds") from error
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line), f"exit code {done.returncode}")
        raise ScorerUnavailable(f"{compiler[0]} cannot build the kernel: {said.strip()[:200]}; gcc 12 can")
