"""The e-SR detector behind the interface of the window rule: the same ledgers, cases and records; evidence opens them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from streams.records import ConfigChange
from streams.stages.case import Case
from streams.stages.changes import change_key
from streams.stages.episode import Episode
from streams.stages.esr.accounts import NAME as ACCOUNTS
from streams.stages.esr.accounts import Known
from streams.stages.esr.calibration import NAME, Calibration, config_of, levels_of, name_of
from streams.stages.esr.config import Rule as Weighing
from streams.stages.esr.config import rule as weighing
from streams.stages.esr.episode import EvidenceEpisode
from streams.stages.esr.records import is_followed, made_of
from streams.stages.followed import Followed
from streams.stages.ledger import Ledger, Target
from streams.stages.pileon_config import Config, Rule, rule
from streams.stages.watched import Watched
from streams.stages.window import MAX_RULES, WindowDetector

TOGETHER: Final = timedelta(days=1)
"""Hostile people within so long are counted together."""


class EvidenceDetector(WindowDetector):
    """Opens a pile-on where hostility is faster, and more of what is said, than history explains."""

    name = "e-SR@1"
    episode: Callable[..., Episode] = EvidenceEpisode

    def __init__(
        self, config: Config, overrides: dict[tuple[str, str], Config], lateness: dict[str, timedelta], installation_key: bytes,
        calibration: Calibration,
    ) -> None:  # fmt: skip
        """``calibration``: what holds until the log says otherwise. All else as in ``WindowDetector``."""
        super().__init__(config, overrides, lateness, installation_key)
        self._calibration = calibration

    def _made(self, config: Config, lateness: timedelta) -> Rule:
        return rule(config, lateness, TOGETHER)

    def _on(self, store: Watched | Followed, where: tuple[str, str, str], ledger: Ledger, case: Case | None) -> Episode:
        by, known = self._tests(store).of(where[0], where[1])
        return self.episode(self.name, self._rule(where[0], where[1]), where, ledger, case, by, known, self._pseudonyms)

    def _changed(self, store: Watched | Followed, change: ConfigChange) -> tuple[tuple[str, Target], ...]:
        """Take over a record of a higher version. UserError where it cannot be used."""
        if not is_followed(change.name):
            return ()
        made_of(change.name, change.version, change.values)
        key = change_key(change.name)
        known = store.changes.get(key)
        if known is not None and known.change is not None and known.change.version >= change.version:
            return ()
        return ((key, Target(change=change)),)

    def _tests(self, store: Watched | Followed) -> "_Tests":
        """Return the rules of the tests by what the log has set so far in this partition."""
        found = store.changes.made
        if not isinstance(found, _Tests):
            changes = [entry.change for key in store.changes if (entry := store.changes.get(key)) is not None]
            made = {one.name: made_of(one.name, one.version, one.values) for one in changes if one is not None}
            found = store.changes.made = _Tests(self, made)
        return found

    def weighed(self, source: str, community: str, own: Calibration) -> Weighing:
        """Return the rule of the tests for a community with this calibration."""
        config = self._config_of(source, community)
        return weighing(
            config_of(own, config.min_hostile_authors, config.min_hostility, config.case_length),
            levels_of(own, config.false_alarms_per_day),
        )

    @property
    def calibration(self) -> Calibration:
        """Return that of the settings."""
        return self._calibration


class _Tests:
    """Rules by community, each made once: who holds on to one can tell whether it is still the same."""

    def __init__(self, detector: EvidenceDetector, records: dict[str, Calibration | Known]) -> None:
        self._detector = detector
        self._calibrations = {name: one for name, one in records.items() if isinstance(one, Calibration)}
        known = records.get(ACCOUNTS)
        self._known = known if isinstance(known, Known) else None
        self._made: dict[tuple[str, str], tuple[Weighing, Known | None]] = {}

    def of(self, source: str, community: str) -> tuple[Weighing, Known | None]:
        """Return the rule of a community, and the list of known accounts where its calibration counts on one."""
        found = self._made.get((source, community))
        if found is None:
            calibrations = self._calibrations
            own = calibrations.get(name_of(source, community)) or calibrations.get(NAME) or self._detector.calibration
            found = self._detector.weighed(source, community, own), self._known if own.newcomers else None
            if len(self._made) < MAX_RULES:
                self._made[source, community] = found
        return found
