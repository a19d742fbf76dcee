"""What a person says about themselves, and what they have paid for."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from app.domain.errors import Invalid
from app.domain.models import Principal
from app.domain.texts import check_text
from app.domain.time_zones import UTC_NAME, zone

NAME_MAX: Final = 100
"""Characters."""
EMAIL_MAX: Final = 254
"""Characters (RFC 5321 section 4.5.3.1.3, without the brackets)."""
LOCALE_MAX: Final = 35
"""Characters (RFC 5646 section 4.4.1)."""
LOCALE_DEFAULT: Final = "en"

_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")


class Plan(StrEnum):
    """What a person has paid for."""

    FREE = "free"
    PREMIUM = "premium"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileContent:
    """What a person decides about their profile; the locale is a language tag (RFC 5646)."""

    display_name: str | None = None
    email: str | None = None
    locale: str = LOCALE_DEFAULT
    time_zone: str = UTC_NAME


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A profile; version 0 is the one of a person who has never said anything, which is kept nowhere."""

    content: ProfileContent = ProfileContent()
    plan: Plan = Plan.FREE
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 0


class ProfileStore(Protocol):
    """The profile of every person. Each method may raise `Unavailable`."""

    async def get(self, owner: Principal) -> Profile:
        """Return a person's profile, or the one of a person who has never said anything."""
        ...

    async def change(self, owner: Principal, edit: Callable[[Profile], Profile]) -> Profile:
        """Replace a profile by what `edit` makes of it, with no other change in between.

        May raise `Erased`, and `Conflict` when others change it all the time.
        """
        ...


def content(*, display_name: str | None, email: str | None, locale: str, time_zone: str) -> ProfileContent:
    """Make the content of a profile.

    Raises:
        Invalid: A rule is broken.
    """
    check_text("/display_name", display_name, most=NAME_MAX, blank=False)
    check_text("/email", email, most=EMAIL_MAX)
    if email is not None and not _EMAIL.fullmatch(email):
        raise Invalid("/email", "expected an address as name@host")
    if len(locale) > LOCALE_MAX or not _LOCALE.fullmatch(locale):
        raise Invalid("/locale", "expected a language tag as de or pt-BR")
    zone(time_zone)
    return ProfileContent(display_name=display_name, email=email, locale=locale, time_zone=time_zone)


def revise(profile: Profile, new: ProfileContent, *, now: datetime) -> Profile:
    """Give a profile new content and its next version."""
    return replace(_next(profile, now), content=new)


def grant(profile: Profile, plan: Plan, *, now: datetime) -> Profile:
    """Give a profile another plan and its next version."""
    return replace(_next(profile, now), plan=plan)


def _next(profile: Profile, now: datetime) -> Profile:
    return replace(
        profile,
        created_at=profile.created_at or now,
        updated_at=max(now, profile.updated_at or now),
        version=profile.version + 1,
    )
