"""The person who deploys to the embedded cloud and operates it: whoever may read its state folder."""

from typing import Final

from localazure.derived_guid import derived_guid
from localazure.planes.tokens import Identity

OPERATOR: Final = Identity(
    client_id=derived_guid("deployer", "client"), object_id=derived_guid("deployer", "object"), resource_id=""
)
OPERATOR_HOLDS: Final = frozenset({"090c5cfd-751d-490a-894a-3ce6f1109419"})
"""Azure Service Bus Data Owner: a role that nobody has by owning a subscription, and that people are given by hand on
Azure (docs/runbooks/queue.md). Here the operator holds it from the start, in every scope."""
