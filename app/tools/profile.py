"""Tools for the person's profile: what the routes of the API do, for a model that acts for a person."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request

from app.cache.keys import Kind
from app.domain.profiles import Profile, revise
from app.domain.versions import require_version
from app.tools.tool import Tool
from app.tools.which import said
from app.web.auth import principal_of
from app.web.state import State
from app.wire.documents import merge
from app.wire.profiles import DisplayName, Email, Locale, NewProfile, ProfileDocument, ZoneName


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person's own; with a version, only if it still has that one."""

    version: int | None = None

    def check(self, profile: Profile) -> None:
        """Raise `VersionMismatch` unless the profile has the version."""
        require_version(profile, None if self.version is None else frozenset({self.version}))


class ProfileChange(Own, frozen=True, forbid_unknown_fields=True):
    """What to change of the profile: an absent member stays, null takes it away."""

    display_name: DisplayName | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    locale: Locale | UnsetType = UNSET
    time_zone: ZoneName | UnsetType = UNSET


async def _read(request: Request[State], own: Own) -> ProfileDocument:
    profile = await request.state["profiles"].get(principal_of(request))
    own.check(profile)
    return ProfileDocument.of(profile)


async def _change(request: Request[State], change: ProfileChange) -> ProfileDocument:
    now = request.state["now"]()

    def edit(profile: Profile) -> Profile:
        change.check(profile)
        return revise(profile, merge(ProfileDocument.of(profile), said(change), NewProfile).to_content(), now=now)

    return ProfileDocument.of(await request.state["profiles"].change(principal_of(request), edit))


TOOLS: Final = (
    Tool(
        name="read_profile",
        description="Read the person's profile: name, address, language, time zone, plan.",
        takes=Own,
        gives=ProfileDocument,
        work=_read,
        reads=True,
    ),
    Tool(
        name="change_profile",
        changes=Kind.PROFILE,
        description="Change the person's profile: a member that is left out stays, null takes it away.",
        takes=ProfileChange,
        gives=ProfileDocument,
        work=_change,
    ),
)
