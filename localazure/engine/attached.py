"""What every provider says that the engine attaches to instead of starting it (local-azure.md section 1.4)."""

from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class AttachedProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The part of the protocol that is the same for every provider.

    Args:
        version: what the provider reports; at least the SDK's, else the engine warns on every load.
    """

    def __init__(self, version: str) -> None:
        self._version = version

    async def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> empty_pb2.Empty:
        """Accept an engine; an attached provider must answer this."""
        del request, context
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        """Say the version."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    async def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Take the provider's configuration as it is."""
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """See no difference in the provider's configuration that would replace resources."""
        del request, context
        return provider_pb2.DiffResponse()

    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """Let running operations end, as Azure does."""
        del request, context
        return empty_pb2.Empty()
