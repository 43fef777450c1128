"""Detoxify's models as ``threadwatch models pull`` keeps them: ``FOLDER/<model>/<digest>/``, and which of them is used."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.scorers.checkpoint import Local

CHECKPOINT_FILE: Final = "model.ckpt"
CONFIG_FOLDER: Final = "config"
_ACCOUNT: Final = "pulled.json"
_CURRENT: Final = "current"
"""Holds the digest of the weights that are used; written last."""
_AT_ONCE: Final = 1 << 20


class Pulled(Struct, frozen=True):
    """What was fetched, and what became of it."""

    model: str
    url: str
    sha256: str
    """Of the checkpoint as it came."""
    files: dict[str, str]
    """Path in the folder → SHA-256, as converted."""


def found(folder: Path, model: str) -> Local | None:
    """Return the files of a model that was pulled into the folder, or None."""
    home = home_of(folder, model)
    return Local(home / CHECKPOINT_FILE, home / CONFIG_FOLDER) if home else None


def home_of(folder: Path, model: str) -> Path | None:
    """Return where the pulled model that is used lies, or None."""
    current = folder / model / _CURRENT
    return (folder / model / current.read_text(encoding="utf-8").strip()).absolute() if current.is_file() else None


def account_of(home: Path) -> Pulled | None:
    """Return what was written down when it was pulled; None where that cannot be read."""
    try:
        return msgspec.json.decode((home / _ACCOUNT).read_bytes(), type=Pulled)
    except (OSError, msgspec.MsgspecError):
        return None


def settle(folder: Path, home: Path, pulled: Pulled) -> None:
    """Write down what was pulled, and use it from now on."""
    (home / _ACCOUNT).write_bytes(msgspec.json.format(msgspec.json.encode(pulled)))
    part = folder / pulled.model / f"{_CURRENT}.part"
    part.write_text(f"{home.name}\n", encoding="utf-8")
    part.replace(folder / pulled.model / _CURRENT)


def sha256_of(file: Path) -> str:
    """Return the digest of a file, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def digests(home: Path) -> dict[str, str]:
    """Return path → SHA-256 of the model's files."""
    files = [home / CHECKPOINT_FILE, *sorted((home / CONFIG_FOLDER).iterdir())]
    return {str(file.relative_to(home)): sha256_of(file) for file in files}


def changes(home: Path, pulled: Pulled) -> Iterator[str]:
    """Yield what is not as it was when it was pulled."""
    for name, expected in pulled.files.items():
        file = home / name
        if not file.is_file():
            yield f"{name} is missing"
        elif (sha256 := sha256_of(file)) != expected:
            yield f"{name} has SHA-256 {sha256[:12]}…, it was {expected[:12]}…"
