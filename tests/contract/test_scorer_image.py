"""The image with Detoxify: its kernel is built where a compiler is, and lies where the program looks. Docker itself never ran here."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from streams.scorers.transformer.kernel import building
from tests.contract.schema_files import ROOT
from tests.contract.test_deploy import DEPLOY
from tests.support.compiler import needed_compiler

FILE: Final = (DEPLOY / "Dockerfile.scorer").read_text(encoding="utf-8")
STAGES: Final = re.split(r"^FROM ", FILE, flags=re.MULTILINE)[1:]
BUILDING, RUNNING = STAGES
KERNEL: Final = re.search(r"^RUN (.*models build.*)$", BUILDING, re.MULTILINE)


def test_a_compiler_is_in_the_stage_that_builds_and_in_no_other() -> None:
    assert [re.findall(r"\bgcc\b", stage) != [] for stage in STAGES] == [True, False]
    assert "apt-get" not in RUNNING


def test_the_kernel_is_built_after_its_source_came_and_copied_to_where_the_program_looks() -> None:
    assert KERNEL is not None
    assert BUILDING.index("COPY streams streams") < KERNEL.start()
    folders = [re.findall(r"THREADWATCH_SCORING__MODELS=(\S+)", stage) for stage in STAGES]
    assert folders == [["/opt/models"], ["/opt/models"]]
    assert "COPY --from=build /opt/models /opt/models\n" in RUNNING
    assert BUILDING.index("THREADWATCH_SCORING__MODELS=") < KERNEL.start()


def test_its_very_line_builds_a_kernel_that_is_found_there_and_loaded(tmp_path: Path) -> None:
    """The paths of the image are those of this machine; the rest is the line as it stands."""
    needed_compiler()
    assert KERNEL is not None
    line = KERNEL[1].replace("/opt/threadwatch/bin/threadwatch", f"{sys.executable} -m streams")
    done = subprocess.run(["sh", "-c", line], env=os.environ | {"THREADWATCH_SCORING__MODELS": str(tmp_path)}, check=False, cwd=ROOT)
    assert done.returncode == 0
    building.check(building.place(tmp_path))
