"""Ports for processes that are told theirs."""

import socket


def free_port() -> int:
    """Return a port of loopback that nobody has at the moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
