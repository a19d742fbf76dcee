"""The table of contents of the API: one line per resource."""

from typing import Final

from app.routes import (
    admin_plan,
    audit,
    calendar_files,
    chat,
    compliance,
    consents,
    erasure,
    events,
    exports,
    operations,
    probes,
    profile,
    tasks,
    telegram,
)
from app.routes.description import description_of
from app.web.operation import Resource

_OF_PRODUCT: Final = (
    probes.RESOURCE,
    tasks.RESOURCE,
    calendar_files.RESOURCE,  # before events: its path would be one event's
    events.RESOURCE,
    chat.RESOURCE,
    profile.RESOURCE,
    operations.RESOURCE,
    telegram.RESOURCE,
    consents.RESOURCE,
    exports.RESOURCE,
    erasure.RESOURCE,
    admin_plan.RESOURCE,
    audit.RESOURCE,
    compliance.RESOURCE,
)

RESOURCES: Final[tuple[Resource, ...]] = (*_OF_PRODUCT, description_of(_OF_PRODUCT))
