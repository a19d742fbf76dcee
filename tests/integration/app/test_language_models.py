"""Language models by their official SDKs, over TLS and the container's way out, against the embedded cloud."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import pytest
import pytest_asyncio

from app.circuits.probed import Circuit
from app.contract import ChatProvider
from app.domain.chat import Chat, Exchange, Piece
from app.domain.errors import Unavailable
from app.domain.language import Author, LanguageModel, ModelFault, Prompt
from app.language.guarded import GuardedModel, Patience
from app.language.opening import LateProvider
from app.settings.groups import ChatSettings
from app.settings.reader import Secret
from localazure.planes.third_parties import Trouble
from tests.integration.app.replica_process import ROOT, WITHIN_S
from tests.integration.app.third_party_scene import ThirdPartyScene, open_third_parties
from tests.unit.app.memory import ADA, NOW, MemoryProfiles
from tests.unit.app.memory_privacy import MemoryProcessing
from tests.unit.app.memory_talks import MemoryChat, MemoryDisclosures

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-planted-key-that-nobody-may-see"
HOSTS = {ChatProvider.ANTHROPIC: "api.anthropic.com", ChatProvider.OPENAI: "api.openai.com"}
QUICK = Patience(first_piece_s=10, whole_s=10, backoff_s=0.01)


def prompt(*said: str, answer_tokens: int = 100, streamed: bool = True) -> Prompt:
    """Make a prompt of texts that person and model say in turn."""
    authors = (Author.PERSON, Author.MODEL)
    turns = tuple((authors[number % 2], text) for number, text in enumerate(said))
    return Prompt(instructions="Be brief.", said=turns, answer_tokens=answer_tokens, streamed=streamed)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider that plays, and our adapter to it."""

    host: str
    adapter: LateProvider
    scene: ThirdPartyScene

    def strike(self, *troubles: Trouble, times: int = 1, seconds: float = 0) -> None:
        self.scene.strike(self.host, *troubles, times=times, seconds=seconds)

    @property
    def calls(self) -> int:
        return self.scene.parties.calls[self.host]

    def guarded(self, patience: Patience = QUICK, *, failures: int = 10**6) -> GuardedModel:
        return GuardedModel(self.adapter, patience=patience, circuit=Circuit("x", failures=failures))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def providers(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[dict[ChatProvider, Provider]]:
    async with AsyncExitStack() as stack:
        scene = await stack.enter_async_context(open_third_parties(tmp_path_factory.mktemp("parties")))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in scene.environ.items():  # the SDKs read them as the platform sets them
            patch.setenv(name, value)
        made: dict[ChatProvider, Provider] = {}
        for provider, host in HOSTS.items():
            adapter = LateProvider(ChatSettings(provider=provider, model="test-model", key=Secret(KEY)))
            stack.push_async_callback(adapter.close)
            made[provider] = Provider(host=host, adapter=adapter, scene=scene)
        yield made


@pytest.fixture(params=list(HOSTS))
def provider(request: pytest.FixtureRequest, providers: dict[ChatProvider, Provider]) -> Provider:
    found = providers[request.param]
    found.strike()
    return found


async def said(model: LanguageModel, asked: Prompt) -> list[str]:
    async with asyncio.timeout(WITHIN_S), aclosing(model.answer(asked)) as pieces:
        return [piece async for piece in pieces]


async def test_an_answer_comes_in_pieces_and_depends_on_what_was_said(provider: Provider) -> None:
    pieces = await said(provider.adapter, prompt("Hello", "Hi", "What is 6 * 7?"))
    assert len(pieces) > 5
    expected = "This is message 3 of our talk, after 'Hello'. 6 * 7 makes 42. You said: What is 6 * 7?"
    assert "".join(pieces) == expected


async def test_an_answer_that_nobody_reads_along_comes_whole(provider: Provider) -> None:
    whole = await said(provider.adapter, prompt("Hello", "Hi", "What is 6 * 7?", streamed=False))
    assert whole == ["".join(await said(provider.adapter, prompt("Hello", "Hi", "What is 6 * 7?")))]


@pytest.mark.parametrize("trouble", [Trouble.CUT, Trouble.MALFORMED])
async def test_a25_a_whole_answer_that_is_cut_or_malformed_is_asked_for_again(
    provider: Provider, trouble: Trouble
) -> None:
    provider.strike(trouble)
    before = provider.calls
    assert len(await said(provider.guarded(), prompt("Hello", streamed=False))) == 1
    assert provider.calls - before == 2


async def test_an_answer_is_no_longer_than_the_plan_allows(provider: Provider) -> None:
    assert len(await said(provider.adapter, prompt("Hello", answer_tokens=3))) == 3


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.BROKEN])
async def test_a25_a_provider_that_is_busy_or_broken_is_asked_again(provider: Provider, trouble: Trouble) -> None:
    before = provider.calls
    provider.strike(trouble)
    assert await said(provider.guarded(), prompt("Hello"))
    assert provider.calls - before == 2


