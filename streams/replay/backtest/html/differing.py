"""The report's last parts: in what the two configurations differ, and how to make the run again."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from streams.replay.backtest.html.elements import Child, e, outside, section, table
from streams.replay.backtest.html.facts import MOST_ROWS
from streams.replay.backtest.report import LOCK, Lock, Locked, Summary

_NOTHING = "–"


def settings(lock: Lock) -> Element:
    """Return what differs, from ``config.lock``: only that."""
    before, after = _flat(lock.baseline), _flat(lock.candidate)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if not names:
        return section("settings", "Settings that differ", e("p", "None: both sides rest on the same settings, scorer and detector."))
    rows: list[list[Child]] = [
        [e("code", outside(name)), outside(before.get(name, _NOTHING)), outside(after.get(name, _NOTHING))] for name in names[:MOST_ROWS]
    ]
    told = f"{len(names)} differ, at most {MOST_ROWS} are shown; {LOCK} holds all that results depend on, with every default filled in."
    listed = table("Settings that differ", ("setting", "baseline", "candidate"), rows, (0, 1, 2))
    return section("settings", "Settings that differ", e("p", told), listed)


def _flat(locked: Locked) -> dict[str, str]:
    """Return dotted name → value in words."""
    return dict(_leaves({"scorer's version": locked.scorer, "detector": locked.detector, **locked.settings}))


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        path = above + (name if name.replace("_", "").isidentifier() or not above else f'"{name}"')
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def again(found: Summary, lock: Lock) -> Element:
    """Return how to make the same run again, and what it rests on."""
    rows: list[list[Child]] = [
        ["program", lock.program],
        ["comments, SHA-256", e("code", found.coverage.input)],
        ["baseline's configuration", e("code", lock.baseline.configuration)],
        ["candidate's configuration", e("code", lock.candidate.configuration)],
    ]
    told = "The same comments, settings and installation key give the same bytes. The candidate of this run can be the next one's baseline:"
    line = "threadwatch backtest run --file COMMENTS --baseline THIS_RUN --config new.toml --out NEXT"
    listed = table("What this run rests on", ("part", "value"), rows, (0, 1))
    return section("again", "How to make it again", e("p", told), e("pre", line), listed)
