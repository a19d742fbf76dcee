"""What values the parameters of a server take, as the server itself says."""

from dataclasses import dataclass

from localazure.postgres.connection import Connection


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A server parameter: its type in Azure's words, its default, and its values or bounds, in the server's unit."""

    default: str
    highest: str = ""
    kind: str
    lowest: str = ""
    values: tuple[str, ...] = ()

    def takes(self, value: str) -> bool:
        """Whether the server would accept a value."""
        if self.values:
            return value in self.values
        if not self.lowest:
            return True
        try:
            return float(self.lowest) <= float(value) <= float(self.highest)
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.values:
            return ", ".join(self.values)
        return f"{self.lowest}-{self.highest}" if self.lowest else "any text"


def switch(on: str = "on", off: str = "off") -> Parameter:
    """Make a parameter that is on or off, at first off."""
    return Parameter(default=off, kind="Boolean", values=(on, off))


async def parameter_of(connection: Connection, name: str) -> Parameter | None:
    """Look a parameter up; none when the server does not have it."""
    row = await connection.fetchrow(
        "SELECT vartype, coalesce(boot_val, ''), coalesce(min_val, ''), coalesce(max_val, ''), "
        "coalesce(enumvals, '{}') FROM pg_settings WHERE name = $1",
        name,
    )
    if row is None:
        return None
    vartype, default, lowest, highest, values = row
    if vartype == "bool":
        return Parameter(default=default, kind="Boolean", values=("on", "off"))
    kind = {"enum": "Enumeration", "integer": "Integer", "real": "Numeric"}.get(vartype, "String")
    return Parameter(default=default, highest=highest, kind=kind, lowest=lowest, values=tuple(values))
