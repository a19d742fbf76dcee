"""How the service's server and the platform's ingress divide their time."""

from uvicorn import Config

from app.__main__ import SERVER
from app.contract import TERMINATION_GRACE_S

ENVOY_IDLE_S = 3600
"""How long an Envoy keeps an idle connection unless told otherwise (its `idle_timeout`)."""


def test_idle_connections_are_the_ingress_s_to_close() -> None:
    assert Config("app.api:create_api", **SERVER).timeout_keep_alive > ENVOY_IDLE_S


def test_running_requests_end_before_the_platform_kills_the_replica() -> None:
    assert 0 < (Config("app.api:create_api", **SERVER).timeout_graceful_shutdown or 0) < TERMINATION_GRACE_S
