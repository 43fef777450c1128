"""The records of ``config`` that the e-SR detector follows: calibrations, and the list of known accounts."""

from collections.abc import Mapping
from typing import Any

from streams.stages.esr import accounts
from streams.stages.esr.accounts import Known, known_of
from streams.stages.esr.calibration import Calibration, calibration_of, is_calibration


def is_followed(name: str) -> bool:
    """Return whether the detector follows records of this name."""
    return name == accounts.NAME or is_calibration(name)


def made_of(name: str, version: int, values: Mapping[str, Any]) -> Calibration | Known:
    """Return what a record of such a name says. UserError with its name where it cannot be used."""
    return known_of(name, version, values) if name == accounts.NAME else calibration_of(name, version, values)
