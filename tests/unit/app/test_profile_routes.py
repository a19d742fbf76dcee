"""A person's profile over HTTP, and who decides about plans."""

from typing import Any

import pytest

from app.domain.access import is_premium
from app.domain.errors import Unavailable
from app.domain.models import Principal, Role
from app.domain.profiles import Plan, Profile
from tests.unit.app.memory import ADA, BOB, NOW, ROOT, Api, MemoryProfiles

PROFILE = "/api/v1/users/profile"
PLAN = "/api/v1/admin/users/plan"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
NOTHING_SAID = {
    "display_name": None,
    "email": None,
    "locale": "en",
    "time_zone": "UTC",
    "plan": "free",
    "updated_at": None,
    "version": 0,
}
GRANT = {"issuer": ADA.issuer, "subject": ADA.subject, "plan": "premium"}


class BrokenProfiles(MemoryProfiles):
    """Changes nothing."""

    async def change(self, owner: Principal, edit: Any) -> Profile:
        raise Unavailable(f"not now for {owner.subject}: {edit!r}")


def test_reading_the_profile_of_somebody_who_has_said_nothing_keeps_nothing() -> None:
    api = Api()
    with api.client("ada") as client:
        answer = client.get(PROFILE)
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, NOTHING_SAID, '"0"')
    assert api.profiles.kept == {}


def test_a_profile_is_changed_by_member_and_needs_the_version_it_names() -> None:
    with Api().client("ada") as client:
        said = {"display_name": "Ada", "email": "ada@example.org", "locale": "de-AT", "time_zone": "Europe/Vienna"}
        first = client.patch(PROFILE, json=said, headers={**MERGE_PATCH, "If-Match": '"0"'})
        assert first.json() == {**NOTHING_SAID, **said, "updated_at": "2026-11-23T12:00:00Z", "version": 1}
        second = client.patch(PROFILE, json={"email": None, "locale": None}, headers=MERGE_PATCH)
        assert second.json() == {**first.json(), "email": None, "locale": "en", "version": 2}
        assert client.patch(PROFILE, json={}, headers={**MERGE_PATCH, "If-Match": '"1"'}).status_code == 412
        assert client.get(PROFILE).json() == second.json()


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"display_name": " "}, "/display_name"),
        ({"display_name": "n" * 101}, "/display_name"),
        ({"display_name": "\0"}, "/display_name"),
        ({"email": "nobody"}, "/email"),
        ({"email": "a@b\r\nc"}, "/email"),
        ({"email": "a@" + "b" * 254}, "/email"),
        ({"locale": "d"}, "/locale"),
        ({"locale": "../x"}, "/locale"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"plan": "premium"}, "/plan"),
        ({"version": 7}, "/version"),
        ({"roles": ["admin"]}, "/roles"),
    ],
    ids=str,
)
def test_a_change_that_breaks_a_rule_is_refused(patch: dict[str, Any], pointer: str) -> None:
    with Api().client("ada") as client:
        answer = client.patch(PROFILE, json=patch, headers=MERGE_PATCH)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_an_admin_gives_a_plan_which_the_person_sees_and_the_trail_has() -> None:
    api = Api()
    with api.client("root") as client:
        assert client.put(PLAN, json=GRANT).status_code == 204
    with api.client("ada") as client:
        assert client.get(PROFILE).json()["plan"] == "premium"
    [event] = api.audit.events
    assert (event.actor, event.about, event.action, event.outcome) == (ROOT, ADA, "plan.grant", "done")
    assert (event.at, dict(event.detail)) == (NOW, {"plan": "premium"})


@pytest.mark.parametrize("body", [GRANT, {}, [], {"issuer": 7}], ids=str)
def test_a19_a_person_without_the_role_is_refused_whatever_they_send_and_the_trail_has_it(body: Any) -> None:
    api = Api()
    with api.client("ada") as client:
        assert client.put(PLAN, json=body).status_code == 403
    assert api.profiles.kept == {}
    assert [(event.actor, event.outcome) for event in api.audit.events] == [(ADA, "refused")]


def test_a_plan_that_cannot_go_on_record_is_not_given() -> None:
    api = Api()
    api.audit.error = Unavailable("the trail is down")
    with api.client("root") as client:
        assert client.put(PLAN, json=GRANT).status_code == 503
    assert api.profiles.kept == {}


def test_a_plan_that_could_not_be_given_is_on_record_as_failed() -> None:
    api = Api(profiles=BrokenProfiles())
    with api.client("root") as client:
        assert client.put(PLAN, json=GRANT).status_code == 503
    assert [event.outcome for event in api.audit.events] == ["done", "failed"]


@pytest.mark.parametrize(
    "member", [{"plan": "gold"}, {"subject": ""}, {"subject": "a\0"}, {"issuer": "i" * 256}, {"x": 1}]
)
def test_a_plan_for_nobody_or_none_is_refused(member: dict[str, Any]) -> None:
    api = Api()
    with api.client("root") as client:
        assert client.put(PLAN, json={**GRANT, **member}).status_code == 422
    assert (api.profiles.kept, api.audit.events) == ({}, [])


def test_premium_is_what_is_kept_of_a_person_or_a_role_that_was_issued() -> None:
    issued = Principal(issuer=BOB.issuer, subject=BOB.subject, roles=frozenset({Role.PREMIUM}))
    assert is_premium(BOB, Plan.PREMIUM)
    assert is_premium(issued, Plan.FREE)
    assert not is_premium(BOB, Plan.FREE)
    assert not is_premium(ROOT, Plan.FREE)
