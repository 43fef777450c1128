"""The page that the issue names. It lies beside the repository, which holds none of it."""

import os
from pathlib import Path
from typing import Final

import pytest

SEED: Final = Path(__file__).parents[2].parent / "shared" / "seed" / "comment-page.txt"


def seed_page() -> str:
    """Return its text; where it is not there, the test is skipped, and in CI a skip is a failure."""
    if SEED.exists():
        return SEED.read_text(encoding="utf-8")
    if os.environ.get("CI") == "true":
        pytest.fail("the seed page is not there, and in CI a skip is a failure")
    pytest.skip("the seed page ../shared/seed/comment-page.txt is not there")
