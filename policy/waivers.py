"""Rules that a stack may break for a time, with the reason in writing: `waivers.yaml`, read here.

A waiver holds up to and including the day of its expiry; from then on what it covered is a violation again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

import yaml

from policy.registration import Registration

FILE: Final = Path(__file__).with_name("waivers.yaml")
_KEYS: Final = {"rule", "stacks", "resource", "reason", "expires"}


class WaiverError(Exception):
    """The file of waivers cannot be used; says every problem."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One exception.

    Args:
        rule: id of the rule that is waived.
        stacks: where.
        resource: logical name of the resource; `*` stands for any text.
        reason: why.
        expires: last day that it holds.
    """

    rule: str
    stacks: tuple[str, ...]
    resource: str
    reason: str
    expires: date

    def covers(self, rule: str, registration: Registration) -> bool:
        """Whether it is about this rule and this resource, expired or not."""
        return self.rule == rule and registration.stack in self.stacks and fnmatchcase(registration.name, self.resource)


def read_waivers(rules: Collection[str], text: str | None = None) -> tuple[Waiver, ...]:
    """The waivers of the file.

    Args:
        rules: ids of all rules.
        text: another text in the place of the file's.

    Raises:
        WaiverError: an entry is not whole, names a rule that does not exist, or gives no reason.
    """
    entries: list[Any] = yaml.safe_load(FILE.read_text(encoding="utf-8") if text is None else text) or []
    problems = [
        f"waiver {number} ({entry}): {problem}"
        for number, entry in enumerate(entries, start=1)
        if (problem := _problem(entry, rules))
    ]
    if problems:
        raise WaiverError("\n".join(problems))
    return tuple(
        Waiver(
            rule=entry["rule"],
            stacks=tuple(entry["stacks"]),
            resource=entry["resource"],
            reason=entry["reason"],
            expires=entry["expires"],
        )
        for entry in entries
    )


def _problem(entry: Any, rules: Collection[str]) -> str | None:
    if not isinstance(entry, dict) or set(cast("Mapping[str, Any]", entry)) != _KEYS:
        return f"an entry has exactly the keys {', '.join(sorted(_KEYS))}"
    fields = cast("Mapping[str, Any]", entry)
    if fields["rule"] not in rules:
        return f"there is no rule {fields['rule']} under policy/rules"
    if not isinstance(fields["stacks"], list) or not fields["stacks"]:
        return "stacks is a list of stack names"
    if not str(fields["reason"] or "").strip():
        return "the reason is empty"
    if type(fields["expires"]) is not date:
        return f"expires is {fields['expires']!r}; allowed: a date as 2027-06-30"
    return None
