"""Container apps: what is refused of them, and that the others really run."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from localazure.azure import Azure
from localazure.errors import ProvisioningError, StateError
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.store import Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.app_platform import APP, STARTUP, TEMPLATE_REFUSED, Platform
from tests.unit.localazure.arm import SECRETS_USER, create, grant, problems_of, refused, urn

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["a", "1a", "Api", "a--b", "a-", "a" * 33])
async def test_an_app_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "2-32 lower-case" in problems_of(azure, APP, containerAppName=name)["containerAppName"]


async def test_an_app_serves_over_tls_with_what_the_platform_gives_it(platform: Platform) -> None:
    app = await platform.create(env=[{"name": "GREETING", "value": "hello"}])

    status, environment = await platform.get(app, "/env")

    assert status == 200
    assert '"GREETING": "hello"' in environment
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "HTTPS_PROXY", "CONTAINER_APP_REVISION"):
        assert f'"{name}": ' in environment
    assert app.outputs["latestReadyRevisionName"] == "api--0000001"
    assert list(platform.revisions()) == ["api--0000001"]
    assert platform.ready() == [True]
    assert app.outputs["identity"]["userAssignedIdentities"][platform.identity.id] == {
        "clientId": platform.identity.outputs["clientId"],
        "principalId": platform.identity.outputs["principalId"],
    }


async def test_a_revision_that_fails_fails_the_operation_and_the_one_before_serves_on(platform: Platform) -> None:
    app = await platform.create()

    with pytest.raises(ProvisioningError, match=r"terminated with exit code '3'[\s\S]*going down"):
        await platform.update(app, "exit", "3")

    failed = platform.azure.need(app.id)
    assert failed.outputs["provisioningState"] == "Failed"
    assert failed.outputs["latestRevisionName"] == "api--0000002"
    assert (await platform.get(app, "/replica"))[1].startswith("api--0000001-")
    mended = await platform.update(app)
    assert mended.outputs["latestReadyRevisionName"] == "api--0000003"
    assert mended.outputs["configuration"]["ingress"]["fqdn"] == app.outputs["configuration"]["ingress"]["fqdn"]
    assert (await platform.get(app, "/replica"))[1].startswith("api--0000003-")


async def test_the_first_revision_that_fails_keeps_the_app_and_the_next_update_tries_again(platform: Platform) -> None:
    with pytest.raises(ProvisioningError, match="exit code '4'"):
        await platform.create("exit", "4")
    [app] = platform.azure.find(APP)

    with pytest.raises(ProvisioningError, match="exit code '4'"):
        await platform.azure.update(app.id, app.inputs)

    assert await platform.get(app, "/") == (503, "no healthy upstream\n")


async def test_a_change_outside_the_template_makes_no_revision(platform: Platform) -> None:
    app = await platform.create()
    replica = await platform.get(app, "/replica")

    tagged = await platform.azure.update(app.id, {**app.inputs, "tags": {"a": "b"}})

    assert tagged.outputs["latestRevisionName"] == "api--0000001"
    assert await platform.get(app, "/replica") == replica


async def test_an_ingress_comes_and_goes_with_its_declaration(platform: Platform) -> None:
    closed, opened = platform.inputs("idle"), platform.inputs()
    del closed["configuration"]["ingress"]
    closed["template"]["containers"][0]["probes"] = []
    app = await create(platform.azure, APP, **closed)
    assert platform.azure.statuses()[0]["address"] is None

    serving = await platform.azure.update(app.id, {**app.inputs, **opened})
    status, _ = await platform.get(serving, "/")
    await platform.azure.update(app.id, {**app.inputs, **closed})

    assert status == 200
    assert platform.azure.statuses()[0]["address"] is None
    with pytest.raises(aiohttp.ClientConnectorError):
        await platform.get(serving, "/")


async def test_a_revision_suffix_is_used_once(platform: Platform) -> None:
    app = await platform.create(revisionSuffix="v1")
    assert app.outputs["latestReadyRevisionName"] == "api--v1"

    with refused(400, TEMPLATE_REFUSED, "Revision with suffix v1 already exists"):
        await platform.update(app, "idle", revisionSuffix="v1")


async def test_a_deleted_app_is_gone_with_its_processes_and_address(platform: Platform) -> None:
    app = await platform.create()

    await platform.azure.delete(app.id)

    with pytest.raises(aiohttp.ClientConnectorError):
        await platform.get(app, "/")
    assert platform.azure.statuses() == []


async def test_a_secret_reference_is_read_as_the_identity_that_it_names(platform: Platform) -> None:
    vault = await create(platform.azure, "keyvault:Vault")
    secret = await create(platform.azure, "keyvault:Secret")
    inputs = platform.inputs(env=[{"name": "KEY", "secretRef": "key"}])
    inputs["configuration"]["secrets"] = [
        {
            "name": "key",
            "identity": platform.identity.id,
            "keyVaultUrl": secret.outputs["properties"]["secretUri"],
        }
    ]

    with refused(400, TEMPLATE_REFUSED, f"Unable to get value using Managed identity {platform.identity.id}"):
        await create(platform.azure, APP, **inputs)
    await grant(platform.azure, platform.identity, SECRETS_USER, vault)
    app = await create(platform.azure, APP, **inputs)

    assert '"KEY": "s3cret"' in (await platform.get(app, "/env"))[1]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"image": f"other.azurecr.io/api@sha256:{'0' * 64}"}, "UNAUTHORIZED"),
        ({"image": f"registry.azurecr.io/api@sha256:{'0' * 64}"}, "MANIFEST_UNKNOWN: manifest tagged by 'sha256:00"),
        ({"image": "registry.azurecr.io/api:latest"}, "MANIFEST_UNKNOWN"),
        ({"image": "registry.azurecr.io/api@sha256:../.."}, "MANIFEST_UNKNOWN"),
        ({"env": [{"name": "KEY", "secretRef": "none"}]}, "SecretRef 'none' defined for container 'api' not found"),
        ({"probes": [STARTUP, STARTUP]}, "at most one probe of each kind"),
        ({"probes": [{**STARTUP, "successThreshold": 2}]}, "success threshold 2 must be 1"),
    ],
)
async def test_a_container_that_cannot_run_is_refused_and_nothing_is_left(
    platform: Platform, changes: dict[str, Any], text: str
) -> None:
    inputs = platform.inputs()
    inputs["template"]["containers"][0].update(changes)

    with refused(400, TEMPLATE_REFUSED, text):
        await create(platform.azure, APP, **inputs)

    assert platform.azure.find(APP) == []
    assert platform.azure.statuses() == []


async def test_an_image_is_not_pulled_without_the_role(platform: Platform) -> None:
    [role] = platform.azure.find("authorization:RoleAssignment")
    await platform.azure.delete(role.id)

    with refused(400, TEMPLATE_REFUSED, "UNAUTHORIZED: authentication required"):
        await platform.create()


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"environmentId": None}, 400, "'environmentId' is required"),
        ({"environmentId": "/subscriptions/s/x/none"}, 404, "was not found"),
        ({"identity": {"userAssignedIdentities": ["/subscriptions/s/x/none"]}}, 404, "was not found"),
        ({"template": None}, 400, "needs containers"),
    ],
)
async def test_an_app_that_lacks_what_it_needs_is_refused(
    platform: Platform, changes: dict[str, Any], status: int, text: str
) -> None:
    inputs = {key: value for key, value in (platform.inputs() | changes).items() if value is not None}
    code = {400: "BadRequest", 404: "ResourceNotFound"}[status] if "template" in inputs else TEMPLATE_REFUSED

    with refused(status, code, text):
        await create(platform.azure, APP, **inputs)


async def test_an_app_comes_back_after_the_daemon_was_stopped(platform: Platform, state: Path) -> None:
    app = await platform.create()
    await platform.azure.stop()
    store = Store(state / "azure.json")

    async with Runtime.open(state, TENANT_ID, store) as runtime:
        again = Azure(store, runtime, TYPES)
        await again.recover()
        tagged = await again.update(app.id, {**app.inputs, "tags": {"a": "b"}})
        status, replica = await Platform(again, platform.image, platform.identity, platform.environment).get(
            app, "/replica"
        )
        await again.stop()

    assert status == 200
    assert replica.startswith("api--0000001-")
    assert tagged.outputs["latestReadyRevisionName"] == "api--0000001"


async def test_a_taken_address_is_named_at_the_start(platform: Platform, state: Path) -> None:
    app = await platform.create()
    port = app.outputs["configuration"]["ingress"]["fqdn"].rpartition(":")[2]
    store = Store(state / "azure.json")

    async with Runtime.open(state, TENANT_ID, store) as runtime:
        again = Azure(store, runtime, {APP: TYPES[APP]})
        with pytest.raises(StateError, match=f"port {port} on 127.0.0.1 is taken"):
            await again.type_of(APP).recover(app)


async def test_a_create_during_a_slow_start_waits_for_it_and_starts_nothing_twice(platform: Platform) -> None:
    inputs = {"location": "westeurope", "resourceGroupName": "rg", "containerAppName": "api", **platform.inputs()}

    both = await asyncio.gather(*(platform.azure.create(APP, inputs, urn(APP)) for _ in range(2)))

    assert [app.outputs["latestReadyRevisionName"] for app in both] == ["api--0000001"] * 2
    assert platform.ready() == [True]


async def test_a_worker_without_ingress_has_a_port_of_its_own_for_its_probes(platform: Platform) -> None:
    inputs = platform.inputs()
    del inputs["configuration"]["ingress"]

    await create(platform.azure, APP, **inputs)

    assert platform.ready() == [True]
    assert platform.azure.statuses()[0]["address"] is None
