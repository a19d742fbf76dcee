import re

from localazure.coverage import FILE, coverage
from localazure.services.catalog import TYPES


def test_the_coverage_page_is_current() -> None:
    assert FILE.read_text() == coverage(), "run `.venv/bin/python -m localazure coverage`"


def test_the_coverage_page_has_every_type_once() -> None:
    assert re.findall(r"^## `azure-native:(.+)`$", coverage(), re.MULTILINE) == sorted(TYPES)
