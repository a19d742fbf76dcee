"""The stack file as frozen, typed sections: the table of contents of `Pulumi.<stack>.yaml`.

Each section is declared in the file of the component that it sizes. Every problem of a file is reported at
once, in the words of the file, before any resource is registered.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Self, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components import frontend
from components.alerting.alerts import AlertsSettings
from components.authentication import AuthenticationSettings
from components.cache import CacheSettings
from components.database_settings import DatabaseSettings
from components.dns import DnsSettings
from components.edge.front_door import EdgeSettings
from components.environment import EnvironmentSettings
from components.frontend import FrontendSettings
from components.messaging_settings import MessagingSettings
from components.networking.network import NetworkSettings
from components.observability import ObservabilitySettings
from components.platform import PlatformSettings
from components.protection import ProtectionSettings
from components.registry import RegistrySettings
from components.section import Conflict, Rule, Section, SectionConflictError
from components.section_words import allowed, expected, written
from components.storage_settings import StorageSettings
from components.vault_settings import VaultSettings
from components.workloads import capacity
from components.workloads.job import ByHandSettings, JobSettings, RestoreSettings
from components.workloads.service_args import Behaviour, Sizes
from components.workloads.service_settings import ChatSettings, LimitSettings, RetentionSettings, WebSettings
from components.workloads.workload_settings import WorkerSettings, WorkloadSettings
from release import Release

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PROJECT = "digitalmee"
LOCATION = "azure-native:location"
REGIONS: Final = ("francecentral", "germanywestcentral", "northeurope", "swedencentral", "westeurope")
"""Regions of the European Union that have zones and a paired region (Microsoft, "List of Azure regions")."""


class InvalidSettingsError(pulumi.RunError):
    """A stack file that cannot be deployed. The engine shows the text without a traceback."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(("the stack file cannot be used:", *(f"  {problem}" for problem in problems))))
        self.problems = problems


class Settings(Section):
    """Every section of a stack file, in its order."""

    platform: PlatformSettings
    network: NetworkSettings
    observability: ObservabilitySettings
    registry: RegistrySettings
    vault: VaultSettings
    database: DatabaseSettings
    cache: CacheSettings
    messaging: MessagingSettings
    storage: StorageSettings
    environment: EnvironmentSettings
    authentication: AuthenticationSettings
    chat: ChatSettings
    limits: LimitSettings
    web: WebSettings
    retention: RetentionSettings
    api: WorkloadSettings
    mcp: WorkloadSettings
    worker: WorkerSettings
    migrate: ByHandSettings
    backup: JobSettings
    restore: RestoreSettings
    upkeep: JobSettings
    dns: DnsSettings
    edge: EdgeSettings
    frontend: FrontendSettings
    alerts: AlertsSettings
    protection: ProtectionSettings
    release: Release = Release()
    """The override of one run; in no stack file."""

    @property
    def sizes(self) -> Sizes:
        """The sections of what runs in containers."""
        return Sizes(
            api=self.api,
            mcp=self.mcp,
            worker=self.worker,
            migrate=self.migrate,
            backup=self.backup,
            restore=self.restore,
            upkeep=self.upkeep,
        )

    @property
    def behaviour(self) -> Behaviour:
        """The sections that reach the environment of the service, and size nothing."""
        return Behaviour(
            authentication=self.authentication,
            chat=self.chat,
            limits=self.limits,
            web=self.web,
            retention=self.retention,
            trace_percent=self.observability.sampling_percent,
        )

    def rules(self) -> Sequence[Rule]:
        """Return the rules between sections: what one asks for and another does not allow."""
        own = (self._replica_floor, self._replica_room, self._own_machines)
        return (*own, self._frontend_behind_edge, self._open_to_edge)

    def _replica_floor(self) -> Iterator[Conflict]:
        answering = {"api": self.api.min_replicas, "mcp": self.mcp.min_replicas}
        return capacity.replica_floor(zone_redundant=self.environment.zone_redundant, minimums=answering)

    def _replica_room(self) -> Iterator[Conflict]:
        most = {"api": self.api.max_replicas, "mcp": self.mcp.max_replicas, "worker": self.worker.max_replicas}
        return capacity.replica_room(self.network.apps_subnet, most)

    def _own_machines(self) -> Iterator[Conflict]:
        chosen = {name: getattr(self, name).workload_profile for name in ("api", "mcp", "worker")}
        return capacity.own_machines(self.environment.dedicated_profile, chosen)

    def _frontend_behind_edge(self) -> Iterator[Conflict]:
        for key, text in frontend.behind_edge(self.frontend, self.edge):
            yield f"frontend.{key}", text

    def _open_to_edge(self) -> Iterator[Conflict]:
        if self.edge.is_open and not self.environment.is_public:
            yield (
                "environment.public_network_access",
                f'"Disabled" keeps Front Door out (edge.sku {self.edge.sku}; allowed "Enabled")',
            )

    @classmethod
    def load(cls) -> Self:
        """Read the settings of the stack that is being deployed. Raises InvalidSettingsError."""
        return cls.parse({**get_config_env(), **CONFIG.get()})

    @classmethod
    def parse(cls, config: Mapping[str, str]) -> Self:
        """Read settings from the engine's flat map, `project:key` to text (objects as JSON).

        Raises:
            InvalidSettingsError: With every problem of the file.
        """
        prefix = f"{PROJECT}:"
        sections = {key.removeprefix(prefix): _value(text) for key, text in config.items() if key.startswith(prefix)}
        problems = [*_misplaced(config.get(LOCATION))]
        try:
            settings = cls.model_validate(sections)
        except ValidationError as error:
            told = [problem for details in error.errors() for problem in describe(details)]
            problems += [*told, *(problem for problem in _beside(sections) if problem not in told)]
        else:
            if not problems:
                return settings
        raise InvalidSettingsError(tuple(problems))


