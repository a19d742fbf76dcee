"""The availability that can be promised."""

from dataclasses import replace

import pytest

from components.alerting.availability_model import DEPENDENCIES, promise_percent

OBJECTIVE = 99.9


def test_what_is_promised_to_users_holds_with_the_hard_dependencies() -> None:
    assert promise_percent() == 99.92
    assert promise_percent() >= OBJECTIVE


@pytest.mark.parametrize("name", ["Service Bus", "language models"])
def test_it_would_not_hold_if_a_request_needed_more(name: str) -> None:
    harder = [replace(dependency, hard=dependency.hard or dependency.name == name) for dependency in DEPENDENCIES]
    assert promise_percent(harder) < OBJECTIVE


def test_cache_queue_vault_and_language_models_are_soft() -> None:
    assert {d.name for d in DEPENDENCIES if not d.hard} == {
        "Managed Redis",
        "Service Bus",
        "Key Vault",
        "language models",
    }
