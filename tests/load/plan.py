"""What the plan's load test asks for (section 4.4), by whatever drives it; `k6.js` says the same for k6."""

from typing import Final

THINK_S: Final = 3.0
"""Between an answer and the next question of a person, half as much up or down."""
MEAN_MS: Final = 200
P95_MS: Final = 500
"""Both are to stay below."""
