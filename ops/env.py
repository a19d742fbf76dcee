"""`make env`: shell lines with which plain `pulumi` commands meet the running embedded Azure.

`eval "$(make -s env)"` and then `pulumi stack`, `pulumi preview`, ... work on this repository's stack. Another Pulumi
program needs the same lines without the two that name this stack; they come last, under a comment.
"""

import os
import shlex
import sys
from collections.abc import Mapping

from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command


def env(environ: Mapping[str, str]) -> int:
    """Print the lines and return the exit status."""
    target = Target.of(environ)
    if target.cloud == "azure":
        raise UsageError("CLOUD=azure needs no variables: `pulumi` uses the ambient login. Use CLOUD=local.")
    cloud = LocalCloud(find_engine(report), environ, target.stack)
    with cloud.held() as lock:
        cloud.prepare(None, lock)
        client = cloud.client()
    general = cloud.environment(client)
    for name, value in general.items():
        print(f"export {name}={shlex.quote(value)}")
    print("# For another Pulumi program: unset PULUMI_OPTION_CONFIG_FILE PULUMI_STACK")
    for name, value in cloud.stack_environment(client).items():
        if name not in general:
            print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(env, os.environ))
