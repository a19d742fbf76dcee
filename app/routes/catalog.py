"""The table of contents of the API: one line per resource."""

from typing import Final

from app.routes import compliance, consents, erasure, exports, probes, tasks
from app.routes.description import description_of
from app.web.operation import Resource

_OF_PRODUCT: Final = (
    probes.RESOURCE,
    tasks.RESOURCE,
    consents.RESOURCE,
    exports.RESOURCE,
    erasure.RESOURCE,
    compliance.RESOURCE,
)

RESOURCES: Final[tuple[Resource, ...]] = (*_OF_PRODUCT, description_of(_OF_PRODUCT))
