"""The `azure-native` provider, as the engine sees it.

Speaks as the real one does (pulumi-azure-native, provider/pkg/provider/provider.go): no Handshake, no secrets on the
wire, previews, automatic names. Sources of each behaviour: local-azure.md sections 1 and 2.
"""

import asyncio
import hashlib
import re
import uuid
from collections.abc import Coroutine
from typing import Any, Never, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from localazure.arm_rules import arm_problems
from localazure.azure import Azure
from localazure.engine.attached import AttachedProvider, Context
from localazure.engine.diff import differences
from localazure.engine.retries import retried
from localazure.engine.wire import UNKNOWN, contains_unknown, dump, load
from localazure.errors import AzureError, NotSimulatedError, ProvisioningError, StateError
from localazure.invokes import invoke
from localazure.resource_type import ResourceType
from localazure.shapes import ResourceShape, project, resource_shape
from localazure.store import Record
from localazure.validation import problems

PACKAGE = "azure-native"
T = TypeVar("T")


class AzureNative(AttachedProvider):
    """The provider's side of the protocol over the embedded Azure.

    Args:
        azure: the subscription.
        version: what the provider reports.
    """

    def __init__(self, azure: Azure, version: str) -> None:
        super().__init__(version)
        self._azure = azure
        self._locations: dict[str, str] = {}  # by connection: each provider instance of an engine dials its own

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        """Remember the default location of this provider instance."""
        self._locations[context.peer()] = request.variables.get(f"{PACKAGE}:config:location", "")
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Fill in name, location and API version, and refuse what the SDK's shape or the type's rules refuse."""
        news, olds = load(request.news), load(request.olds)
        try:
            behaviour = self._azure.type_of(_token(request.urn))
        except NotSimulatedError as error:
            return provider_pb2.CheckResponse(
                inputs=request.news, failures=[provider_pb2.CheckFailure(reason=str(error))]
            )
        shape = resource_shape(behaviour.token)
        self._name(request, behaviour, shape, news, olds)
        self._locate(context, shape, news, olds)
        if shape.api_version:
            news.setdefault("azureApiVersion", shape.api_version)
        missing = [(key, f"missing required property '{key}'") for key in shape.auto_named if key not in news]
        unfit = [(at, why) for at, why in problems(shape.inputs, news) if not behaviour.allows(at, news.get(at))]
        passed = news.keys() - {_top(at) for at, _ in unfit}
        known = {name: news[name] for name in passed if not contains_unknown(news[name])}
        found = [*missing, *unfit, *arm_problems(known), *behaviour.refusals(known)]
        failures = [provider_pb2.CheckFailure(property=_top(at), reason=reason) for at, reason in found]
        return provider_pb2.CheckResponse(inputs=dump(news), failures=failures)

    def _name(
        self,
        request: provider_pb2.CheckRequest,
        behaviour: ResourceType,
        shape: ResourceShape,
        news: dict[str, Any],
        olds: dict[str, Any],
    ) -> None:
        for key in shape.auto_named:
            if key in news:
                continue
            if key in olds:
                news[key] = olds[key]
                if olds.get("__createBeforeDelete"):
                    news["__createBeforeDelete"] = True
                continue
            seed = request.randomSeed or uuid.uuid4().bytes
            if request.HasField("autonaming"):
                if request.autonaming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE:
                    continue
                news[key] = request.autonaming.proposed_name
            elif behaviour.named_by_guid:
                news[key] = str(uuid.UUID(bytes=hashlib.sha256(seed).digest()[:16]))
            else:
                news[key] = request.urn.split("::")[-1] + hashlib.sha256(seed).hexdigest()[:8]
            news["__createBeforeDelete"] = True

    def _locate(self, context: Context, shape: ResourceShape, news: dict[str, Any], olds: dict[str, Any]) -> None:
        if "location" not in shape.inputs or "location" in news:
            return
        group_name = news.get("resourceGroupName")
        group_id = f"/subscriptions/{self._azure.subscription_id}/resourceGroups/{group_name}"
        group = self._azure.get(group_id)
        location = olds.get("location") or self._locations.get(context.peer()) or (group and group.outputs["location"])
        if location or group_name == UNKNOWN:
            news["location"] = location or UNKNOWN

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Compare old and new inputs; say what must be replaced."""
        self._azure.confirm(request.id)
        behaviour = await self._behaviour(request.urn, context)
        old = load(request.old_inputs)
        detailed: dict[str, provider_pb2.PropertyDiff] = {}
        replaces: list[str] = []
        for path, change in differences(old, load(request.news)):
            kind: str = change
            if behaviour.replaced_by(path):
                kind += "_REPLACE"
                replaces.append(path)
            detailed[path] = provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=True)
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if detailed else none,
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            diffs=sorted({_top(path) for path in detailed}),
            deleteBeforeReplace=bool(replaces) and not old.get("__createBeforeDelete"),
        )

    async def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        """Create a resource, or say in a preview which outputs are not known yet."""
        behaviour, inputs = await self._behaviour(request.urn, context), load(request.properties)
        if request.preview:
            unknowns = project(resource_shape(behaviour.token).outputs, inputs, missing=UNKNOWN)
            return provider_pb2.CreateResponse(properties=dump(unknowns))
        try:
            record = await retried(lambda: _finish(self._azure.create(behaviour.token, inputs, request.urn)))
        except ProvisioningError as error:
            await _fail(context, error, self._azure.get(behaviour.id_of(inputs)))
        except (AzureError, StateError) as error:
            await _fail(context, error)
        return provider_pb2.CreateResponse(id=record.id, properties=dump(record.outputs))

    async def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        """Change a resource in place."""
        behaviour, inputs = await self._behaviour(request.urn, context), load(request.news)
        if request.preview:
            outputs = project(resource_shape(behaviour.token).outputs, inputs, missing=UNKNOWN)
            kept = {key: value for key, value in load(request.olds).items() if key in ("name", "location")}
            return provider_pb2.UpdateResponse(properties=dump(outputs | kept))
        try:
            record = await retried(lambda: _finish(self._azure.update(request.id, inputs)))
        except ProvisioningError as error:
            await _fail(context, error, self._azure.get(request.id))
        except (AzureError, StateError) as error:
            await _fail(context, error)
        return provider_pb2.UpdateResponse(properties=dump(record.outputs))

    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        """Read a resource; an empty id says that it is gone. What changed behind Pulumi's back becomes an input."""
        await self._behaviour(request.urn, context)
        self._azure.confirm(request.id)
        record = self._azure.get(request.id)
        if record is None:
            return provider_pb2.ReadResponse()
        inputs, olds = load(request.inputs) or dict(record.inputs), load(request.properties)
        drifted = (key for key in record.inputs if key in olds and olds[key] != record.outputs.get(key, olds[key]))
        inputs |= {key: record.inputs[key] for key in drifted}
        return provider_pb2.ReadResponse(id=record.id, properties=dump(record.outputs), inputs=dump(inputs))

    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        """Delete a resource; one that is gone counts as deleted."""
        try:
            await retried(lambda: _finish(self._azure.delete(request.id)))
        except (AzureError, StateError) as error:
            await _fail(context, error)
        return empty_pb2.Empty()

    async def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> provider_pb2.InvokeResponse:
        """Answer a `get_*` or `list_*` function."""
        try:
            answer = invoke(self._azure, request.tok.removeprefix(f"{PACKAGE}:"), load(request.args))
        except AzureError as error:
            await _fail(context, error)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").update(answer)  # the field has the name of a keyword
        return response

    async def _behaviour(self, urn: str, context: Context) -> ResourceType:
        try:
            return self._azure.type_of(_token(urn))
        except NotSimulatedError as error:
            await _fail(context, error)


def _top(path: str) -> str:
    """The top-level property of a property path."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _token(urn: str) -> str:
    """`app:ContainerApp` of `urn:pulumi:dev::digitalmee::parent$azure-native:app:ContainerApp::api`."""
    return urn.split("::")[2].rsplit("$", 1)[-1].removeprefix(f"{PACKAGE}:")


async def _finish(operation: Coroutine[Any, Any, T]) -> T:
    """Carry an operation to its end even when the engine that asked is killed: Azure does not stop either."""
    return await asyncio.shield(asyncio.ensure_future(operation))


async def _fail(context: Context, error: Exception, kept: Record | None = None) -> Never:
    """Answer with an error. When the resource exists all the same, tell the engine to keep it."""
    if kept:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=kept.id, properties=dump(kept.outputs), reasons=[str(error)], inputs=dump(kept.inputs)
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(grpc.StatusCode.UNKNOWN, str(error))
