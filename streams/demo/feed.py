"""Feed comments as a source would, at many times real speed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from streams.kafka.produce import publishing
from streams.records import Comment
from streams.settings import Settings
from streams.sources.opened import page_text
from streams.sources.page import read_page
from streams.sources.page_records import Found, Origin, bounds, conversation_of, records_of
from streams.sources.sample import HOURS, sample
from streams.topics import COMMENTS_RAW

_STEPS: Final = 100
OUR_PAGE: Final = Path(__file__).parents[1] / "sources" / "samples" / "page.txt"
SEED_PAGE: Final = Path("../shared/seed/comment-page.txt")
PAGE_SOURCE: Final = "page"


def sample_comments(now: datetime, comments: int) -> list[Comment]:
    """Return the invented sample, ending now, each comment arriving when it was written ("as of then")."""
    return list(sample(now - timedelta(hours=HOURS), comments))


def page_file(named: str | None) -> Path:
    """Return the page to show: the named one, else the seed page where there is one, else ours."""
    if named:
        return Path(named)
    return SEED_PAGE if SEED_PAGE.exists() else OUR_PAGE


def page_found(file: Path, now: datetime) -> Found:
    """Return a scraped page's comments, in page order. UserError where the file is none."""
    page = read_page(page_text(str(file)), str(file))
    first, last = bounds(None, None, now, len(page.comments))
    return records_of(page, Origin(PAGE_SOURCE, "demo", conversation_of(page), first, last))


async def play(settings: Settings, comments: Sequence[Comment], seconds: float, progress: Callable[[int], None]) -> None:
    """Send them all within about so many seconds, evenly."""
    step = max(1, -(-len(comments) // _STEPS))
    async with publishing(settings, COMMENTS_RAW) as publish:
        for start in range(0, len(comments), step):
            await publish(comments[start : start + step])
            progress(len(comments[start : start + step]))
            await asyncio.sleep(seconds / _STEPS)
