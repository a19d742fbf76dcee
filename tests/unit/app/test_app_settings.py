from collections.abc import Mapping
from typing import Any

import pytest

from app.contract import (
    API_PORT,
    DATABASE_PORT,
    MCP_PORT,
    PLACEHOLDER_SECRET,
    WORKER_PORT,
    ApiEnv,
    BackupEnv,
    McpEnv,
    MigrateEnv,
    RestoreEnv,
    UpkeepEnv,
    WorkerEnv,
)
from app.settings.jobs import BackupSettings, MigrateSettings, RestoreSettings, UpkeepSettings
from app.settings.reader import Secret, SettingsError
from app.settings.services import ApiSettings, McpSettings, WorkerSettings

API: Mapping[str, str] = {
    ApiEnv.ANTHROPIC_API_KEY: "ak-hunter2",
    ApiEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: "InstrumentationKey=0;IngestionEndpoint=https://in.test/",
    ApiEnv.AZURE_CLIENT_ID: "11111111-1111-1111-1111-111111111111",
    ApiEnv.DATABASE_HOST: "db.postgres.database.azure.com",
    ApiEnv.DATABASE_NAME: "digitalme",
    ApiEnv.DATABASE_ROLE: "id-api",
    ApiEnv.CHAT_MODEL: "gpt-test",
    ApiEnv.CHAT_PROVIDER: "openai",
    ApiEnv.CORS_ORIGINS: "",
    ApiEnv.DATA_KEY_ID: "https://vault.test/keys/people",
    ApiEnv.EXPORT_CONTAINER: "exports",
    ApiEnv.FRONT_DOOR_ID: "",
    ApiEnv.LIMIT_PER_ADDRESS: "600",
    ApiEnv.LIMIT_PER_PERSON: "300",
    ApiEnv.LOG_LEVEL: "info",
    ApiEnv.OPENAI_API_KEY: "sk-hunter2",
    ApiEnv.REDIS_HOST: "cache.swedencentral.redis.azure.net",
    ApiEnv.REDIS_PORT: "10000",
    ApiEnv.SERVICE_BUS_HOST: "bus.servicebus.windows.net",
    ApiEnv.SERVICE_BUS_QUEUE: "async-operations",
    ApiEnv.STORAGE_BLOB_ENDPOINT: "https://account.blob.core.windows.net/",
    ApiEnv.TELEGRAM_BOT_TOKEN: "bot-hunter2",
    ApiEnv.TELEGRAM_WEBHOOK_SECRET: "hook-hunter2",
    ApiEnv.TOKEN_ALGORITHMS: "RS256,ES256",
    ApiEnv.TOKEN_AUDIENCE: "api://digitalme",
    ApiEnv.TOKEN_ISSUER: "https://login.microsoftonline.com/tenant/v2.0",
    ApiEnv.TRACE_PERCENT: "10",
    ApiEnv.TRUSTED_HOPS: "1",
}
MIGRATE: Mapping[str, str] = {
    MigrateEnv.AZURE_CLIENT_ID: "22222222-2222-2222-2222-222222222222",
    MigrateEnv.DATABASE_HOST: "127.0.0.1:6543",
    MigrateEnv.DATABASE_NAME: "digitalme",
    MigrateEnv.DATABASE_READER_OBJECT_ID: "44444444-4444-4444-4444-444444444444",
    MigrateEnv.DATABASE_READER_ROLE: "id-backup",
    MigrateEnv.DATABASE_ROLE: "id-migrator",
    MigrateEnv.DATABASE_RUNTIME_ROLES: (
        "id-api=33333333-3333-3333-3333-333333333333,id-mcp=66666666-6666-6666-6666-66666666666A"
    ),
    MigrateEnv.DATABASE_UPKEEP_ROLE: "id-mcp",
    MigrateEnv.LOG_LEVEL: "debug",
}
BACKUP: Mapping[str, str] = {
    BackupEnv.AZURE_CLIENT_ID: "55555555-5555-5555-5555-555555555555",
    BackupEnv.BACKUP_CONTAINER: "backups",
    BackupEnv.DATABASE_HOST: "db.postgres.database.azure.com",
    BackupEnv.DATABASE_NAME: "digitalme",
    BackupEnv.DATABASE_ROLE: "id-backup",
    BackupEnv.LOG_LEVEL: "info",
    BackupEnv.STORAGE_BLOB_ENDPOINT: "https://account.blob.core.windows.net/",
}

RESTORE: Mapping[str, str] = {
    **BACKUP,
    RestoreEnv.AUDIT_CONTAINER: "audit",
    RestoreEnv.RESTORE_BACKUP: "",
}


