"""Comment records from a Parquet file: a column per field of Comment, read row group by row group."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

import msgspec

from streams.errors import UserError
from streams.packed import MAX_LINE
from streams.records import Comment
from streams.replay.reach import Reach
from streams.replay.reading import KEPT_OF_TOO_LONG, TOO_LONG, BadLine, any_good
from streams.stages.decode import Reason, Unreadable, decoder

MAGIC: Final = b"PAR1"
EXTRA: Final = "Parquet needs pyarrow, which is not installed: pip install 'threadwatch[parquet]'"
TIMES: Final = ("created_at", "edited_at", "ingested_at")
TRUTHS: Final = ("created_at_is_estimated",)
NUMBERS: Final = ("schema_version",)
"""All other columns hold strings."""
REQUIRED: Final = tuple(one.name for one in msgspec.structs.fields(Comment) if one.required)
_ROWS: Final = 1000
"""Decoded at once."""


def pyarrow() -> ModuleType:
    """Return pyarrow with its Parquet, imported only here. Raises UserError, which says how to get it, where it is not installed."""
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:
        raise UserError(EXTRA) from error


class FromParquet:
    """Stands where ``reading.Opened`` stands. Use as a context manager. ``read`` and ``size`` are rows."""

    attested = False
    ends: Mapping[int, int] = {}
    """It is no topic."""

    def __init__(self, file: str) -> None:
        """Raise UserError for a file that cannot be read, lacks a column that a comment needs, or has one of another type."""
        self.name = file
        self.reach = Reach()
        self._arrow = pyarrow()
        with self._told():
            self._file: Any = self._arrow.parquet.ParquetFile(file)
        self.size: int | None = self._file.metadata.num_rows
        self.read = 0
        try:
            self._columns = self._checked()
        except UserError:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield what each row holds, a bad line for one that is no comment (from 1). UserError where none is one, or on damage."""
        yield from any_good(self._found(), self.name, ", a column per field", "row")

    def _found(self) -> Iterator[Comment | BadLine]:
        decode = decoder(Comment)
        for row in self._rows():
            self.read += 1
            yield _comment(row, self.read, decode)

    def _rows(self) -> Iterator[Any]:
        arrow = self._arrow
        with self._told():
            for batch in self._file.iter_batches(batch_size=_ROWS, columns=self._columns):
                yield from _as_python(_in_microseconds(arrow, batch))

    def _checked(self) -> list[str]:
        """Return the columns that are read. Others are passed over, as unknown fields are."""
        with self._told():
            schema = self._file.schema_arrow
        missing = [name for name in REQUIRED if name not in schema.names]
        if missing:
            raise UserError(f"{self.name}: has no column {missing[0]}; comments need {', '.join(REQUIRED)}")
        columns = [name for name in Comment.__struct_fields__ if name in schema.names]
        for name in columns:
            if (wanted := _wrong(self._arrow.types, name, schema.field(name).type)) is not None:
                raise UserError(f"{self.name}: column {name} holds {schema.field(name).type}; write it as {wanted}")
        return columns

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise UserError where a file turns out to be no Parquet, or to be damaged."""
        try:
            yield
        except (self._arrow.ArrowException, OSError) as error:
            said = " ".join(str(error).split())[:200]
            raise UserError(
                f"{self.name}: cannot be read as Parquet, it is damaged or cut off ({said}); fetch or write it again"
            ) from error


def _wrong(types: Any, name: str, found: Any) -> str | None:
    """Return what a column of this name should be where it is something else."""
    if types.is_dictionary(found):
        found = found.value_type
    is_string = types.is_string(found) or types.is_large_string(found) or types.is_string_view(found)
    if types.is_null(found) and name not in REQUIRED:
        return None
    if name in TRUTHS:
        return None if types.is_boolean(found) else "bool"
    if name in NUMBERS:
        return None if types.is_integer(found) else "int64"
    if name in TIMES:
        has_zone = types.is_timestamp(found) and found.tz is not None
        return None if has_zone or is_string else "timestamp[us, tz=UTC], or as text in ISO 8601"
    return None if is_string else "string"


def _in_microseconds(arrow: Any, batch: Any) -> Any:
    """Return a batch whose times Python can hold: nanoseconds are cut off, zones are UTC."""
    utc = arrow.timestamp("us", tz="UTC")
    columns = [
        column.cast(utc, safe=False) if arrow.types.is_timestamp(column.type) else column for column in batch.columns
    ]  # fmt: skip
    return arrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _as_python(batch: Any) -> Iterator[Any]:
    """Yield the rows as dictionaries; what Python cannot hold (text that is not UTF-8, the year 12000) as the error that it raised."""
    try:
        yield from batch.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        for number in range(batch.num_rows):
            try:
                yield batch.slice(number, 1).to_pylist()[0]
            except (UnicodeDecodeError, ValueError, OverflowError) as error:
                yield error


def _comment(row: Any, number: int, decode: Any) -> Comment | BadLine:
    """Return what a row holds, through the same door as a line of JSON."""
    if isinstance(row, Exception):
        return BadLine(number, str(Reason.WRONG_TYPE), f"cannot be read ({row})"[:200], b"")
    value = msgspec.json.encode({name: cell for name, cell in row.items() if cell is not None})
    if len(value) > MAX_LINE:
        return BadLine(number, TOO_LONG, f"{len(value)} bytes, at most {MAX_LINE} are read", value[:KEPT_OF_TOO_LONG])
    try:
        comment: Comment = decode(value)
    except Unreadable as unreadable:
        return BadLine(number, str(unreadable.reason), unreadable.detail, value)
    return comment


def is_parquet(file: str) -> bool:
    """Return whether a file on disk begins as Parquet does."""
    path = Path(file)
    if not path.is_file():
        return False
    with path.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC
