"""A case in words and numbers, with what is usual and what was needed beside. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from streams.console.cases import Bar, Case
from streams.records import FindingKind, Grounds, PileOn
from streams.stages.pileon_config import Config
from streams.stages.reasons import case_name, length, spoken, usually


class Fact(Struct, frozen=True):
    """One number of a case."""

    what: str
    found: str
    beside: str
    """What is usual, or what was needed."""


def fired(steps: Sequence[PileOn], latest: PileOn) -> PileOn:
    """Return the last step of a case that says why it is one: its end says only why it ended."""
    return next((step for step in reversed(steps) if step.closed_at is None), latest)


def why(case: Case, pileon: PileOn, config: Config) -> str:
    """Return why a case is one, in a sentence or three; no name, no text. ``pileon``: the step that says so."""
    people = _plural(case.pileon.hostile_authors, "person was", "people were")
    if pileon.usual_hostile_authors is None:
        began = f"{people} hostile to this person; the page gives no times, so its order stands for them."
    else:
        took = length(case.last_hostile_at - case.pileon.first_hostile_at)
        began = (
            f"{people} hostile to this person within {took}; usually it would be {usually(pileon.usual_hostile_authors)} in as long a time."
        )
    where = f" It runs through {len(pileon.conversations)} conversations." if len(pileon.conversations) > 1 else ""
    return f"{began} {_share(pileon, config)}{where}"


def _share(pileon: PileOn, config: Config) -> str:
    hostile, replying = pileon.hostile_authors, pileon.replying_authors
    if pileon.grounds is not None:
        return _beyond(pileon.grounds, hostile, replying)
    within = f"the last {config.untimed_replies} replies" if pileon.usual_hostile_authors is None else f"the last {length(config.window)}"
    if hostile <= replying:
        return f"{hostile} of the {replying} who replied in {within} were."
    return f"{replying} people replied in {within}."


def _beyond(grounds: Grounds, hostile: int, replying: int) -> str:
    """Return the share of a case that evidence opened, beside what history explains."""
    usual = f"usually it would be at most {grounds.usual_share:.0%} for this person, and {grounds.usual_share_on_site:.0%} on this site."
    warned = " It is a warning only: very many at once, and no larger a share than fame explains."
    return f"{hostile} of the {replying} who replied since it began were; {usual}{warned if grounds.finding is FindingKind.DILUTED else ''}"


def facts(case: Case, pileon: PileOn, config: Config) -> list[Fact]:
    """Return the numbers of a step, each with what is usual or was needed."""
    hostile, replying = pileon.hostile_authors, pileon.replying_authors
    share = f"{hostile} of {replying} ({hostile / replying:.2f})" if 0 < replying >= hostile else f"{replying} replying now"
    usual = f"usually {usually(pileon.usual_hostile_authors)}; " if pileon.usual_hostile_authors is not None else ""
    found = [
        Fact("people hostile", str(hostile), f"{usual}at least {config.min_hostile_authors} open a case"),
        Fact("of those replying", share, _share_beside(pileon, config)),
        *([] if pileon.grounds is None else _evidence(pileon.grounds)),
        Fact("hostile replies", f"{pileon.hostile_replies} of {pileon.replies}", f"hostile from {config.min_hostility:.2f} on"),
        Fact("conversations", str(len(pileon.conversations)), ""),
    ]
    if case.has_times and case.is_open:
        found.append(Fact("pace", f"{case.pace} hostile replies", f"in the last {length(config.window)}"))
    if pileon.unknown_author_replies:
        found.append(Fact("people unknown", f"{pileon.unknown_author_replies} hostile replies", "without an author: many people, or one"))
    if pileon.removed_by_moderators:
        found.append(Fact("removed by moderators", str(pileon.removed_by_moderators), "still counted"))
    return found


def _share_beside(pileon: PileOn, config: Config) -> str:
    if pileon.grounds is None:
        return f"at least {config.min_share:.2f}"
    return f"usually at most {pileon.grounds.usual_share:.2f}, on this site {pileon.grounds.usual_share_on_site:.2f}"


def _evidence(grounds: Grounds) -> list[Fact]:
    """Return what the bets on "this is more than usual" had won when the case opened; no pace where there are no times."""
    pace = grounds.pace_evidence, grounds.pace_needed
    bets = (("evidence by the pace", *pace), ("evidence by the share", grounds.share_evidence, grounds.share_needed))
    return [
        Fact(what, f"× {won:,.0f}", f"× {needed:,.0f} was needed") for what, won, needed in bets if won is not None and needed is not None
    ]


def what_if(case: Case) -> str:
    """Return the command that tries other settings on the time of a case."""
    times = [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (case.first - timedelta(hours=1), case.last + case.config.window)]
    return (
        f"threadwatch backtest run --topic comments.raw --from {times[0]} --to {times[1]} --config new.toml"
        f" --out what-if-{case_name(case.pileon.pileon_id)}"
    )


def _plural(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def ago(now: datetime, then: datetime) -> str:
    """Return how long ago something was; nothing is in the future."""
    passed = max(timedelta(), now - then)
    return f"{int(passed.total_seconds())} s" if passed < timedelta(minutes=1) else spoken(int(passed.total_seconds() * 1_000_000))


def spark_path(bars: Sequence[Bar]) -> str:
    """Return the outline of a row's few bars, 5 wide and 25 high at most: one shape for all, since a list has hundreds of rows."""
    tallest = max((bar.hostile for bar in bars), default=0)
    heights = [(n * 5, round(25 * bar.hostile / tallest, 1)) for n, bar in enumerate(bars) if bar.hostile]
    return "".join(f"M{x} 27v-{height}h4v{height}z" for x, height in heights)
