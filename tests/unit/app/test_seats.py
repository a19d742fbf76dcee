"""Who may wait for an answer of a language model."""

from contextlib import ExitStack

import pytest

from app.domain.errors import TooMany, Unavailable
from app.domain.models import Principal
from app.domain.seats import Seats
from tests.unit.app.memory import ADA, BOB


def test_a26_who_is_one_too_many_is_refused_at_once_until_a_seat_is_free() -> None:
    seats = Seats(most=2, of_person=5)
    with seats.take(ADA):
        with seats.take(BOB), pytest.raises(Unavailable), seats.take(ADA):
            pass
        with seats.take(ADA):
            pass


def test_a26_one_person_cannot_take_all_seats() -> None:
    seats = Seats(most=10, of_person=3)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(seats.take(ADA))
        with pytest.raises(TooMany) as refused, seats.take(ADA):
            pass
        assert refused.value.retry_after_s == 5
        with seats.take(BOB):
            pass


def test_seats_are_given_back_whatever_happens() -> None:
    seats = Seats(most=1)
    for number in range(3):
        person = Principal(issuer="i", subject=str(number))
        with pytest.raises(ValueError, match="x"), seats.take(person):
            raise ValueError("x")
