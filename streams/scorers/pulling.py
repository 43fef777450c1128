"""Fetch a Detoxify model once: the checkpoint, its tokenizer's files, both checked, and made fit to be loaded without a hub."""

import errno
import json
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from streams.scorers import ScorerUnavailable
from streams.scorers.checkpoint import Local, load_checkpoint
from streams.scorers.loading import Recipe, load
from streams.scorers.pulled import CHECKPOINT_FILE, CONFIG_FOLDER, Pulled, digests, settle, sha256_of

Progress = Callable[[str, int, int], None]
"""Told of a file's name, the bytes that are there, and how many there will be (0: not known)."""

_BASES: Final = {
    "original": "bert-base-uncased", "unbiased": "roberta-base", "multilingual": "xlm-roberta-base",
    "original-small": "albert-base-v2", "unbiased-small": "albert-base-v2",
}  # fmt: skip
"""Model → the hub's name of what it was made from, which has its configuration and tokenizer."""
_NEEDED: Final = "config.json"
_WHERE_THERE: Final = (
    "tokenizer_config.json", "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model",
)  # fmt: skip
_IN_THE_NAME: Final = re.compile(r"-([0-9a-f]{8,64})\.")
"""A checkpoint's name ends in the first digits of its SHA-256, as torch.hub has it."""
_AT_ONCE: Final = 1 << 20
_PATIENCE: Final = 30.0
_ROOM: Final = 2.2
"""Times the checkpoint: as it comes, converted, and the rest."""


def pull(folder: Path, model: str, source: str | None, progress: Progress) -> tuple[Path, Pulled]:
    """Fetch one model into the folder, and return where it lies and what was written down.

    ``source``: an address under which the checkpoint lies by its name, and the tokenizer's files under their hub's name; None: the
    addresses that the detoxify package and the hub know. Raises ScorerUnavailable with one line; nothing half done stays.
    """
    url = _checkpoint_url(model, source)
    try:
        (folder / model).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder / model, prefix=".part-") as part:
            return _pulled(folder, model, Path(part), url, source, progress)
    except urllib.error.URLError as error:  # before OSError, which it is
        raise ScorerUnavailable(f"{url} cannot be fetched ({error.reason}); --from URL takes it from elsewhere") from error
    except HTTPException as error:
        raise ScorerUnavailable(f"{url} cannot be fetched ({error}); --from URL takes it from elsewhere") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ScorerUnavailable(f"there is no room in {folder} for {model}; make some, or set scoring.models to another") from error
        raise ScorerUnavailable(f"{model} cannot be pulled into {folder}: {error}") from error


def _pulled(folder: Path, model: str, part: Path, url: str, source: str | None, progress: Progress) -> tuple[Path, Pulled]:
    came = part / "came.ckpt"
    _fetch(url, came, progress, is_large=True)
    sha256 = sha256_of(came)
    _check_name(url, sha256)
    (part / CONFIG_FOLDER).mkdir()
    for name in (_NEEDED, *_WHERE_THERE):
        _fetch_if_there(_file_url(model, name, source), part / CONFIG_FOLDER / name, progress, is_needed=name == _NEEDED)
    home = (folder / model / sha256[:12]).absolute()
    _convert(came, part, home)
    with _moved(part, home):
        load(Recipe(model, Local(home / CHECKPOINT_FILE, home / CONFIG_FOLDER)))
        pulled = Pulled(model, url, sha256, digests(home))
        settle(folder, home, pulled)
    return home, pulled


def _convert(came: Path, part: Path, home: Path) -> None:
    """Name the folder in the checkpoint, the labels in config.json, the length in tokenizer_config.json: a hub would be asked else."""
    import torch

    kept = load_checkpoint(came)
    arguments = kept["config"]["arch"]["args"]
    arguments["model_type"] = str(home / CONFIG_FOLDER)
    torch.save({"config": kept["config"], "state_dict": kept["state_dict"]}, part / CHECKPOINT_FILE)
    came.unlink()
    labels = [*kept["config"]["dataset"]["args"]["classes"]]
    labels += [f"unused_{number}" for number in range(len(labels), arguments["num_classes"])]
    _amend(part / CONFIG_FOLDER / _NEEDED, id2label=dict(enumerate(labels)), label2id=dict(zip(labels, range(len(labels)), strict=True)))
    _amend(part / CONFIG_FOLDER / "tokenizer_config.json", model_max_length=_longest(part / CONFIG_FOLDER))


def _longest(config: Path) -> int:
    """Return how many tokens the tokenizer may give: RoBERTa has two positions that no token stands at."""
    found = json.loads((config / _NEEDED).read_text(encoding="utf-8"))
    positions = int(found.get("max_position_embeddings", 512))
    return positions - 2 if "roberta" in found.get("model_type", "") else positions


def _amend(file: Path, **changed: Any) -> None:
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        file.write_text(json.dumps(content | changed, indent=2), encoding="utf-8")
    except (ValueError, TypeError) as error:
        raise ScorerUnavailable(f"{file.name} as it came is not JSON; the source has something else under that name") from error


@contextmanager
def _moved(part: Path, home: Path) -> Iterator[None]:
    """Put what is ready where it belongs; take it away again if it does not load, and put back what was there."""
    before = part / "before"
    if home.exists():
        home.rename(before)
    home.mkdir()
    for each in (CHECKPOINT_FILE, CONFIG_FOLDER):
        (part / each).rename(home / each)
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        if not is_whole:
            shutil.rmtree(home)
            if before.exists():
                before.rename(home)


def _check_name(url: str, sha256: str) -> None:
    expected = _IN_THE_NAME.search(url.rpartition("/")[2])
    if expected and not sha256.startswith(expected[1]):
        raise ScorerUnavailable(f"what {url} gave has SHA-256 {sha256[:12]}…, its name says {expected[1]}: pull again")


def _checkpoint_url(model: str, source: str | None) -> str:
    try:
        from detoxify.detoxify import MODEL_URLS
    except ImportError as error:
        raise ScorerUnavailable("models pull needs the extra 'detoxify': pip install 'threadwatch[detoxify]'") from error
    url: str = MODEL_URLS[model]
    return f"{source.rstrip('/')}/{url.rpartition('/')[2]}" if source else url


def _file_url(model: str, name: str, source: str | None) -> str:
    from huggingface_hub import hf_hub_url

    return f"{source.rstrip('/')}/{_BASES[model]}/{name}" if source else hf_hub_url(_BASES[model], name)


def _fetch_if_there(url: str, to: Path, progress: Progress, is_needed: bool) -> None:
    try:
        _fetch(url, to, progress)
    except urllib.error.HTTPError as error:
        if is_needed or error.code != 404:
            raise ScorerUnavailable(f"{url} answers {error.code} {error.reason}; the configuration has to be there") from error


def _fetch(url: str, to: Path, progress: Progress, is_large: bool = False) -> None:
    if not url.startswith(("https://", "http://")):
        raise ScorerUnavailable(f"{url} is no address; --from takes https://… or http://…")
    with urllib.request.urlopen(url, timeout=_PATIENCE) as answer, to.open("wb") as file:  # noqa: S310  # the scheme was looked at
        total = int(answer.headers.get("Content-Length") or 0)
        if is_large and shutil.disk_usage(to.parent).free < total * _ROOM:
            raise OSError(errno.ENOSPC, "no room")
        come = 0
        while block := answer.read(_AT_ONCE):
            file.write(block)
            come += len(block)
            progress(to.name if not is_large else url.rpartition("/")[2], come, total)
    if total and come < total:
        raise ScorerUnavailable(f"{url} ended after {come} of {total} bytes; pull again")
