"""Where a resource may be: ARM's answer to a region that a type is not in."""

from collections.abc import Iterator, Sequence
from typing import Any

from localazure.engine.diff import short_location
from localazure.validation import Problem


def location_problem(inputs: dict[str, Any], arm_type: str, allowed: Sequence[str]) -> Iterator[Problem]:
    """A problem if the location is known and not one of `allowed`, in the words of ARM.

    The default location of the provider lands here too, when a program leaves out that of a global resource. Words:
    LocationNotAvailableForResourceType in Microsoft Learn, "Resolve errors for SKU not available".
    """
    location = inputs.get("location")
    if isinstance(location, str) and short_location(location) not in allowed:
        regions = f"List of available regions for the resource type is '{','.join(allowed)}'."
        yield (
            "location",
            f"The provided location '{location}' is not available for resource type '{arm_type}'. {regions}",
        )
