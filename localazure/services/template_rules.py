"""What is refused of a container app by its inputs alone, before anything else is looked at."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from localazure.containers.spec import MAX_REPLICAS
from localazure.services.ingress_rules import PORTS, ingress_problems, not_imitated
from localazure.validation import Problem

Values = Mapping[str, Any]

LARGEST_CPU: Final = 4.0
STEP_CPU: Final = 0.25
PROBE_LIMITS: Final = {
    "initialDelaySeconds": (0, 60),
    "periodSeconds": (1, 240),
    "timeoutSeconds": (1, 240),
    "successThreshold": (1, 10),
}
MOST_FAILURES: Final = {"Liveness": 30, "Readiness": 48, "Startup": 240}
LONGEST_REVISION: Final = 54
LONGEST_GRACE: Final = 600
MOST_INACTIVE: Final = 100
_CONTAINER: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VARIABLE: Final = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_SECRET: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_SUFFIX: Final = re.compile(r"[a-z](?!.*--)([a-z0-9-]*[a-z0-9])?")
_AT_LEAST_ONE: Final = re.compile(r"0*[1-9][0-9]*")


def template_problems(inputs: Values) -> Iterator[Problem]:
    """What Container Apps refuses of a template and its configuration, and what it takes but is not imitated."""
    template: Values = inputs.get("template", {})
    containers: list[Values] = template.get("containers", [])
    if "template" in inputs and not containers:
        yield "template.containers", "a container app needs at least one container"
    yield from _suffix_problems(inputs.get("containerAppName", ""), template.get("revisionSuffix"))
    yield from _scale_problems(template.get("scale", {}))
    grace = template.get("terminationGracePeriodSeconds", 0)
    if not 0 <= grace <= LONGEST_GRACE:
        yield "template.terminationGracePeriodSeconds", f"'{grace}' seconds: 0 to {LONGEST_GRACE}"
    for name in ("initContainers", "containers"):
        for index, container in enumerate(template.get(name, [])):
            yield from _container_problems(container, f"template.{name}[{index}]")
    yield from _resource_problems(containers)
    yield from _init_problems(template.get("initContainers", []), containers)
    yield from _configuration_problems(inputs.get("configuration", {}))
    if "SystemAssigned" in inputs.get("identity", {}).get("type", ""):
        yield "identity.type", not_imitated("a system-assigned identity", "a user-assigned one")


def _suffix_problems(app: str, suffix: str | None) -> Iterator[Problem]:
    """The rule of revision names, in the words of github.com/microsoft/azure-container-apps/issues/1443."""
    if suffix and (not _SUFFIX.fullmatch(suffix) or len(app) + len(suffix) > LONGEST_REVISION):
        rule = (
            "A revision name must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character. The length of the revision name must not be more than "
            f"a combined {LONGEST_REVISION} characters with the container app name."
        )
        yield "template.revisionSuffix", f"Revision name has an invalid value '{suffix}'. {rule}"


def _scale_problems(scale: Values) -> Iterator[Problem]:
    least, most = scale.get("minReplicas", 0), scale.get("maxReplicas", 10)
    if least > most:
        yield "template.scale.minReplicas", f"minReplicas ({least}) cannot be greater than maxReplicas ({most})"
    if least < 0 or not 1 <= most <= MAX_REPLICAS:
        yield "template.scale", f"replicas {least} to {most}: allowed are 0 to {MAX_REPLICAS}, the greater at least 1"
    for index, rule in enumerate(scale.get("rules", [])):
        yield from _scale_rule_problems(rule, f"template.scale.rules[{index}]")


def _scale_rule_problems(rule: Values, at: str) -> Iterator[Problem]:
    """Targets are whole numbers, as text (learn.microsoft.com/azure/container-apps/scale-app, "HTTP" and "Custom")."""
    requests = rule.get("http", {}).get("metadata", {}).get("concurrentRequests", "10")
    if not _AT_LEAST_ONE.fullmatch(str(requests)):
        yield f"{at}.http.metadata.concurrentRequests", f"'{requests}' must be a whole number of at least 1"
    custom: Values = rule.get("custom", {})
    metadata: Values = custom.get("metadata", {})
    if custom.get("type") == "azure-servicebus" and not _AT_LEAST_ONE.fullmatch(str(metadata.get("messageCount", "5"))):
        reason = f"'{metadata['messageCount']}' must be a whole number of at least 1"
        yield f"{at}.custom.metadata.messageCount", reason
    if custom.get("type") == "cpu":
        if metadata.get("type", "Utilization") != "Utilization":
            yield f"{at}.custom.metadata.type", not_imitated(f"a CPU rule on {metadata['type']}", "Utilization")
        if not _AT_LEAST_ONE.fullmatch(str(metadata.get("value"))):
            reason = f"'{metadata.get('value')}' must be a whole number of percent, at least 1"
            yield f"{at}.custom.metadata.value", reason


def _container_problems(container: Values, at: str) -> Iterator[Problem]:
    for needed in ("name", "image"):
        if needed not in container:
            yield f"{at}.{needed}", f"missing required property '{at}.{needed}'"
    if not _CONTAINER.fullmatch(container.get("name", "c")):
        rule = "lower case alphanumeric characters or '-', 63 at most, at the ends alphanumeric"
        yield f"{at}.name", f'Invalid value: "{container["name"]}": a container\'s name is of {rule}'
    for variable in container.get("env", []):
        if "name" not in variable:
            yield f"{at}.env", "an environment variable has no name"
        elif not _VARIABLE.fullmatch(variable["name"]):
            yield f"{at}.env", f"'{variable['name']}': letters, digits, '-', '_' and '.', at the start no digit"
    for probe in container.get("probes", []):
        if "type" not in probe or ("httpGet" in probe) == ("tcpSocket" in probe):
            yield f"{at}.probes", "a probe needs a type, and either httpGet or tcpSocket"
        else:
            yield from _probe_problems(probe, f"{at}.probes")


def _probe_problems(probe: Values, at: str) -> Iterator[Problem]:
    """The limits of the ARM schema; those of failures are wider in the service itself.

    github.com/microsoft/azure-container-apps/issues/1100, github.com/hashicorp/terraform-provider-azurerm/pull/31989.
    """
    limits = PROBE_LIMITS | {"failureThreshold": (1, MOST_FAILURES.get(probe["type"], 1))}
    if probe["type"] != "Readiness":
        limits["successThreshold"] = (1, 1)
    port = (probe.get("httpGet") or probe.get("tcpSocket", {})).get("port", 0)
    if port not in PORTS:
        yield at, f"{probe['type']} probe's port '{port}' must be 1 to 65535"
    for name, (least, most) in limits.items():
        if not least <= probe.get(name, least) <= most:
            yield at, f"{probe['type']} probe's {name} must be in the range of ['{least}', '{most}']"


def _resource_problems(containers: list[Values]) -> Iterator[Problem]:
    """CPU and memory of an app, all its containers together, are sold in pairs (azure-facts.md section 3.8)."""
    needs = [container.get("resources", {}) for container in containers]
    if not needs or not all("cpu" in need and "memory" in need for need in needs):
        return
    odd = [need["memory"] for need in needs if not re.fullmatch(r"\d+(\.\d+)?Gi", need["memory"])]
    if odd:
        yield "template.containers", f"memory '{odd[0]}' must be a number of Gi, for example 0.5Gi"
        return
    cpu = sum(need["cpu"] for need in needs)
    memory = sum(float(need["memory"].removesuffix("Gi")) for need in needs)
    if cpu % STEP_CPU or not STEP_CPU <= cpu <= LARGEST_CPU or memory != 2 * cpu:
        reason = (
            f"the total requested CPU and memory resources for this application (CPU: {cpu}, memory: {memory}) is "
            "invalid. Total CPU and memory for all containers defined in a Container App must add up to one of the "
            "following CPU - Memory combinations: 0.25 - 0.5Gi and on in steps of 0.25 to 4 - 8Gi"
        )
        yield "template.containers", reason


def _init_problems(init: list[Values], containers: list[Values]) -> Iterator[Problem]:
    """An init container runs in the share of the others (github.com/microsoft/azure-container-apps/issues/1189)."""
    total = sum(container.get("resources", {}).get("cpu", 0) for container in containers)
    for index, container in enumerate(init):
        cpu = container.get("resources", {}).get("cpu", 0)
        if total and cpu > total:
            reason = (
                f"Invalid CPU value {cpu} for init container {container.get('name')}, an init container can not be "
                f"allocated more CPU than the total CPU {total} allocated for all app containers"
            )
            yield f"template.initContainers[{index}].resources.cpu", reason


def _configuration_problems(configuration: Values) -> Iterator[Problem]:
    if configuration.get("activeRevisionsMode") == "Labels":
        yield "configuration.activeRevisionsMode", not_imitated("mode Labels", "Single or Multiple")
    inactive = configuration.get("maxInactiveRevisions", MOST_INACTIVE)
    if not 0 <= inactive <= MOST_INACTIVE:
        yield "configuration.maxInactiveRevisions", f"'{inactive}' revisions: 0 to {MOST_INACTIVE}"
    for secret in configuration.get("secrets", []):
        if "name" not in secret:
            yield "configuration.secrets", "a secret has no name"
        elif not _SECRET.fullmatch(secret["name"]):
            rule = "lower case alphanumeric characters, '-' or '.', at the ends alphanumeric"
            yield "configuration.secrets", f'Invalid value: "{secret["name"]}": a secret\'s name is of {rule}'
    if any("server" not in registry for registry in configuration.get("registries", [])):
        yield "configuration.registries", "a registry has no server"
    yield from ingress_problems(configuration)
