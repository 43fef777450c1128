"""How bad a pile-on is."""

from streams.records import FindingKind, Severity
from streams.stages.case import Case
from streams.stages.pileon_config import Config


def severity(config: Config, case: Case, hostile_authors: int, severe_authors: int) -> Severity:
    """Return the severity of so many hostile people. It never falls within one case: nobody is told "better" while it lasts.

    What only the pace speaks for (``diluted``) is no more than a warning, however many they are.
    """
    if case.grounds is not None and case.grounds.finding is not FindingKind.PILEON:
        return case.severity
    if case.severity is Severity.CRITICAL or hostile_authors >= config.critical_factor * config.min_hostile_authors:
        return Severity.CRITICAL
    if config.min_severe_authors and severe_authors >= config.min_severe_authors:
        return Severity.CRITICAL
    return Severity.WARNING


def is_worth_telling(config: Config, hostile_authors: int, authors_sent: int) -> bool:
    """Return whether the hostile people grew enough since they were last told."""
    return hostile_authors - authors_sent >= max(1.0, config.min_growth * authors_sent)
