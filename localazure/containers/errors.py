"""What the container runtime refuses or reports."""

from pathlib import Path


class ContainersError(Exception):
    """Base of every error of this package."""


class ImageNotFoundError(ContainersError):
    """No image has this digest in the store."""

    def __init__(self, digest: str, folder: Path) -> None:
        super().__init__(f"no image {digest} in {folder}; build it first")
        self.digest = digest


class InvalidImageError(ContainersError):
    """An image, or the tree it is built from, breaks a rule of the image format."""


class DependencyError(ContainersError):
    """The dependency layer of an image could not be installed."""


class RevisionFailedError(ContainersError):
    """A revision, or a replica added to it, did not become ready.

    Attributes:
        reason: what happened, in the words Container Apps reports.
        log_tail: the last lines that the failing container wrote.
    """

    def __init__(self, reason: str, *, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log_tail = log_tail


class PortTakenError(ContainersError):
    """Another process listens on the port that an ingress was given."""

    def __init__(self, app: str, port: int) -> None:
        super().__init__(f"ingress of {app}: port {port} on 127.0.0.1 is taken; stop the process that has it")
        self.port = port