async def test_a25_retry_after_is_honoured(provider: Provider) -> None:
    provider.strike(Trouble.BUSY, seconds=1)
    started = asyncio.get_running_loop().time()
    assert await said(provider.guarded(), prompt("Hello"))
    assert asyncio.get_running_loop().time() - started >= 1


async def test_a25_a_slow_provider_is_given_up_at_the_deadline(provider: Provider) -> None:
    provider.strike(Trouble.SLOW, seconds=30)
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await said(provider.guarded(Patience(first_piece_s=0.5)), prompt("Hello"))
    assert asyncio.get_running_loop().time() - started < 5


@pytest.mark.parametrize("trouble", [Trouble.CUT, Trouble.MALFORMED])
async def test_a25_a_stream_that_is_cut_or_malformed_is_a_fault_after_what_came(
    provider: Provider, trouble: Trouble
) -> None:
    provider.strike(trouble)
    before = provider.calls
    async with aclosing(provider.guarded().answer(prompt("Hello"))) as answer:
        assert await anext(answer) == "This"
        with pytest.raises(ModelFault):
            [await anext(answer) for _ in range(100)]
    assert provider.calls - before == 1
    provider.strike()
    assert await said(provider.adapter, prompt("Hello"))  # the client has outlived it


async def test_a25_what_came_of_a_cut_answer_is_kept_and_marked(provider: Provider) -> None:
    provider.strike(Trouble.CUT)
    store = MemoryChat()
    chat = Chat(
        store=store,
        model=provider.guarded(),
        now=lambda: NOW,
        disclosures=MemoryDisclosures(chat=store, processing=MemoryProcessing(), profiles=MemoryProfiles()),
    )
    *pieces, last = [one async for one in chat.ask(ADA, "Hello")]
    assert isinstance(last, Exchange)
    assert last.answer.content == "".join(one.text for one in pieces if isinstance(one, Piece))
    assert (last.answer.partial, store.kept[ADA, last.answer.id]) == (True, last.answer)


async def test_a25_a_provider_that_stays_broken_is_not_asked_any_more(provider: Provider) -> None:
    provider.strike(Trouble.BROKEN, times=1000)
    model, before = provider.guarded(failures=5), provider.calls
    for _ in range(20):
        with pytest.raises(Unavailable):
            await said(model, prompt("Hello"))
    assert provider.calls - before == 5


async def test_a27_a_storm_of_failures_makes_at_most_one_in_ten_more_calls(provider: Provider) -> None:
    provider.strike(Trouble.BROKEN, times=1000)
    model, before = provider.guarded(), provider.calls
    for _ in range(50):
        with pytest.raises(Unavailable):
            await said(model, prompt("Hello"))
    assert 50 <= provider.calls - before <= 55


async def test_a20_a_redirect_of_a_provider_is_not_followed(provider: Provider) -> None:
    provider.strike(Trouble.REDIRECTED)
    before = sum(provider.scene.parties.calls.values())
    with pytest.raises(Unavailable):
        await said(provider.guarded(), prompt("Hello"))
    assert sum(provider.scene.parties.calls.values()) - before == 1


async def test_the_key_is_in_no_log_line_and_in_no_error(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider.strike(Trouble.BUSY, Trouble.CUT)
    with pytest.raises((ModelFault, Unavailable)) as raised:
        await said(provider.guarded(), prompt("Hello"))
    assert KEY not in repr(raised.value)
    assert "the language model failed" in caplog.text
    assert KEY not in "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize("chosen", list(ChatProvider))
async def test_only_the_sdk_of_the_chosen_provider_is_imported_and_only_when_it_is_asked(chosen: ChatProvider) -> None:
    code = (
        "import sys, asyncio\n"
        "import app.api, app.wiring.ground, app.wiring.api\n"
        "from app.language.opening import LateProvider, provider_of\n"
        "from app.settings.groups import ChatSettings\n"
        "from app.settings.reader import Secret\n"
        f"settings = ChatSettings(provider='{chosen}', model='m', key=Secret('k'))\n"
        "late = LateProvider(settings)\n"
        "print(*({'openai', 'anthropic', 'httpx2'} & {*sys.modules}))\n"
        "provider_of(settings)\n"
        "print(*({'openai', 'anthropic'} & {*sys.modules}))\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert out.decode().splitlines() == ["", chosen.value]
