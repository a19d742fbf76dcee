"""What an operator runs, one module per command. `ops.setup` and what it imports need no installed package."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


def _show(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


# Ctrl-C while a command is still importing what it needs, before it can say anything.
sys.excepthook = _show
