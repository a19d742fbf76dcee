"""Counts in which nobody can be recognised."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.domain.analytics import Fact, K, Pseudonyms, counts, general

PEOPLE = st.builds(
    Fact,
    person=st.binary(min_size=1, max_size=2),
    locale=st.sampled_from(["en-GB", "EN-us", "de-DE", "fr"]),
    plan=st.sampled_from(["free", "premium"]),
    time_zone=st.sampled_from(["Europe/Berlin", "Europe/Paris", "Asia/Tokyo", "UTC", "Nowhere/At All"]),
    tasks=st.integers(0, 300),
    events=st.sampled_from([0, 5]),
)


@given(st.lists(PEOPLE, max_size=200), st.integers(2, K))
def test_every_group_that_is_told_has_k_people_and_none_that_has_them_is_kept_back(facts: list[Fact], k: int) -> None:
    people = Counter(group for group, _ in {(general(fact), fact.person) for fact in facts})
    assert dict(counts(facts, k=k)) == {group: number for group, number in people.items() if number >= k}


def test_a_person_who_comes_up_often_counts_once() -> None:
    fact = Fact(person=b"1", locale="en", plan="free", time_zone="UTC", tasks=1, events=0)
    assert counts([fact] * 50) == {}


def test_what_tells_people_apart_is_made_general() -> None:
    fact = Fact(person=b"1", locale="de-AT-1996", plan="free", time_zone="Antarctica/Troll", tasks=12, events=250)
    assert dict(general(fact)) == {
        "language": "de",
        "plan": "free",
        "region": "other",
        "tasks": "10 to 99",
        "events": "100 or more",
    }


@given(st.binary(min_size=32, max_size=32), st.lists(st.tuples(st.text(), st.text()), max_size=20, unique=True))
def test_pseudonyms_of_two_purposes_join_nobody(secret: bytes, people: list[tuple[str, str]]) -> None:
    one, other = Pseudonyms(secret, "analytics"), Pseudonyms(secret, "security")
    assert not {one.of(*person) for person in people} & {other.of(*person) for person in people}


def test_a_pseudonym_is_the_same_for_a_purpose_and_another_with_another_secret() -> None:
    assert Pseudonyms(b"s" * 32, "p").of("i", "s") == Pseudonyms(b"s" * 32, "p").of("i", "s")
    assert Pseudonyms(b"s" * 32, "p").of("i", "s") != Pseudonyms(b"t" * 32, "p").of("i", "s")
