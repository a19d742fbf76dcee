"""`make token`: a bearer token of the embedded Entra, alone on its line."""

import os
import sys
from collections.abc import Mapping
from typing import Final

from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command

LIFETIME_SECONDS: Final = 3600


def token(environ: Mapping[str, str]) -> int:
    """Print a token for SUBJECT with ROLES (comma-separated), good for WORKLOAD, and return the exit status."""
    target = Target.of(environ)
    if target.cloud == "azure":
        raise UsageError("On Azure tokens come from Entra, not from here. Use CLOUD=local.")
    cloud = LocalCloud(find_engine(report), environ, target.stack)
    outputs = cloud.outputs()
    if "token_issuer" not in outputs:
        raise UsageError(f"{target.stack} is not deployed here; run `make up STACK={target.stack}` first.")
    audiences, workload = outputs["token_audiences"], environ.get("WORKLOAD") or "api"
    if workload not in audiences:
        raise UsageError(f"WORKLOAD={workload}: no such audience of tokens (allowed {', '.join(audiences)}).")
    print(
        cloud.client().mint(
            issuer=outputs["token_issuer"],
            audience=audiences[workload],
            subject=environ.get("SUBJECT") or "ada",
            roles=[role.strip() for role in environ.get("ROLES", "user").split(",") if role.strip()],
            lifetime_seconds=LIFETIME_SECONDS,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(run_command(token, os.environ))
