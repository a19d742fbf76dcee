"""Container apps and jobs: who they act as, what they may know, how they start and end."""

import re
from typing import Any

from policy.checks import all_of, between, each, expect, given, items_at, matches, value_at
from policy.registration import UNKNOWN, Inputs
from policy.rule import AnyRule, ResourceRule

APP = "app:ContainerApp"
JOB = "app:Job"
CONTAINERS = "template.containers"
INIT = "template.initContainers"
PROBES = ("Startup", "Liveness", "Readiness")
_BY_THE_CLOCK = {"backup", "upkeep"}
"""What a job is told to do when nobody asks for it."""
_PROBES = [{"type": kind, "httpGet": {"path": "/health", "port": 8080}} for kind in PROBES]


def _probes(inputs: Inputs) -> str | None:
    for container in items_at(inputs, CONTAINERS):
        missing = sorted(set(PROBES) - {probe["type"] for probe in items_at(container, "probes")})
        if missing and container.get("probes") != UNKNOWN:
            return f"container {container.get('name')} has no probe of type {', '.join(missing)}"
    return None


def _resources(inputs: Inputs) -> str | None:
    for container in items_at(inputs, CONTAINERS, INIT):
        cpu, memory = value_at(container, "resources.cpu"), value_at(container, "resources.memory")
        pair = re.fullmatch(r"([\d.]+)Gi", str(memory))
        if UNKNOWN not in (cpu, memory) and not (pair and cpu and float(pair[1]) == 2 * cpu):
            return f"container {container.get('name')} asks for cpu {cpu} and memory {memory}"
    return None


def _by_the_clock(inputs: Inputs) -> str | None:
    does = {argument for container in items_at(inputs, CONTAINERS) for argument in items_at(container, "args")}
    return expect("configuration.triggerType", "Schedule")(inputs) if does & _BY_THE_CLOCK else None


def _app(**template: Any) -> Inputs:
    return {"template": template}


def _container(**container: Any) -> Inputs:
    return {"template": {"containers": [{"name": "api", **container}]}}


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="app-user-identity",
        title="An app or job acts as user-assigned identities only",
        reason="A system-assigned identity exists after the workload, so its grants come too late for the first start.",
        source="PSRule Azure.ContainerApp.ManagedIdentity; own",
        fix="Create the identity and its grants first and set identity.type to UserAssigned.",
        types=(APP, JOB),
        check=all_of(expect("identity.type", "UserAssigned"), given("identity.userAssignedIdentities")),
        passes={"identity": {"type": "UserAssigned", "userAssignedIdentities": ["/id"]}},
        violates={"identity": {"type": "SystemAssigned"}},
    ),
    ResourceRule(
        id="app-probes",
        title="Every container of an app has a startup, a liveness and a readiness probe",
        reason="Environments with workload profiles add none: traffic reaches a container that is not ready.",
        source="APRL container apps: health probes; Microsoft, Health probes in Container Apps",
        fix="Declare all three probes of the container.",
        types=(APP,),
        check=_probes,
        passes=_container(probes=_PROBES),
        violates=_container(probes=_PROBES[:2]),
    ),
    ResourceRule(
        id="app-secrets-by-reference",
        title="Secrets of a workload are references to the vault",
        reason="A value in the app's configuration is in the state file and is never rotated.",
        source="PSRule Azure.Deployment.SecureValue; own",
        fix="Set keyVaultUrl and identity of the secret, and no value.",
        types=(APP, JOB),
        check=each(
            "configuration.secrets", check=all_of(given("keyVaultUrl"), given("identity"), expect("value", None))
        ),
        passes={
            "configuration": {"secrets": [{"name": "a", "keyVaultUrl": "https://v/secrets/a", "identity": "/api"}]}
        },
        violates={"configuration": {"secrets": [{"name": "a", "value": "hunter2"}]}},
    ),
    ResourceRule(
        id="app-secrets-unversioned",
        title="References to secrets name no version",
        reason="A rotated key would arrive only with the next deployment.",
        source="Microsoft, Manage secrets in Container Apps",
        fix="End keyVaultUrl with the name of the secret.",
        types=(APP, JOB),
        check=each("configuration.secrets", check=matches("keyVaultUrl", r"(?!.*/secrets/[^/]+/.+).*", "no version")),
        passes={"configuration": {"secrets": [{"name": "a", "keyVaultUrl": "https://v/secrets/a"}]}},
        violates={"configuration": {"secrets": [{"name": "a", "keyVaultUrl": "https://v/secrets/a/1f2e"}]}},
    ),
    ResourceRule(
        id="app-resources-pair",
        title="Memory is two gibibytes per core",
        reason="Container Apps offers no other pair on the Consumption profile and refuses the app.",
        source="Microsoft, Containers in Container Apps: configuration",
        fix="Use 0.25 and 0.5Gi, 0.5 and 1Gi, and so on up to 4 and 8Gi.",
        types=(APP, JOB),
        check=_resources,
        passes=_container(resources={"cpu": 0.5, "memory": "1Gi"}),
        violates=_container(resources={"cpu": 0.5, "memory": "2Gi"}),
    ),
    ResourceRule(
        id="app-grace-period",
        title="A replica has at least 30 seconds to end its requests",
        reason="Requests under way are cut off at every release and scale-in.",
        source="own",
        fix="Set template.terminationGracePeriodSeconds.",
        types=(APP,),
        check=between("template.terminationGracePeriodSeconds", 30, 600),
        passes=_app(terminationGracePeriodSeconds=60),
        violates=_app(terminationGracePeriodSeconds=0),
    ),
    ResourceRule(
        id="app-name",
        title="Names of apps and jobs are usable host names",
        reason="Azure refuses others, and the name is part of the address.",
        source="PSRule Azure.ContainerApp.Name and JobNaming",
        fix="Use 2 to 32 lower-case letters, digits and single dashes.",
        types=(APP, JOB),
        check=lambda inputs: matches(
            "jobName" if "jobName" in inputs else "containerAppName",
            r"(?!.*--)[a-z][0-9a-z-]{0,30}[0-9a-z]",
            "2 to 32 of a-z, 0-9 and -, no --",
        )(inputs),
        passes={"containerAppName": "ca-dme-api-prod"},
        violates={"containerAppName": "ca--DME"},
    ),
    ResourceRule(
        id="job-by-the-clock",
        title="Backups are made, and what is due is deleted, by the clock",
        reason="A job that waits for a person is forgotten, and nobody notices before the day of the restore.",
        source="Well-Architected Framework, RE:09 disaster recovery; own",
        fix="Set the cron of the job's section in the stack file.",
        types=(JOB,),
        check=_by_the_clock,
        passes={**_container(args=["backup"]), "configuration": {"triggerType": "Schedule"}},
        violates={**_container(args=["backup"]), "configuration": {"triggerType": "Manual"}},
    ),
    ResourceRule(
        id="job-bounded",
        title="A job ends by itself",
        reason="A job that hangs is paid for and blocks the next one.",
        source="own",
        fix="Set configuration.replicaTimeout to at most six hours, and replicaRetryLimit to at most 5.",
        types=(JOB,),
        check=all_of(
            between("configuration.replicaTimeout", 1, 21_600), between("configuration.replicaRetryLimit", 0, 5)
        ),
        passes={"configuration": {"replicaTimeout": 1800, "replicaRetryLimit": 1}},
        violates={"configuration": {"replicaTimeout": 86_400, "replicaRetryLimit": 1}},
    ),
)
