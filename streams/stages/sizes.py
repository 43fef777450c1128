"""How large a case is at one moment: its people, and those who answered."""

from streams.stages.case import Case, Sizes
from streams.stages.evidence import evidence_of
from streams.stages.kept import IN_CASE, MODERATED, UNKNOWN, Hostile, Kept
from streams.stages.ledger import Ledger
from streams.stages.pileon_config import Config, Rule


def sizes_of(rule: Rule, ledger: Ledger, case: Case) -> Sizes:
    """Return the numbers of a case."""
    of_case = [kept for kept in ledger.hostile if kept.flags & IN_CASE]
    looked_at = answering(rule, ledger, case, max(case.opened_at, case.last_hostile_at))
    return Sizes(
        hostile_authors=authors_of(ledger, case),
        hostile_in_window=len({kept.author for kept in looked_at if isinstance(kept, Hostile)}),
        replying_authors=len({kept.author for kept in looked_at}),
        hostile_replies=len(of_case) + case.forgotten_replies,
        unknown=sum(1 for kept in of_case if kept.flags & UNKNOWN) + case.forgotten_unknown,
        moderated=sum(1 for kept in of_case if kept.flags & MODERATED) + case.forgotten_moderated,
        severe_authors=severe_authors_of(rule.config, ledger),
        evidence=evidence_of(of_case),
    )


def authors_of(ledger: Ledger, case: Case) -> int:
    """Return how many different people were hostile in the case."""
    return len(ledger.case_authors) + case.forgotten_authors


def severe_authors_of(config: Config, ledger: Ledger) -> int:
    """Return how many of them sent a severe reply; 0 where nobody asks."""
    if not config.min_severe_authors:
        return 0
    severe = (kept for kept in ledger.hostile if kept.flags & IN_CASE and kept.hostility >= config.min_severity)
    return len({kept.author for kept in severe})


def answering(rule: Rule, ledger: Ledger, case: Case, end: int) -> list[Kept]:
    """Return the replies that the hostile ones are seen among: the window's, or where evidence opened the case all since it began."""
    if case.untimed:
        return list(ledger.untimed_window())
    since = end - rule.window if case.grounds is None else case.first_hostile_at - 1
    return list(ledger.within(since, end))
