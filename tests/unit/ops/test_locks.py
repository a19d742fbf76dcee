import subprocess
from pathlib import Path

import pytest

from ops.commands import SetupError
from ops.locks import exclusive


def test_a_child_that_was_given_the_lock_holds_it_after_its_parent_let_go(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock", print) as descriptor:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(descriptor,))

    with (
        pytest.raises(SetupError, match="another command has held"),
        exclusive(tmp_path / "lock", print, seconds=0, holder="command"),
    ):
        pass
    child.communicate()
    with exclusive(tmp_path / "lock", print, seconds=0):
        pass


def test_a_lock_file_that_its_holder_removed_locks_nobody_out_and_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with exclusive(path, print):
        path.unlink()
        path.parent.rmdir()
        with exclusive(path, print, seconds=0), pytest.raises(SetupError), exclusive(path, print, seconds=0):
            pass
