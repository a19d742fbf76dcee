"""A scheduler that runs coroutines step by step in an order drawn from a seed, so that a bad order can be run again."""

import random
from collections.abc import Coroutine, Generator
from typing import Any


class Step:
    """What a coroutine awaits to let others go first."""

    def __await__(self) -> Generator[None]:
        yield


async def step() -> None:
    """Let others go first."""
    await Step()


class Killed(BaseException):
    """A process ended here, without a word: no handler of errors sees it."""


def run(seed: int, *coroutines: Coroutine[Any, Any, Any], kill: float = 0.0) -> list[BaseException]:
    """Run all to their end; gives how those ended that failed.

    Args:
        seed: Draws the order.
        coroutines: What runs.
        kill: How likely the first of them is killed at each of its steps.
    """
    draw, failures = random.Random(seed), list[BaseException]()  # noqa: S311 - an order, not a secret
    running, first = list(coroutines), coroutines[0]
    pace = {one: 100 ** draw.random() for one in running}  # some are slow for as long as others run to their end
    for _ in range(100_000):
        if not running:
            return failures
        [one] = draw.choices(running, [pace[each] for each in running])
        try:
            if one is first and draw.random() < kill:
                one.throw(Killed())
            else:
                one.send(None)
        except StopIteration:
            running.remove(one)
        except (Exception, Killed) as error:  # noqa: BLE001 - the test looks at it
            running.remove(one)
            failures.append(error)
    raise AssertionError(f"seed {seed} does not end")
