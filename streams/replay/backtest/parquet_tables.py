"""A run's lines as Parquet, a column per field. The same run gives the same bytes with one version of pyarrow."""

from collections.abc import Iterator
from contextlib import ExitStack
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.records import PileOn
from streams.replay.aside import unfinished
from streams.replay.backtest.cases import Change
from streams.replay.parquet import pyarrow
from streams.stages.alert import AlertDecision

TABLES: Final[dict[str, Any]] = {"alerts": AlertDecision, "pileons": PileOn, "changes": Change}
_ROWS: Final = 10_000
"""Of one row group."""


def write_tables(run: Path, folder: Path) -> list[Path]:
    """Write a run's three tables to a folder and return the files. Each is written beside its place, then moved there.

    Raises UserError where pyarrow is not installed, the run cannot be read, or the folder cannot be written.
    """
    arrow = pyarrow()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            places = [folder / f"{name}.parquet" for name in TABLES]
            aside = [undo.enter_context(unfinished(place, 0o666)) for place in places]
            for (name, kind), (_, writing) in zip(TABLES.items(), aside, strict=True):
                _write(arrow, writing, kind, _lines(run / f"{name}.jsonl", kind))
                writing.flush()
            for place, (file, _) in zip(places, aside, strict=True):
                file.replace(place)
    except OSError as error:
        raise UserError(f"--parquet: {folder} cannot be written ({error.strerror or error})") from error
    return places


def _lines(file: Path, kind: Any) -> Iterator[Any]:
    decode = msgspec.json.Decoder(kind).decode
    try:
        with file.open("rb") as lines:
            yield from map(decode, lines)
    except FileNotFoundError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}); run the backtest again") from error
    except msgspec.MsgspecError as error:
        raise UserError(f"{file} is not that of a backtest of this version ({error}); run it again") from error


def _write(arrow: Any, file: IO[bytes], kind: Any, records: Iterator[Any]) -> None:
    schema = arrow.schema(_fields(arrow, kind))
    with arrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while some := list(islice(records, _ROWS)):
            writer.write_table(arrow.Table.from_pylist([_plain(one) for one in some], schema=schema))


def _plain(value: Any) -> Any:
    """Return a record as dictionaries and lists, defaults filled in."""
    if isinstance(value, Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Enum):
        return str(value.value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _fields(arrow: Any, kind: Any) -> list[Any]:
    info: Any = msgspec.inspect.type_info(kind)
    return [arrow.field(one.name, _type(arrow, one.type)) for one in info.fields]


def _type(arrow: Any, info: Any) -> Any:
    """Return the column type of a field, from the record's own types, so that a table of nothing has the same ones."""
    match info:
        case msgspec.inspect.UnionType():
            return _type(arrow, next(one for one in info.types if not isinstance(one, msgspec.inspect.NoneType)))
        case msgspec.inspect.StructType():
            return arrow.struct(_fields(arrow, info.cls))
        case msgspec.inspect.VarTupleType():
            return arrow.list_(_type(arrow, info.item_type))
        case msgspec.inspect.Metadata():
            return _type(arrow, info.type)
    simple: dict[Any, Any] = {
        msgspec.inspect.DateTimeType: arrow.timestamp("us", tz="UTC"), msgspec.inspect.IntType: arrow.int64(),
        msgspec.inspect.FloatType: arrow.float64(), msgspec.inspect.BoolType: arrow.bool_(),
        msgspec.inspect.StrType: arrow.string(), msgspec.inspect.EnumType: arrow.string(),
    }  # fmt: skip
    return simple[type(info)]
