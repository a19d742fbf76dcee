"""Container apps: what is refused of them, and that the others really run. The image is the service of `containers`."""

import asyncio
import os
import shutil
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil
import pytest
from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusMessage, TransportType
from azure.servicebus.aio import ServiceBusClient

from localazure.azure import Azure
from localazure.containers.images import ImageStore, build_image
from localazure.containers.scaler import Pace
from localazure.errors import ProvisioningError, StateError
from localazure.planes.tokens import Identity, TokenSigner
from localazure.runtime import Runtime
from localazure.services.app import ContainerApp
from localazure.services.catalog import TYPES
from localazure.store import Record, Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.arm import ACR_PULL, ROLES, SECRETS_USER, create, grant, problems_of, refused, urn

pytestmark = pytest.mark.integration

APP = "app:ContainerApp"
SERVICE = Path(__file__).parents[2] / "integration" / "containers" / "service"
BUS_OWNER = f"{ROLES}/090c5cfd-751d-490a-894a-3ce6f1109419"
TEMPLATE_REFUSED = "InvalidParameterValueInContainerTemplate"
PORT = 8080
STARTUP = {"type": "Startup", "tcpSocket": {"port": PORT}, "periodSeconds": 0.05, "failureThreshold": 400}
READINESS = {"type": "Readiness", "httpGet": {"path": "/ready", "port": PORT}, "periodSeconds": 0.05}


@pytest.fixture(scope="module")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the images' dependencies, which are none."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def state(keys: Path, tmp_path: Path, image_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(image_cache))
    return shutil.copytree(keys, tmp_path / "state")


def build(store: ImageStore, folder: Path) -> str:
    """The image reference of the test service."""
    shutil.copytree(SERVICE, folder / "service", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "service" / "version.txt").write_text("1")
    digest = build_image(
        repository_root=folder,
        store=store,
        report=lambda _: None,
        source=Path("service"),
        lock=Path("service/requirements.txt"),
    )
    return f"registry.azurecr.io/api@{digest}"


class Platform:
    """Everything that an app needs, and one app on it."""

    def __init__(self, azure: Azure, image: str, identity: Record, environment: Record) -> None:
        self.azure = azure
        self.environment = environment
        self.identity = identity
        self.image = image

    def inputs(self, *args: str, env: list[dict[str, str]] | None = None, **template: Any) -> dict[str, Any]:
        """The inputs of an app in single revision mode that runs the test service with these arguments."""
        container = {
            "name": "api",
            "image": self.image,
            "args": list(args),
            "env": env or [],
            "probes": [STARTUP, READINESS],
        }
        return {
            "environmentId": self.environment.id,
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [self.identity.id]},
            "configuration": {
                "ingress": {"external": True, "targetPort": PORT},
                "registries": [{"identity": self.identity.id, "server": "registry.azurecr.io"}],
            },
            "template": {"containers": [container], "terminationGracePeriodSeconds": 5, **template},
        }

    async def create(self, *args: str, **template: Any) -> Record:
        return await create(self.azure, APP, **self.inputs(*args, **template))

    async def update(self, app: Record, *args: str, **template: Any) -> Record:
        return await self.azure.update(app.id, {**app.inputs, **self.inputs(*args, **template)})

    def shared(self, traffic: list[dict[str, Any]], *args: str, **template: Any) -> dict[str, Any]:
        """The same in multiple revision mode, with this traffic list."""
        inputs = self.inputs(*args, **template)
        inputs["configuration"] |= {"activeRevisionsMode": "Multiple"}
        inputs["configuration"]["ingress"] |= {"traffic": traffic}
        return inputs

    async def share(self, app: Record, traffic: list[dict[str, Any]], *args: str, **template: Any) -> Record:
        return await self.azure.update(app.id, {**app.inputs, **self.shared(traffic, *args, **template)})

    async def activate(self, app: Record, name: str, *, active: bool) -> None:
        apps = self.azure.type_of(APP)
        assert isinstance(apps, ContainerApp)
        await self.azure.act(app.id, lambda record: apps.activate(record, name, active=active))

    def revisions(self) -> dict[str, Any]:
        """What is said of each revision of the one app that runs."""
        [said] = [each for each in self.azure.statuses() if each["kind"] == "app"]
        return {revision["name"]: revision for revision in said["revisions"]}

    def pace(self, *, interval_seconds: float) -> None:
        """How often the scalers of apps that start from now on look."""
        apps = self.azure.type_of(APP)
        assert isinstance(apps, ContainerApp)
        apps.pace = Pace(interval_seconds=interval_seconds)

    def ready(self) -> list[bool]:
        """Whether each replica of the one app is ready."""
        return [replica["ready"] for revision in self.revisions().values() for replica in revision["replicas"]]

    async def get(self, app: Record, path: str, *, method: str = "GET") -> tuple[int, str]:
        return await self.ask(f"https://{app.outputs['configuration']['ingress']['fqdn']}{path}", method=method)

    async def ask(self, address: str, *, method: str = "GET") -> tuple[int, str]:
        tls = ssl.create_default_context(cafile=str(self.azure.runtime.authority.bundle))
        async with aiohttp.ClientSession() as client, client.request(method, address, ssl=tls) as answer:
            return answer.status, await answer.text()


