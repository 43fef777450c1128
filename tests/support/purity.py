"""What code of a pure room must not do, found in its syntax: clocks, chance, the outside, and orders that differ by run."""

import ast
from collections.abc import Iterator
from typing import Final

OUTSIDE: Final = frozenset(
    "aiohttp aiokafka asyncio concurrent faust fcntl ftplib glob http httpx io locale logging mmap mode "
    "multiprocessing os pathlib platform prometheus_client queue random requests sched secrets select selectors "
    "shutil signal smtplib socket socketserver sqlite3 ssl structlog subprocess sys tempfile threading time urllib "
    "uuid webbrowser ".split()
)
HARMLESS: Final = frozenset({"urllib.parse"})
CALLS: Final = frozenset({"breakpoint", "compile", "eval", "exec", "hash", "id", "input", "open", "print", "__import__"})
"""``hash`` of a string and ``id`` differ from run to run."""
CLOCKS: Final = frozenset({"now", "utcnow", "today", "fromtimestamp", "localtime"})
"""``fromtimestamp`` is fine with a zone, and only with one."""


def impurities(source: str) -> list[str]:
    """Return one line per impure thing in the source, with its line number."""
    return [f"{line}: {what}" for line, what in sorted(_found(ast.parse(source)))]


def _found(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, f"imports {name.name}") for name in names if _is_outside(name.name))
            case ast.ImportFrom(module=str(module)) if _is_outside(module):
                yield node.lineno, f"imports {module}"
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield node.lineno, f"calls {name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS and not _zoned(name, node):
                yield node.lineno, f"reads a clock: {name}"
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if _unordered(iterated):
                yield iterated.lineno, "iterates over a set: its order differs from run to run"


def _is_outside(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in OUTSIDE and module not in HARMLESS


def _zoned(name: str, call: ast.Call) -> bool:
    return name == "fromtimestamp" and len(call.args) + len(call.keywords) > 1


def _unordered(iterated: ast.expr) -> bool:
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
        return iterated.func.id in {"set", "frozenset"}
    return isinstance(iterated, ast.Set | ast.SetComp)
