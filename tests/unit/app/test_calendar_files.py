"""Calendar files: what is written is read again as it was, and what strangers write does no harm."""

import time
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from starlette.testclient import TestClient

from app.calendar.file_lines import DEPTH_MAX, EVENTS_MAX, LINE_MAX
from app.calendar.reading import EventOfFile, read
from app.calendar.recurrence import days
from app.calendar.writing import write
from app.domain.errors import Invalid
from app.domain.event_content import content
from app.domain.events import REPEATED_MAX, Event, EventContent, begin
from tests.unit.app.memory import ADA, NOW, Api

FILES = "/api/v1/calendar/events.ics"
CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}
WITHIN_S = 20
"""Bound on the work for the worst file of the longest length; ten times what it takes."""
BODY_MAX = 1024 * 1024


def file_of(*events: str, head: str = "") -> bytes:
    """Make a file of the lines of events."""
    inner = "".join(f"BEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n" for lines in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{head}{inner}END:VCALENDAR\r\n".encode()


def lines(uid: str = "one", **properties: str) -> str:
    members = {"SUMMARY": "Talk", "DTSTART": "20261201T080000Z", **properties}
    return "\r\n".join((f"UID:{uid}", *(f"{name}:{value}" for name, value in members.items())))


async def written(events: list[Event]) -> bytes:
    async def batches() -> AsyncGenerator[list[Event]]:
        yield events

    return b"".join([piece async for piece in write(batches())])


def only(body: bytes) -> EventOfFile:
    [one] = read(body)
    return one


CONTROLS = "".join(map(chr, [*range(10), *range(11, 32), 127]))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
RULES = [
    "FREQ=DAILY",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
    "FREQ=MONTHLY",
    "FREQ=YEARLY",
    "FREQ=MONTHLY;BYMONTHDAY=-1,1,2,15",
]
ENDS = ["", ";COUNT=3", ";UNTIL=20991231", ";UNTIL=20991231T120000Z"]


@st.composite
def contents(draw: st.DrawFn) -> EventContent:
    """Draw any event that can be kept."""
    zone, all_day = draw(st.sampled_from(ZONES)), draw(st.booleans())
    start = datetime.combine(draw(st.dates(date(1971, 1, 1), date(2060, 1, 1))), datetime.min.time(), UTC)
    length = timedelta(days=draw(st.integers(1, 30)))
    if not all_day:
        start += timedelta(seconds=draw(st.integers(0, 86399)))
        length = timedelta(seconds=draw(st.integers(0, 31 * 86400)))
    own = ZoneInfo("UTC" if all_day else zone)
    # A file has no way to tell the second of two equal hours from the first.
    assume(not start.astimezone(own).fold and not (start + length).astimezone(own).fold)
    rule = draw(st.none() | st.sampled_from(RULES))
    try:
        return content(
            title=draw(texts.filter(str.strip).map(lambda text: text[:200]).filter(str.strip)),
            notes=draw(st.none() | texts.filter(bool).map(lambda text: text[:4000])),
            location=draw(st.none() | texts.filter(bool).map(lambda text: text[:200])),
            starts_at=start,
            ends_at=start + length,
            all_day=all_day,
            time_zone=str(own),
            recurrence=rule and rule + draw(st.sampled_from(ENDS)),
            excluded=[start + timedelta(days=one) for one in draw(st.sets(st.integers(0, 50), max_size=3))]
            if rule
            else [],
            days=days,
        )
    except Invalid:
        assume(condition=False)
        raise


@settings(max_examples=60, deadline=None)
@given(
    st.lists(contents(), min_size=1, max_size=2),
    st.text('ab,;:\\" é@', min_size=1).filter(lambda text: text.strip() == text),
)
async def test_what_is_exported_is_imported_as_it_was(kept: list[EventContent], name: str) -> None:
    events = [begin(one, now=NOW, uid=f"{name}{position}") for position, one in enumerate(kept)]
    found = read(await written(events))
    assert [(one.uid, one.content, one.reason) for one in found] == [(one.uid, one.content, "") for one in events]


async def test_a_file_defines_every_zone_before_it_is_used_and_another_program_reads_it() -> None:
    api = Api()
    with api.client("ada") as client:
        for zone in ("Europe/Berlin", "America/New_York", "Europe/Berlin"):
            event = {
                "title": "t",
                "starts_at": "2026-12-01T08:00:00Z",
                "ends_at": "2026-12-01T09:00:00Z",
                "time_zone": zone,
            }
            client.post("/api/v1/calendar/events", json=event)
        answer = client.get(FILES)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    calendar = Calendar.from_ical(answer.content)
    defined = set[str]()
    for part in calendar.subcomponents:
        if part.name == "VTIMEZONE":
            assert str(part["TZID"]) not in defined
            defined.add(str(part["TZID"]))
        else:
            assert part["DTSTART"].params["TZID"] in defined
    assert (len(defined), len(calendar.events)) == (2, 3)


async def test_a_text_cannot_write_lines_of_its_own() -> None:
    evil = "x\r\nEND:VEVENT\rATTENDEE:mallory\x0b\x85\u2028ORGANIZER:m\x00"
    members: dict[str, Any] = {
        "location": None,
        "all_day": False,
        "time_zone": "UTC",
        "recurrence": None,
        "excluded": (),
    }
    kept = content(title=evil[:-1], notes=evil[:-1], starts_at=NOW, ends_at=NOW, days=days, **members)
    body = await written([begin(kept, now=NOW, uid="u;X=1:2\\,")])
    names = {line.partition(b":")[0].partition(b";")[0] for line in body.split(b"\r\n") if not line.startswith(b" ")}
    assert not names & {b"ATTENDEE", b"ORGANIZER"}
    assert body.count(b"END:VEVENT\r\n") == 1
    assert b"\x0b" not in body


def post(client: TestClient, body: bytes) -> dict[str, Any]:
    answer = client.post(FILES, content=body, headers=CALENDAR)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_import_adds_changes_and_leaves_alone_by_uid_and_tells_what_it_refused() -> None:
    api = Api()
    with api.client("ada") as client:
        first = post(client, file_of(lines("a"), lines("b"), lines("c", DTSTART="never"), lines("a")))
        assert first["added"] == 2
        assert [(one["position"], one["uid"]) for one in first["refused"]] == [(3, "c"), (4, "a")]
        second = post(client, file_of(lines("a"), lines("b", SUMMARY="Changed"), lines("d")))
        assert second == {"added": 1, "changed": 1, "unchanged": 1, "refused": []}
    kept = {event.uid: (event.content.title, event.version) for event in api.events.of(ADA)}
    assert kept == {"a": ("Talk", 1), "b": ("Changed", 2), "d": ("Talk", 1)}
    with api.client("bob") as client:
        assert post(client, file_of(lines("a", SUMMARY="Bob's")))["added"] == 1
    assert {event.content.title for event in api.events.of(ADA)} == {"Talk", "Changed"}


def test_an_export_of_many_events_has_all_of_them() -> None:
    with Api().client("ada") as client:
        post(client, file_of(*(lines(str(number)) for number in range(401))))
        assert client.get(FILES).content.count(b"BEGIN:VEVENT") == 401


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;TZID=Europe/Berlin:20261201T090000", (8, 8, "Europe/Berlin")),
        ("DTSTART;TZID=W. Europe Standard Time:20261201T090000\r\nDURATION:PT1H", (8, 9, "Europe/Berlin")),
        ("DTSTART:20261201T090000\r\nDTEND:20261201T100000", (14, 15, "America/New_York")),
        ("DTSTART;VALUE=DATE:20261201", (0, 24, "UTC")),
        ("DTSTART;VALUE=DATE:20261201\r\nDTEND;VALUE=DATE:20261203", (0, 48, "UTC")),
        ("DTSTART:20261201T080000Z\r\nBEGIN:VALARM\r\nDTSTART:x\r\nEND:VALARM", (8, 8, "UTC")),
    ],
)
def test_times_are_read_as_the_standard_says(event: str, expected: tuple[int, int, str]) -> None:
    one = only(file_of(f"UID:u\r\n{event}", head="X-WR-TIMEZONE:America/New_York\r\n"))
    assert one.content, one.reason
    hours = [
        (at - datetime(2026, 12, 1, tzinfo=UTC)) // timedelta(hours=1)
        for at in (one.content.starts_at, one.content.ends_at)
    ]
    assert (*hours, one.content.time_zone) == expected


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("DTSTART:20261201T080000Z", "UID"),
        ("UID:u\r\nUID:v\r\nDTSTART:20261201T080000Z", "UID"),
        (f"UID:{'u' * 256}\r\nDTSTART:20261201T080000Z", "UID"),
        ("UID:u\tv\r\nDTSTART:20261201T080000Z", "UID"),
        ("UID:u", "DTSTART"),
        (lines(DTSTART="20261301T080000Z"), "DTSTART"),
        (lines(DTEND="20261201T070000Z"), "ends_at"),
        (lines(DURATION="P9999999D"), "make sense"),
        (lines(DURATION="-PT1H"), "ends_at"),
        (lines(DURATION="P" + "9" * 300 + "W"), "DURATION"),
        (lines(RRULE="FREQ=SECONDLY"), "recurrence"),
        (lines(RRULE="FREQ=DAILY;COUNT=999999999"), "recurrence"),
        (lines(RRULE="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "recurrence"),
        (lines(RRULE="FREQ=DAILY") + "\r\nRRULE:FREQ=WEEKLY", "RRULE"),
        (lines(RDATE="20261201T080000Z"), "added to a rule"),
        (lines(**{"RECURRENCE-ID": "20261201T080000Z"}), "single occurrence"),
        (lines(STATUS="CANCELLED"), "cancelled"),
        (lines(SUMMARY="s" * 201), "title"),
        (lines(DESCRIPTION="d" * LINE_MAX), "DESCRIPTION"),
        ("UID:u\r\nDTSTART;TZID=Mars/Olympus:20261201T080000", "Mars/Olympus"),
        ("UID:u\r\nDTSTART;TZID=/x/Europe/Berlin:20261201T080000", "/x/Europe/Berlin"),
        ("UID:u\r\nDTSTART;TZID=../../etc/passwd:20261201T080000", "etc/passwd"),
        ('UID:u\r\nDTSTART;TZID="a,b":20261201T080000', "a,b"),
        ("UID:u\r\nDTSTART;TZID=a,b:20261201T080000", "a,b"),
        ("UID:u\r\nDTSTART;VALUE=PERIOD:20261201T080000Z/PT1H", "date or a time"),
        ("UID:u\r\nDTSTART;VALUE=DATE:20261201\r\nDTEND:20261201T080000Z", "all_day"),
        (lines(EXDATE="20261201T080000Z"), "excluded"),
        (lines(RRULE="FREQ=DAILY", EXDATE=",".join(["20261201T080000Z"] * 1200)), "EXDATE"),
    ],
)
def test_an_event_that_cannot_be_kept_is_refused_with_its_reason(event: str, reason: str) -> None:
    one = only(file_of(event))
    assert one.content is None
    assert reason in one.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        b"BEGIN:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\nEND:VEVENT\r\n",
        b"END:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * (DEPTH_MAX + 1),
        file_of(*(lines(str(number)) for number in range(EVENTS_MAX + 1))),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_calendar_or_too_much_of_one_is_refused_as_a_whole(body: bytes) -> None:
    with Api().client("ada") as client:
        assert client.post(FILES, content=body, headers=CALENDAR).status_code == 422
        assert client.get("/api/v1/tasks").status_code == 200


