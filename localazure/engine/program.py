"""Run one Pulumi program; the child process of the language host.

The packages named on the command line are imported first. Then standard input tells, as JSON, what to run; if it ends
without a word, nothing is. Exit status 32 says that the error has been shown by the engine. Runs with
the program's interpreter, so it imports nothing of this package.
"""

import asyncio
import gc
import importlib
import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime

ALREADY_SHOWN = 32


def main(run: dict[str, Any]) -> int:
    """Run the program and return the exit status."""
    pulumi.runtime.set_all_config(run["config"], run["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            dry_run=run["dry_run"],
            engine=run["engine"],
            monitor=run["monitor"],
            organization=run["organization"],
            parallel=run["parallel"],
            project=run["project"],
            root_directory=run["root_directory"],
            stack=run["stack"],
        )
    )
    os.chdir(run["directory"])
    path = Path(run["program"])
    script = path / "__main__.py" if path.is_dir() else path
    sys.path.insert(0, str(script.parent))
    sys.argv = [str(script)]

    async def program() -> None:
        runpy.run_path(str(script), run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return ALREADY_SHOWN
    except Exception:  # noqa: BLE001 - whatever a program raises is shown, as the official host does
        pulumi.log.error("Program failed with an unhandled exception:\n" + traceback.format_exc())
        return ALREADY_SHOWN
    return 0


if __name__ == "__main__":
    gc.disable()  # a third of the time goes into looking for garbage among what lives to the end anyway
    for name in sys.argv[1:]:
        getattr(importlib.import_module(name), "__all__", None)  # the SDK loads a module when something is asked of it
    told = sys.stdin.read()
    status = main(json.loads(told)) if told else 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # taking the SDK's modules apart would only keep the engine waiting
