"""The table of contents of the API: one line per resource."""

from typing import Final

from app.routes import audit, probes, tasks
from app.routes import admin_plan, calendar_files, events, probes, profile, tasks
from app.routes import operations, probes, tasks
from app.routes import chat, probes, tasks, telegram
from app.routes import compliance, consents, erasure, exports, probes, tasks
from app.routes.description import description_of
from app.web.operation import Resource

_OF_PRODUCT: Final = (
    operations.RESOURCE,
    probes.RESOURCE,
    tasks.RESOURCE,
    audit.RESOURCE,
    calendar_files.RESOURCE,  # before events: its path would be one event's
    events.RESOURCE,
    profile.RESOURCE,
    admin_plan.RESOURCE,
    chat.RESOURCE,
    telegram.RESOURCE,
    consents.RESOURCE,
    exports.RESOURCE,
    erasure.RESOURCE,
    compliance.RESOURCE,
)

RESOURCES: Final[tuple[Resource, ...]] = (*_OF_PRODUCT, description_of(_OF_PRODUCT))
