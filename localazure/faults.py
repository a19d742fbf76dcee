"""Faults by script: what goes wrong with which operations, and how often.

A script is given to the running daemon and kept in memory alone: an empty one, and a restart, end every fault and every
wait. Azure has no such thing; the answers are Azure's. What the provider makes of them is `engine/retries.py`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from localazure.access import COUNTS_FROM
from localazure.errors import AzureError

Operation = Literal["create", "update", "delete"]
LONGEST_SECONDS: Final = 3600
ROLE: Final = "authorization:RoleAssignment"


class Kind(StrEnum):
    """What happens to an operation."""

    REFUSED = "refused"
    """400: it is refused."""
    QUOTA = "quota"
    """403: the subscription has used up a quota."""
    CONFLICT = "conflict"
    """409: another operation is under way."""
    THROTTLED = "throttled"
    """429: too many requests; `seconds` is Retry-After."""
    UNAVAILABLE = "unavailable"
    """503: the service is down; `seconds` is Retry-After."""
    TIMEOUT = "timeout"
    """504: it is done, and its answer is lost; `seconds` is Retry-After."""
    SLOW = "slow"
    """It is done, and takes `seconds` more to say so."""
    ROLE_DELAY = "role-delay"
    """The role assignment that it makes counts after `seconds`."""


# Codes and texts: common-deployment-errors and request-limits-and-throttling of learn.microsoft.com/azure/
# azure-resource-manager; 409: github.com/pulumi/pulumi-azure-native/issues/903; 429: github.com/Azure/azqr/issues/34;
# quota: the text of 409 OperationNotAllowed in github.com/cloud-barista/cb-spider/issues/1558. Services differ.
_ANSWERS: Final[Mapping[Kind, tuple[int, str, str]]] = {
    Kind.REFUSED: (400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."),
    Kind.QUOTA: (
        403,
        "QuotaExceeded",
        "Operation could not be completed as it results in exceeding approved quota. Submit a request for an increase.",
    ),
    Kind.CONFLICT: (
        409,
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress.",
    ),
    Kind.THROTTLED: (
        429,
        "ResourceRequestsThrottled",
        "Number of requests for action '{type}' exceeded the limit. Please try again after '{seconds:g}' seconds.",
    ),
    Kind.UNAVAILABLE: (503, "ServiceUnavailable", "The service is temporarily unavailable. Please try again later."),
    Kind.TIMEOUT: (
        504,
        "GatewayTimeout",
        "The gateway did not receive a response from '{type}' within the specified time period.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One line of a script.

    Args:
        kind: what happens.
        type: Pulumi token without the package; `*` stands for any text.
        operation: create, update, delete or `*`.
        after: so many matching operations pass before.
        times: so many are struck.
        seconds: Retry-After, or how long it takes; see `Kind`.
    """

    kind: Kind
    type: str = "*"
    operation: str = "*"
    after: int = 0
    times: int = 1
    seconds: float = 1

    @staticmethod
    def of(line: Mapping[str, Any]) -> "Fault":
        """A line as it is written. Raises ValueError with key, value and what is allowed."""
        names = [field.name for field in fields(Fault)]
        if unknown := sorted(line.keys() - set(names)):
            raise ValueError(f"{unknown[0]} is no key of a fault. Allowed: {', '.join(names)}.")
        given: dict[str, Any] = {**line, "kind": _kind(line.get("kind"))}
        fault = Fault(**given)
        if fault.operation not in {"*", "create", "update", "delete"}:
            raise ValueError(f'operation is "{fault.operation}". Allowed: create, update, delete, *.')
        limits = {"after": (0, 10**6), "times": (1, 10**6), "seconds": (0, LONGEST_SECONDS)}
        for name, (least, most) in limits.items():
            value = getattr(fault, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                raise ValueError(f"{name} is {value!r}. Allowed: {least} to {most}.")
        return fault

    def covers(self, operation: Operation, token: str) -> bool:
        """Whether it is about an operation on a type."""
        if self.kind is Kind.ROLE_DELAY and (operation, token) != ("create", ROLE):
            return False
        return self.operation in {operation, "*"} and fnmatchcase(token, self.type)

    def error(self, token: str) -> AzureError:
        """Azure's answer to an operation on a type."""
        status, code, text = _ANSWERS[self.kind]
        message = text.format(type=token, seconds=self.seconds)
        return AzureError(status, code, message, retry_after=self.seconds)


def _kind(value: Any) -> Kind:
    with suppress(ValueError):
        return Kind(value)
    raise ValueError(f"kind is {value!r}. Allowed: {', '.join(Kind)}.")


@dataclass(kw_only=True)
class _Armed:
    """A fault and the matching operations so far."""

    fault: Fault
    seen: int = 0

    @property
    def struck(self) -> int:
        return max(0, min(self.seen - self.fault.after, self.fault.times))


class Faults:
    """The script that holds now."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._replaced = asyncio.Event()

    def script(self, faults: Iterable[Fault]) -> None:
        """Put a script in the place of the one before, whose waits end."""
        self._armed = [_Armed(fault=fault) for fault in faults]
        self._replaced.set()
        self._replaced = asyncio.Event()

    def status(self) -> Sequence[Mapping[str, Any]]:
        """Every fault, and how many operations it has struck."""
        return [{**asdict(armed.fault), "struck": armed.struck} for armed in self._armed]

    @asynccontextmanager
    async def during(self, operation: Operation, token: str) -> AsyncGenerator[dict[str, Any]]:
        """Let the script happen to the operation in the block; of several faults that are due, to the first.

        Yields:
            What the record that the operation makes is to keep.

        Raises:
            AzureError: it is refused, or its answer is lost.
        """
        fault = self._draw(operation, token)
        kind, replaced = fault and fault.kind, self._replaced
        if fault and kind not in {Kind.SLOW, Kind.TIMEOUT, Kind.ROLE_DELAY}:
            raise fault.error(token)
        yield {COUNTS_FROM: time.time() + fault.seconds} if fault and kind is Kind.ROLE_DELAY else {}
        if fault and kind is Kind.SLOW:
            with suppress(TimeoutError):
                await asyncio.wait_for(replaced.wait(), fault.seconds)
        if fault and kind is Kind.TIMEOUT:
            raise fault.error(token)

    def _draw(self, operation: Operation, token: str) -> Fault | None:
        due: list[Fault] = []
        for armed in self._armed:
            if armed.fault.covers(operation, token):
                before, armed.seen = armed.struck, armed.seen + 1
                due += [armed.fault] * (armed.struck - before)
        return next(iter(due), None)
