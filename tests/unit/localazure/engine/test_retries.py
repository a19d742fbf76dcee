"""The pauses are as short as a Retry-After can make them."""

import asyncio

import pytest

from localazure.engine.retries import LONGEST_SECONDS, RETRIES, retried
from localazure.errors import AzureError, ProvisioningError

SOON = 0.001


class Flaky:
    """An operation that fails some times before it succeeds."""

    def __init__(self, error: AzureError, times: int) -> None:
        self.tries = 0
        self._error = error
        self._times = times

    async def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self._times:
            raise self._error
        return "done"


def answer(status: int, code: str = "Code", seconds: float = SOON) -> AzureError:
    return AzureError(status, code, "text", retry_after=seconds)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_an_answer_that_may_be_better_the_next_time_is_tried_again(status: int) -> None:
    operation = Flaky(answer(status), RETRIES)

    assert await retried(operation) == "done"
    assert operation.tries == RETRIES + 1


async def test_the_fourth_answer_is_the_last() -> None:
    operation = Flaky(answer(429), RETRIES + 1)

    with pytest.raises(AzureError):
        await retried(operation)

    assert operation.tries == RETRIES + 1


async def test_of_the_conflicts_only_another_operation_is_waited_for() -> None:
    busy, taken = Flaky(answer(409, "AnotherOperationInProgress"), 1), Flaky(answer(409, "Conflict"), 1)

    assert await retried(busy) == "done"
    with pytest.raises(AzureError):
        await retried(taken)
    assert taken.tries == 1


@pytest.mark.parametrize(
    "error",
    [
        answer(400),
        answer(403, "QuotaExceeded"),
        answer(429, seconds=LONGEST_SECONDS + 1),
        ProvisioningError(500, "", ""),
    ],
)
async def test_other_answers_are_final(error: AzureError) -> None:
    operation = Flaky(error, 1)

    with pytest.raises(AzureError):
        await retried(operation)

    assert operation.tries == 1


async def test_nobody_tries_again_for_a_caller_that_has_gone() -> None:
    operation = Flaky(answer(429, seconds=60), 1)
    running = asyncio.ensure_future(retried(operation))
    await asyncio.wait({running}, timeout=0.05)

    running.cancel()

    assert await asyncio.gather(running, return_exceptions=True) != ["done"]
    assert operation.tries == 1
