"""How long a call of the shared cache is waited for."""

from typing import Final

BUDGET_S: Final = 0.1
"""What a request waits for one call."""
PATIENCE_S: Final = 2.0
"""What work outside of requests waits for one call."""
