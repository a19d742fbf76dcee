"""`python policy`: what `pack` and the official language host run, as `PulumiPolicy.yaml` says."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the folder is run where it lies, and not installed
    from policy.server import serve

    sys.exit(serve())
