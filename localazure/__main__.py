"""`python -m localazure serve FOLDER`: run the embedded Azure in the foreground, its state in FOLDER."""

import argparse
import asyncio
import sys
from pathlib import Path

from localazure.daemon import serve
from localazure.errors import StateError


def main() -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m localazure", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("serve", help="run until SIGTERM")
    command.add_argument("state", type=Path, metavar="FOLDER")
    state: Path = parser.parse_args().state
    try:
        asyncio.run(serve(state.resolve()))
    except StateError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
