"""What is said about the probes, which every role answers: `app.web.layers` has their routes."""

from typing import Final

from app.contract import LIVENESS_PATH, READINESS_PATH
from app.web.health import Alive, Readiness
from app.web.operation import Operation, Resource

RESOURCE: Final = Resource(
    routes=(),
    operations=(
        Operation(method="get", path=LIVENESS_PATH, name="live", summary="Whether the process answers", answer="Alive"),
        Operation(
            method="get",
            path=READINESS_PATH,
            name="ready",
            summary="Whether requests can be served",
            answer="Readiness",
            also=((503, "Readiness"),),
        ),
    ),
    documents=(Alive, Readiness),
)
