"""Images of container apps and jobs, and how they are pulled."""

from typing import Any

from policy.checks import all_of, each, expect, given, items_at, known, matches
from policy.registration import UNKNOWN, Inputs
from policy.rule import AnyRule, ResourceRule

APP = "app:ContainerApp"
JOB = "app:Job"
CONTAINERS = "template.containers"
INIT = "template.initContainers"
_DIGEST = "acr.azurecr.io/app@sha256:" + "a" * 64


def _registries(inputs: Inputs) -> str | None:
    servers = [registry.get("server") for registry in items_at(inputs, "configuration.registries")]
    for container in items_at(inputs, CONTAINERS, INIT):
        image = str(container.get("image"))
        if UNKNOWN not in (image, *servers) and image.partition("/")[0] not in servers:
            return f"image {image} is from none of the declared registries {servers}"
    return None


def _pull_identities(inputs: Inputs) -> str | None:
    settings = items_at(inputs, "configuration.identitySettings")
    hidden = {setting.get("identity") for setting in settings if setting.get("lifecycle") == "None"}
    used = {registry.get("identity") for registry in items_at(inputs, "configuration.registries")}
    return None if used <= hidden | {UNKNOWN} or UNKNOWN in hidden else f"containers can act as {sorted(used - hidden)}"


def _container(**container: Any) -> Inputs:
    return {"template": {"containers": [{"name": "api", **container}]}}


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="app-image-digest",
        title="Every image is named by its digest",
        reason="A tag can be moved: two replicas of one revision could run different code.",
        source="own; checkov CKV_K8S_43 intent",
        fix="Deploy name@sha256:digest, which the build prints.",
        types=(APP, JOB),
        check=each(CONTAINERS, INIT, check=matches("image", r".+@sha256:[0-9a-f]{64}", "name@sha256:digest")),
        passes=_container(image=_DIGEST),
        violates=_container(image="acr.azurecr.io/app:1.4"),
    ),
    ResourceRule(
        id="app-image-not-latest",
        title="No image is tagged latest",
        reason="Nobody can say what runs, and nobody can go back to it.",
        source="checkov CKV_K8S_14 intent",
        fix="Deploy name@sha256:digest.",
        types=(APP, JOB),
        check=each(CONTAINERS, INIT, check=matches("image", r"(?!.*:latest(@|$)).*[:@].*", "no :latest")),
        passes=_container(image=_DIGEST),
        violates=_container(image="acr.azurecr.io/app:latest"),
    ),
    ResourceRule(
        id="app-image-own-registry",
        title="Images come from the registry that the workload declares",
        reason="What is pulled from elsewhere is neither scanned nor under this platform's control.",
        source="checkov CKV_K8S_15 intent; own",
        fix="Push the image to the platform's registry and name that.",
        types=(APP, JOB),
        check=known("configuration.registries", check=_registries),
        passes={"configuration": {"registries": [{"server": "acr.azurecr.io"}]}, **_container(image=_DIGEST)},
        violates={"configuration": {"registries": [{"server": "acr.azurecr.io"}]}, **_container(image="docker.io/a@b")},
    ),
    ResourceRule(
        id="app-pull-by-identity",
        title="Images are pulled by identity",
        reason="A password for the registry is one more secret to leak and to rotate.",
        source="PSRule Azure.ACR.AdminUser; own",
        fix="Name an identity that has AcrPull in configuration.registries, and no user name or password.",
        types=(APP, JOB),
        check=each(
            "configuration.registries",
            check=all_of(given("identity"), expect("username", None, ""), expect("passwordSecretRef", None, "")),
        ),
        passes={"configuration": {"registries": [{"server": "acr.azurecr.io", "identity": "/pull"}]}},
        violates={"configuration": {"registries": [{"server": "acr.azurecr.io", "passwordSecretRef": "key"}]}},
    ),
    ResourceRule(
        id="app-pull-identity-hidden",
        title="Containers cannot act as the identity that pulls",
        reason="Broken code could read every image of the platform.",
        source="own",
        fix="Give the pulling identity the lifecycle None in configuration.identitySettings.",
        types=(APP, JOB),
        check=_pull_identities,
        passes={
            "configuration": {
                "registries": [{"identity": "/pull"}],
                "identitySettings": [{"identity": "/pull", "lifecycle": "None"}],
            }
        },
        violates={"configuration": {"registries": [{"identity": "/pull"}]}},
    ),
)
