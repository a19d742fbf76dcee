"""What Resource Manager refuses of any resource before its provider sees it: where it is, and its tags."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from localazure.regions import is_region
from localazure.validation import Problem

TAGS_MAX: Final = 50
TAG_NAME_MAX: Final = 512
TAG_VALUE_MAX: Final = 256
_NOT_IN_TAG_NAMES: Final = frozenset(r"<>%&\?/")
_HIDDEN: Final = "hidden-"
"""How tags begin that the portal writes; the id of a resource may be in their names."""


def arm_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """A region that does not exist, and tags beyond what Azure keeps.

    Microsoft Learn, "Resolve errors for SKU not available" and "Use tags to organize your Azure resources".
    """
    location = inputs.get("location")
    if isinstance(location, str) and not is_region(location):
        yield "location", f"The provided location '{location}' is not available: there is no such region"
    tags = inputs.get("tags")
    if isinstance(tags, dict):
        yield from _tag_problems(cast("dict[str, Any]", tags))


def _tag_problems(tags: Mapping[str, Any]) -> Iterator[Problem]:
    if len(tags) > TAGS_MAX:
        yield "tags", f"{len(tags)} tags; a resource has at most {TAGS_MAX}"
    for name, value in tags.items():
        if len(name) > TAG_NAME_MAX or (_NOT_IN_TAG_NAMES & {*name} and not name.startswith(_HIDDEN)):
            yield f"tags.{name}", f"the name of a tag has at most {TAG_NAME_MAX} characters, none of <>%&\\?/"
        if len(str(value)) > TAG_VALUE_MAX:
            yield f"tags.{name}", f"a value of {len(str(value))} characters; a tag has at most {TAG_VALUE_MAX}"
