"""What a new user does: the README's commands in a fresh clone, with an empty home folder and no virtual environment.

The engine alone is there already (on PATH); building it takes minutes and is proved by the set-up of this very run.
"""

import json
import os
from pathlib import Path

import pytest

from ops.engine import find_engine
from ops.target import report
from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(600)
def test_up_curl_and_down_work_twice_in_a_row(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "clone").mkdir()
    clone = Checkout(tmp_path / "clone", set_up=False)
    variables = {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{find_engine(report).parent}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        for _ in range(2):
            up = clone.shell("make up", **variables)
            assert up.status == 0, up.text
            curl = next(line for line in up.result.splitlines() if "curl" in line)
            answer = clone.shell("curl" + curl.partition("curl")[2], **variables)
            assert answer.status == 0, answer.text
            assert json.loads(answer.result) == {"items": [], "cursor": None}
            down = clone.shell("make down", **variables)
            assert down.status == 0, down.text
            assert clone.processes() == []
            assert clone.git_status() == ""
    finally:
        clone.end()
