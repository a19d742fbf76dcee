"""The page of the first deployment to Azure: it names every resource provider, and every fact is whole.

Whether a fact is true is found out on Azure alone; that is why the page exists.
"""

import re
from typing import Final

from localazure.services.catalog import TYPES
from tests.tape import ROOT

PAGE: Final = (ROOT / "docs" / "first-azure-deploy.md").read_text(encoding="utf-8")
_PROVIDER: Final = r"Microsoft\.[A-Za-z]+"


def _facts() -> list[list[str]]:
    section = PAGE.partition("## Facts to verify")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_every_resource_provider_that_the_program_uses_is_registered_first() -> None:
    step = PAGE.partition("## 3. Resource providers")[2].partition("\n## ")[0]
    used = {provider for kind in TYPES.values() for provider in re.findall(_PROVIDER, kind.path)}

    assert used
    assert not used - set(re.findall(_PROVIDER, step))


def test_every_fact_has_a_number_a_reason_a_check_and_what_to_do() -> None:
    facts = _facts()

    assert [int(number) for number, *_ in facts] == list(range(1, len(facts) + 1))
    assert all(len(fact) == 6 and all(fact) for fact in facts)


def test_a_fact_that_another_line_points_to_is_there() -> None:
    mentioned = {
        int(number) for text in re.findall(r"facts? ([\d, and or]+)", PAGE) for number in re.findall(r"\d+", text)
    }

    assert mentioned
    assert max(mentioned) <= len(_facts())
