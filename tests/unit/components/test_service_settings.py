"""The sections that reach the environment of the service and size nothing."""

import pytest
from pydantic import ValidationError

from app.contract import ChatProvider
from components.workloads.service_settings import ChatSettings, LimitSettings, WebSettings


@pytest.mark.parametrize("provider", ChatProvider)
def test_every_provider_of_the_contract_can_be_chosen(provider: ChatProvider) -> None:
    model = {ChatProvider.ANTHROPIC: "claude-sonnet-4-5", ChatProvider.OPENAI: "gpt-5"}[provider]
    assert ChatSettings.model_validate({"provider": provider.value, "model": model}).model == model


@pytest.mark.parametrize(("provider", "model"), [("openai", "claude-sonnet-4-5"), ("anthropic", "gpt-5")])
def test_refused_is_a_model_of_somebody_else(provider: str, model: str) -> None:
    with pytest.raises(ValidationError, match=f'model: "{model}" is no model of {provider}'):
        ChatSettings.model_validate({"provider": provider, "model": model})


def test_refused_is_a_limit_of_a_person_that_no_address_reaches() -> None:
    with pytest.raises(ValidationError, match="per_address_per_minute: 59 is less than per_person_per_minute"):
        LimitSettings(per_person_per_minute=60, per_address_per_minute=59)


@pytest.mark.parametrize("origins", ["", "https://app.example", "https://a.example,https://localhost:5173"])
def test_origins_are_exact(origins: str) -> None:
    assert WebSettings(origins=origins).origins == origins


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "https://*.example",
        "http://app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://App.example",
        "https://a.example, https://b.example",
        "https://a.example,",
        "app.example",
        "null",
    ],
)
def test_refused_is_what_is_no_origin_of_a_browser(origins: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        WebSettings(origins=origins)
