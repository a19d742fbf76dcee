"""The template of a container app: what it means for the container runtime, given what exists."""

import re
from collections.abc import Mapping
from typing import Any, Final

from localazure.access import ACR_PULL, SECRET_READERS
from localazure.containers.spec import ContainerSpec, Digest, Probe, ProbeKind, QueueRule, RevisionSpec, ScaleRules
from localazure.errors import AzureError
from localazure.planes.tokens import Identity
from localazure.planes.vault_store import VaultError
from localazure.subscription import Subscription

DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class TemplateReader:
    """Reads the inputs of one app against what exists.

    Args:
        subscription: where it is.
        inputs: the app's inputs by wire name.
    """

    def __init__(self, subscription: Subscription, inputs: Mapping[str, Any]) -> None:
        self._subscription = subscription
        self._inputs = inputs
        self._configuration: Mapping[str, Any] = inputs.get("configuration", {})

    def check(self, name: str) -> None:
        """Refuse an app that refers to what is not there, or to what its identities may not use.

        Args:
            name: of the revision that its template would become.

        Raises:
            AzureError: in the words of the service.
        """
        self._spec(name, {}, {})

    def identities(self) -> dict[str, dict[str, str]]:
        """The assigned identities as ARM answers them: principal and client by id."""
        assigned = self._inputs.get("identity", {}).get("userAssignedIdentities", [])
        found = {resource_id: self._subscription.need(resource_id).outputs for resource_id in assigned}
        return {
            resource_id: {"principalId": outputs["principalId"], "clientId": outputs["clientId"]}
            for resource_id, outputs in found.items()
        }

    def _assigned(self, identity: str) -> str | None:
        """The principal of an identity of this app, or None if the app does not have it."""
        by_id = {resource_id.lower(): both for resource_id, both in self.identities().items()}
        return by_id.get(identity.lower(), {}).get("principalId")

    def secrets(self) -> dict[str, str]:
        """Values of the app's secrets by name. A reference is read as the identity that it names.

        Raises:
            AzureError: in the words of github.com/microsoft/azure-container-apps/issues/1174.
        """
        values: dict[str, str] = {}
        for secret in self._configuration.get("secrets", []):
            reference = secret.get("keyVaultUrl")
            value = (
                secret.get("value") if reference is None else self._vault_value(reference, secret.get("identity", ""))
            )
            if value is None:
                reason = (
                    f'Invalid value: "{secret["name"]}": Unable to get value using Managed identity '
                    f"{secret.get('identity')} for secret {secret['name']}."
                )
                raise _template_error("configuration.secrets", reason)
            values[secret["name"]] = value
        return values

    def _vault_value(self, reference: str, identity: str) -> str | None:
        principal = self._assigned(identity)
        address, _, path = reference.partition("/secrets/")
        name = path.split("/")[0]
        for vault in self._subscription.find("keyvault:Vault"):
            if vault.outputs["properties"]["vaultUri"].rstrip("/") == address and principal:
                secret = f"{vault.id}/secrets/{name}"
                return (
                    self._read(vault.id, name)
                    if self._subscription.is_granted(principal, SECRET_READERS, secret)
                    else None
                )
        return None

    def _read(self, vault_id: str, name: str) -> str | None:
        try:
            return self._subscription.runtime.vaults.secrets(vault_id).read(name, "").value
        except VaultError:
            return None

    def _digest(self, container: Mapping[str, Any]) -> Digest:
        """The digest of a container's image, which must be in a registry that the app may pull from."""
        image: str = container["image"]
        repository, at, digest = image.partition("@")
        server = repository.split("/")[0]
        registry = next(
            (r for r in self._subscription.find("containerregistry:Registry") if r.outputs["loginServer"] == server),
            None,
        )
        registries = self._configuration.get("registries", [])
        pull = next((r.get("identity", "") for r in registries if r["server"] == server), "")
        principal = self._assigned(pull)
        if not registry or not principal or not self._subscription.is_granted(principal, ACR_PULL, registry.id):
            raise _image_error(container["name"], image, "UNAUTHORIZED: authentication required")
        if not at or not DIGEST.fullmatch(digest) or not self._subscription.runtime.images.has(Digest(digest)):
            reason = f"MANIFEST_UNKNOWN: manifest tagged by '{digest or image}' is not found"
            raise _image_error(container["name"], image, reason)
        return Digest(digest)

    def revision(self, name: str) -> RevisionSpec:
        """What the runtime runs for a revision of this name; its containers may ask for tokens from then on.

        Raises:
            AzureError: as `check` does.
        """
        init, main = (self._subscription.runtime.admit(name, self._identities_of(phase)) for phase in ("Init", "Main"))
        try:
            return self._spec(name, init, main)
        except AzureError:
            self._subscription.runtime.withdraw(name)
            raise

    def _spec(self, name: str, init: Mapping[str, str], main: Mapping[str, str]) -> RevisionSpec:
        template: Mapping[str, Any] = self._inputs.get("template", {})
        scale = template.get("scale", {})
        ingress: Mapping[str, Any] = self._configuration.get("ingress", {})
        values = self.secrets()
        try:
            return RevisionSpec(
                app=name.rpartition("--")[0],
                name=name,
                containers=tuple(self._container(c, values, main) for c in template.get("containers", [])),
                init_containers=tuple(self._container(c, values, init) for c in template.get("initContainers", [])),
                min_replicas=scale.get("minReplicas", 0),
                max_replicas=scale.get("maxReplicas", 10),
                rules=self._scale_rules(scale),
                target_port=ingress.get("targetPort"),
                termination_grace_seconds=template.get("terminationGracePeriodSeconds", 30),
            )
        except ValueError as error:
            raise _template_error("template", str(error)) from error

    def _scale_rules(self, scale: Mapping[str, Any]) -> ScaleRules:
        """The rules that are followed. Of several of a kind the lowest target asks for the most, so it is the one."""
        rules: list[Mapping[str, Any]] = scale.get("rules") or [{"http": {}}]  # the default rule
        given = scale.get("cooldownPeriod")
        requests = [int(r["http"].get("metadata", {}).get("concurrentRequests", 10)) for r in rules if "http" in r]
        custom = [rule["custom"] for rule in rules if "custom" in rule]
        cpu = [float(rule["metadata"]["value"]) for rule in custom if rule.get("type") == "cpu"]
        return ScaleRules(
            concurrent_requests=min(requests, default=None),
            cpu_percent=min(cpu, default=None),
            queues=tuple(self._queue_rule(rule) for rule in custom if _is_on_a_queue(rule)),
            **({} if given is None else {"cooldown_seconds": given}),
        )

    def _queue_rule(self, rule: Mapping[str, Any]) -> QueueRule:
        identity, metadata = rule.get("identity", ""), rule["metadata"]
        principal = self._assigned(identity)
        if principal is None:
            reason = f"Identity '{identity}' of the scale rule is not assigned to the container app."
            raise _template_error("template.scale.rules", reason)
        return QueueRule(
            namespace=metadata.get("namespace", ""),
            queue=metadata["queueName"],
            principal=principal,
            messages=int(metadata.get("messageCount", 5)),
        )

    def _identities_of(self, lifecycle: str) -> list[Identity]:
        settings = self._configuration.get("identitySettings", [])
        phases = {s["identity"].lower(): s.get("lifecycle", "All") for s in settings}
        return [
            Identity(client_id=both["clientId"], object_id=both["principalId"], resource_id=resource_id)
            for resource_id, both in self.identities().items()
            if phases.get(resource_id.lower(), "All") in (lifecycle, "All")
        ]

    def _container(
        self, container: Mapping[str, Any], values: Mapping[str, str], platform: Mapping[str, str]
    ) -> ContainerSpec:
        declared: dict[str, str] = {}
        for variable in container.get("env", []):
            reference = variable.get("secretRef")
            if reference is not None and reference not in values:
                reason = f"SecretRef '{reference}' defined for container '{container['name']}' not found."
                raise _template_error(f"template.containers.{container['name']}.env", reason)
            declared[variable["name"]] = variable.get("value", "") if reference is None else values[reference]
        return ContainerSpec(
            name=container["name"],
            digest=self._digest(container),
            command=tuple(container.get("command", ())),
            args=tuple(container.get("args", ())),
            env={**platform, **declared},
            probes=tuple(_probe(probe) for probe in container.get("probes", [])),
            cpu=container.get("resources", {}).get("cpu", 0),
        )


def _template_error(field: str, details: str) -> AzureError:
    return AzureError(
        400,
        "InvalidParameterValueInContainerTemplate",
        f"The following field(s) are either invalid or missing. Field '{field}' is invalid with details: '{details}';.",
    )


def _image_error(container: str, image: str, reason: str) -> AzureError:
    return _template_error(f"template.containers.{container}.image", f'Invalid value: "{image}": {reason}')


def _is_on_a_queue(rule: Mapping[str, Any]) -> bool:
    return rule.get("type") == "azure-servicebus" and "queueName" in rule.get("metadata", {})


def _probe(probe: Mapping[str, Any]) -> Probe:
    action = probe.get("httpGet") or probe["tcpSocket"]
    given = {
        "initial_delay_seconds": probe.get("initialDelaySeconds"),
        "period_seconds": probe.get("periodSeconds"),
        "timeout_seconds": probe.get("timeoutSeconds"),
        "failure_threshold": probe.get("failureThreshold"),
        "success_threshold": probe.get("successThreshold"),
    }
    return Probe(
        kind=ProbeKind(probe["type"]),
        port=action["port"],
        path=action.get("path", "/") if "httpGet" in probe else None,
        **{name: value for name, value in given.items() if value is not None},
    )
