"""A language model that cannot hurt the service: bounded in time and in retries, and left alone when it fails."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from app.circuits.probed import Circuit
from app.domain.errors import Unavailable
from app.domain.language import LanguageModel, ModelFault, Prompt
from app.language.budget import RetryBudget
from app.telemetry.counters import MODEL_CALLS, Counter

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long an answer is waited for, in seconds."""

    first_piece_s: float = 30.0
    """To its first piece, all attempts together."""
    whole_s: float = 60.0
    """To its end."""
    attempts: int = 3
    backoff_s: float = 0.5
    """The longest pause before the second attempt; it doubles."""


class GuardedModel:
    """The port `LanguageModel` around a provider. It is asked again only before the first piece of an answer.

    Args:
        provider: The model; raises `ModelFault` for whatever goes wrong.
        circuit: Whether the provider is asked at all.
        patience: How long it is waited for.
        calls: Where it is counted what comes of questions.
    """

    def __init__(
        self,
        provider: LanguageModel,
        *,
        circuit: Circuit | None = None,
        patience: Patience | None = None,
        calls: Counter = MODEL_CALLS,
    ) -> None:
        self.name = provider.name
        self._provider = provider
        self._circuit = circuit or Circuit("the language model")
        self._patience = patience or Patience()
        self._budget = RetryBudget()
        self._calls = calls

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Give an answer piece by piece.

        Raises:
            ModelFault: It ended too early.
            Unavailable: There is none: the provider failed, or is not to be asked now.
        """
        self._budget.earn()
        started, attempt, begun = asyncio.get_running_loop().time(), 0, False
        while True:
            attempt += 1
            try:
                async with aclosing(self._attempt(prompt, started)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
            except ModelFault as fault:
                _log.warning("the language model failed", extra={"error": str(fault), "attempt": attempt})
                if begun:
                    self._calls.add("cut")
                    raise
                pause = self._pause(fault, attempt, started)
            except Unavailable:
                self._calls.add("not asked")
                raise
            except (asyncio.CancelledError, GeneratorExit):
                self._calls.add("left")
                raise
            else:
                self._calls.add("answered")
                return
            await asyncio.sleep(pause)

    async def _attempt(self, prompt: Prompt, started: float) -> AsyncGenerator[str]:
        with self._circuit.call() as call:
            try:
                async with aclosing(self._provider.answer(prompt)) as pieces:
                    deadline = started + self._patience.first_piece_s
                    # The bound is on each wait and not around the loop: it must not strike what takes the pieces.
                    while (piece := await _next(pieces, deadline)) is not None:
                        deadline = started + self._patience.whole_s
                        yield piece
            except ModelFault as fault:
                call.failed = fault.again
                raise
            except TimeoutError:
                call.failed = True
                raise ModelFault("no answer in time", again=False) from None
            call.succeeded = True

    def _pause(self, fault: ModelFault, attempt: int, started: float) -> float:
        """Return how long to wait before the next attempt, or raise `Unavailable` when there is to be none."""
        jitter = random.uniform(0, self._patience.backoff_s * 2 ** (attempt - 1))  # noqa: S311 - spreads attempts
        pause = fault.retry_after_s + jitter
        left = started + self._patience.first_piece_s - asyncio.get_running_loop().time()
        helps = fault.again and attempt < self._patience.attempts and pause < left
        if helps and self._budget.spend():
            self._calls.add("retried")
            return pause
        self._calls.add("no budget" if helps else "failed")
        raise Unavailable(f"no answer after {attempt} attempts: {fault}") from fault


async def _next(pieces: AsyncGenerator[str], deadline: float) -> str | None:
    async with asyncio.timeout_at(deadline):
        return await anext(pieces, None)
