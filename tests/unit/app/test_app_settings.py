from collections.abc import Mapping

import pytest

from app.contract import API_PORT, DATABASE_PORT, PLACEHOLDER_SECRET, ApiEnv, MigrateEnv
from app.settings import ApiSettings, MigrateSettings, Secret, SettingsError

API: Mapping[str, str] = {
    ApiEnv.AZURE_CLIENT_ID: "11111111-1111-1111-1111-111111111111",
    ApiEnv.DATABASE_HOST: "db.postgres.database.azure.com",
    ApiEnv.DATABASE_NAME: "digitalme",
    ApiEnv.DATABASE_ROLE: "id-api",
    ApiEnv.LOG_LEVEL: "info",
    ApiEnv.OPENAI_API_KEY: "sk-hunter2",
    ApiEnv.TOKEN_AUDIENCE: "api://digitalme",
    ApiEnv.TOKEN_ISSUER: "https://login.microsoftonline.com/tenant/v2.0",
}
MIGRATE: Mapping[str, str] = {
    MigrateEnv.AZURE_CLIENT_ID: "22222222-2222-2222-2222-222222222222",
    MigrateEnv.DATABASE_HOST: "127.0.0.1:6543",
    MigrateEnv.DATABASE_NAME: "digitalme",
    MigrateEnv.DATABASE_ROLE: "id-migrator",
    MigrateEnv.DATABASE_RUNTIME_OBJECT_ID: "33333333-3333-3333-3333-333333333333",
    MigrateEnv.DATABASE_RUNTIME_ROLE: "id-api",
    MigrateEnv.LOG_LEVEL: "debug",
}


class Recorded(dict[str, str]):
    """An environment that remembers what was read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # pyright: ignore[reportIncompatibleMethodOverride] - one overload is enough
        self.read.add(key)
        return super().get(key, default)


def test_the_api_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(API)
    settings = ApiSettings.load(environ)
    assert set(ApiEnv) <= environ.read
    assert (settings.host, settings.port) == ("0.0.0.0", API_PORT)  # noqa: S104 - the container's default
    assert (settings.database.host, settings.database.port) == ("db.postgres.database.azure.com", DATABASE_PORT)


def test_the_migration_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(MIGRATE)
    settings = MigrateSettings.load(environ)
    assert set(MigrateEnv) == environ.read
    assert (settings.database.host, settings.database.port) == ("127.0.0.1", 6543)


@pytest.mark.parametrize("name", ApiEnv)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named(name: ApiEnv, value: str | None) -> None:
    environ = {key: kept for key, kept in API.items() if key != name} | ({name: value} if value is not None else {})
    with pytest.raises(SettingsError, match=f"^{name}: "):
        ApiSettings.load(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "INFO"),
        ("TOKEN_ISSUER", "http://issuer.test"),
        ("TOKEN_ISSUER", "https://issuer.test?x=1"),
        ("TOKEN_ISSUER", "https://"),
        ("DATABASE_HOST", "host:0"),
        ("DATABASE_HOST", "host:65536"),
        ("PORT", "-1"),
        ("PORT", "8080x"),
    ],
)
def test_a_variable_out_of_range_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: expected .* got '{value.rpartition(':')[2][-1:]}?") as failure:
        ApiSettings.load({**API, name: value})
    assert value.rpartition(":")[2] in str(failure.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as failure:
        ApiSettings.load({"LOG_LEVEL": "loud"})
    assert len(str(failure.value).splitlines()) == len(ApiEnv)


def test_a_secret_shows_in_no_representation() -> None:
    settings = ApiSettings.load(API)
    assert "hunter2" not in f"{settings!r}{settings}"
    assert settings.openai_api_key.value == "sk-hunter2"


def test_a_placeholder_is_known_as_one() -> None:
    assert Secret(PLACEHOLDER_SECRET).is_placeholder
    assert not Secret("sk-hunter2").is_placeholder
