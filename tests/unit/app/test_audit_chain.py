"""The chain of the audit trail: whatever is done to it, the verifier says where."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from app.domain.audit import AuditEvent
from app.domain.audit_chain import GENESIS, AuditEntry, Flaw, FlawKind, Head, append, cut_off, verify
from app.domain.pseudonym import pseudonym
from tests.unit.app.memory import ADA, BOB

NOW = datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC)
CHANGES: dict[str, object] = {
    "at": NOW - timedelta(microseconds=1),
    "actor": "0" * 16,
    "action": "plan.grand",
    "object": "profiles",
    "outcome": "refused",
    "about": "",
    "detail": '{"plan":"free"}',
    "hash": bytes(32),
    "previous": bytes(32),
}


def event(number: int = 0) -> AuditEvent:
    at = NOW + timedelta(seconds=number)
    return AuditEvent(
        actor=ADA, action="plan.grant", object="profile", outcome="done", at=at, about=BOB, detail={"plan": "premium"}
    )


def chain(length: int, start: Head = GENESIS) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(length):
        last = entries[-1] if entries else start
        entries.append(append(event(number), Head(sequence=last.sequence, hash=last.hash)))
    return entries


def forged(entry: AuditEntry, previous: AuditEntry | Head, **changes: object) -> AuditEntry:
    """Make an entry anew with a hash that fits."""
    draft = replace(entry, **changes)  # pyright: ignore[reportArgumentType] - members by name
    event = AuditEvent(
        actor=None, action=draft.action, object=draft.object, outcome=draft.outcome, at=draft.at, detail={}
    )
    return append(event, Head(sequence=previous.sequence, hash=previous.hash))


def test_an_entry_is_hashed_as_its_documentation_says() -> None:
    [entry] = chain(1)
    told = (
        f'{{"about":"{pseudonym(BOB)}","action":"plan.grant","actor":"{pseudonym(ADA)}",'
        '"at":"2026-11-23T12:00:00.000001+00:00","detail":"{\\"plan\\":\\"premium\\"}","object":"profile",'
        '"outcome":"done","sequence":1}'
    )
    assert entry.hash == hashlib.sha256(bytes(32) + told.encode()).digest()
    assert json.loads(told)["detail"] == entry.detail


def test_a_person_is_told_by_pseudonym_alone_and_the_service_by_nothing() -> None:
    [entry] = chain(1)
    assert ADA.subject not in repr(entry)
    own = append(replace(event(), actor=None, about=None), GENESIS)
    assert (own.actor, own.about) == ("", "")


def test_the_same_moment_in_another_zone_is_the_same_entry() -> None:
    elsewhere = replace(event(), at=NOW.astimezone(timezone(timedelta(hours=9))))
    assert append(elsewhere, GENESIS) == append(event(), GENESIS)


def test_a_chain_is_right_as_a_whole_and_page_by_page() -> None:
    entries = chain(10)
    whole = verify(entries)
    assert (whole.checked, whole.head.hash, whole.flaw) == (10, entries[-1].hash, None)
    first = verify(entries[:4])
    assert verify(entries[4:], start=first.head).head == whole.head
    assert [(one.sequence, two.previous == one.hash) for one, two in pairwise(entries)] == [
        (number, True) for number in range(1, 10)
    ]


@pytest.mark.parametrize("member", CHANGES)
@pytest.mark.parametrize("at", [0, 3, 9])
def test_an_entry_that_was_edited_is_named(member: str, at: int) -> None:
    entries = chain(10)
    if at == 0 and member == "previous":
        return  # it is what it was
    entries[at] = replace(entries[at], **{member: CHANGES[member]})  # pyright: ignore[reportArgumentType]
    assert verify(entries).flaw == Flaw(sequence=at + 1, kind=FlawKind.EDITED)
    assert verify(entries).checked == at


HARM: dict[str, tuple[Callable[[Sequence[AuditEntry]], Sequence[AuditEntry]], Flaw]] = {
    "deleted": (lambda e: [*e[:3], *e[4:]], Flaw(sequence=4, kind=FlawKind.MISSING)),
    "deleted at the start": (lambda e: e[2:], Flaw(sequence=1, kind=FlawKind.MISSING)),
    "deleted and renumbered": (
        lambda e: [*e[:3], *(replace(each, sequence=each.sequence - 1) for each in e[4:])],
        Flaw(sequence=4, kind=FlawKind.EDITED),
    ),
    "inserted": (lambda e: [*e[:4], forged(e[3], e[2]), *e[4:]], Flaw(sequence=4, kind=FlawKind.REPEATED)),
    "swapped in place": (lambda e: [*e[:3], e[4], e[3], *e[5:]], Flaw(sequence=4, kind=FlawKind.MISSING)),
    "swapped with their numbers": (
        lambda e: [*e[:3], replace(e[4], sequence=4), replace(e[3], sequence=5), *e[5:]],
        Flaw(sequence=4, kind=FlawKind.EDITED),
    ),
    "replayed": (lambda e: [*e, e[3]], Flaw(sequence=4, kind=FlawKind.REPEATED)),
    "replayed under a new number": (
        lambda e: [*e, replace(e[3], sequence=11)],
        Flaw(sequence=11, kind=FlawKind.EDITED),
    ),
    "made anew with its hash": (
        lambda e: [*e[:3], forged(e[3], e[2]), *e[4:]],
        Flaw(sequence=5, kind=FlawKind.UNLINKED),
    ),
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_to_the_chain_is_located(harm: str) -> None:
    change, flaw = HARM[harm]
    assert verify(change(chain(10))).flaw == flaw


def test_a_chain_made_anew_from_an_entry_on_is_told_by_an_anchor_after_it() -> None:
    entries = chain(10)
    anchors = {3: entries[2].hash, 7: entries[6].hash}
    assert verify(entries, anchors=anchors).flaw is None
    last = entries[4]
    anew = [*entries[:4], *chain(6, Head(sequence=4, hash=forged(last, entries[3]).hash))]
    assert verify(anew, anchors={}).flaw == Flaw(sequence=5, kind=FlawKind.UNLINKED)
    other = [*entries[:4], *chain(6, Head(sequence=4, hash=entries[3].hash))]
    assert verify(other, anchors={}).flaw is None  # by itself it is a chain
    assert verify(other, anchors=anchors).flaw == Flaw(sequence=7, kind=FlawKind.UNLIKE_ANCHOR)


def test_an_end_that_was_taken_away_is_told_by_an_anchor_beyond_it() -> None:
    entries = chain(10)
    anchors = {entry.sequence: entry.hash for entry in entries[4::5]}
    assert cut_off(10, anchors) is None
    assert cut_off(verify(entries[:7]).head.sequence, anchors) == Flaw(sequence=10, kind=FlawKind.TRUNCATED)
    assert cut_off(0, anchors) == Flaw(sequence=5, kind=FlawKind.TRUNCATED)


def test_thousands_of_entries_are_checked_in_no_time_from_any_source() -> None:
    entries = chain(20_000)
    started = time.process_time()
    assert verify(iter(entries)).checked == 20_000
    assert time.process_time() - started < 1.0  # a million in less than 10 s takes 0.2; the rest is for busy machines
