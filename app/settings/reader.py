"""How variables of a container's environment are read, one kind of value at a time.

A `Reader` collects every problem, so that all are reported at once, by the names of the contract.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlsplit

from app.contract import PLACEHOLDER_SECRET

LOG_LEVELS: Final = ("debug", "info", "warning", "error")

_PAIR: Final = re.compile(r"([^=,]{1,63})=([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
"""A role of PostgreSQL, which has at most 63 characters, and a UUID."""
_ORIGIN: Final = re.compile(r"https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")
"""An origin as browsers spell it (RFC 6454)."""
_PORT_MAX: Final = 65_535

_Choice = TypeVar("_Choice", bound=StrEnum)


class SettingsError(ValueError):
    """The environment cannot be used; the message has one line per variable."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never shows in a representation, a log line or a traceback."""

    value: str = field(repr=False)

    @property
    def is_placeholder(self) -> bool:
        """Whether nobody has filled the secret in yet."""
        return self.value == PLACEHOLDER_SECRET


class Reader:
    """Reads variables and collects what is wrong with them; what it returns counts only after `finish`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def text(self, name: StrEnum) -> str:
        """Read a value that must not be blank."""
        value = self._environ.get(name, "")
        if not value.strip():
            self._problems.append(f"{name}: missing; the platform sets it (app/contract.py)")
        return value

    def text_or_empty(self, name: StrEnum) -> str:
        """Read a value that may be empty but must be there."""
        value = self._environ.get(name)
        if value is None:
            self._problems.append(f"{name}: missing; the platform sets it, if only to nothing (app/contract.py)")
        return (value or "").strip()

    def text_of_runtime(self, name: StrEnum, default: str = "") -> str:
        """Read what the container runtime may have added."""
        return self._environ.get(name) or default

    def secrets(self, *names: StrEnum) -> dict[str, Secret]:
        """Read secrets, by the name of their variable."""
        return {name.value: Secret(self.text(name)) for name in names}

    def log_level(self, name: StrEnum) -> str:
        """Read a log level."""
        value = self.text(name)
        if value and value not in LOG_LEVELS:
            self._problems.append(f"{name}: expected one of {', '.join(LOG_LEVELS)}, got {value!r}")
        return value

    def choice(self, name: StrEnum, choices: type[_Choice]) -> _Choice:
        """Read one of the values of an enumeration."""
        value = self.text(name)
        if value in {choice.value for choice in choices}:
            return choices(value)
        if value:
            self._problems.append(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
        return next(iter(choices))

    def choices(self, name: StrEnum, choices: type[_Choice]) -> tuple[_Choice, ...]:
        """Read some values of an enumeration, at least one and each once, with commas between."""
        value = self.text(name)
        chosen = [one.strip() for one in value.split(",")]
        if set(chosen) <= {choice.value for choice in choices} and len(set(chosen)) == len(chosen):
            return tuple(map(choices, chosen))
        if value.strip():
            allowed = ", ".join(choices)
            self._problems.append(f"{name}: expected some of {allowed}, commas between, each once, got {value!r}")
        return ()

    def integer(self, name: StrEnum, lowest: int, highest: int) -> int:
        """Read a number of this range."""
        value = self.text(name)
        if value.isascii() and value.isdigit() and lowest <= int(value) <= highest:
            return int(value)
        if value:
            self._problems.append(f"{name}: expected {lowest} to {highest}, got {value!r}")
        return lowest

    def https_url(self, name: StrEnum) -> str:
        """Read an address."""
        value = self.text(name)
        url = urlsplit(value)
        if value and (url.scheme != "https" or not url.hostname or url.query or url.fragment):
            self._problems.append(f"{name}: expected an https address without query, got {value!r}")
        return value

    def origins(self, name: StrEnum) -> tuple[str, ...]:
        """Read origins with commas between, each `https://host` or with a port; there may be none."""
        origins = tuple(origin.strip() for origin in self.text_or_empty(name).split(",") if origin.strip())
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                self._problems.append(f"{name}: expected https://host in small letters, no path, got {origin!r}")
        return origins

    def roles(self, name: StrEnum) -> Mapping[str, str]:
        """Read object ids by role, `role=object-id` with commas between."""
        value = self.text(name)
        pairs = [_PAIR.fullmatch(pair.strip()) for pair in value.split(",")]
        roles = {pair[1]: pair[2] for pair in pairs if pair}
        if value.strip() and len(roles) < len(pairs):
            self._problems.append(f"{name}: expected role=object-id, commas between, each role once, got {value!r}")
        return roles

    def port(self, name: StrEnum, value: str) -> int:
        """Read a port, which is all of a variable or a part of it."""
        if value.isascii() and value.isdigit() and 1 <= int(value) <= _PORT_MAX:
            return int(value)
        self._problems.append(f"{name}: expected a port, 1 to {_PORT_MAX}, got {value!r}")
        return 0

    def finish(self) -> None:
        """Raise `SettingsError` with every problem, each once: several groups may be made of one variable."""
        if self._problems:
            raise SettingsError("\n".join(dict.fromkeys(self._problems)))
