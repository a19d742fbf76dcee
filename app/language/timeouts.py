"""Bounds on a provider's connection; the bounds on an answer are in `app.language.guarded`."""

from typing import Final

CONNECT_S: Final = 5.0
SILENCE_S: Final = 30.0
"""Between two reads, and for a free connection."""
