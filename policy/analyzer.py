"""The pack as the engine asks it: one resource before it is touched, all of them when the program has ended.

The SDK for policy packs is not used. It hands secrets over in clear, so that no rule can tell one from a plain value,
and what it costs to import and to prepare each policy's view of each resource is most of a run's time.
"""

from collections.abc import Iterable
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, json_format

from policy.judge import Finding, Judge
from policy.protocol import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2
from policy.registration import STACK, Registration, Tape, decode, judged_type
from policy.report import message
from policy.rule import ResourceRule

PACK: Final = "digitalmee"
VERSION: Final = "1.0.0"
Context = grpc.ServicerContext


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Judges one run of the engine; not for several threads.

    Args:
        judge: rules and waivers.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._seen: dict[str, Registration] = {}

    def Handshake(self, request: Any, context: Context) -> analyzer_pb2.AnalyzerHandshakeResponse:  # noqa: N802 - named by the protocol
        """Accept an engine."""
        del request, context
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Context) -> plugin_pb2.PluginInfo:  # noqa: N802 - named by the protocol
        """Say the version."""
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: Any, context: Context) -> analyzer_pb2.AnalyzerInfo:  # noqa: N802 - named by the protocol
        """Say what is judged: every rule is mandatory."""
        del request, context
        rules = [
            analyzer_pb2.PolicyInfo(
                name=rule.id,
                displayName=rule.title,
                description=rule.reason,
                enforcementLevel=analyzer_pb2.MANDATORY,
                policy_type=analyzer_pb2.POLICY_TYPE_RESOURCE
                if isinstance(rule, ResourceRule)
                else analyzer_pb2.POLICY_TYPE_STACK,
                remediation_steps=rule.fix,
            )
            for rule in self._judge.rules
        ]
        return analyzer_pb2.AnalyzerInfo(name=PACK, version=VERSION, policies=rules)

    def Configure(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802 - named by the protocol
        """Take no settings: exceptions are waivers, with a reason and a date."""
        del request, context
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Context) -> analyzer_pb2.AnalyzerStackConfigureResponse:  # noqa: N802 - named by the protocol
        """Need nothing of the stack: a resource's URN tells its name."""
        del request, context
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Remediate(self, request: Any, context: Context) -> analyzer_pb2.RemediateResponse:  # noqa: N802 - named by the protocol
        """Repair nothing: what runs is what the program says."""
        del request, context
        return analyzer_pb2.RemediateResponse()

    def Analyze(self, request: analyzer_pb2.AnalyzeRequest, context: Context) -> analyzer_pb2.AnalyzeResponse:  # noqa: N802 - named by the protocol
        """Judge one resource by its inputs, before the engine touches it."""
        del context
        registration = _registration(request)
        if registration is None or registration.type == STACK:
            return analyzer_pb2.AnalyzeResponse()
        self._seen[registration.urn] = registration
        return _response(self._judge.resource(registration))

    def AnalyzeStack(self, request: analyzer_pb2.AnalyzeStackRequest, context: Context) -> analyzer_pb2.AnalyzeResponse:  # noqa: N802 - named by the protocol
        """Judge all resources together, by the inputs that were seen; the request holds outputs.

        Of the request only the stack is taken: its outputs are what it exports.
        """
        del context
        found = [_registration(resource) for resource in request.resources if resource.type == STACK]
        stacks = [stack for stack in found if stack]
        return _response(self._judge.whole(Tape((*self._seen.values(), *stacks))))

    def Cancel(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802 - named by the protocol
        """Nothing goes on here."""
        del request, context
        return empty_pb2.Empty()


def _registration(resource: analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource) -> Registration | None:
    kind = judged_type(resource.type)
    if kind is None:
        return None
    return Registration(
        urn=resource.urn,
        type=kind,
        name=resource.name,
        inputs=decode(json_format.MessageToDict(resource.properties)),
        protect=resource.options.protect,
        ignore_changes=tuple(resource.options.ignoreChanges),
    )


def _response(findings: Iterable[Finding]) -> analyzer_pb2.AnalyzeResponse:
    violations = [
        analyzer_pb2.AnalyzeDiagnostic(
            policyName=finding.rule.id,
            policyPackName=PACK,
            policyPackVersion=VERSION,
            description=f"{finding.rule.title}.",
            message=message(finding),
            enforcementLevel=analyzer_pb2.MANDATORY,
            urn=finding.registration.urn,
        )
        for finding in findings
        if not finding.waived
    ]
    return analyzer_pb2.AnalyzeResponse(diagnostics=violations)