async def until(condition: Callable[[], bool]) -> None:
    """Look until it holds; fail after a minute."""
    deadline = time.monotonic() + 60
    while True:
        if condition():
            return
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


@pytest.fixture
async def platform(azure: Azure, tmp_path: Path) -> Platform:
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    await grant(azure, identity, ACR_PULL, await create(azure, "containerregistry:Registry"))
    environment = await create(azure, "app:ManagedEnvironment")
    return Platform(azure, build(azure.runtime.images, tmp_path / "source"), identity, environment)


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


async def test_an_app_scales_and_its_next_revision_starts_with_as_many_replicas(platform: Platform) -> None:
    platform.pace(interval_seconds=0.05)
    scale = {"minReplicas": 1, "maxReplicas": 3, "rules": [{"http": {"metadata": {"concurrentRequests": "1"}}}]}
    app = await platform.create(scale=scale)
    slow = [asyncio.create_task(platform.get(app, "/slow")) for _ in range(3)]

    await until(lambda: platform.ready() == [True] * 3)
    for _ in range(3):  # one for each replica
        await platform.get(app, "/release", method="POST")
    answers = set(await asyncio.gather(*slow))
    await platform.update(app, scale=scale, revisionSuffix="next")

    assert answers == {(200, "released True")}
    assert platform.ready() == [True] * 3
    assert {(await platform.get(app, "/replica"))[1].rpartition("-")[0] for _ in range(6)} == {"api--next"}


async def test_a_revision_that_fails_does_not_keep_the_one_before_from_scaling(platform: Platform) -> None:
    platform.pace(interval_seconds=0.05)
    scale = {"minReplicas": 1, "maxReplicas": 2, "rules": [{"http": {"metadata": {"concurrentRequests": "1"}}}]}
    app = await platform.create(scale=scale)
    with pytest.raises(ProvisioningError):
        await platform.update(app, "exit", "3", scale=scale)

    slow = [asyncio.create_task(platform.get(app, "/slow")) for _ in range(2)]
    await until(lambda: platform.ready() == [True] * 2)
    for _ in range(2):
        await platform.get(app, "/release", method="POST")

    assert set(await asyncio.gather(*slow)) == {(200, "released True")}


async def test_an_app_without_a_minimum_goes_to_zero_and_comes_back_with_a_request(platform: Platform) -> None:
    platform.pace(interval_seconds=0.05)
    app = await platform.create(scale={"minReplicas": 0, "cooldownPeriod": 1})

    await until(lambda: platform.ready() == [])
    status, replica = await platform.get(app, "/replica")

    assert status == 200
    assert replica.startswith("api--0000001-")


