"""What a queue or the broker refuses: AMQP's condition and Azure's words, without the tracking ids behind them."""

from localazure.bus.codec import Symbol


class BusError(Exception):
    """A refusal.

    Args:
        condition: The AMQP error condition.
        text: What Azure says.
        status: The status of an answer to a management request.
    """

    def __init__(self, condition: str, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.condition = Symbol(condition)
        self.status = status


_MORE = "For more information please see https://aka.ms/ServiceBusExceptions ."


def not_found(resource: str) -> BusError:
    """No such entity. The text: github.com/Azure/azure-service-bus/issues/451."""
    text = f"The messaging entity '{resource}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions."
    return BusError("amqp:not-found", text, status=404)


def unauthorized(claim: str, resource: str) -> BusError:
    """The caller lacks a role. The text: github.com/Azure/azure-sdk-for-java/issues/27831."""
    text = f"Unauthorized access. '{claim}' claim(s) are required to perform this operation. Resource: '{resource}'."
    return BusError("amqp:unauthorized-access", text, status=401)


def lock_lost() -> BusError:
    """The lock is gone. The text: github.com/Azure/azure-sdk-for-java/issues/25121."""
    text = (
        "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue."
    )
    return BusError("com.microsoft:message-lock-lost", f"{text} {_MORE}", status=410)


def no_message(sequence_number: int) -> BusError:
    """No deferred or scheduled message has this number; the text is ours."""
    text = f"The message with the sequence number {sequence_number} was not found."
    return BusError("com.microsoft:message-not-found", text, status=404)


def too_large(size: int, limit: int) -> BusError:
    """A message over the limit of its link; the text is ours after the service's documented one."""
    text = f"The received message (size:{size} bytes) exceeds the limit ({limit} bytes) currently allowed on the link."
    return BusError("amqp:link:message-size-exceeded", text)


def full(queue: str, size: int, limit: int) -> BusError:
    """The queue has no room. The text: github.com/Azure/azure-service-bus/issues/683."""
    text = (
        f"The maximum entity size has been reached or exceeded for Queue: '{queue}'. Size of entity in bytes:{size}, "
        f"Max entity size in bytes: {limit}. {_MORE}  QuotaType: EntitySize"
    )
    return BusError("amqp:resource-limit-exceeded", text, status=403)
