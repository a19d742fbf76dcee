"""A time of a job: whether it is one, and whether it ever comes."""

from functools import lru_cache

from croniter import CroniterBadDateError, croniter  # pyright: ignore[reportMissingTypeStubs] - croniter ships no types


@lru_cache
def wrong_with(cron: str) -> str:
    """Say what is wrong with five fields of cron; nothing if such a time comes.

    Remembered: croniter looks for the time day by day, and a stack file is read many times by the tests.
    """
    if not croniter.is_valid(cron):
        return "is no time of cron"
    try:
        croniter(cron).get_next(float)
    except CroniterBadDateError:
        return "never comes: no such month has such a day"
    return ""
