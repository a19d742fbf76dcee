"""What is said about profiles."""

from typing import Annotated, Self

import msgspec

from app.domain.errors import Invalid
from app.domain.models import Principal
from app.domain.profiles import (
    EMAIL_MAX,
    LOCALE_DEFAULT,
    LOCALE_MAX,
    NAME_MAX,
    Plan,
    Profile,
    ProfileContent,
    content,
)
from app.domain.time_zones import NAME_MAX as ZONE_MAX
from app.domain.time_zones import UTC_NAME
from app.wire.documents import Moment

DisplayName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=EMAIL_MAX)]
Locale = Annotated[str, msgspec.Meta(min_length=2, max_length=LOCALE_MAX)]
ZoneName = Annotated[str, msgspec.Meta(min_length=1, max_length=ZONE_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class NewProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decides about their profile; unknown members are refused, the plan among them."""

    display_name: DisplayName | None = None
    email: Email | None = None
    locale: Locale = LOCALE_DEFAULT
    time_zone: ZoneName = UTC_NAME

    def to_content(self) -> ProfileContent:
        """Apply the rules of the product."""
        return content(display_name=self.display_name, email=self.email, locale=self.locale, time_zone=self.time_zone)


class ProfileDocument(msgspec.Struct, frozen=True):
    """A profile; `version` grows with every change and is the entity tag, 0 while nothing has been said."""

    display_name: DisplayName | None
    email: Email | None
    locale: Locale
    time_zone: ZoneName
    plan: Plan
    updated_at: Moment | None
    version: int

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Render a profile."""
        return cls(
            display_name=profile.content.display_name,
            email=profile.content.email,
            locale=profile.content.locale,
            time_zone=profile.content.time_zone,
            plan=profile.plan,
            updated_at=profile.updated_at,
            version=profile.version,
        )


class PlanOfPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person, by issuer and subject of their tokens, and the plan that they have."""

    issuer: Name
    subject: Name
    plan: Plan

    def person(self) -> Principal:
        """Return who it is.

        Raises:
            Invalid: No token could name such a person.
        """
        for pointer, name in (("/issuer", self.issuer), ("/subject", self.subject)):
            if not name.isprintable():
                raise Invalid(pointer, "expected printable characters")
        return Principal(issuer=self.issuer, subject=self.subject)
