"""Ids that leave the process: HMACs under an installation key, so that nobody can reverse them from a list of names."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from streams.errors import UserError

_BYTES: Final = 32
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def installation_key(data: str | Path) -> bytes:
    """Return the key of this installation: ``THREADWATCH_KEY`` (64 hex digits), else the file ``key`` in the data folder.

    Made, readable by the owner alone, when there is none; its place is said on stderr. Raises UserError for a bad one.
    """
    file = Path(data) / "key"
    if given := os.environ.get("THREADWATCH_KEY"):
        return _parsed(given, "THREADWATCH_KEY")
    try:
        if file.exists():
            return _parsed(file.read_text(encoding="ascii", errors="replace"), str(file))
    except OSError as error:
        raise _unusable(file, error) from error
    return _made(file)


def has_key(data: str | Path) -> bool:
    """Return whether the installation's key is here, or one would have to be made."""
    return bool(os.environ.get("THREADWATCH_KEY")) or (Path(data) / "key").exists()


def _unusable(file: Path, error: OSError) -> UserError:
    why = error.strerror or type(error).__name__
    return UserError(
        f"the installation key {file} cannot be read or made ({why}): set THREADWATCH_DATA to a folder of yours, or THREADWATCH_KEY"
    )


def _put(new: Path, file: Path) -> None:
    """Give a file its name, unless another has it: with compose a worker and the console begin at once, and neither may read half a key."""
    try:
        os.link(new, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        new.rename(file)


def _made(file: Path) -> bytes:
    import sys

    key = secrets.token_bytes(_BYTES)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:  # also where the folder is a file
        raise _unusable(file, error) from error
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(key.hex() + "\n")
        _put(new, file)
    except FileExistsError:
        return installation_key(file.parent)
    except OSError as error:
        raise _unusable(file, error) from error
    finally:
        new.unlink(missing_ok=True)
    print(f"threadwatch: made the installation key {file}; keep it: ids that leave the program depend on it", file=sys.stderr)
    return key


def _parsed(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise UserError(f"{where} is no installation key: 64 hex digits are wanted") from error
    if len(key) != _BYTES:
        raise UserError(f"{where} is no installation key: 64 hex digits are wanted, it has {len(text.strip())}")
    return key


def pseudonym(key: bytes, *parts: str) -> str:
    """Return 16 characters that stand for these parts: HMAC-SHA-256 under the key, base 32, 80 bits."""
    message = "\x1f".join(f"{len(part)}:{part}" for part in parts).encode()
    number = int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:10], "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))


def comment_reference(key: bytes, source: str, conversation_id: str, comment_id: str) -> str:
    """Return what stands for one comment in exemplars: who has the key can compare it with comments, nobody else can."""
    return pseudonym(key, "comment", source, conversation_id, comment_id)
