"""One record's work on one target where evidence decides: every reply that counts is a bet, and a case opens by what the bets have won."""

from typing import Final

import msgspec

from streams.records import EndedBecause, FindingKind, Grounds, Reply
from streams.stages.baseline import REST
from streams.stages.case import Case
from streams.stages.crossing import Crossing
from streams.stages.episode import Episode
from streams.stages.esr import detector, untimed
from streams.stages.esr.accounts import Known
from streams.stages.esr.config import Rule as Weighing
from streams.stages.esr.detector import DAY, Exposure, Finding, Kind, Target
from streams.stages.kept import Hostile, Kept
from streams.stages.ledger import Ledger
from streams.stages.pileon_config import Rule
from streams.stages.pseudonyms import Pseudonyms

SURGE: Final = "surge"
"""Noted, and no more: hostile replies come faster than usual, and are no larger share of what is said."""
_ALWAYS: Final = 1 << 62
_FINDINGS: Final = {Kind.PILEON: FindingKind.PILEON, Kind.DILUTED: FindingKind.DILUTED}
_KINDS: Final = {finding: kind for kind, finding in _FINDINGS.items()}
_MIX: Final = 0x9E3779B97F4A7C15
_WORD: Final = (1 << 63) - 1


class EvidenceEpisode(Episode):
    """What happens at one target during one record."""

    __slots__ = ("_known", "_pseudonyms", "_weighed_by")

    def __init__(
        self,
        name: str,
        rule: Rule,
        where: tuple[str, str, str],
        ledger: Ledger,
        case: Case | None,
        weighed_by: Weighing,
        known: Known | None,
        pseudonyms: Pseudonyms,
    ) -> None:
        """``weighed_by``: the rule of the tests, ``known``: the list of known accounts, if any. All else as in ``Episode``."""
        super().__init__(name, rule, where, ledger, case)
        self._weighed_by, self._known, self._pseudonyms = weighed_by, known, pseudonyms

    def _meet(self, at: int, heard: int) -> None:
        """Forget evidence that a tick would have forgotten by now; what begins anew begins with the first bet."""
        ledger = self.ledger
        if ledger.esr is not None and not ledger.size and ledger.esr.last_at + REST < heard:
            ledger.esr = None

    def _mild(self, known: Kept | None, reply: Reply, at: int, comment: int, pseudonyms: Pseudonyms) -> None:
        super()._mild(known, reply, at, comment, pseudonyms)
        if known is None:
            self._weigh(at, comment, pseudonyms.author(reply.author_id, reply.conversation_id), reply)

    def _crossed(self, new: Hostile, reply: Reply) -> Crossing | None:
        finding = self._weigh(new.at, new.comment, new.author, reply)
        if finding is None or (kind := _FINDINGS.get(finding.kind)) is None:
            self.notes += [] if finding is None else [SURGE]
            return None
        grounds = self._grounds(finding, kind, is_timed=not reply.created_at_is_estimated)
        if self.case is not None:
            # What began as a mere warning has become a pile-on: it is told, however many people there are.
            self.case = msgspec.structs.replace(self.case, grounds=grounds, authors_sent=0)
            return None
        hostile = tuple(kept for kept in self.ledger.within(finding.at - DAY, finding.at) if isinstance(kept, Hostile))
        # What its authors took back, or an earlier case told, is evidence no more.
        enough = len({kept.author for kept in hostile}) >= self.rule.config.min_hostile_authors
        return Crossing(tuple(sorted(hostile, key=lambda kept: (kept.at, kept.comment))), finding.at, grounds) if enough else None

    def _close(self, at: int, because: EndedBecause, flags: int) -> None:
        super()._close(at, because, flags)
        if because is EndedBecause.QUIET and self.ledger.esr is not None:  # another case needs as many people anew
            self.ledger.esr.hostile_at = ()

    def _weigh(self, at: int, comment: int, author: int, reply: Reply) -> Finding | None:
        target = self.ledger.esr
        if target is None:
            target = self.ledger.esr = Target(at)
        if target.by is not self._weighed_by:
            target.by, target.usual = self._weighed_by, None
        case = self.case
        target.case_until = detector.NEVER if case is None else _ALWAYS
        target.case_kind = None if case is None or case.grounds is None else _KINDS[case.grounds.finding]
        conversation = self._pseudonyms.conversation(reply.conversation_id)
        mark, is_new = _marked(comment, reply.revision), self._is_new(reply, at, author)
        exposure = Exposure(at, author, mark, reply.hostility, conversation, is_new)
        finding = self._tested(target, exposure, is_timed=not reply.created_at_is_estimated)
        target.case_until, target.case_kind = detector.NEVER, None
        return finding

    def _is_new(self, reply: Reply, at: int, author: int) -> bool:
        """Return whether the author was not on the site before this day, as far as a fresh list tells; of unknown people none does."""
        known = self._known
        return known is not None and reply.author_id is not None and known.is_fresh(at // DAY) and not known.holds(author)

    def _tested(self, target: Target, exposure: Exposure, *, is_timed: bool) -> Finding | None:
        """Return what one reply completes, and change the target by it."""
        return (detector.step if is_timed else untimed.step)(self._weighed_by, target, exposure)

    def _grounds(self, finding: Finding, kind: FindingKind, *, is_timed: bool) -> Grounds:
        rule = self._weighed_by
        prior, levels = rule.config.prior, rule.levels
        pace = levels.rate if kind is FindingKind.PILEON else levels.diluted
        return Grounds(
            finding=kind, pace_evidence=_short(finding.rate_evidence) if is_timed else None, pace_needed=_short(pace) if is_timed else None,
            share_evidence=_short(finding.share_evidence),
            share_needed=_short(levels.share if kind is FindingKind.PILEON else levels.diluted_share),
            usual_a_day=_short(finding.usual_a_day), usual_a_day_on_site=_short(prior.hostile_mass / prior.days),
            usual_share=_short(finding.usual_share), usual_share_on_site=_short(prior.first_mean),
        )  # fmt: skip


def _marked(comment: int, revision: int) -> int:
    """Return a comment's number, another one for each revision: an edit that turned hostile is new to the tests."""
    return (comment ^ (revision - 1) * _MIX) & _WORD


def _short(value: float) -> float:
    return float(f"{value:.3g}")
