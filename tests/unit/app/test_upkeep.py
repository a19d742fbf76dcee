"""The job that keeps house."""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from app.jobs.upkeep import Chore, keep_house


async def test_a_chore_that_fails_is_told_and_the_others_are_done(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    async def fails() -> Mapping[str, int]:
        raise ValueError("broken broom")

    async def works() -> Mapping[str, int]:
        done.append("swept")
        return {"rooms": 3}

    async def hangs() -> Mapping[str, int]:
        await asyncio.Event().wait()
        return {}

    chores = [Chore(name="fails", work=fails), Chore(name="hangs", work=hangs), Chore(name="works", work=works)]
    with caplog.at_level(logging.INFO, "app.jobs.upkeep"):
        assert not await keep_house(chores, within_s=0.01)
    assert done == ["swept"]
    told = [(record.levelname, vars(record)["chore"]) for record in caplog.records]
    assert told == [("ERROR", "fails"), ("ERROR", "hangs"), ("INFO", "works")]
    assert vars(caplog.records[-1])["rooms"] == 3
    assert await keep_house([Chore(name="works", work=works)])
