"""The errors of the embedded Azure, in the form the real provider shows them.

AzureError
├── NotSimulatedError   the embedded Azure has no behaviour for this; the real one may well accept it
└── ProvisioningError   the request was accepted and the operation failed: the resource exists, in state Failed
StateError              the daemon's own files or ports; for the person at the laptop, not for the program
"""


class AzureError(Exception):
    """Azure Resource Manager refuses a request.

    Args:
        status: the HTTP status.
        code: Azure's error code, e.g. `ResourceNotFound`.
        message: Azure's text.
        retry_after: the seconds after which it asks to be tried again, if it does.
    """

    def __init__(self, status: int, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f'Status={status} Code="{code}" Message="{message}"')
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


class NotSimulatedError(AzureError):
    """The embedded Azure does not know a type or a function. `token` is its Pulumi token."""

    def __init__(self, token: str) -> None:
        super().__init__(
            501,
            "NotSimulated",
            f"The embedded Azure has no behaviour for '{token}'. What it knows is listed in "
            "localazure/COVERAGE.md; add the type in localazure/services/, or deploy with CLOUD=azure.",
        )


class ProvisioningError(AzureError):
    """An accepted operation failed; the resource is kept, so that the next update can continue."""


class StateError(Exception):
    """The daemon cannot work with its files or ports; the text says what to do."""