# the roles share names, and read what they are given
WORKER: Mapping[str, str] = {**API, WorkerEnv.AUDIT_CONTAINER: "audit", WorkerEnv.DATABASE_ROLE: "id-worker"}
MCP: Mapping[str, str] = {**API, McpEnv.DATABASE_ROLE: "id-mcp"}
UPKEEP: Mapping[str, str] = {
    **WORKER,
    UpkeepEnv.RETENTION_CHAT_DAYS: "90",
    UpkeepEnv.RETENTION_OPERATION_DAYS: "30",
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
    assert (settings.listen.host, settings.listen.port) == ("0.0.0.0", API_PORT)  # noqa: S104 - the container's default
    assert (settings.database.host, settings.database.port) == ("db.postgres.database.azure.com", DATABASE_PORT)


def test_the_tool_server_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(MCP)
    settings = McpSettings.load(environ)
    assert set(McpEnv) <= environ.read
    assert settings.listen.port == MCP_PORT


def test_the_worker_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(WORKER)
    settings = WorkerSettings.load(environ)
    assert set(WorkerEnv) <= environ.read
    assert settings.listen.port == WORKER_PORT
    assert (settings.queue.host, settings.queue.name) == ("bus.servicebus.windows.net", "async-operations")
    assert (settings.cache.host, settings.cache.port) == ("cache.swedencentral.redis.azure.net", 10000)


def test_the_migration_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(MIGRATE)
    settings = MigrateSettings.load(environ)
    assert set(MigrateEnv) == environ.read
    assert (settings.database.host, settings.database.port) == ("127.0.0.1", 6543)


def test_the_backup_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(BACKUP)
    settings = BackupSettings.load(environ)
    assert set(BackupEnv) == environ.read
    assert (settings.backups.endpoint, settings.backups.container) == (
        "https://account.blob.core.windows.net/",
        "backups",
    )


def test_the_restore_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(RESTORE)
    settings = RestoreSettings.load(environ)
    assert set(RestoreEnv) == environ.read
    assert (settings.audit.container, settings.backups.container, settings.backup) == ("audit", "backups", "")
    assert settings.audit.endpoint == settings.backups.endpoint == "https://account.blob.core.windows.net/"


def test_the_upkeep_reads_every_variable_of_the_contract() -> None:
    environ = Recorded(UPKEEP)
    settings = UpkeepSettings.load(environ)
    assert set(UpkeepEnv) == environ.read
    assert (settings.audit.container, settings.exports.container) == ("audit", "exports")
    assert (settings.chat_days, settings.operation_days) == (90, 30)
    assert settings.telemetry.trace_percent == 100, "a run a night, and all of it is told"


def test_each_workload_has_a_database_role_of_its_own() -> None:
    roles = MigrateSettings.load(MIGRATE).runtimes
    assert roles == {
        "id-api": "33333333-3333-3333-3333-333333333333",
        "id-mcp": "66666666-6666-6666-6666-66666666666A",
    }


ID = "33333333-3333-3333-3333-333333333333"


@pytest.mark.parametrize(
    "value", ["id-api", "id-api=", f"={ID}", f"id-api={ID},", f"a={ID},a={ID}", f"{'a' * 64}={ID}", f"a=={ID}", "a=1"]
)
def test_malformed_database_roles_are_told_with_their_form(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_RUNTIME_ROLES: expected role=object-id, .* got ") as failure:
        MigrateSettings.load({**MIGRATE, MigrateEnv.DATABASE_RUNTIME_ROLES: value})
    assert repr(value) in str(failure.value)


@pytest.mark.parametrize(
    ("name", "value"), [("REDIS_PORT", "x"), ("SERVICE_BUS_HOST", "bus:0"), ("SERVICE_BUS_HOST", "bus:")]
)
def test_an_address_without_a_port_in_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: expected a port"):
        WorkerSettings.load({**WORKER, name: value})


def test_a_front_door_may_be_none_but_must_be_said() -> None:
    assert ApiSettings.load({**API, ApiEnv.FRONT_DOOR_ID: "4d87525a"}).front_door_id == "4d87525a"
    assert ApiSettings.load(API).front_door_id == ""
    with pytest.raises(SettingsError, match=r"^FRONT_DOOR_ID: missing"):
        ApiSettings.load({name: value for name, value in API.items() if name != ApiEnv.FRONT_DOOR_ID})


def test_a_backup_goes_to_an_https_address_only() -> None:
    with pytest.raises(SettingsError, match=r"^STORAGE_BLOB_ENDPOINT: expected an https address"):
        BackupSettings.load({**BACKUP, BackupEnv.STORAGE_BLOB_ENDPOINT: "http://account"})


@pytest.mark.parametrize("name", [name for name in ApiEnv if name not in {ApiEnv.CORS_ORIGINS, ApiEnv.FRONT_DOOR_ID}])
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
        ("TOKEN_ALGORITHMS", "HS256"),
        ("TOKEN_ALGORITHMS", "none"),
        ("TOKEN_ALGORITHMS", "RS256,HS256"),
        ("TOKEN_ALGORITHMS", "RS256,RS256"),
        ("TOKEN_ALGORITHMS", "RS256,"),
        ("DATABASE_HOST", "host:0"),
        ("CHAT_PROVIDER", "eliza"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.test,https://*.b.test"),
        ("CORS_ORIGINS", "https://a.test/"),
        ("CORS_ORIGINS", "null"),
        ("LIMIT_PER_PERSON", "0"),
        ("TRACE_PERCENT", "101"),
        ("TRUSTED_HOPS", "-1"),
        ("DATA_KEY_ID", "people"),
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


@pytest.mark.parametrize("role", [ApiSettings, BackupSettings, RestoreSettings, UpkeepSettings, WorkerSettings])
def test_a_variable_that_several_groups_are_made_of_is_told_once(role: type[Any]) -> None:
    with pytest.raises(SettingsError) as failure:
        role.load({})
    told = str(failure.value).splitlines()
    assert [line for line in told if line.startswith("STORAGE_BLOB_ENDPOINT: missing")]
    assert len(told) == len(set(told))


def test_a_secret_shows_in_no_representation() -> None:
    settings = ApiSettings.load(API)
    assert "hunter2" not in f"{settings!r}{settings}"
    assert settings.keys["OPENAI_API_KEY"].value == "sk-hunter2"


def test_a_placeholder_is_known_as_one() -> None:
    assert Secret(PLACEHOLDER_SECRET).is_placeholder
    assert not Secret("sk-hunter2").is_placeholder
