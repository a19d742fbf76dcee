"""Whose bearer tokens the service believes. A section without a resource: the directory is not this program's."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from components.section import Conflict, Section


class AuthenticationSettings(Section):
    """The issuer of bearer tokens and what they must be for."""

    issuer: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$")]
    """Issuer of bearer tokens, letter for letter the `issuer` of its discovery document."""
    audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9:/._-]{1,200}$")]
    """Audience that a bearer token must name: the application id of the API."""
    tool_audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9:/._-]{1,200}$")]
    """Audience that a bearer token for the tool server must name: an application id of its own."""

    @property
    def audiences(self) -> dict[str, str]:
        """What a bearer token must name, by the workload that it is for."""
        return {"api": self.audience, "mcp": self.tool_audience}

    def conflicts(self) -> Iterator[Conflict]:
        """Yield one audience for both, with which a token for one would open the other."""
        if self.tool_audience == self.audience:
            yield "tool_audience", f'"{self.tool_audience}" is the audience of the API too (allowed another id)'