def _misplaced(location: str | None) -> Iterator[str]:
    if location not in REGIONS:
        given = f'"{location}" is not one' if location else "missing"
        yield f"{LOCATION}: {given} (allowed {', '.join(REGIONS)})"


def _beside(sections: Mapping[str, Any]) -> Iterator[str]:
    """Yield the broken rules between keys that pydantic does not look at, since another value is wrong."""
    right: dict[str, Section] = {}
    for name, field in Settings.model_fields.items():
        if field.is_required() and isinstance(values := sections.get(name), dict):
            kind = cast("type[Section]", field.annotation)
            right[name] = section = kind.partly(cast("dict[str, Any]", values))
            yield from (f"{PROJECT}:{name}.{key}: {text}" for key, text in section.known_conflicts())
    whole = Settings.model_construct(None, **cast("dict[str, Any]", right))
    yield from (f"{PROJECT}:{key}: {text}" for key, text in whole.known_conflicts())


def describe(error: ErrorDetails) -> Iterator[str]:
    """Yield what is wrong, in the words of the stack file: key, value, what is allowed."""
    location = [part for part in error["loc"] if isinstance(part, str)]  # an item of a list is told under its key
    key = f"{PROJECT}:{'.'.join(location)}"
    section = Settings.model_fields[location[0]].annotation if len(location) > 1 else Settings
    fields: Mapping[str, FieldInfo] = getattr(section, "model_fields", {})
    conflict = error.get("ctx", {}).get("error")
    if isinstance(conflict, SectionConflictError):
        above = f"{key}." if location else key
        yield from (f"{above}{name}: {text}" for name, text in conflict.conflicts)
    elif error["type"] == "extra_forbidden":
        known = get_close_matches(location[-1], fields, n=3) or sorted(fields)
        yield f"{key}: unknown key (allowed {', '.join(known)})"
    elif error["type"] == "missing":
        yield f"{key}: missing (allowed {allowed(fields[location[-1]])})"
    else:
        field = fields[location[-1]]
        got = f"{written(error['input'])}{'' if len(location) == len(error['loc']) else ' in it'}"
        yield f"{key}: expected {expected(field)}, got {got} (allowed {allowed(field)})"


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
