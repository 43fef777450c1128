"""An earlier run's candidate as a baseline: its settings are those that its ``config.lock`` holds, whatever holds here."""

from pathlib import Path

import msgspec

from streams.errors import UserError
from streams.replay.backtest.played import Rules
from streams.replay.backtest.report import LOCK, Lock, Locked
from streams.settings import Settings


def locked(folder: Path) -> Locked:
    """Return the candidate of a run. Raises UserError where the folder holds none."""
    try:
        return msgspec.json.decode((folder / LOCK).read_bytes(), type=Lock).candidate
    except OSError as error:
        raise UserError(f"--baseline {folder} holds no backtest: {LOCK} cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise UserError(f"--baseline {folder / LOCK} is not that of a backtest of this version ({error})") from error


def settings_of(run: Locked, folder: Path) -> Settings:
    """Return the settings that a run locked, as far as results depend on them. Raises UserError where they mean nothing here."""
    try:
        return msgspec.convert(run.settings, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"--baseline {folder / LOCK}: {error}; it was written by another version of threadwatch") from error


def check(run: Locked, rules: Rules, folder: Path) -> None:
    """Raise UserError unless these rules are those of the run: another scorer's version or another key would decide otherwise."""
    if rules.plan.configuration != run.configuration:
        here = f"scorer {rules.plan.scorer}, detector {rules.plan.detector}"
        made = f"scorer {run.scorer}, detector {run.detector}"
        raise UserError(f"--baseline {folder}: made with {made}; here it would be {here}, or another installation key")
