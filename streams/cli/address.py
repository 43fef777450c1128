"""``threadwatch address``: comment records in, whom each is aimed at out, in the same order; no broker."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streams.cli.options import Config

if TYPE_CHECKING:
    from datetime import datetime

    from streams.cli.bad_lines import BadLines
    from streams.records import Comment, Reply, ScoredComment
    from streams.scorers import Scorer
    from streams.stages.address import Address

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_BATCH: Final = 500
Place = tuple[str, str, str, str]
"""Source, community, conversation, comment."""


@app.command()
def address(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Comment or scored comment records as JSON lines; - is stdin.")] = "-",
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="For comments without a score: linear, compact, or detoxify:original …")
    ] = None,
    fit: Annotated[
        str | None, typer.Option("--fit", metavar="RECORDING", help="Fit page order to a recording of a source that names parents.")
    ] = None,
    order: Annotated[
        str | None, typer.Option("--order", help="With --fit: page (answers below what they answer; the default) or time.")
    ] = None,
    teaches: Annotated[
        str | None, typer.Option("--as", metavar="SOURCE", help="With --fit: the source without parents that the settings are for.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --fit: a file for the settings (default: standard output).")] = None,
    config: Config = None,
) -> None:
    """Print {comment_id, author_id, candidates} for each record, as JSON lines in the same order.

    A candidate is {target, target_name, kind, confidence, hostility}; hostility is null where the comment is in a language that
    the scorer does not know. A later comment can still change an earlier line
    (a parent that comes late, "I was not talking to you"), so the lines are printed when all is read. FILE may be .gz or
    .zst. Lines that cannot be read are told on stderr by number, and make the exit code 1; a file without one readable
    line is a mistake (2); nothing in is nothing out (0).

    With --fit: learn from half of a recording's conversations what to believe of a comment without a parent; print how good
    that is on the other half (stderr), beside the last other author, and the settings [address.priors.SOURCE] to paste.
    """
    from streams.cli.bad_lines import BadLines
    from streams.cli.options import settings_of
    from streams.errors import UserError
    from streams.packed import name_of
    from streams.scorers import ScorerUnavailable, open_scorer
    from streams.settings import rankers_of
    from streams.stages.address import Address

    settings = settings_of(config, scorer=scorer)
    if fit is not None:
        from streams.cli.address_fit import fit as fit_to

        if file != "-":
            raise UserError(f"--fit learns from {fit} and addresses nothing: leave out {file}")
        fit_to(fit, settings, order or "page", teaches, out)
        return
    if order or teaches or out:
        raise UserError("--order, --as and --out belong to --fit RECORDING")
    bad = BadLines(name_of(file), "comment or scored comment records as JSON lines, as `threadwatch ingest … --to -` writes them")
    try:
        stage = Address(settings.address, rankers=rankers_of(settings))
        found = _Found(_records(file, bad), stage, lambda: open_scorer(settings.scorer, settings.scoring))
    except ScorerUnavailable as error:
        raise UserError(str(error)) from error
    found.print()
    bad.finish()


def _records(file: str, bad: "BadLines") -> "Iterator[Comment | ScoredComment]":
    """Yield the lines of a file as records; those that cannot be read are told and counted."""
    from streams.packed import MAX_LINE, lines_of, opened
    from streams.records import Comment, ScoredComment
    from streams.stages.decode import Unreadable, decoder

    scored, plain = decoder(ScoredComment), decoder(Comment)
    with opened(file) as (stream, _):
        for line in lines_of(stream):
            if line.is_too_long:
                bad.add(line.number, f"longer than {MAX_LINE} bytes")
                continue
            if not (value := line.value.strip()):
                continue
            try:
                # A comment has no field "comment"; its text may hold the word, so the scored form is only tried first.
                record = _either(scored, plain, value) if b'"comment"' in value else plain(value)
            except Unreadable as unreadable:
                bad.add(line.number, unreadable.detail)
                continue
            bad.good()
            yield record


def _either(scored: Any, plain: Any, line: bytes) -> "Comment | ScoredComment":
    from streams.records import ScoredComment
    from streams.stages.decode import Unreadable

    try:
        found: ScoredComment = scored(line)
    except Unreadable:
        comment: Comment = plain(line)
        return comment
    return found


class _Found:
    """Whom every comment is aimed at, by the very stages that run live."""

    def __init__(self, records: "Iterable[Comment | ScoredComment]", stage: "Address", open_scorer: Any) -> None:
        self.stage = stage
        self.store = self.stage.new_store()
        self.lines: list[tuple[Place, str | None]] = []
        self.aims: dict[Place, dict[str, Reply]] = {}
        self.names: dict[tuple[str, str, str], str] = {}
        self.scored: list[ScoredComment] = []
        batch: list[Any] = []
        scoring = _Scoring(open_scorer)
        for record in records:
            batch.append(record)
            if len(batch) == _BATCH:
                self._take(scoring.scored(batch))
                batch = []
        self._take(scoring.scored(batch))

    def _take(self, records: "Iterable[ScoredComment]") -> None:
        from streams.stages.step import Arrived

        for scored in records:
            comment = scored.comment
            place = (comment.source, comment.community, comment.conversation_id, comment.comment_id)
            self.lines.append((place, comment.author_id))
            if comment.author_id and comment.author_name:
                self.names[(*place[:2], comment.author_id)] = comment.author_name
            step = self.stage.step(self.store, Arrived(scored, _arrival(comment)))
            for key, entry in step.entries:
                self.store.apply(key, entry)
            for reply in step.outputs:
                where = (reply.source, reply.community, reply.conversation_id, reply.comment_id)
                self.aims.setdefault(where, {})[reply.target_id] = reply

    def print(self) -> None:
        """Print one line per record."""
        import msgspec

        for place, author_id in self.lines:
            line = {"comment_id": place[3], "author_id": author_id, "candidates": list(self._candidates(place))}
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")

    def _candidates(self, place: Place) -> Iterator[dict[str, Any]]:
        aims = self.aims.get(place, {}).values()
        for reply in sorted(aims, key=lambda reply: (-reply.confidence, reply.target_id)):
            if reply.confidence and reply.action != "deleted":
                name = self.names.get((*place[:2], reply.target_id))
                yield {
                    "target": reply.target_id,
                    "target_name": name,
                    "kind": reply.kind,
                    "confidence": reply.confidence,
                    "hostility": None if reply.is_unscored else reply.hostility,
                }


def _arrival(comment: "Comment") -> "datetime":
    """Return when it arrived, as far as is known. A writer's clock may say any year; what is added to it must still be one."""
    from streams.stages.decode import EARLIEST, LATEST

    return comment.ingested_at or min(max(comment.created_at, EARLIEST), LATEST)


class _Scoring:
    """Scores what has no score yet; opens the scorer for the first such comment."""

    def __init__(self, open_scorer: Any) -> None:
        self.open = open_scorer
        self.scorer: Scorer | None = None

    def scored(self, batch: "list[Comment | ScoredComment]") -> "Iterator[ScoredComment]":
        """Yield scored comments, in order."""
        from streams.records import Comment
        from streams.stages.score import Score
        from streams.stages.step import Arrived

        bare = [record for record in batch if isinstance(record, Comment)]
        fresh: Iterator[Any] = iter(())
        if bare:
            self.scorer = self.scorer or self.open()
            stage = Score(self.scorer)
            fresh = iter(stage.steps(stage.new_store(), [Arrived(one, _arrival(one)) for one in bare]))
        for record in batch:
            yield next(fresh).outputs[0] if isinstance(record, Comment) else record
