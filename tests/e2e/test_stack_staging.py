"""The cycle of staging."""

from typing import ClassVar

import pytest

from tests.e2e.stack_cycle import StackCycle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


class TestStaging(StackCycle):
    stack: ClassVar[str] = "staging"
    guard: ClassVar[str] = "guard"
    refusal: ClassVar[str] = "this would lose data:"
