"""Routes for the caller's own profile, under `/api/v1/users/profile`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.cache.keys import Kind
from app.domain.profiles import Profile, revise
from app.domain.versions import require_version
from app.web.auth import principal_of
from app.web.cached import cached, changing
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import IF_MATCH, JSON, MERGE_PATCH, Operation, Resource
from app.web.requests import entity_tag, expected_versions
from app.web.state import State
from app.wire.documents import merge
from app.wire.profiles import NewProfile, ProfileDocument

PATH: Final = "/api/v1/users/profile"


async def get_profile(request: Request[State]) -> Response:
    """Answer the profile; reading one of somebody who has said nothing keeps nothing."""
    return _answer(await request.state["profiles"].get(principal_of(request)))


async def change_profile(request: Request[State]) -> Response:
    """Merge the body into the profile (RFC 7396)."""
    patch = await read_object(request, MERGE_PATCH, JSON)
    expected = expected_versions(request)
    now = request.state["now"]()

    def edit(profile: Profile) -> Profile:
        require_version(profile, expected)
        return revise(profile, merge(ProfileDocument.of(profile), patch, NewProfile).to_content(), now=now)

    return _answer(await request.state["profiles"].change(principal_of(request), edit))


def _answer(profile: Profile) -> Json:
    return Json(ProfileDocument.of(profile), headers=entity_tag(profile.version))


RESOURCE: Final = Resource(
    routes=(route(PATH, GET=cached(Kind.PROFILE, get_profile), PATCH=changing(Kind.PROFILE, change_profile)),),
    operations=(
        Operation(
            method="get",
            path=PATH,
            name="getProfile",
            kept=True,
            summary="Your profile",
            answer="ProfileDocument",
        ),
        Operation(
            method="patch",
            path=PATH,
            name="changeProfile",
            summary="Change your profile: an absent member stays, null takes it away",
            answer="ProfileDocument",
            body="ProfilePatch",
            body_types=(MERGE_PATCH, JSON),
            parameters=(IF_MATCH,),
            headers=("ETag",),
            problems=(409, 412, 413, 415, 422),
        ),
    ),
    documents=(NewProfile, ProfileDocument),
    patches={NewProfile: "ProfilePatch"},
)
