"""What the gateway makes of a client's bytes; the real Redis behind it is in tests/integration/redis."""

import asyncio

import pytest

from localazure.redis.protocol import Commands, Credentials, encode

SENT = (b"nobody", b"none")


async def _through(stream: bytes) -> tuple[bytes, list[Credentials], list[bytes]]:
    """What goes on to Redis, which credentials were exchanged, and what the client is told."""
    reader = asyncio.StreamReader()
    reader.feed_data(stream)
    reader.feed_eof()
    given: list[Credentials] = []
    complaints: list[bytes] = []

    def exchange(credentials: Credentials) -> Credentials:
        given.append(credentials)
        return SENT

    commands = Commands(reader, exchange, complaints.append)
    passed = b"".join([chunk async for chunk in _until_empty(commands)])
    return passed, given, complaints


async def _until_empty(commands: Commands):  # noqa: ANN202 - an asynchronous generator of bytes
    while chunk := await commands.read():
        yield chunk


@pytest.mark.parametrize(
    "words", [["PING"], ["SET", "key", "x" * 200_000], ["GET", "AUTH"], ["AUTH", "only-a-password"], ["HELLO", "3"], []]
)
async def test_what_holds_no_user_and_password_passes_as_it_is(words: list[str]) -> None:
    stream = encode([word.encode() for word in words]) * 2
    passed, given, complaints = await _through(stream)
    assert passed == (stream if words else b"")
    assert (given, complaints) == ([], [])


@pytest.mark.parametrize(
    ("words", "users"),
    [
        ("AUTH user token", 1),
        ("auth user token", 1),
        ("HELLO 3 AUTH user token", 1),
        ("hello 2 SETNAME me AUTH user token", 1),
        ("HELLO 3 SETNAME AUTH AUTH user token", 1),
        ("HELLO 3 AUTH user token AUTH user token SETNAME me", 2),
    ],
)
async def test_every_user_and_password_of_a_login_is_exchanged(words: str, users: int) -> None:
    passed, given, _ = await _through(encode(words.encode().split()))
    expected = words.replace("user token", "nobody none")
    assert passed == encode(expected.encode().split())
    assert given == [(b"user", b"token")] * users


@pytest.mark.parametrize(
    ("nonsense", "text"),
    [
        (b'"AUTH" "user" token\r\n', b"expected '*', got '\"'"),
        (b"*x\r\n", b"invalid bulk length"),
        (b"*99999999\r\n", b"invalid bulk length"),
        (b"*1\r\n$-1\r\n", b"invalid bulk length"),
        (b"*1\r\n$20000\r\n", b"invalid bulk length"),
        (b"*2\r\n$3\r\nGET\r\n:1\r\n", b"expected '$', got ':'"),
        (b"*11\r\n$4\r\nAUTH\r\n", b"unauthenticated multibulk length"),
        (b"*" + b"1" * 100_000, b"too big mbulk count string"),
    ],
)
async def test_what_is_no_command_ends_the_commands_with_a_complaint(nonsense: bytes, text: bytes) -> None:
    _, given, complaints = await _through(encode([b"PING"]) + nonsense)
    assert complaints == [b"-ERR Protocol error: " + text + b"\r\n"]
    assert given == []


async def test_a_command_cut_short_is_not_completed() -> None:
    passed, given, complaints = await _through(encode([b"PING"]) + b"*3\r\n$4\r\nAUTH\r\n$4\r\nus")
    assert passed == encode([b"PING"])
    assert (given, complaints) == ([], [])
