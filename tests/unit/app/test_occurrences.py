"""A11: when events happen as clocks change, days leap, and years end."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from app.calendar.recurrence import days
from app.domain.event_content import content
from app.domain.events import EventContent
from app.domain.occurrences import starts

ZONES = ["Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]
BERLIN = ZoneInfo("Europe/Berlin")


def event(start: datetime, rule: str, *, zone: str = "Europe/Berlin", **more: Any) -> EventContent:
    members: dict[str, Any] = {"title": "t", "notes": None, "location": None, "all_day": False, "excluded": (), **more}
    return content(
        starts_at=start,
        ends_at=start.astimezone(UTC) + timedelta(hours=1),
        time_zone=zone,
        recurrence=rule,
        days=days,
        **members,
    )


def happening(kept: EventContent, count: int, *, since: datetime | None = None) -> list[str]:
    """Return the first starts, in the event's own zone."""
    found = starts(kept, since=since or kept.starts_at, before=datetime(2190, 1, 1, tzinfo=UTC), days=days)
    own = ZoneInfo(kept.time_zone)
    return [start.astimezone(own).isoformat() for start, _ in zip(found, range(count), strict=False)]


def test_a11_an_event_keeps_its_hour_when_the_clocks_change() -> None:
    kept = event(datetime(2026, 3, 28, 9, tzinfo=BERLIN), "FREQ=DAILY")
    assert happening(kept, 2) == ["2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00"]
    autumn = happening(kept, 2, since=datetime(2026, 10, 24, tzinfo=UTC))
    assert autumn == ["2026-10-24T09:00:00+02:00", "2026-10-25T09:00:00+01:00"]


def test_a11_an_hour_that_the_clocks_skip_does_not_happen_and_is_not_counted() -> None:
    kept = event(datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN), "FREQ=DAILY;COUNT=2")
    assert happening(kept, 9) == ["2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"]


def test_a11_an_hour_that_the_clocks_repeat_happens_the_first_time() -> None:
    kept = event(datetime(2026, 10, 24, 2, 30, tzinfo=BERLIN), "FREQ=DAILY;COUNT=3")
    assert happening(kept, 9) == [
        "2026-10-24T02:30:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_a11_an_event_that_begins_the_second_time_is_left_there() -> None:
    kept = event(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), "FREQ=DAILY;COUNT=2")
    assert happening(kept, 9) == ["2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"]


def test_a11_a_day_that_a_zone_leaves_out_does_not_happen() -> None:
    kept = event(datetime(2011, 12, 29, 9, tzinfo=ZoneInfo("Pacific/Apia")), "FREQ=DAILY", zone="Pacific/Apia")
    assert [day[:10] for day in happening(kept, 2)] == ["2011-12-29", "2011-12-31"]


def test_a11_an_event_of_the_leap_day_happens_in_leap_years() -> None:
    kept = event(datetime(2096, 2, 29, 9, tzinfo=UTC), "FREQ=YEARLY;COUNT=2", zone="UTC")
    assert happening(kept, 9) == ["2096-02-29T09:00:00+00:00", "2104-02-29T09:00:00+00:00"]


def test_a11_an_event_of_whole_days_is_on_its_dates_whatever_the_clocks_do() -> None:
    midnight = datetime(2026, 3, 28, tzinfo=UTC)
    kept = content(
        title="t",
        notes=None,
        location=None,
        starts_at=midnight,
        ends_at=midnight + timedelta(days=1),
        all_day=True,
        time_zone="UTC",
        recurrence="FREQ=DAILY;UNTIL=20260330",
        excluded=(),
        days=days,
    )
    assert [day[:10] for day in happening(kept, 9)] == ["2026-03-28", "2026-03-29", "2026-03-30"]


@settings(max_examples=80, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - hypothesis adds the zone
    offset=st.integers(0, 3000),
)
def test_a11_a_window_shows_what_the_whole_series_shows_there(zone: str, start: datetime, offset: int) -> None:
    kept = event(start.replace(microsecond=0, tzinfo=ZoneInfo(zone)).astimezone(UTC), "FREQ=DAILY", zone=zone)
    since, before = kept.starts_at + timedelta(days=offset), kept.starts_at + timedelta(days=offset + 3)
    whole = [one for one in starts(kept, since=kept.starts_at, before=before, days=days) if one >= since]
    assert list(starts(kept, since=since, before=before, days=days)) == whole
    local = {one.astimezone(ZoneInfo(zone)).replace(tzinfo=None).time() for one in whole}
    assert len(local) <= 1
