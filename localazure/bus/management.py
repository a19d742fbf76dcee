"""Requests to `<queue>/$management`.

Microsoft Learn, "AMQP 1.0 in Azure Service Bus: request-response-based operations".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from localazure.bus.codec import Array, Int, Long, Symbol, Timestamp
from localazure.bus.errors import BusError
from localazure.bus.message import Message, value, with_value
from localazure.bus.queue import Queue

if TYPE_CHECKING:
    from uuid import UUID

Claim = Callable[[str], None]
"""Makes sure that the caller may `Send` or `Listen`. Raises BusError."""

_Body = dict[str, Any]
_Operation = Callable[[Queue, _Body], _Body | None]
_ANSWER_BYTES: Final = 1024 * 1024
_DONE, _NOTHING = 200, 204


def answer(queue: Queue, request: Message, claim: Claim) -> bytes:
    """Do what a request asks, and write the answer."""
    properties = request.application_properties
    operation = str(properties.get("operation", "")).removeprefix("com.microsoft:")
    try:
        needed, act = _operation(operation)
        claim(needed)
        body = act(queue, value(request) or {})
    except BusError as error:
        return _answer(request, error.status, str(error), None, error.condition)
    return _answer(request, _NOTHING if body is None else _DONE, "OK", body or {}, None)


def _operation(name: str) -> tuple[str, _Operation]:
    if name not in _OPERATIONS:
        text = f"The operation '{name}' is not imitated; imitated are: {', '.join(sorted(_OPERATIONS))}."
        raise BusError("amqp:not-implemented", text, status=501)
    return _OPERATIONS[name]


def _answer(request: Message, status: int, text: str, body: _Body | None, condition: Symbol | None) -> bytes:
    said = {"statusCode": Int(status), "statusDescription": text}
    return with_value(
        body,
        application_properties={**said, "errorCondition": condition} if condition else said,
        correlation_id=request.properties[0] if request.properties else None,
    )


def _schedule(queue: Queue, body: _Body) -> _Body:
    numbers = queue.send(item["message"] for item in body["messages"])
    return {"sequence-numbers": Array(map(Long, numbers))}


def _cancel(queue: Queue, body: _Body) -> _Body:
    queue.cancel(body["sequence-numbers"])
    return {}


def _renew(queue: Queue, body: _Body) -> _Body:
    ends = [queue.renew(token) for token in body["lock-tokens"]]
    return {"expirations": Array(Timestamp(int(end * 1000)) for end in ends)}


def _peek(queue: Queue, body: _Body) -> _Body | None:
    found: list[_Body] = []
    room = _ANSWER_BYTES
    for raw in queue.peek(int(body["from-sequence-number"]), int(body["message-count"])):
        room -= len(raw)
        if room < 0 and found:
            break
        found.append({"message": raw})
    return {"messages": found} if found else None


def _receive(queue: Queue, body: _Body) -> _Body:
    locks = bool(body.get("receiver-settle-mode"))
    found = queue.receive_deferred(body["sequence-numbers"], lock=locks)
    return {"messages": [{"lock-token": delivery.token, "message": delivery.raw} for delivery in found]}


def _settle(queue: Queue, body: _Body) -> _Body:
    outcomes: dict[str, Callable[[UUID], None]] = {
        "abandoned": queue.abandon,
        "completed": queue.complete,
        "defered": queue.defer,  # spelt so by the service
        "suspended": lambda token: queue.dead_letter(
            token, body.get("deadletter-reason"), body.get("deadletter-description")
        ),
    }
    status = body["disposition-status"]
    if status not in outcomes:
        raise BusError("com.microsoft:argument-error", f"'{status}' is none of {', '.join(outcomes)}.")
    for token in body["lock-tokens"]:
        outcomes[status](token)
    return {}


_OPERATIONS: Final[dict[str, tuple[str, _Operation]]] = {
    "cancel-scheduled-message": ("Send", _cancel),
    "peek-message": ("Listen", _peek),
    "receive-by-sequence-number": ("Listen", _receive),
    "renew-lock": ("Listen", _renew),
    "schedule-message": ("Send", _schedule),
    "update-disposition": ("Listen", _settle),
}
"""By name: the claim that the caller needs, and what is done."""
