"""`python -m localazure serve FOLDER`: run the embedded Azure in the foreground, its state in FOLDER."""

import argparse
import asyncio
import sys
from pathlib import Path

from localazure.coverage import FILE, coverage
from localazure.daemon import serve
from localazure.errors import StateError


def main() -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m localazure", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("coverage", help="write COVERAGE.md")
    command = commands.add_parser("serve", help="run until SIGTERM")
    command.add_argument("state", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    if given.command == "coverage":
        FILE.write_text(coverage(), encoding="utf-8")
        return 0
    try:
        asyncio.run(serve(given.state.resolve()))
    except StateError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
