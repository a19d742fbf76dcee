"""`python -m app upkeep` as the platform runs it: a process, its identity, a database, blobs; no cache, no vault."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from app.contract import UpkeepEnv
from app.storage.reports import BlobReports
from localazure.planes.ingestion import Item
from localazure.store import Record
from tests.integration.privacy.planted import plant
from tests.integration.privacy.privacy_scene import NOW, Scene, Stage, person
from tests.unit.localazure.arm import PUBLISHER, create, grant

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT: Final = Path(__file__).parents[3]
WITHIN_S: Final = 60
NOWHERE: Final = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://127.0.0.1:1/"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def insights(stage: Stage) -> Record:
    """A component that takes telemetry of who keeps house."""
    made = await create(stage.place.azure, "applicationinsights:Component", disableLocalAuth=True)
    await grant(stage.place.azure, stage.place.identity, PUBLISHER, made, "publisher")
    return made


def told_to(stage: Stage, insights: Record, kind: str) -> list[Item]:
    """What a component has taken in of a kind."""
    items = stage.place.azure.runtime.telemetry.component(insights).items()
    return [item for item in items if item["data"]["baseType"] == kind]


async def run(stage: Stage, scene: Scene, **changes: str) -> tuple[int | None, list[dict[str, object]]]:
    """Run the role to its end; gives the exit code and the lines that it logged."""
    environ = {
        **stage.place.azure.runtime.admit("upkeep", [stage.keeper]),
        "PATH": os.environ["PATH"],
        UpkeepEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: NOWHERE,
        UpkeepEnv.AUDIT_CONTAINER: "backups",
        UpkeepEnv.AZURE_CLIENT_ID: stage.keeper.client_id,
        UpkeepEnv.DATABASE_HOST: f"{stage.endpoint.host}:{stage.endpoint.port}",
        UpkeepEnv.DATABASE_NAME: scene.name,
        UpkeepEnv.DATABASE_ROLE: "worker",
        UpkeepEnv.DATA_KEY_ID: "https://127.0.0.1:1/keys/people",
        UpkeepEnv.EXPORT_CONTAINER: "exports",
        UpkeepEnv.LOG_LEVEL: "info",
        UpkeepEnv.REDIS_HOST: "127.0.0.1",
        UpkeepEnv.REDIS_PORT: "1",
        UpkeepEnv.RETENTION_CHAT_DAYS: "90",
        UpkeepEnv.RETENTION_OPERATION_DAYS: "30",
        UpkeepEnv.STORAGE_BLOB_ENDPOINT: stage.place.account.outputs["primaryEndpoints"]["blob"],
        **changes,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "upkeep", cwd=ROOT, env=environ, stdout=PIPE, stderr=PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert not err, err.decode()
    return process.returncode, [json.loads(line) for line in out.splitlines()]


async def test_the_job_does_every_chore_as_its_managed_identity(stage: Stage, scene: Scene) -> None:
    ada = person("ada-process")
    await plant(scene.api, scene.sealer, ada)
    await scene.export(ada)
    code, lines = await run(stage, scene)
    told = {line["chore"]: line for line in lines if line["message"] == "a chore is done"}
    assert code == 0, lines
    assert len(told) == len(scene.house.chores()) + 1
    assert told["end what is past its term"]["chat_messages"] == 1
    assert told["remove expired exports"]["removed"] == (datetime.now(UTC) > NOW)
    assert (await BlobReports(scene.container).latest()).terms.chat == 90


async def test_the_job_fails_after_all_chores_when_an_erasure_cannot_be_finished(stage: Stage, scene: Scene) -> None:
    bob = person("bob-process")
    await plant(scene.api, scene.sealer, bob)
    erasure = await scene.erasures.begin(bob, now=NOW)
    code, lines = await run(stage, scene)
    failed = [line["chore"] for line in lines if line["message"] == "a chore is not done"]
    assert (code, failed) == (1, ["finish erasures"])
    steps = (await scene.erasures.get(erasure.id)).steps_done
    assert steps[-1] == "exports", "what can be erased without the cache is, the key too"
    assert await scene.ledger.tells(bob), "and a restore erases it again"
    assert "bob-process" not in " ".join(str(line) for line in lines)


async def test_a_run_of_a_moment_tells_its_chores_and_their_calls_before_it_ends(
    stage: Stage, scene: Scene, insights: Record
) -> None:
    await scene.erasures.begin(person("eve-process"), now=NOW)  # which cannot be finished without the cache
    sent = {UpkeepEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: insights.outputs["connectionString"]}
    code, lines = await run(stage, scene, **sent)
    chores = {line["chore"]: "failed" if "exception" in line else "done" for line in lines if "chore" in line}
    told = told_to(stage, insights, "RequestData")
    assert (code, chores["finish erasures"]) == (1, "failed")
    assert {item["data"]["baseData"]["name"]: item["data"]["baseData"]["success"] for item in told} == {
        chore: outcome == "done" for chore, outcome in chores.items()
    }
    assert {item["tags"]["ai.cloud.role"] for item in told} == {"upkeep"}
    calls = told_to(stage, insights, "RemoteDependencyData")
    assert {call["tags"]["ai.operation.parentId"] for call in calls} <= {
        item["data"]["baseData"]["id"] for item in told
    }
    assert calls
    numbers = {
        point["data"]["baseData"]["properties"]["outcome"]: point["data"]["baseData"]["metrics"][0]["value"]
        for point in told_to(stage, insights, "MetricData")
        if point["data"]["baseData"]["metrics"][0]["name"] == "upkeep.chores"
    }
    assert numbers == Counter(chores.values())
