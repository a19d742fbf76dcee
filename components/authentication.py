"""Whose bearer tokens the service believes. A section without a resource: the directory is not this program's."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from components.section import Conflict, Rule, Section


class AuthenticationSettings(Section):
    """The issuer of bearer tokens and what they must be for."""

    issuer: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*$")]
    """Issuer of bearer tokens, letter for letter the `issuer` of its discovery document."""
    audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9:/._-]{1,200}$")]
    """Audience that a bearer token must name: the application id of the API."""
    tool_audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9:/._-]{1,200}$")]
    """Audience that a bearer token for the tool server must name: an application id of its own."""

    algorithms: Annotated[
        list[Literal["RS256", "PS256", "ES256"]], Field(min_length=1, json_schema_extra={"uniqueItems": True})
    ]
    """What a bearer token may be signed with. The first that fits a key counts for a key that names none itself."""

    @property
    def audiences(self) -> dict[str, str]:
        """What a bearer token must name, by the workload that it is for."""
        return {"api": self.audience, "mcp": self.tool_audience}

    def rules(self) -> Sequence[Rule]:
        """Return the rules, each of its own keys."""
        return (self._audience_each, self._algorithm_once)

    def _audience_each(self) -> Iterator[Conflict]:
        """Yield one audience for both, with which a token for one would open the other."""
        if self.tool_audience == self.audience:
            yield "tool_audience", f'"{self.tool_audience}" is the audience of the API too (allowed another id)'

    def _algorithm_once(self) -> Iterator[Conflict]:
        if len(set(self.algorithms)) < len(self.algorithms):
            yield "algorithms", f"{', '.join(self.algorithms)} names one twice (allowed each once)"
