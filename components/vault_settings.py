"""The section that sizes the key vault."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from components.section import Conflict, Section


class VaultSettings(Section):
    """What survives a deletion, who reaches the vault, and how long a key lives."""

    soft_delete_days: Annotated[int, Field(ge=7, le=90)]
    """Days that a deleted vault or secret can be recovered; fixed once the vault exists."""
    purge_protection: bool
    """Whether nobody can purge a deleted vault before those days are over; cannot be turned off again."""
    secrets_expire: Annotated[str, Field(pattern=r"^20\d{2}-\d{2}-\d{2}$")]
    """Day by which the third-party keys and the first version of the key of people are to be replaced, as 2027-06-30;
    read when each is first written."""
    key_days: Annotated[int, Field(ge=90, le=730)]
    """Days that a later version of the key of people may wrap; the vault makes the next one sixty days before."""
    private: bool
    """Whether it is reached by private endpoint only; the public address is closed."""
    protect: bool
    """Whether the vault refuses to be deleted by the program."""

    @property
    def expires_at(self) -> int:
        """The day of `secrets_expire` in seconds since 1970."""
        return int(datetime.fromisoformat(f"{self.secrets_expire}T00:00Z").timestamp())

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a day that is in no calendar."""
        try:
            date.fromisoformat(self.secrets_expire)
        except ValueError as error:
            yield "secrets_expire", f'"{self.secrets_expire}" is not a day (allowed as 2027-06-30): {error}'
