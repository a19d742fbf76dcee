"""The section that sizes the key vault."""

from typing import Annotated

from pydantic import Field

from components.section import Section


class VaultSettings(Section):
    """What survives a deletion, who reaches the vault, and how long a key lives."""

    soft_delete_days: Annotated[int, Field(ge=7, le=90)]
    """Days that a deleted vault or secret can be recovered; fixed once the vault exists."""
    purge_protection: bool
    """Whether nobody can purge a deleted vault before those days are over; cannot be turned off again."""
    secret_days: Annotated[int, Field(ge=60, le=730)]
    """Days in which a third-party key is to be replaced, counted from the day on which its secret is first written."""
    key_days: Annotated[int, Field(ge=90, le=730)]
    """Days that a version of the key of people may wrap; the vault makes the next one sixty days before."""
    private: bool
    """Whether it is reached by private endpoint only; the public address is closed."""
    protect: bool
    """Whether the vault refuses to be deleted by the program."""
