from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.answer import Answer, pack, unpack
from app.cache.keys import Kind, Namespace, question
from app.domain.models import Principal

PEOPLE = st.builds(Principal, issuer=st.text(min_size=1), subject=st.text(min_size=1))
QUESTIONS = st.tuples(st.text(), st.binary())
PLACES = st.tuples(PEOPLE, st.sampled_from(Kind), QUESTIONS)


def place(person: Principal, kind: Kind, asked: tuple[str, bytes]) -> tuple[str, str]:
    return Namespace(person, kind).key, question(*asked)


def encodable(text: str) -> bool:
    return all(not 0xD800 <= ord(letter) <= 0xDFFF for letter in text)


@given(PLACES, PLACES)
def test_a24_two_places_are_the_same_only_for_the_same_person_kind_path_and_query(one: Any, other: Any) -> None:
    for person, _, (path, _) in (one, other):
        if not all(map(encodable, (person.issuer, person.subject, path))):
            return
    assert (place(*one) == place(*other)) == (one == other)


@given(st.text(min_size=2).filter(encodable), st.integers(min_value=1))
def test_a24_moving_a_letter_from_issuer_to_subject_is_another_person(text: str, where: int) -> None:
    cuts = {where % len(text) or 1, (where + 1) % len(text) or 1}
    people = {Principal(issuer=text[:cut], subject=text[cut:]) for cut in cuts}
    assert len({Namespace(person, Kind.TASKS).key for person in people}) == len(people)


@pytest.mark.parametrize(("issuer", "subject"), [("", "ada"), ("https://issuer.test", ""), ("", "")])
def test_a24_nothing_is_kept_for_nobody(issuer: str, subject: str) -> None:
    with pytest.raises(ValueError, match="kept for a person"):
        Namespace(Principal(issuer=issuer, subject=subject), Kind.TASKS)
    with pytest.raises(TypeError):
        Namespace(kind=Kind.TASKS)  # pyright: ignore[reportCallIssue] - the person cannot be left out


def test_a24_the_same_day_at_another_hour_is_another_question() -> None:
    ask = b"from=2026-11-30T%02d:00:00Z"
    assert question("/api/v1/calendar/events", ask % 8) != question("/api/v1/calendar/events", ask % 9)


def test_a_key_names_no_person() -> None:
    key = Namespace(Principal(issuer="https://issuer.test", subject="ada-lovelace"), Kind.TASKS).key
    assert "ada" not in key.replace(key[key.index("{") : key.index("}")], "")
    assert "lovelace" not in key


@dataclass(frozen=True)
class Place:
    key: str
    field: str


@given(st.binary())
def test_a3_bytes_that_are_no_answer_are_none(value: bytes) -> None:
    assert unpack("key", "field", value) is None


@pytest.mark.parametrize("asked", [Place("key", "field"), Place("other", "field"), Place("key", "other")])
def test_an_answer_is_read_in_its_own_place_only(asked: Place) -> None:
    answer = Answer(status=200, etag='"1"', media_type="application/json", body=b"{}")
    read = unpack(asked.key, asked.field, pack("key", "field", answer))
    assert read == (answer if asked == Place("key", "field") else None)
