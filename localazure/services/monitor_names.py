"""Names in Microsoft.Insights: nearly everything but what would break an address."""

import re
from collections.abc import Iterator
from typing import Any, Final

from localazure.resource_type import name_problem
from localazure.validation import Problem

RULE: Final = r"*#&:<>?%\/"
"""What the names of rules on metrics and of rules on logs may not hold."""


def insights_name(inputs: dict[str, Any], key: str, forbidden: str = r"%&\?/") -> Iterator[Problem]:
    """A name of another length, with a forbidden character, or with a space or a period at its end.

    Microsoft Learn, "Naming rules and restrictions", Microsoft.Insights.
    """
    others, rule = re.escape(forbidden), f"1-260 characters, none of {forbidden}, at the end no space and no period."
    return name_problem(inputs, key, f"[^{others}]{{0,259}}[^{others} .]", rule)