async def test_a_stop_in_the_middle_of_scaling_leaves_no_process(platform: Platform, tmp_path: Path) -> None:
    platform.pace(interval_seconds=0.05)
    gate = tmp_path / "gate"
    gate.touch()
    scale = {"minReplicas": 1, "rules": [{"http": {"metadata": {"concurrentRequests": "1"}}}]}
    app = await platform.create("after", str(gate), scale=scale)
    gate.unlink()
    os.mkfifo(gate)  # who reads it waits for a writer that never comes
    slow = [asyncio.create_task(platform.get(app, "/slow")) for _ in range(2)]
    await until(lambda: len(platform.ready()) == 2)
    for request in slow:  # a stop would give them their time
        request.cancel()

    await platform.azure.stop()

    assert [each for each in psutil.Process().children() if str(gate) in each.cmdline()] == []


@pytest.mark.parametrize("scale", [{"rules": [{"http": {"metadata": {"concurrentRequests": "many"}}}]}])
async def test_a_scale_rule_that_cannot_be_read_is_refused(platform: Platform, scale: dict[str, Any]) -> None:
    with refused(400, TEMPLATE_REFUSED, "many"):
        await platform.create(scale=scale)


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


async def test_a_worker_without_ingress_has_a_port_of_its_own_for_its_probes(platform: Platform) -> None:
    inputs = platform.inputs()
    del inputs["configuration"]["ingress"]

    await create(platform.azure, APP, **inputs)

    assert platform.ready() == [True]
    assert platform.azure.statuses()[0]["address"] is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"identity": "/subscriptions/s/x/none"}, "Identity '/subscriptions/s/x/none' of the scale rule is not"),
        ({"metadata": {"queueName": "operations", "messageCount": "0"}}, "messageCount 0 must be at least 1"),
    ],
)
async def test_a_scale_rule_on_a_queue_that_cannot_work_is_refused(
    platform: Platform, changes: dict[str, Any], text: str
) -> None:
    rule = {"type": "azure-servicebus", "identity": platform.identity.id, "metadata": {"queueName": "operations"}}
    with refused(400, TEMPLATE_REFUSED, text):
        await platform.create(scale={"rules": [{"name": "queue", "custom": {**rule, **changes}}]})


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Tokens of an identity, for the official client of Service Bus."""

    tokens: TokenSigner
    identity: Identity

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        resource = "https://servicebus.azure.net"
        token = self.tokens.issue_for(self.identity, resource=resource, lifetime_seconds=3600)
        return AccessToken(token, int(time.time()) + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object, **__: object) -> None: ...


async def send(azure: Azure, host: str, state: Path, sender: Record) -> None:
    """Put a message into the queue `operations`, as the identity `sender`."""
    known = Identity(client_id="c", object_id=sender.outputs["principalId"], resource_id=sender.id)
    client = ServiceBusClient(
        "127.0.0.1",
        Credential(tokens=TokenSigner(state / "tokens", TENANT_ID), identity=known),
        custom_endpoint_address=f"sb://{host}",
        ssl_context=ssl.create_default_context(cafile=azure.runtime.authority.bundle),
        transport_type=TransportType.Amqp,
    )
    async with client, client.get_queue_sender("operations") as queue:
        await queue.send_messages(ServiceBusMessage("work"))


async def test_a_worker_without_messages_has_no_replica_and_a_message_starts_one(
    platform: Platform, state: Path
) -> None:
    platform.pace(interval_seconds=0.05)
    namespace = await create(platform.azure, "servicebus:Namespace")
    queue = await create(platform.azure, "servicebus:Queue")
    await grant(platform.azure, platform.identity, BUS_OWNER, queue, name="owner")
    metadata = {"namespace": namespace.name, "queueName": "operations", "messageCount": "1"}
    custom = {"type": "azure-servicebus", "identity": platform.identity.id, "metadata": metadata}
    scale = {"minReplicas": 0, "cooldownPeriod": 1, "rules": [{"name": "queue", "custom": custom}]}
    inputs = platform.inputs(scale=scale)
    del inputs["configuration"]["ingress"]
    await create(platform.azure, APP, **inputs)

    await until(lambda: platform.ready() == [])
    host = namespace.outputs["serviceBusEndpoint"].removeprefix("https://").rstrip("/")
    await send(platform.azure, host, state, platform.identity)

    await until(lambda: platform.ready() == [True])
