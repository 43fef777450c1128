"""``threadwatch models pull | list | check | build | fit-cascade``: Detoxify on this machine, and what a cascade of scorers needs."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.fit_cascade import fit_cascade
from streams.cli.options import Config, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Model = Annotated[str, typer.Argument(metavar="MODEL", help="original, unbiased, multilingual, original-small or unbiased-small.")]

app.command("fit-cascade")(fit_cascade)


@app.command()
def pull(
    model: Model,
    source: Annotated[str | None, typer.Option("--from", metavar="URL", help="A mirror, instead of the hubs that Detoxify names.")] = None,
    config: Config = None,
) -> None:
    """Fetch a model, check its SHA-256, make it fit to be loaded offline; what was there before stays until that is done.

    A checkpoint is a Python pickle: it may run anything. Take it from those whom you trust. A mirror has the checkpoint
    under its own name, and config.json and the tokenizer's files under the name of the model that it was made from.
    """
    from streams.errors import UserError
    from streams.scorers import ScorerUnavailable
    from streams.scorers.pulling import pull as fetch

    folder = _folder(config)
    _known(model)
    try:
        home, pulled = fetch(folder, model, source, _drawn if sys.stderr.isatty() else _nothing)
    except ScorerUnavailable as error:
        raise UserError(str(error)) from error
    print(f"{model}  {pulled.sha256}  {home}")


@app.command()
def build(
    anywhere: Annotated[
        bool, typer.Option("--anywhere", help="Also where this processor could not run it: for an image. Who runs that looks again.")
    ] = False,
    config: Config = None,
) -> None:
    """Compile the fast lane's kernel for this machine (a C compiler, AVX-512 VNNI); without it the fast lane computes with torch.

    Scores of the two are not the same to the last digit: their versions differ, and a worker that is pinned to one refuses the other.
    """
    from streams.errors import UserError
    from streams.scorers import ScorerUnavailable
    from streams.scorers.transformer.kernel.building import build as compiled

    try:
        print(compiled(_folder(config), anywhere))
    except ScorerUnavailable as error:
        raise UserError(str(error)) from error


@app.command("list")
def listed(config: Config = None) -> None:
    """Print each model: whether it is here, its SHA-256 and its place."""
    from streams.scorers.detoxify import MODELS
    from streams.scorers.pulled import account_of, home_of

    folder = _folder(config)
    for model in MODELS:
        home = home_of(folder, model)
        account = account_of(home) if home else None
        print(f"{model:<15}  {account.sha256[:12] if account else 'not here':<12}  {home or f'threadwatch models pull {model}'}")


@app.command()
def check(model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="One model; none: all that are here.")] = None,
          config: Config = None) -> int:  # fmt: skip
    """Compare files with what was pulled, load each model, and test its fast lane here. Exit 1 where something does not hold."""
    from streams.errors import UserError
    from streams.scorers.detoxify import MODELS
    from streams.scorers.pulled import home_of

    folder = _folder(config)
    wanted = [_known(model)] if model else list(MODELS)
    here = {name: home for name in wanted if (home := home_of(folder, name))}
    if not here:
        raise UserError(f"there is no {model or 'model'} in {folder}: threadwatch models pull {model or 'MODEL'} fetches one")
    return max(_checked(name, home, folder) for name, home in here.items())


def _checked(model: str, home: Path, folder: Path) -> int:
    from streams.scorers import ScorerUnavailable
    from streams.scorers.checkpoint import Local
    from streams.scorers.detoxify import open_detoxify
    from streams.scorers.pulled import CHECKPOINT_FILE, CONFIG_FOLDER, account_of, changes
    from streams.scorers.transformer.kernel.building import built

    account = account_of(home)
    wrong = list(changes(home, account)) if account else ["pulled.json cannot be read"]
    for line in wrong:
        print(f"CHANGED  {model}: {line}; threadwatch models pull {model} fetches it again")
    if wrong:
        return 1
    local, failed = Local(home / CHECKPOINT_FILE, home / CONFIG_FOLDER), 0
    for name in (model, f"{model}:fast"):
        try:
            print(f"ok       {_said(open_detoxify(name, local=local, device='cpu', kernel=built(folder)), folder)}")
        except ScorerUnavailable as error:
            failed = 1
            print(f"REFUSED  detoxify:{name}: {error}")
    return failed


def _said(scorer: Any, folder: Path) -> str:
    from streams.scorers.transformer.kernel.building import built, lacking

    about = scorer.engine.about
    if not about.drift:
        return str(scorer.name)
    faster = "" if built(folder) or lacking() else "; threadwatch models build makes a faster one"
    moved = f"int8 moves a score by {about.drift.largest:.4f} at most, {about.drift.mean:.4f} in the mean"
    return f"{scorer.name} (computed by {about.runtime}; {moved}{faster})"


def _known(model: str) -> str:
    from streams.errors import UserError
    from streams.scorers.detoxify import MODELS

    if model not in MODELS:
        raise UserError(f"there is no model {model!r}; there are {', '.join(MODELS)}")
    return model


def _folder(config: Path | None) -> Path:
    return Path(settings_of(config).scoring.models)


def _drawn(name: str, come: int, total: int) -> None:
    share = f" {come / total:4.0%}" if total else ""
    sys.stderr.write(f"\r{name} {come / 1e6:,.0f} MB{share}" + ("\n" if come == total else ""))
    sys.stderr.flush()


def _nothing(name: str, come: int, total: int) -> None:
    """Say nothing: nobody looks."""
