"""Who may wait for something slow: so many at a time, and of one person a few."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from app.domain.errors import TooMany, Unavailable
from app.domain.models import Principal

SEATS: Final = 128
"""Answers under way in one replica: a waiting one costs memory and no time; the platform adds replicas from 50 on."""
SEATS_OF_PERSON: Final = 3
_RETRY_AFTER_S: Final = 5


class Seats:
    """Lets so many wait and refuses the others at once, so that what is slow fills nothing up.

    Args:
        most: All together.
        of_person: Of one person.
    """

    def __init__(self, *, most: int = SEATS, of_person: int = SEATS_OF_PERSON) -> None:
        self._most = most
        self._of_person = of_person
        self._taken: Counter[Principal] = Counter()

    @contextmanager
    def take(self, person: Principal) -> Generator[None]:
        """Hold a seat.

        Raises:
            TooMany: The person holds as many as one may.
            Unavailable: All are taken.
        """
        if self._taken[person] >= self._of_person:
            raise TooMany("answers at a time", retry_after_s=_RETRY_AFTER_S)
        if self._taken.total() >= self._most:
            raise Unavailable("as many answers are under way as may be")
        self._taken[person] += 1
        try:
            yield
        finally:
            self._taken[person] -= 1
            self._taken += Counter()  # forgets who holds none
