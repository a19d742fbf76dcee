"""Consents, processing log, exports, erasure and compliance over HTTP."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.domain.erasure import confirmation_of, person_of
from app.domain.processing import EXPORT_FETCHED
from app.domain.purposes import CONSENTED, REGISTER, Purpose
from tests.unit.app.memory import ADA, BOB, NOW, Api
from tests.unit.app.test_description import assert_described

PRIVACY = "/api/v1/privacy"
CONSENTS = f"{PRIVACY}/consents"
ID = UUID("9f1f64b8-4de5-4b6d-8b0e-35b5a5d2c9a1")
ONE = f"{PRIVACY}/exports/{ID}"
TEMPLATE = PRIVACY + "/exports/{export_id}"


def test_a_consent_is_withdrawn_as_easily_as_given_and_every_decision_is_kept() -> None:
    api = Api()
    with api.client("ada") as client:
        before = assert_described(client, "GET", CONSENTS).json()["items"]
        assert [(one["purpose"], one["given"], one["at"]) for one in before] == [
            (purpose, False, None) for purpose in sorted(CONSENTED)
        ]
        for given in (True, False):
            body = {"purpose": "analytics", "text_version": "2", "given": given}
            answer = assert_described(client, "POST", CONSENTS, json=body)
            assert answer.status_code == 201
            [now] = [one for one in client.get(CONSENTS).json()["items"] if one["purpose"] == "analytics"]
            assert (now["given"], now["text_version"]) == (given, "2")
    assert [(who, entry.given) for who, entry in api.privacy.consents.entries] == [(ADA, True), (ADA, False)]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"purpose": "service", "text_version": "1", "given": True}, "/purpose"),
        ({"purpose": "spam", "text_version": "1", "given": True}, "/purpose"),
        ({"purpose": "analytics", "text_version": "", "given": True}, "/text_version"),
        ({"purpose": "analytics", "text_version": "a\nb", "given": True}, "/text_version"),
        ({"purpose": "analytics", "text_version": "1"}, "/given"),
    ],
)
def test_a_consent_to_what_needs_none_or_to_no_text_is_refused(body: dict[str, object], pointer: str) -> None:
    api = Api()
    with api.client("ada") as client:
        answer = assert_described(client, "POST", CONSENTS, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert api.privacy.consents.entries == []


async def test_what_was_done_is_shown_page_by_page_to_its_person_alone() -> None:
    api = Api()
    for second in range(3):
        await api.privacy.processing.note(ADA, Purpose.CHAT, f"n.{second}", NOW + timedelta(seconds=second))
    with api.client("ada") as client:
        path = f"{PRIVACY}/processing-log"
        first = assert_described(client, "GET", f"{path}?limit=2", path).json()
        rest = client.get(path, params={"cursor": first["cursor"]}).json()
    with api.client("bob") as client:
        assert client.get(path).json() == {"items": [], "cursor": None}
    assert [one["action"] for one in (*first["items"], *rest["items"])] == ["n.2", "n.1", "n.0"]
    assert {one["basis"] for one in rest["items"]} == {REGISTER[Purpose.CHAT].basis}
    assert rest["cursor"] is None


def test_an_export_is_an_operation_that_is_started_for_the_caller() -> None:
    api = Api()
    with api.client("ada") as client:
        answer = assert_described(client, "POST", f"{PRIVACY}/export", headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/operations/{UUID(int=1)}")
        assert '"costly"' in answer.headers["RateLimit-Policy"]  # as every long operation
        for none in ("k" * 256, "a b"):
            refused = assert_described(client, "POST", f"{PRIVACY}/export", headers={"Idempotency-Key": none})
            assert refused.status_code == 422
    assert api.privacy.starter.started == [(ADA, "privacy.export", {}, "k")]


def test_an_export_is_sent_to_its_person_once_and_cached_nowhere() -> None:
    api = Api()
    content = bytes(range(256)) * 20
    api.privacy.shelf.kept[ADA, ID] = (NOW - timedelta(hours=23), content)
    with api.client("bob") as client:
        assert assert_described(client, "GET", ONE, TEMPLATE).status_code == 404
    with api.client("ada") as client:
        head = client.head(ONE)
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))
        answer = client.get(ONE)
        assert answer.content == content
        assert answer.headers["Content-Type"] == "application/zip"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="digitalmee-{ID}.zip"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert client.get(ONE).status_code == 404
    assert [(who, entry.action) for who, entry in api.privacy.processing.entries] == [(ADA, EXPORT_FETCHED)]


def test_a_sent_export_is_deleted_though_its_caller_is_gone_when_all_is_sent() -> None:
    async def pause() -> None:  # in which the server tells that the answer is over, as uvicorn does
        for _ in range(10):
            await asyncio.sleep(0)

    api = Api()
    api.privacy.world.pause = pause
    api.privacy.shelf.kept[ADA, ID] = (NOW, b"all of it")
    with api.client("ada") as client:
        assert client.get(ONE).content == b"all of it"
    assert api.privacy.shelf.kept == {}
    assert [entry.action for _, entry in api.privacy.processing.entries] == [EXPORT_FETCHED]


def test_an_export_of_yesterday_is_gone() -> None:
    api = Api()
    api.privacy.shelf.kept[ADA, ID] = (NOW - timedelta(hours=24), b"old")
    with api.client("ada") as client:
        assert client.get(ONE).status_code == 404


def test_an_erasure_needs_the_word_that_its_person_was_told() -> None:
    api = Api()
    with api.client("ada") as client:
        told = assert_described(client, "GET", f"{PRIVACY}/erasure").json()
        assert told["status"] == "none"
        for wrong in ("yes", confirmation_of(BOB)):
            answer = assert_described(client, "POST", f"{PRIVACY}/erase", json={"confirm": wrong})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/confirm")
        assert api.privacy.world.tombstones == {}
        answer = assert_described(client, "POST", f"{PRIVACY}/erase", json={"confirm": told["confirm"]})
        again = client.post(f"{PRIVACY}/erase", json={"confirm": told["confirm"]})
        running = assert_described(client, "GET", f"{PRIVACY}/erasure").json()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"{PRIVACY}/erasure")
    assert again.json() == answer.json() == running
    assert (running["status"], running["completed_at"]) == ("running", None)
    assert list(api.privacy.world.tombstones) == [person_of(ADA)]


ADMIN = ("/api/v1/admin/retention", "/api/v1/admin/compliance")


@pytest.mark.parametrize("path", ADMIN)
def test_reports_are_for_administrators_and_each_look_is_audited(path: str) -> None:
    api = Api()
    with api.client("ada") as client:
        assert assert_described(client, "GET", path).status_code == 403
    with api.client("root") as client:
        assert assert_described(client, "GET", path).status_code == 200
    audited = [(event.actor and event.actor.subject, event.outcome) for event in api.audit.events]
    assert audited == [("ada", "refused"), ("root", "done")]


def test_the_record_of_processing_is_there_before_the_first_report() -> None:
    api = Api()
    api.privacy.reports.report = None
    with api.client("root") as client:
        assert client.get(ADMIN[0]).status_code == 404
        record = client.get(ADMIN[1]).json()
    assert {activity["purpose"] for activity in record["activities"]} == {purpose.value for purpose in Purpose}
    [chat] = [activity for activity in record["activities"] if activity["purpose"] == "chat"]
    assert any("OpenAI" in recipient for recipient in chat["recipients"])
    [kept] = [one for one in chat["kept"] if one["place"] == "table:chat_messages"]
    assert (kept["term"], kept["days"], kept["erasure"]) == ("chat", None, "deleted")
