"""The embedded Azure: run it in the foreground, write its coverage, or let faults happen to the one that runs."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import yaml

from localazure.client import Client
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
    command = commands.add_parser("faults", help="let faults happen (localazure/faults.py); an empty script ends them")
    command.add_argument("state", type=Path, metavar="FOLDER")
    command.add_argument("script", type=Path, metavar="FILE", help="YAML")
    given = parser.parse_args()
    if given.command == "coverage":
        FILE.write_text(coverage(), encoding="utf-8")
        return 0
    try:
        if given.command == "faults":
            _script(given.state.resolve(), given.script)
        else:
            asyncio.run(serve(given.state.resolve()))
    except (OSError, StateError, yaml.YAMLError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _script(state: Path, script: Path) -> None:
    """Give the script in a file to the daemon of a state folder. Raises StateError when none runs."""
    faults: Any = yaml.safe_load(script.read_text(encoding="utf-8")) or []
    client = Client.find(state)
    if client is None:
        raise StateError(f"No embedded Azure runs on {state}.")
    client.script(faults)


if __name__ == "__main__":
    sys.exit(main())
