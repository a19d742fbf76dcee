"""A program small enough to be broken twenty times a minute; it takes the place of the checkout's own."""

import json
import os
import shlex
import signal
import subprocess
import textwrap
import time
from contextlib import suppress
from typing import Any

from localazure.client import Client
from tests.e2e.checkout import COMMAND_SECONDS, Checkout, Done

CANARY = "canary-4711-never-in-clear"
PROGRAM = f'''
    """A component with a vault and a secret in it, and what stands beside it."""

    import json
    from pathlib import Path

    import pulumi
    from pulumi_azure_native import authorization, keyvault, managedidentity, operationalinsights, resources

    shape = json.loads((Path(__file__).parent / "shape.json").read_text())
    tags = {{"owner": shape["owner"]}}
    account = authorization.get_client_config()
    group = resources.ResourceGroup("group", resource_group_name="rg-tiny", tags=tags)
    inside = {{"resource_group_name": group.name}}
    identity = managedidentity.UserAssignedIdentity("identity", resource_name_="id-tiny", tags=tags, **inside)
    operationalinsights.Workspace(
        "workspace",
        workspace_name="log-tiny",
        retention_in_days=shape["days"],
        sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
        tags=tags,
        **inside,
    )


    class Safe(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("tiny:index:Safe", "safe")
            child = pulumi.ResourceOptions(parent=self, protect=shape["protect"])
            self.vault = keyvault.Vault(
                "vault",
                vault_name=shape["vault"],
                properties=keyvault.VaultPropertiesArgs(
                    tenant_id=account.tenant_id,
                    enable_rbac_authorization=True,
                    public_network_access="Disabled",
                    sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName.STANDARD),
                ),
                tags=tags,
                opts=child,
                **inside,
            )
            keyvault.Secret(
                "secret",
                secret_name="canary",
                vault_name=self.vault.name,
                properties=keyvault.SecretPropertiesArgs(value=pulumi.Output.secret("{CANARY}")),
                opts=child,
                **inside,
            )
            self.register_outputs({{}})


    safe = Safe()
    authorization.RoleAssignment(
        "role",
        role_assignment_name="00000000-0000-4000-8000-0000000000aa",
        principal_id=identity.principal_id,
        principal_type="ServicePrincipal",
        role_definition_id="/subscriptions/" + account.subscription_id
        + "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6",
        scope=safe.vault.id,
    )
    pulumi.export("principal", identity.principal_id)
    pulumi.export("vault_uri", safe.vault.properties.vault_uri)
    pulumi.export("canary", pulumi.Output.secret("{CANARY}"))
'''
TYPES = (
    "resources:ResourceGroup",
    "managedidentity:UserAssignedIdentity",
    "operationalinsights:Workspace",
    "keyvault:Vault",
    "keyvault:Secret",
    "authorization:RoleAssignment",
)
"""Every type of the program, each of which it has once."""
STRUCK_SECONDS = 150


class Tiny:
    """The program in a checkout, run by a plain `pulumi`."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        (checkout.folder / "__main__.py").write_text(textwrap.dedent(PROGRAM).lstrip())
        self.shape()
        self._environ: dict[str, str] = {}
        self.connect()

    def connect(self) -> None:
        """Take over where the daemon listens, which is elsewhere after it was stopped."""
        done = self.checkout.run("env")
        assert done.status == 0, done.text
        exports = [line.removeprefix("export ") for line in done.result.splitlines() if line.startswith("export ")]
        self._environ = self.checkout.environ(**dict(shlex.split(line)[0].split("=", 1) for line in exports))

    def shape(self, *, owner: str = "ada", days: int = 30, vault: str = "kv-tiny", protect: bool = False) -> None:
        """What the program declares from now on."""
        shape = {"owner": owner, "days": days, "vault": vault, "protect": protect}
        (self.checkout.folder / "shape.json").write_text(json.dumps(shape))

    @property
    def client(self) -> Client:
        """The daemon."""
        return Client.start(self.checkout.state)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the engine without waiting for it."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.checkout.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *arguments: str) -> Done:
        """Run the engine to its end."""
        process = self.start(*arguments)
        try:
            text, _ = process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Done(process.returncode, text, text)

    def up(self, *options: str) -> str:
        """Deploy; the test fails with the whole output if that fails."""
        done = self.pulumi("up", "--yes", "--skip-preview", *options)
        assert done.status == 0, done.text
        return done.text

    def kill_at(self, verb: str, operation: str, *types: str) -> bool:
        """Kill the engine during an operation on the first of `types`, and let no operation on the others end before.

        Returns:
            False when the engine ended without getting there.
        """
        faults = [
            {"kind": "slow", "seconds": STRUCK_SECONDS, "operation": operation, "type": token, "times": 100}
            for token in types
        ]
        self.client.script(faults)
        process = self.start(verb, "--yes", "--skip-preview")
        struck = self.await_struck(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        self.client.script([])
        return struck

    def await_struck(self, process: subprocess.Popen[str]) -> bool:
        """Wait until the first fault of the script has struck; False when the engine ended before."""
        deadline = time.monotonic() + STRUCK_SECONDS
        while not (struck := bool(self.client.status()["faults"][0]["struck"])) and process.poll() is None:
            assert time.monotonic() < deadline, "no operation was struck in time"
            time.sleep(0.02)
        return struck

    def checkpoint(self) -> dict[str, Any]:
        """The engine's last deployment."""
        done = self.pulumi("stack", "export")
        assert done.status == 0, done.text
        return json.loads(done.text)["deployment"]
