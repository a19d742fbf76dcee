"""How the service behaves: sections of the stack file that reach its environment and size nothing. No resource."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from components.section import Conflict, Section

_ORIGIN: Final = r"https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?"
"""An origin as browsers spell it (RFC 6454): no path, no slash at the end, no star."""

_CLAUDE: Final = "claude-"
"""How the names of Anthropic's models begin, and of nobody else's (Anthropic, "Models overview")."""


class ChatSettings(Section):
    """Whose language model answers."""

    provider: Literal["anthropic", "openai"]
    """Who runs the model; the key to it is in the vault."""
    model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]
    """The name of the model, in its provider's words."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a model that its provider does not run: every answer would fail."""
        if self.model.startswith(_CLAUDE) != (self.provider == "anthropic"):
            fix = "names that begin with claude- are Anthropic's, all others are not"
            yield "model", f'"{self.model}" is no model of {self.provider} ({fix})'


class LimitSettings(Section):
    """How often the service may be asked before it answers 429."""

    per_person_per_minute: Annotated[int, Field(ge=1, le=100_000)]
    """Requests per minute of one person, over all that the person uses."""
    per_address_per_minute: Annotated[int, Field(ge=1, le=100_000)]
    """Requests per minute from one address, behind which there may be many people."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a limit of a person that nobody could reach from one address."""
        if self.per_address_per_minute < self.per_person_per_minute:
            yield (
                "per_address_per_minute",
                f"{self.per_address_per_minute} is less than per_person_per_minute ({self.per_person_per_minute})",
            )


class WebSettings(Section):
    """Whose pages in a browser may ask the API."""

    origins: Annotated[str, Field(pattern=f"^({_ORIGIN}(,{_ORIGIN})*)?$")]
    """Origins beside the frontend's own, as https://app.example.com, with commas between; empty for none."""


class RetentionSettings(Section):
    """How long the service keeps what people leave behind."""

    chat_days: Annotated[int, Field(ge=1, le=3650)]
    """Days after which what was said to a language model is deleted."""
    operation_days: Annotated[int, Field(ge=1, le=3650)]
    """Days after which operations, and the record of what was done with personal data, are deleted."""
