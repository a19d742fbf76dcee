"""Folders that appear whole or not at all, whoever races to make them."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Yield an empty sibling of `target` to fill; on success it becomes `target` by one rename.

    If another process made `target` in the meantime, that one stays and the work here is dropped: both were
    made from the same content. On an error nothing is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".partial-{target.name[:16]}-"))
    try:
        yield partial
        try:
            partial.rename(target)
        except OSError:  # a folder with content cannot be renamed over
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
