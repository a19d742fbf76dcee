"""A workbook per audience, on the workspace.

Azure names a workbook by a GUID; ours is made from the environment and the page, so that it never changes.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import applicationinsights

from components.observability import Observability
from components.platform import Platform
from components.workbook_pages import PAGES, Page, Panel


@dataclass(frozen=True, kw_only=True)
class WorkbooksArgs:
    """Arguments of `Workbooks`."""

    platform: Platform
    observability: Observability


class Workbooks(pulumi.ComponentResource):
    """The workbooks of an environment."""

    ids: list[pulumi.Output[str]]
    """Resource ids, in the order of the pages."""

    def __init__(self, name: str, args: WorkbooksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Workbooks", name, None, opts)
        platform = args.platform
        key = f"{platform.subscription_id}/{platform.environment}/{platform.unique}/workbook"
        workbooks = [
            applicationinsights.Workbook(
                f"{name}-{page.name}",
                resource_name_=str(uuid5(NAMESPACE_URL, f"{key}/{page.name}")),
                resource_group_name=platform.resource_group_name,
                display_name=f"{page.title} ({platform.environment})",
                category="workbook",
                kind=applicationinsights.WorkbookSharedTypeKind.SHARED,
                source_id=args.observability.workspace_id,
                serialized_data=notebook(page),
                tags=platform.tags(name),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            for page in PAGES
        ]
        self.ids = [workbook.id for workbook in workbooks]
        self.register_outputs({"ids": self.ids})


def notebook(page: Page) -> str:
    """Return a page as Azure keeps a workbook: JSON of the form `Notebook/1.0`."""
    text: dict[str, Any] = {"type": 1, "name": "about", "content": {"json": f"# {page.title}\n\n{page.about}"}}
    items = [text, *(_item(panel, page.span_ms) for panel in page.panels)]
    return json.dumps({"version": "Notebook/1.0", "items": items, "isLocked": False}, indent=1)


def _item(panel: Panel, span_ms: int) -> dict[str, Any]:
    return {
        "type": 3,
        "name": panel.title,
        "content": {
            "version": "KqlItem/1.0",
            "title": panel.title,
            "query": panel.query,
            "size": 0,
            "timeContext": {"durationMs": span_ms},
            "queryType": 0,
            "resourceType": "microsoft.operationalinsights/workspaces",
            "visualization": panel.chart,
        },
    }
