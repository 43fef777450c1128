"""How many people are usually hostile to somebody in a day on which they are answered at all: where ``pileon.usual_*`` come from.

``python -m tests.bench.usual`` runs the shipped scorer and the address stage over Reddit threads (Guest et al., EACL 2021) and fits a
gamma distribution to people's daily rates by the method of moments: shape ÷ scale is the mean, scale the weight in days.
"""

import csv
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, variance

from streams.records import Comment, Reply
from streams.replay.run import results, run
from streams.scorers import open_scorer
from streams.stages.address import Address
from streams.stages.score import Score
from streams.stages.step import Arrived

FILE = Path(__file__).parents[3] / "shared/datasets/online_misogyny/final_labels.csv.gz"
_HOSTILE = 0.5


def main() -> None:
    """Print the rate and its spread."""
    if not FILE.exists():
        sys.exit(f"usual: {FILE} is not here; it belongs to the project's datasets")
    stages = (Score(open_scorer("linear")), Address())
    replies = results(run(stages, comments())).outputs["address"]
    days = list(people_a_day(reply for reply in replies if isinstance(reply, Reply)))
    rate, spread = mean(days), variance(days)
    weight = f"{rate / (spread - rate):.1f} days" if spread > rate else "no bound (the spread is chance's own)"
    print(f"usual: {sum(days)} hostile people on {len(days):,} target-days, {rate:.3f} a day, variance {spread:.3f}; weight {weight}")


def comments() -> Iterator[Arrived]:
    """Yield the threads' comments in the order of writing, as if each had arrived at once."""
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: (float(row["entry_utc"]), row["entry_id"]))
    for row in rows:
        at = datetime.fromtimestamp(float(row["entry_utc"]), UTC)
        kind = "t1_" if row["parent_id"] else "t3_"
        yield Arrived(Comment(
            source="reddit", community=row["subreddit"], conversation_id=row["link_id"], comment_id=kind + row["entry_id"],
            parent_id=row["parent_id"] or None, author_id=None if row["author"] in {"", "[deleted]"} else row["author"],
            text=row["body"], created_at=at, ingested_at=at,
        ), at)  # fmt: skip


def people_a_day(replies: Iterable[Reply]) -> Iterator[int]:
    """Yield, for each known person and day on which somebody else answered them, how many different people were hostile."""
    hostile: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for reply in replies:
        if reply.author_id in {None, reply.target_id} or reply.target_id.startswith("comment:"):
            continue
        people = hostile[reply.community, reply.target_id, f"{reply.created_at:%F}"]
        if reply.hostility >= _HOSTILE:
            people.add(str(reply.author_id))
    return map(len, hostile.values())


if __name__ == "__main__":
    main()
