"""Why, in words that a moderator understands. Numbers only: no name, no id, no text can get in."""

from datetime import timedelta

from streams.records import EndedBecause, FindingKind, Grounds
from streams.stages.baseline import DAY
from streams.stages.case import Case, Sizes
from streams.stages.pileon_config import Config

_MICROS_A_MINUTE = 60_000_000
_CASE_LETTERS = 8


def case_name(pileon_id: str) -> str:
    """Return what people call a case: it tells nobody whom it is about."""
    return pileon_id[:_CASE_LETTERS].upper()


def spoken(micros: int) -> str:
    """Return a duration as people say it: ``22 min``, ``3 h 5 min``, ``2 d 4 h``; under a minute is ``1 min``."""
    minutes = max(1, round(micros / _MICROS_A_MINUTE))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def usually(people: float | None) -> str:
    """Return an expected number of people as people say it: ``under 0.1``, ``0.3``, ``12``; nothing for None."""
    if people is None:
        return ""
    return "under 0.1" if people < 0.1 else f"{people:.1f}" if people < 10 else f"{people:.0f}"


def length(value: timedelta) -> str:
    """Return a timedelta as people say it."""
    return spoken(int(value.total_seconds() * 1_000_000))


def why(config: Config, case: Case, sizes: Sizes) -> str:
    """Return why a pile-on is open: the people, the pace, the share, and the bounds they passed."""
    said = (_people(case, sizes), _share(config, case, sizes)) if case.grounds is None else _weighed(config, case, case.grounds, sizes)
    return "; ".join(part for part in (*said, *_extras(config, case, sizes)) if part)


def why_ended(config: Config, case: Case, sizes: Sizes, because: EndedBecause) -> str:
    """Return why a pile-on closed."""
    people = _people(case, sizes)
    if because is EndedBecause.REMOVED:
        return f"taken back by their authors: {sizes.hostile_authors} hostile people left, floor {config.min_hostile_authors}"
    if because is EndedBecause.JUDGED:
        return f"a moderator said that it is none; {people}"
    return f"no hostile reply for {length(config.case_length)}; {people}"


def _people(case: Case, sizes: Sizes) -> str:
    if case.untimed:
        return f"{sizes.hostile_authors} people hostile (the page gives no times)"
    lasted, usual = spoken(case.last_hostile_at - case.first_hostile_at), usually(case.usual)
    return f"{sizes.hostile_authors} people hostile in {lasted} (usual {usual})"


def _share(config: Config, case: Case, sizes: Sizes) -> str:
    share = sizes.hostile_in_window / max(1, sizes.replying_authors)
    seen = f"{sizes.hostile_in_window} of {sizes.replying_authors} replying"
    where = f" in the last {config.untimed_replies} replies" if case.untimed else f" within {length(config.window)}"
    bound = f", share {share:.2f} ≥ {config.min_share:.2f}" if share >= config.min_share else f", share {share:.2f}"
    return f"{seen}{where}; floor {config.min_hostile_authors}{bound}"


def _weighed(config: Config, case: Case, grounds: Grounds, sizes: Sizes) -> tuple[str, ...]:
    """Return what a case rests on that evidence opened: people, what history explains, and how far beyond it this is."""
    share = sizes.hostile_in_window / max(1, sizes.replying_authors)
    is_diluted = grounds.finding is FindingKind.DILUTED
    usual, of_site = f"{grounds.usual_share:.2f}", f"{grounds.usual_share_on_site:.2f}"
    return (
        _among(case, grounds, sizes),
        f"hostile share {share:.2f}, usual for this person at most {usual}, on this site {of_site}",
        "a warning only: very many at once, and no larger a hostile share than fame explains" if is_diluted else "",
        f"evidence when it opened: {_evidence(grounds)}; floor {config.min_hostile_authors}",
    )


def _among(case: Case, grounds: Grounds, sizes: Sizes) -> str:
    people = f"{sizes.hostile_authors} people hostile, of {sizes.replying_authors} answering"
    if case.untimed:
        return f"{people} (the page gives no times: only their order counts)"
    lasted = max(case.last_hostile_at - case.first_hostile_at, _MICROS_A_MINUTE)
    of_site = usually(grounds.usual_a_day_on_site * lasted / DAY)
    return f"{people}, in {spoken(lasted)}; usual in so long for this person at most {usually(case.usual)}, for anybody here {of_site}"


def _evidence(grounds: Grounds) -> str:
    share = f"share {grounds.share_evidence:,.0f} (needed {grounds.share_needed:,.0f})"
    if grounds.pace_evidence is None or grounds.pace_needed is None:
        return share
    return f"pace {grounds.pace_evidence:,.0f} (needed {grounds.pace_needed:,.0f}), {share}"


def _extras(config: Config, case: Case, sizes: Sizes) -> tuple[str, ...]:
    unknown = sizes.unknown >= config.min_unknown_noted
    return (
        f"across {len(case.conversations)} conversations" if len(case.conversations) > 1 else "",
        f"people unknown: {sizes.unknown} hostile replies without an author" if unknown else "",
        f"{sizes.moderated} removed by moderators" if sizes.moderated else "",
    )
