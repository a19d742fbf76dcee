"""One HTTP listener on loopback."""

import ssl
from typing import Final, Self

from aiohttp import web

from localazure.errors import StateError

HOST: Final = "127.0.0.1"

_CLOSE_SECONDS: Final = 2.0


class Listener:
    """A running aiohttp server; made by `open`.

    Attributes:
        port: Where it listens on 127.0.0.1.

    """

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    @classmethod
    async def open(cls, application: web.Application, *, context: ssl.SSLContext | None = None, port: int = 0) -> Self:
        """Serve an application.

        Args:
            application: What answers.
            context: The TLS side; without one it speaks plain HTTP.
            port: The port, zero for any free one.

        Raises:
            StateError: The port is taken.

        """
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port, ssl_context=context).start()
        except OSError as error:
            await runner.cleanup()
            raise StateError(
                f"cannot listen on {HOST}:{port} ({error.strerror}); stop the program that has the port"
            ) from error
        return cls(runner, int(runner.addresses[0][1]))

    async def close(self) -> None:
        """Stop listening; requests under way get two seconds."""
        await self._runner.cleanup()
