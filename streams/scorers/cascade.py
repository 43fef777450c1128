"""A cascade: a cheap scorer decides the clear cases, an expensive one the rest.

What is clear was fitted for the two (``bounds.py``): below one score and above another. A text's score depends on the text
alone, as both scorers' do.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from streams.scorers import Config, Scorer, ScorerUnavailable, Toxicity, Work, open_part
from streams.scorers.bounds import Bounds, mapped
from streams.scorers.languages import Abstaining, taught

VERSION: Final = "1"
SHIPPED: Final = Path(__file__).parent / "weights"
_USUALLY: Final = 4
"""Of so many texts one is passed on, or fewer: how many are taken at once for one that the expensive scorer takes."""


class Cascade:
    """A scorer of two. What the cheap one decides has the label ``toxicity`` alone."""

    def __init__(self, cheap: Scorer, expensive: Scorer, bounds: Bounds) -> None:
        """Raise ScorerUnavailable where the bounds were fitted for others than these two."""
        _check(bounds, cheap, expensive)
        self._cheap = cheap if taught(cheap.name) >= taught(expensive.name) else Abstaining(cheap, taught(cheap.name))
        self._expensive, self._bounds = expensive, bounds
        self._names = tuple(scorer.name.partition("@")[0] for scorer in (cheap, expensive))
        versions = [scorer.name.partition("@")[2] for scorer in (cheap, expensive)]
        self.name = f"cascade:{'+'.join(self._names)}@{VERSION}+{_digest(bounds)}({';'.join(versions)})"
        self._decided = self._passed_on = 0
        if hasattr(expensive, "at_most"):
            self.at_most: int = _USUALLY * expensive.at_most

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order."""
        first = self._cheap.score(texts)
        unclear = [number for number, each in enumerate(first) if self._is_unclear(each)]
        second = self._expensive.score([texts[number] for number in unclear]) if unclear else []
        self._decided += len(texts) - len(unclear)
        self._passed_on += len(unclear)
        found = [self._decided_as(each.toxicity) for each in first]
        for number, each in zip(unclear, second, strict=True):
            found[number] = replace(each, decided_by=self._names[1])
        return found

    def _is_unclear(self, said: Toxicity) -> bool:
        """Return whether the expensive scorer is to be asked: also where it knows a language that the cheap one does not."""
        return bool(said.abstained) or self._bounds.clean_to < said.toxicity < self._bounds.toxic_from

    def _decided_as(self, score: float) -> Toxicity:
        toxicity = mapped(self._bounds, score)
        return Toxicity(toxicity, {"toxicity": toxicity}, self._names[0])

    def worked(self) -> Work:
        """Return what was done since this was asked the last time."""
        below: Work = self._expensive.worked() if hasattr(self._expensive, "worked") else Work()
        work = replace(below, decided=self._decided, passed_on=self._passed_on)
        self._decided = self._passed_on = 0
        return work

    def tell_computed(self, told: Callable[[], None]) -> None:
        """Have ``told`` called whenever the expensive scorer computed something."""
        if hasattr(self._expensive, "tell_computed"):
            self._expensive.tell_computed(told)

    def close(self) -> None:
        """End the processes that compute, where there are some."""
        if hasattr(self._expensive, "close"):
            self._expensive.close()


def open_cascade(name: str, config: Config | None = None) -> Cascade:
    """Return the cascade of two scorers, ``cheap+expensive``. Raises ScorerUnavailable where one of them, or its bounds, are missing."""
    bounds = _read(name, config)
    return Cascade(*parts_of(name, config), bounds)


def parts_of(name: str, config: Config | None) -> tuple[Scorer, Scorer]:
    """Return both scorers of ``cheap+expensive``. Raises ScorerUnavailable where there are not two, or one cannot be opened."""
    cheap, expensive = _two(name)
    return open_part(cheap, config), open_part(expensive, config)


def _two(name: str) -> tuple[str, str]:
    cheap, plus, expensive = name.partition("+")
    if not plus or any(each.startswith("cascade") for each in (cheap, expensive)):
        raise ScorerUnavailable(f"there is no scorer 'cascade:{name}': write two scorers, the cheap one first, as cascade:linear+compact")
    return cheap, expensive


def file_of(name: str, folder: Path) -> Path:
    """Return where a folder holds the bounds of a cascade."""
    return folder / f"{name.removeprefix('cascade:').replace(':', '_')}.json"


def _read(name: str, config: Config | None) -> Bounds:
    _two(name)
    folder = Path((config or Config()).cascades)
    for file in (file_of(name, folder), file_of(f"cascade-{name}", SHIPPED)):
        if file.is_file():
            try:
                return msgspec.json.decode(file.read_bytes(), type=Bounds)
            except (OSError, msgspec.MsgspecError) as error:
                raise ScorerUnavailable(f"{file} cannot be read ({error}); {_fit(name)}") from error
    raise ScorerUnavailable(f"{file_of(name, folder)} is missing: nobody found the bounds of cascade:{name} yet; {_fit(name)}")


def _check(bounds: Bounds, *scorers: Scorer) -> None:
    for fitted_for, scorer in zip((bounds.cheap, bounds.expensive), scorers, strict=True):
        if fitted_for != scorer.name:
            both = "+".join(each.name.partition("@")[0] for each in scorers)
            raise ScorerUnavailable(f"the bounds of cascade:{both} were found for {fitted_for}, this is {scorer.name}; {_fit(both)}")


def _fit(name: str) -> str:
    return f"threadwatch models fit-cascade FILE --scorer cascade:{name} finds them"


def _digest(bounds: Bounds) -> str:
    return hashlib.sha256(msgspec.json.encode(bounds)).hexdigest()[:8]