def test_a_file_that_holds_too_many_events_is_refused_with_what_to_do() -> None:
    body = file_of(*(lines(str(number)) for number in range(EVENTS_MAX + 1)))
    with Api().client("ada") as client:
        [problem] = client.post(FILES, content=body, headers=CALENDAR).json()["errors"]
    assert problem["detail"] == f"expected at most {EVENTS_MAX} events in a file; split it"


def test_export_and_import_say_how_much_of_a_calendar_one_import_takes() -> None:
    with Api().client("ada") as client:
        said = client.get("/openapi.json").json()["paths"][FILES]
    assert "split one with more than 1000 events or 1 MiB" in said["get"]["summary"]
    assert "at most 1000 events or 1 MiB" in said["post"]["summary"]


def test_another_kind_of_body_is_refused() -> None:
    with Api().client("ada") as client:
        assert client.post(FILES, content=file_of(lines())).status_code == 415


def test_too_many_events_that_repeat_are_refused_as_a_whole() -> None:
    api = Api()
    with api.client("ada") as client:
        body = file_of(*(lines(str(number), RRULE="FREQ=DAILY") for number in range(REPEATED_MAX + 1)))
        assert client.post(FILES, content=body, headers=CALENDAR).status_code == 409
    assert api.events.kept == {}


