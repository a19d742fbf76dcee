"""What to hand to `pulumi import --file` when the state is lost and no generation is left.

The program says what there is, and its names are deterministic: a preview of the empty stack gives type, name, parent
and inputs of every resource, and the ARM path of its type turns inputs into an id. A name that only the deployment
would tell is open; of the resources that exist, the one that fits is taken if it is the only one. What stays without an
id is told, and found by the next plan, since what was imported then is known.
"""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from localazure.services.catalog import TYPES

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a preview holds for a value that only the deployment will tell (pulumi, sdk/go/common/resource)."""
PACKAGE: Final = "azure-native:"


def filled(
    entries: list[dict[str, Any]], preview: Mapping[str, Any], existing: Collection[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Give the entries of an import file their ids.

    Args:
        entries: `resources` of the file that `pulumi preview --import-file` wrote.
        preview: what `pulumi preview --json` said in the same run.
        existing: ARM ids of what there is.

    Returns:
        The entries that can be imported, and the names of those that have no id.
    """
    steps = {
        (step["urn"].split("::")[2].rpartition("$")[2], step["urn"].split("::")[3]): step for step in preview["steps"]
    }
    plan: list[dict[str, Any]] = []
    missing: list[str] = []
    for entry in entries:
        if entry.get("component"):
            plan.append(entry)
            continue
        step = steps[entry["type"], entry.get("logicalName", entry["name"])]
        found = _id(entry["type"], step["newState"].get("inputs", {}), existing)
        plan += [{**entry, "id": found}] if found else []
        missing += [] if found else [f"{entry['type']} {entry['name']}"]
    return plan, missing


def _id(kind: str, inputs: Mapping[str, Any], existing: Collection[str]) -> str | None:
    token = kind.removeprefix(PACKAGE)
    if not kind.startswith(PACKAGE) or token not in TYPES:
        return None

    def part(match: re.Match[str]) -> str:
        value = inputs.get(match[1], UNKNOWN)
        return ".+" if value == UNKNOWN else re.escape(str(value).strip("/"))

    pattern = re.sub(r"\\\{(\w+)\\\}", part, re.escape(TYPES[token].path))
    fitting = [each for each in existing if re.fullmatch(pattern, each, re.IGNORECASE)]
    return fitting[0] if len(fitting) == 1 else None


def write_plan(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write the file for `pulumi import --file`."""
    path.write_text(json.dumps({"resources": entries}, indent=2) + "\n", encoding="utf-8")
