"""Container apps in multiple revision mode: who gets the requests, by weight and by label."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from localazure.azure import Azure
from localazure.errors import ProvisioningError
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.store import Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.app_platform import APP, Platform, until
from tests.unit.localazure.arm import create, refused

pytestmark = pytest.mark.integration

FIRST = [{"revisionName": "api--v1", "weight": 100, "label": "live"}]
SPLIT = [{**FIRST[0], "weight": 75}, {"revisionName": "api--v2", "weight": 25, "label": "candidate"}]


async def test_several_revisions_share_the_requests_by_weight_and_answer_alone_by_label(platform: Platform) -> None:
    app = await create(platform.azure, APP, **platform.shared(FIRST, revisionSuffix="v1"))
    app = await platform.share(app, SPLIT, "serve", revisionSuffix="v2")

    shares = Counter([(await platform.get(app, "/replica"))[1].rpartition("-")[0] for _ in range(8)])
    candidate = platform.revisions()["api--v2"]
    labelled = await platform.ask(f"{candidate['labels']['candidate']}/replica")

    assert shares == {"api--v1": 6, "api--v2": 2}
    assert labelled[1].startswith("api--v2-")
    assert {name: said["weight"] for name, said in platform.revisions().items()} == {"api--v1": 75, "api--v2": 25}


async def test_weights_change_without_a_revision_and_an_old_one_stays_active_until_it_is_deactivated(
    platform: Platform,
) -> None:
    app = await create(platform.azure, APP, **platform.shared(FIRST, revisionSuffix="v1"))
    app = await platform.share(app, SPLIT, "serve", revisionSuffix="v2")
    moved = await platform.share(app, [{"revisionName": "api--v2", "weight": 100}], "serve", revisionSuffix="v2")
    weights = {name: said["weight"] for name, said in platform.revisions().items()}

    await platform.activate(app, "api--v1", active=False)
    left = list(platform.revisions())
    await platform.activate(app, "api--v1", active=True)

    assert moved.outputs["latestRevisionName"] == "api--v2"
    assert (weights, left) == ({"api--v1": None, "api--v2": 100}, ["api--v2"])
    assert sorted(platform.revisions()) == ["api--v1", "api--v2"]


async def test_requests_to_a_deactivated_revision_get_503_as_azure_takes_such_weights(platform: Platform) -> None:
    app = await create(platform.azure, APP, **platform.shared(FIRST, revisionSuffix="v1"))

    await platform.activate(app, "api--v1", active=False)
    app = await platform.share(app, FIRST, revisionSuffix="v1")

    assert await platform.get(app, "/") == (503, "no healthy upstream\n")
    with refused(404, "RevisionNotFound", "'api--v9' of 'api' does not exist"):
        await platform.activate(app, "api--v9", active=True)


async def test_a_candidate_that_fails_leaves_weights_and_labels_as_they_were(platform: Platform) -> None:
    app = await create(platform.azure, APP, **platform.shared(FIRST, revisionSuffix="v1"))

    with pytest.raises(ProvisioningError, match="exit code '3'"):
        await platform.share(app, SPLIT, "exit", "3", revisionSuffix="v2")

    assert {name: said["weight"] for name, said in platform.revisions().items()} == {"api--v1": 100}
    assert (await platform.get(app, "/replica"))[1].startswith("api--v1-")


@pytest.mark.parametrize(
    ("traffic", "status", "code", "text"),
    [
        ([{"revisionName": "api--v7", "weight": 100}], 400, "RevisionNotFound", "'api--v7' of container app 'api'"),
        ([{"weight": 100}], 400, "ContainerAppOperationError", "Operation expired"),
    ],
)
async def test_traffic_to_a_revision_that_is_not_there_is_refused(
    platform: Platform, traffic: list[dict[str, Any]], status: int, code: str, text: str
) -> None:
    with refused(status, code, text):
        await create(platform.azure, APP, **platform.shared(traffic, revisionSuffix="v1"))

    assert platform.azure.find(APP) == []


async def test_no_more_inactive_revisions_are_kept_than_the_app_says(platform: Platform) -> None:
    inputs = platform.inputs(revisionSuffix="v0")
    inputs["configuration"]["maxInactiveRevisions"] = 1
    app = await create(platform.azure, APP, **inputs)
    for number in (1, 2, 3):
        changed = {**inputs, "template": {**inputs["template"], "revisionSuffix": f"v{number}"}}
        app = await platform.azure.update(app.id, {**app.inputs, **changed})

    for name in ("api--v0", "api--v1"):
        with refused(404, "RevisionNotFound", name):
            await platform.activate(app, name, active=True)
    await platform.activate(app, "api--v2", active=True)


async def test_all_active_revisions_come_back_after_the_daemon_was_stopped(platform: Platform, state: Path) -> None:
    app = await create(platform.azure, APP, **platform.shared(FIRST, revisionSuffix="v1"))
    app = await platform.share(app, SPLIT, "serve", revisionSuffix="v2")
    before = platform.revisions()["api--v2"]["labels"]
    await platform.azure.stop()
    store = Store(state / "azure.json")

    async with Runtime.open(state, TENANT_ID, store) as runtime:
        again = Platform(Azure(store, runtime, TYPES), platform.image, platform.identity, platform.environment)
        await again.azure.recover()
        await until(lambda: again.ready() == [True, True])
        after = {name: (said["weight"], said["labels"]) for name, said in again.revisions().items()}
        await again.azure.stop()

    assert after["api--v2"] == (25, before)
    assert after["api--v1"][0] == 75
