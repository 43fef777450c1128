"""``threadwatch verdict PILEON pile_on|not_one|unsure --by NAME``."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from streams.cli.options import Config, Kafka, Prefix, settings_of
from streams.records import Judgement

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def verdict(
    pileon: Annotated[str, typer.Argument(metavar="PILEON", help="The case: its id, or as much of its beginning as alerts show.")],
    judgement: Annotated[Judgement, typer.Argument(help="pile_on, not_one or unsure.")],
    by: Annotated[str, typer.Option("--by", help="Who judges.")],
    note: Annotated[str | None, typer.Option("--note", help="Why, in at most 4,000 characters; no names and no text of comments.")] = None,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
) -> int:
    """Judge a pile-on. One that is none ends within seconds, and pages nobody again unless its hostile people double."""
    from streams.kafka.connection import reached

    settings = settings_of(config, kafka, prefix)
    return asyncio.run(reached(settings, _judge(settings, pileon.lower().rstrip("…"), judgement, by, note)))


async def _judge(settings: Any, begins: str, judgement: Judgement, by: str, note: str | None) -> int:
    import msgspec

    from streams.errors import UserError
    from streams.kafka.feedback import case_of, send
    from streams.records import Status, Verdict

    case = await case_of(settings, begins)
    made = Verdict(
        pileon_id=case.pileon_id,
        judgement=judgement,
        judge=by,
        note=note,
        hostile_authors=case.hostile_authors,
        judged_at=datetime.now(UTC),
    )
    try:
        msgspec.convert(msgspec.to_builtins(made), Verdict)
    except msgspec.ValidationError as error:
        raise UserError(f"this verdict cannot be sent: {error}") from error
    await send(settings, made)
    is_over = case.status is Status.CLOSED
    print(f"case {case.pileon_id}: {judgement}" + (" (it had ended already)" if is_over else ""))
    return 0
