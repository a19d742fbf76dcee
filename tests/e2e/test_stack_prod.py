"""The cycle of prod."""

from typing import ClassVar

import pytest

from tests.e2e.stack_cycle import StackCycle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


class TestProd(StackCycle):
    stack: ClassVar[str] = "prod"
    guard: ClassVar[str] = "up"
    refusal: ClassVar[str] = "marked for protection"
