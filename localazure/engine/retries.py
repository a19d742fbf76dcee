"""What the real provider does about answers that may be better the next time.

Source: pulumi-azure-native, provider/pkg/azure/client_azcore.go (`initPipelineOpts`, `shouldRetryConflict`), on the
retry policy of azure-sdk-for-go, sdk/azcore/runtime/policy_retry.go. An accepted operation that failed is
not tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from localazure.errors import AzureError, ProvisioningError

STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
CONFLICT: Final = "AnotherOperationInProgress"
RETRIES: Final = 3
DELAY_SECONDS: Final = 20.0
"""Of the first pause without a Retry-After; the next ones are 3 and 7 times as long."""
LONGEST_SECONDS: Final = 120.0
T = TypeVar("T")


async def retried(operation: Callable[[], Awaitable[T]]) -> T:
    """Do an operation, and again after a pause when the answer says so, three times at most.

    A caller that goes away ends the pause: nobody tries again for an engine that was killed.

    Raises:
        AzureError: the last answer; at once when it asks for a pause of more than two minutes.
    """
    for retry in range(1, RETRIES + 1):
        try:
            return await operation()
        except ProvisioningError:
            raise
        except AzureError as error:
            pause = error.retry_after or min(DELAY_SECONDS * (2**retry - 1), LONGEST_SECONDS)
            if not (error.status in STATUSES or error.code == CONFLICT) or pause > LONGEST_SECONDS:
                raise
            await asyncio.sleep(pause)
    return await operation()
