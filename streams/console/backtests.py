"""Backtests that lie in a folder: a list of them, newest first, and each one's report, made when asked for and shut in by its policy."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from streams.console.desk import Desk
from streams.errors import UserError
from streams.replay.backtest.diff import summary_of
from streams.replay.backtest.html.page import report_of, report_policy
from streams.replay.backtest.report import Summary
from streams.replay.folder import SUMMARY

_MOST: Final = 50


class Found(Struct, frozen=True):
    """One folder of a run."""

    name: str
    made_at: datetime
    summary: Summary | None
    problem: str = ""
    """Why it cannot be read."""


def found_in(folder: Path) -> list[Found]:
    """Return the runs in a folder, newest first, at most 50. Links are passed over: they may lead anywhere. UserError where it is none."""
    try:
        runs = [entry for entry in folder.iterdir() if not entry.is_symlink() and (entry / SUMMARY).is_file()]
        times = {entry: (entry / SUMMARY).stat().st_mtime for entry in runs}
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}): console.backtests names the folder that runs lie in") from error
    return [_found(entry, times[entry]) for entry in sorted(runs, key=lambda entry: (-times[entry], entry.name))[:_MOST]]


def _found(entry: Path, time: float) -> Found:
    made_at = datetime.fromtimestamp(time, UTC)
    try:
        return Found(entry.name, made_at, summary_of(entry))
    except UserError as error:
        return Found(entry.name, made_at, None, str(error))


class Backtests:
    """The list, and the reports."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._folder = Path(desk.settings.console.backtests) if desk.settings.console.backtests else None

    def page(self, request: Request) -> Response:
        """Return the list."""
        problem, runs = "", []
        try:
            runs = found_in(self._folder) if self._folder is not None else []
        except UserError as error:
            problem = str(error)
        return self._desk.page(request, "backtests.html", 503 if problem else 200, folder=self._folder, runs=runs, problem=problem)

    def report(self, request: Request) -> Response:
        """Return one run's report; that it was shown is noted, since it holds ids of people."""
        name = request.path_params["name"]
        try:
            known = {run.name for run in found_in(self._folder)} if self._folder is not None else set()
            if self._folder is None or name not in known:
                return self._desk.page(request, "error.html", 404, title="No such backtest", what="Backtests has every run in its folder.")
            made = report_of(self._folder / name)
        except UserError as error:
            return self._desk.page(request, "error.html", 500, title="This report cannot be made", what=str(error))
        self._desk.audit.note(datetime.now(UTC), request.state.viewer, "backtest", reason=name)
        return HTMLResponse(made, headers={"content-security-policy": f"sandbox; frame-ancestors 'none'; {report_policy()}"})
