"""The bot's replies over TLS and the container's way out, against the embedded cloud's Telegram."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio

from app.circuits.probed import Circuit
from app.contract import PLACEHOLDER_SECRET
from app.domain.errors import Unavailable
from app.domain.telegram import Line
from app.settings.reader import Secret
from app.telegram.bot import TelegramBot
from app.telegram.handler import UpdateHandler
from localazure.planes.third_parties import Trouble
from tests.integration.app.third_party_scene import ThirdPartyScene, open_third_parties
from tests.unit.app.memory import ADA, NOW, MemoryTasks
from tests.unit.app.memory_privacy import MemoryProcessing
from tests.unit.app.memory_talks import MemoryTelegram

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = "api.telegram.org"
TOKEN = "123456:planted-token-that-nobody-may-see"
LINE = Line(chat=7, text="Kept: Write")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The bot, and the Telegram that it talks to."""

    cloud: ThirdPartyScene
    http: aiohttp.ClientSession

    def bot(self, *, failures: int = 100, token: str = TOKEN) -> TelegramBot:
        return TelegramBot(self.http, Secret(token), circuit=Circuit("x", failures=failures), pause_s=0.01)

    def strike(self, *troubles: Trouble, times: int = 1, seconds: float = 0) -> None:
        self.cloud.strike(HOST, *troubles, times=times, seconds=seconds)

    @property
    def calls(self) -> int:
        return self.cloud.parties.calls[HOST]

    def said(self, chat: int = 7) -> list[str]:
        return list(self.cloud.parties.telegram.said().get(str(chat), []))


@pytest_asyncio.fixture(loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(open_third_parties(tmp_path_factory.mktemp("telegram")))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in cloud.environ.items():
            patch.setenv(name, value)
        connector = aiohttp.TCPConnector(ssl=cloud.trust)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, trust_env=True))
        yield Scene(cloud=cloud, http=http)


async def test_a_reply_reaches_its_chat(scene: Scene) -> None:
    await scene.bot().send(LINE)
    assert scene.said() == [LINE.text]


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.BROKEN])
async def test_a25_a_telegram_that_is_busy_or_broken_is_asked_again(scene: Scene, trouble: Trouble) -> None:
    scene.strike(trouble)
    await scene.bot().send(LINE)
    assert (scene.calls, scene.said()) == (2, [LINE.text])


async def test_a25_the_wait_that_telegram_asks_for_is_honoured(scene: Scene) -> None:
    scene.strike(Trouble.BUSY, seconds=1)
    started = asyncio.get_running_loop().time()
    await scene.bot().send(LINE)
    assert asyncio.get_running_loop().time() - started >= 1


async def test_a25_a_telegram_that_stays_broken_is_asked_a_few_times_and_then_not_at_all(scene: Scene) -> None:
    scene.strike(Trouble.BROKEN, times=1000)
    bot = scene.bot(failures=5)
    for _ in range(10):
        with pytest.raises(Unavailable):
            await bot.send(LINE)
    assert scene.calls == 5


async def test_a25_a_wait_beyond_the_bound_is_not_begun(scene: Scene) -> None:
    scene.strike(Trouble.BUSY, seconds=300)
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await scene.bot().send(LINE)


async def test_a25_a_slow_telegram_is_given_up_at_the_bound_and_counts_as_failed(scene: Scene) -> None:
    scene.strike(Trouble.SLOW, seconds=30)
    bot = TelegramBot(scene.http, Secret(TOKEN), circuit=Circuit("x", failures=1), whole_s=0.3)
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await bot.send(LINE)
    assert scene.calls == 1


async def test_a20_a_redirect_of_telegram_is_not_followed(scene: Scene) -> None:
    scene.strike(Trouble.REDIRECTED)
    with pytest.raises(Unavailable, match="302"):
        await scene.bot().send(LINE)
    assert sum(scene.cloud.parties.calls.values()) == 1


async def test_a20_no_address_in_an_update_is_ever_fetched(scene: Scene) -> None:
    fetched: list[str] = []

    def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fetched.append("connected")
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        addresses = [
            *(f"http://127.0.0.1:{port}/", f"http://localhost:{port}/", f"http://[::ffff:127.0.0.1]:{port}/"),
            *("http://169.254.169.254/metadata/identity", "https://api.openai.com/v1/models", "file:///etc/passwd"),
        ]
        telegram = MemoryTelegram(tasks=MemoryTasks(), links={ADA: ("", NOW, 7)})
        log = MemoryProcessing()
        handler = UpdateHandler(desks=telegram, replies=scene.bot(), processing=log, now=lambda: NOW)
        for number, address in enumerate(addresses):
            await telegram.keep(number, Line(chat=7, text=f"/task {address}"), NOW)
            await handler.handle({"update": number})
        assert scene.said() == [f"Kept: {address}" for address in addresses]
    assert fetched == []
    assert scene.cloud.parties.calls == {"api.anthropic.com": 0, "api.openai.com": 0, HOST: len(addresses)}


async def test_the_token_is_in_no_log_line_and_in_no_error(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    scene.strike(Trouble.CUT, Trouble.MALFORMED, Trouble.BROKEN, Trouble.REDIRECTED)
    with pytest.raises(Unavailable) as raised:
        await scene.bot(failures=1).send(LINE)
    told = repr([raised.value, raised.value.__cause__, raised.value.__context__])
    assert TOKEN not in told + "".join(str(record.__dict__) for record in caplog.records)


async def test_a_bot_without_its_token_asks_nobody(scene: Scene) -> None:
    with pytest.raises(Unavailable, match="placeholder"):
        await scene.bot(token=PLACEHOLDER_SECRET).send(LINE)
    assert scene.calls == 0
