"""What of a container app holds for all its revisions: identities, registry, secrets, ingress and traffic.

Plain values, no resource.
"""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import app

from components.identity import WorkloadIdentity
from components.workloads.rollout import Share
from components.workloads.variables import Variables

INACTIVE_REVISIONS = 5
"""Revisions that are kept after they ran, to be read or activated again."""

Lifecycles = Sequence[tuple[WorkloadIdentity, str]]
"""Identities of an app, each with the phase in which a container may act as it: Main, Init or None."""


def configuration(
    lifecycles: Lifecycles,
    *,
    registry: pulumi.Input[str],
    pull: WorkloadIdentity,
    variables: Variables,
    reader: WorkloadIdentity,
    ingress: app.IngressArgs | None,
) -> app.ConfigurationArgs:
    """Return the configuration of an app, whose revisions share requests if it has an ingress.

    Args:
        lifecycles: Its identities.
        registry: Login server of the registry of its images.
        pull: What the images are pulled with.
        variables: Their secrets are the app's.
        reader: What the secrets are read as.
        ingress: What `public_ingress` returns; None if nothing calls the app.
    """
    return app.ConfigurationArgs(
        active_revisions_mode=app.ActiveRevisionsMode.MULTIPLE if ingress else app.ActiveRevisionsMode.SINGLE,
        max_inactive_revisions=INACTIVE_REVISIONS,
        identity_settings=identity_settings(lifecycles),
        registries=[app.RegistryCredentialsArgs(server=registry, identity=pull.id)],
        secrets=secrets(variables, reader),
        ingress=ingress,
    )


def identity_settings(lifecycles: Lifecycles) -> list[app.IdentitySettingsArgs]:
    """Return in which phase a container of an app or a job may act as which identity."""
    return [app.IdentitySettingsArgs(identity=identity.id, lifecycle=lifecycle) for identity, lifecycle in lifecycles]


def secrets(variables: Variables, reader: WorkloadIdentity) -> list[app.SecretArgs]:
    """Return the secrets of an app or a job, each by reference to the vault, read as `reader`."""
    return [
        app.SecretArgs(name=secret.name, key_vault_url=secret.url, identity=reader.id)
        for secret in variables.secrets.values()
    ]


def public_ingress(port: int, shares: pulumi.Output[list[Share]]) -> app.IngressArgs:
    """Return an ingress that serves `port` over TLS and deals requests as the shares say."""
    return app.IngressArgs(
        external=True,
        target_port=port,
        transport=app.IngressTransportMethod.HTTP,
        allow_insecure=False,
        traffic=shares.apply(
            lambda each: [
                app.TrafficWeightArgs(revision_name=share.revision, weight=share.weight, label=share.label)
                for share in each
            ]
        ),
    )
