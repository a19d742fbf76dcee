"""Workbooks. Mocks prove construction, nothing of Azure."""

import json
from uuid import UUID

import pytest

from components.observability import Observability, ObservabilityArgs, ObservabilitySettings
from components.workbook_pages import PAGES, Page
from components.workbooks import Workbooks, WorkbooksArgs, notebook
from tests.tape import Tape, record
from tests.unit.components.parts import platform


def _tape() -> Tape:
    def program() -> None:
        place = platform()
        settings = ObservabilitySettings(retention_days=30, daily_quota_gb=1, sampling_percent=100, protect=False)
        observability = Observability("observability", ObservabilityArgs(platform=place, settings=settings))
        Workbooks("workbooks", WorkbooksArgs(platform=place, observability=observability))

    return record(program)


def test_each_audience_has_a_workbook_on_the_workspace() -> None:
    books = {book.name: book.inputs for book in _tape().of("Workbook")}
    assert list(books) == ["workbooks-health", "workbooks-product", "workbooks-capacity"]
    assert {book["displayName"] for book in books.values()} == {
        "Service health (test)",
        "Product (test)",
        "Cost and capacity (test)",
    }
    assert all(book["sourceId"].endswith("/log-dme-test") for book in books.values())


def test_a_workbook_keeps_its_name_from_run_to_run() -> None:
    first, second = ([book.inputs["resourceName"] for book in _tape().of("Workbook")] for _ in range(2))
    assert first == second
    assert all(str(UUID(name)) == name for name in first)
    assert len(set(first)) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_asks_the_workspace_one_question_per_panel(page: Page) -> None:
    content = json.loads(notebook(page))
    about, *questions = content["items"]
    assert content["version"] == "Notebook/1.0"
    assert about["content"]["json"].startswith(f"# {page.title}")
    assert [question["content"]["query"] for question in questions] == [panel.query for panel in page.panels]
    assert {question["content"]["timeContext"]["durationMs"] for question in questions} == {page.span_ms}
