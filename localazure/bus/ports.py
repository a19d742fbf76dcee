"""The two ends that a session stands between: who asks, and what answers."""

from typing import Protocol

from localazure.bus.links import Lane, Outlet, Take
from localazure.bus.queue import Queue
from localazure.planes.tokens import Claims


class Peer(Protocol):
    """A client, as sessions and the broker see its connection (`localazure.bus.connection`)."""

    claims: Claims | None
    largest_frame: int

    @property
    def is_congested(self) -> bool:
        """Whether it reads slower than it is sent to."""
        ...

    def write(self, content: bytes) -> None:
        """Send bytes."""
        ...


class Exchange(Protocol):
    """The broker (`localazure.bus.broker`), as connections and sessions see it."""

    def source(self, client: Peer, address: str) -> Queue | None:
        """The queue of an address; None for a node that only answers. Raises BusError."""
        ...

    def target(self, client: Peer, session: Lane, address: str) -> tuple[Take, int]:
        """What takes the messages sent to an address, and the largest it takes. Raises BusError."""
        ...

    def subscribe(self, link: Outlet) -> None:
        """Let a link have messages of its queue."""
        ...

    def unsubscribe(self, link: Outlet) -> None:
        """Let it have no more."""
        ...

    def pump(self, queue: Queue) -> None:
        """Hand out what waits in a queue."""
        ...