HOSTILE = {
    "deep": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 100_000,
    "one long line": file_of(lines(SUMMARY="x" * 1_000_000)),
    "many folds": file_of(lines(SUMMARY="x\r\n " * 240_000)),
    "many parameters": file_of("UID:u\r\nDTSTART" + ";A=" * 300_000 + ":x"),
    "many quotes": file_of("UID:u\r\nDTSTART;TZID=" + '"' * 900_000 + ":x"),
    "many zones": file_of("UID:u\r\nDTSTART" + ";TZID=UTC" * 100_000 + ":x"),
    "a rule without end": file_of(lines(RRULE="FREQ=DAILY;BYDAY=" + "MO," * 300_000)),
    "many small events": file_of(*(lines(str(number), RRULE="FREQ=DAILY;COUNT=5") for number in range(7500))),
    "a zone of its own": file_of(
        "UID:u\r\nDTSTART;TZID=X:20261201T080000",
        head="BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nRRULE:FREQ=SECONDLY\r\nDTSTART:16010101T000000\r\n"
        "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
    ),
    "counting to the horizon": file_of(
        *(lines(str(n), DTSTART="20280229T080000Z", RRULE="FREQ=DAILY;BYMONTH=2;COUNT=1000") for n in range(20))
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_over_soon_and_keeps_nothing(name: str) -> None:
    assert len(HOSTILE[name]) <= BODY_MAX
    started = time.perf_counter()
    try:
        found = read(HOSTILE[name])
    except Invalid:
        found = []
    assert not any(one.content for one in found if name != "counting to the horizon")
    assert time.perf_counter() - started < WITHIN_S


def test_a_zone_that_a_file_defines_is_known_to_nobody_else() -> None:
    read(HOSTILE["a zone of its own"])
    assert "there is no time zone X" in only(file_of("UID:u\r\nDTSTART;TZID=X:20261201T080000")).reason


PIECES = ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VCALENDAR", "DTSTART:", "UID:", "2026", "\0", "\r\n", "\n ", *'é;:,="\\']


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_read_or_refused(middle: str) -> None:
    for body in (middle.encode(), file_of(f"UID:u\r\nDTSTART:20261201T080000Z\r\n{middle}")):
        try:
            read(body)
        except Invalid:
            continue
