"""Feed comments as a source would, at many times real speed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from streams.kafka.produce import send_records_async
from streams.records import Comment
from streams.settings import Settings
from streams.sources.page import read_page
from streams.sources.sample import sample
from streams.topics import COMMENTS_RAW

SAMPLE_SPAN: Final = timedelta(hours=36)
_STEPS: Final = 120
OUR_PAGE: Final = Path(__file__).parents[1] / "sources" / "samples" / "page.txt"
SEED_PAGE: Final = Path("../shared/seed/comment-page.txt")


def sample_comments(now: datetime, comments: int) -> list[Comment]:
    """Return the invented sample, ending about now, each comment arriving when it was written ("as of then")."""
    return list(sample(now - SAMPLE_SPAN, comments))


def page_file(named: str | None) -> Path:
    """Return the page to show: the named one, else the seed page where there is one, else ours."""
    if named:
        return Path(named)
    return SEED_PAGE if SEED_PAGE.exists() else OUR_PAGE


def page_comments(file: Path, now: datetime) -> list[Comment]:
    """Return a scraped page's comments, in page order."""
    return read_page(file, now)


async def play(settings: Settings, comments: Sequence[Comment], seconds: float, progress: Callable[[int], None]) -> None:
    """Send them all within about so many seconds, evenly."""
    step = max(1, -(-len(comments) // _STEPS))
    for start in range(0, len(comments), step):
        await send_records_async(settings, COMMENTS_RAW, comments[start : start + step], progress)
        await asyncio.sleep(seconds / _STEPS)


def utc_now() -> datetime:
    """Return now; a demo is a shell."""
    return datetime.now(UTC)
