"""GUIDs of things that are made again."""

import uuid


def derived_guid(*parts: str) -> str:
    """A GUID that is the same for the same parts: ids stay put when a resource is made again."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts).lower()))
