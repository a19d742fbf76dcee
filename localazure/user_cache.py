"""Where the checkouts of a user keep what they share. Standard library only: set-up runs it before `.venv` is there."""

from collections.abc import Mapping
from pathlib import Path


def user_cache(environ: Mapping[str, str]) -> Path:
    """This user's cache folder for the repository.

    Args:
        environ: `XDG_CACHE_HOME` is taken from it; a relative one is ignored, as the XDG base directory
            specification says. It would be another folder for every program that has another working folder.
    """
    named = Path(environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "digitalmee"
