"""A log line is one line, says nothing that it must not, and makes nobody wait."""

import json
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from app.logs import KEPT_MAX, JsonLines, LineWriter
from app.telemetry.counters import TELEMETRY_DROPPED
from app.telemetry.failures import told, type_name
from app.telemetry.log_event import Event, tell

FORGERIES = ["a\r\nb", "a\nb", "a\x00b", "a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb", "a\x0cb", "a\x1cb", "\ud800"]


def record(message: str, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelname": "INFO", "levelno": logging.INFO, "name": "app"})
    vars(made).update(extra)
    return made


@pytest.mark.parametrize("forgery", FORGERIES, ids=ascii)
def test_a17_no_value_makes_a_new_line(forgery: str) -> None:
    line = JsonLines().format(record(forgery, path=forgery, **{f"key{forgery}": 1}))
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert (json.loads(line)["message"], json.loads(line)["path"]) == (forgery, forgery)


def test_a_value_of_any_type_is_told() -> None:
    line = json.loads(JsonLines(replica="r", revision="").format(record("m", what={1, 2}, path=os.sep, error=KeyError)))
    assert (line["replica"], line["path"]) == ("r", "/")
    assert "revision" not in line
    assert "KeyError" in line["error"]


def test_the_time_is_that_of_the_record_in_iso_8601() -> None:
    lines = JsonLines()
    for created, told_time in [(0.25, "1970-01-01T00:00:00.250000+00:00"), (1.5, "1970-01-01T00:00:01.500000+00:00")]:
        assert json.loads(lines.format(record("m", created=created)))["time"] == told_time


def test_an_event_is_the_line_of_an_ordinary_record() -> None:
    error, heard, log = raised(), Heard(), logging.getLogger("test.events")
    log.setLevel(logging.INFO)
    log.addHandler(heard)
    tell(log, logging.DEBUG, "not told", {})
    tell(log, logging.ERROR, "request", {"status": 500}, error)
    log.error("request", extra={"status": 500}, exc_info=error)
    event, ordinary = ({**json.loads(JsonLines().format(one)), "time": ""} for one in heard.records)
    assert event == ordinary
    assert (event["logger"], event["level"], event["status"]) == ("test.events", "error", 500)


def test_any_formatter_can_read_an_event() -> None:
    line = logging.Formatter("%(name)s %(filename)s:%(lineno)d %(levelname)s %(message)s").format(
        Event("app.request", logging.INFO, "request", {"status": 200})
    )
    assert line.startswith("app.request ")
    assert line.endswith(" INFO request")


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def raised() -> BaseException:
    try:
        try:
            os.stat("/absent/ada@example.com")  # noqa: PTH116 - an error with a code and a private message
        except OSError as cause:
            raise ExceptionGroup("ada@example.com", [ValueError("ada@example.com"), KeyError("hunter2")]) from cause
    except ExceptionGroup as error:
        return error
    pytest.fail("nothing was raised")


def test_an_exception_is_told_by_type_place_and_code_and_never_by_its_message() -> None:
    error = raised()
    line = JsonLines().format(record("failed", exc_info=(type(error), error, error.__traceback__)))
    said = json.loads(line)["exception"]
    assert said == told(error)
    assert said.startswith(f"ExceptionGroup\n  {__file__}:")
    assert "in raised" in said
    assert all(name in said for name in ("ValueError", "KeyError", "FileNotFoundError errno=2"))
    assert "example.com" not in line
    assert "hunter2" not in line


def test_an_exception_that_causes_itself_is_told_once() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert told(first).splitlines() == ["ValueError", "KeyError"]
    assert type_name(json.JSONDecodeError("x", "x", 0)) == "json.decoder.JSONDecodeError"


def test_what_asyncio_says_of_a_lost_exception_ends_before_its_message() -> None:
    said = "Task exception was never retrieved\nfuture: <Task finished exception=ValueError('hunter2')>"
    assert "hunter2" not in JsonLines().format(record(said, name="asyncio"))


@contextmanager
def pipe() -> Generator[tuple[int, LineWriter]]:
    reader, writer = os.pipe()
    try:
        yield reader, LineWriter(writer, JsonLines())
    finally:
        os.close(reader)
        os.close(writer)


def lost() -> int:
    return TELEMETRY_DROPPED.totals().get("line", 0)


def test_a31_a_log_that_nobody_reads_stops_nothing_and_loses_what_is_beyond_its_bound() -> None:
    before, long = lost(), "x" * 10_000
    with pipe() as (reader, writer):
        for number in range(100):  # a pipe takes 64 KiB: a blocking write would never return
            writer.handle(record(f"{number} {long}"))
        dropped = lost() - before
        assert 100 * 10_000 - KEPT_MAX - 70_000 < dropped * 10_100 < 100 * 10_000
        read = os.read(reader, 1 << 20)
        while b'"message":"%d ' % (99 - dropped) not in read[-10_200:]:
            writer.flush()
            read += os.read(reader, 1 << 20)
        writer.handle(record("last"))
        while not read.endswith(b'"message":"last"}\n'):
            writer.flush()
            read += os.read(reader, 1 << 20)
    numbers = [json.loads(line)["message"].split()[0] for line in read.decode().splitlines()]
    assert numbers == [*map(str, range(100 - dropped)), "last"]


def test_a31_a_reader_that_is_gone_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    reader, descriptor = os.pipe()
    writer, before = LineWriter(descriptor, JsonLines()), lost()
    os.close(reader)
    writer.handle(record("a"))
    writer.handle(record("b"))
    os.close(descriptor)
    assert lost() - before == 2
    assert capsys.readouterr().err == ""


def test_a_line_that_cannot_be_made_is_told_without_what_it_was_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    with pipe() as (reader, writer):
        writer.handle(record("%d", args=("hunter2",)))
        line = os.read(reader, 4096).decode()
    assert json.loads(line)["exception"].startswith("TypeError")
    assert "hunter2" not in line
    assert capsys.readouterr().err == ""
