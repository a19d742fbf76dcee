from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.integration.privacy.privacy_scene import Scene, Stage, open_stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """A server and an account."""
    async with open_stage(tmp_path_factory.mktemp("state")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(stage: Stage) -> AsyncGenerator[Scene]:
    """The service's parts over one database."""
    async with stage.scene() as opened:
        yield opened
