"""What can go wrong, in the product's words.

ProductError
├── Invalid            what was asked for breaks a rule of the product
├── NotFound           there is no such thing, or it is another person's
├── VersionMismatch    the thing has changed since the caller saw it
├── Conflict           it contradicts what is there already
├── Unauthenticated    the credential proves nobody
├── Forbidden          the person may not do this
├── Erased             the person has been erased; nothing is kept for them any more
├── TooMany            the person, or their address, asks more often than allowed
└── Unavailable        something the request cannot do without does not answer
"""


class ProductError(Exception):
    """The root of the tree; never raised itself."""


class Invalid(ProductError):  # noqa: N818 - reads as what it is; the root of the tree ends in Error
    """What was asked for breaks a rule.

    Args:
        pointer: JSON pointer (RFC 6901) to the member at fault; empty for the whole document.
        detail: What the rule is.
    """

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer or 'the document'}: {detail}")
        self.pointer = pointer
        self.detail = detail


class NotFound(ProductError):  # noqa: N818 - reads as what it is
    """There is no such thing for this person."""


class VersionMismatch(ProductError):  # noqa: N818 - reads as what it is
    """The thing has another version than the caller expects."""


class Conflict(ProductError):  # noqa: N818 - reads as what it is
    """What was asked for contradicts what is there already; the message is for the caller."""


class Unauthenticated(ProductError):  # noqa: N818 - reads as what it is
    """The credential proves nobody; the message is for the log, never for the caller."""


class Forbidden(ProductError):  # noqa: N818 - reads as what it is
    """The person is known and may not do this; the message is for the log."""


class Erased(ProductError):  # noqa: N818 - reads as what it is
    """The person has been erased, or is being erased: nothing of theirs can be kept any more."""


class TooMany(ProductError):  # noqa: N818 - reads as what it is
    """More was asked for than a limit allows.

    Args:
        policy: The limit's name.
        retry_after_s: Seconds after which it allows the next.
    """

    def __init__(self, policy: str, *, retry_after_s: int) -> None:
        super().__init__(f"over the limit {policy}")
        self.policy = policy
        self.retry_after_s = retry_after_s


class Unavailable(ProductError):  # noqa: N818 - reads as what it is
    """Something the request cannot do without does not answer; the message is for the log."""
