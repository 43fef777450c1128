"""What is remembered of a target: nothing is lost when it is written down, and it is small."""

import msgspec
import numpy as np

from streams.evaluation.scenario import Plan, streams
from streams.evaluation.stream import DAY, Stream
from streams.stages.esr.config import Config, Levels, rule
from streams.stages.esr.detector import Exposure, Target, step
from streams.stages.esr.entry import Entry, entry, target_of
from streams.stages.pseudonyms import Pseudonyms

RULE = rule(Config(), Levels(rate=2_000.0, share=50.0, diluted=2_000.0, surge=200.0))
HASHES = Pseudonyms(b"test")
SITE = [each for each in streams(Plan(targets=150, attacked=0.5)) if len(each)]


def exposures(stream: Stream) -> list[Exposure]:
    return [
        Exposure(
            int(at),
            HASHES.author(str(author), ""),
            HASHES.comment(str(row), str(stream.target)),
            float(x),
            HASHES.comment(str(talk), "talk"),
            row % 5 == 0,
        )
        for row, (at, author, x, talk) in enumerate(zip(stream.at, stream.author, stream.x, stream.conversation, strict=True))
    ]


def written(target: Target) -> bytes:
    return msgspec.msgpack.encode(entry(target))


def read(value: bytes) -> Target:
    return target_of(msgspec.msgpack.decode(value, type=Entry))


def test_a_target_written_down_and_read_between_any_two_replies_goes_on_as_it_was():
    told = []
    for stream in SITE[:40]:
        whole, broken = Target(int(stream.at[0])), Target(int(stream.at[0]))
        for reply in exposures(stream):
            finding = step(RULE, whole, reply)
            assert step(RULE, broken, reply) == finding
            broken = read(written(broken))
            told.append(finding)
        assert written(broken) == written(whole)
    assert any(told)


def test_state_is_under_a_kilobyte_in_the_mean_on_every_day_of_a_site_s_life():
    sizes: dict[int, list[int]] = {}
    for stream in SITE:
        target, day = Target(int(stream.at[0])), int(stream.at[0]) // DAY
        for reply in exposures(stream):
            if reply.at // DAY > day:
                sizes.setdefault(day, []).append(len(written(target)))
                day = reply.at // DAY
            step(RULE, target, reply)
        sizes.setdefault(day, []).append(len(written(target)))
    means = [np.mean(of_day) for of_day in sizes.values()]
    assert np.mean(means) < 1_000
    assert max(means) < 1_500
    assert max(map(max, sizes.values())) < 2 * 16_384 + 1_000
