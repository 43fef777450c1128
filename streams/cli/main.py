"""The table of commands, and what becomes of an error: a plain line, never a traceback for a user's mistake."""

import importlib
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

import typer

# typer 0.29 carries its own click under this name, and gives its errors no public one; typer is pinned for it.
from typer import _click as click
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError
from typer.core import TyperGroup

from streams import errors

COMMANDS: Final = {
    "kafka": "The embedded broker in the foreground; prints its address.",
    "topics": "Topics as schemas/topics declares them: create, check, list.",
    "ingest": "Comments of a source into comments.raw: page, jsonl, csv.",
    "worker": "The live program: stages, metrics, health.",
    "score": "Score texts without a broker.",
    "models": "Detoxify's weights on this machine: pull, list, check.",
    "address": "Say whom each comment answers, without a broker.",
    "replay": "Run recorded comments through the very stages that run live.",
    "record": "What a topic holds, into one file that can be replayed anywhere.",
    "backtest": "Compare what two configurations make of recorded comments.",
    "calibrate": "What is usual on a site, and what each budget of false alarms would bring; for the detector e-SR.",
    "watch": "Pile-ons in the terminal, live.",
    "console": "The web pages: which pile-ons are open, why, what is being said; and verdicts.",
    "verdict": "Say of a pile-on whether it is one; what is none ends and pages nobody again unless it doubles.",
    "redrive": "Dead letters, mended or to be tried again, back to where they came from.",
    "forget": "Remove what can be removed of an author or a comment.",
    "doctor": "What is configured, what is reachable, what is missing and how to get it.",
    "demo": "The main job on real input: broker, worker, a sample, a page.",
}
"""Name → one line of help. The module is ``streams.cli.<name>``; its ``app`` is a Typer."""


class _ReaderGone(Exception):
    """Whoever read our standard output went away (| head)."""


class _Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


class _Lazy(TyperGroup):
    """A group that imports a command's module when it is run, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as gone:  # Typer would take it for itself, and exit 1
            raise _ReaderGone from gone
        except KeyboardInterrupt as pressed:  # Typer would end without a word
            raise _Interrupted from pressed

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = typer.main.get_command(importlib.import_module(f"streams.cli.{name}").app)
        command.name = name
        return command


app = typer.Typer(cls=_Lazy, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


@app.callback()
def threadwatch() -> None:
    """Scores comment threads as they arrive on Kafka and tells people when many turn on one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1, 2 for a user's mistake, 70 for anything unexpected (restart)."""
    sys.excepthook = _unexpected
    try:
        # Not app(…): Typer would put its own excepthook in the place of ours.
        command = typer.main.get_command(app)
        return _code(command.main(args=arguments, standalone_mode=False, prog_name="threadwatch"))
    except NoArgsIsHelpError as asked:
        print(asked.format_message())
        return errors.OK
    except UsageError as mistake:
        return _complain(f"{_where(mistake)}: {mistake.format_message()} (try --help)", errors.USER_MISTAKE)
    except (errors.UserError, ClickException) as mistake:
        return _complain(f"threadwatch: {_message(mistake)}", errors.USER_MISTAKE)
    except (_Interrupted, KeyboardInterrupt, typer.Abort):
        return _complain("threadwatch: interrupted", errors.INTERRUPTED)
    except (_ReaderGone, BrokenPipeError):
        # The reader of a pipe went away (| head): nothing more to say, and no traceback at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.OK


def _unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a bug or an outage whole, and exit 70: a supervisor tells it from a user's mistake."""
    sys.__excepthook__(kind, error, trace)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(errors.UNEXPECTED)


def _code(result: Any) -> int:
    return result if isinstance(result, int) else errors.OK


def _where(mistake: UsageError) -> str:
    return mistake.ctx.command_path if mistake.ctx else "threadwatch"


def _message(mistake: Exception) -> str:
    return mistake.format_message() if isinstance(mistake, ClickException) else str(mistake)


def _complain(line: str, code: int) -> int:
    print(" ".join(line.split()), file=sys.stderr)
    return code
