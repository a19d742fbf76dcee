"""How the service's server and the platform's ingress divide their time."""

from uvicorn import Config

from app.__main__ import SERVER, SHUTDOWN_S
from app.contract import TERMINATION_GRACE_S
from app.domain.leaving import LAST_S
from app.queue import relaying
from app.queue.service_bus import POLL_S, SETTLE_S
from app.server.leaving import LEAD_S
from app.storage.connection import STATEMENT_TIMEOUT_S
from app.worker import STOP_S

ENVOY_IDLE_S = 3600
"""How long an Envoy keeps an idle connection unless told otherwise (its `idle_timeout`)."""


def test_idle_connections_are_the_ingress_s_to_close() -> None:
    assert Config("app.api:create_api", **SERVER).timeout_keep_alive > ENVOY_IDLE_S


def test_running_requests_end_before_the_platform_kills_the_replica() -> None:
    assert 0 < (Config("app.api:create_api", **SERVER).timeout_graceful_shutdown or 0) < TERMINATION_GRACE_S


DEFAULT_GRACE_S = 30
"""The grace of Container Apps unless told otherwise."""


def test_a_worker_has_the_time_to_settle_the_message_at_hand_or_to_give_it_back() -> None:
    assert POLL_S + SETTLE_S < STOP_S
    assert STOP_S + SETTLE_S <= DEFAULT_GRACE_S - 5
    assert SHUTDOWN_S + STOP_S + SETTLE_S < TERMINATION_GRACE_S


def test_what_waits_in_the_outbox_is_sent_after_the_last_request_if_that_is_quick() -> None:
    assert LEAD_S + SHUTDOWN_S + relaying.STOP_S <= DEFAULT_GRACE_S - 5


def test_an_answer_that_is_cut_at_the_end_can_still_be_kept_and_sent() -> None:
    assert LAST_S + STATEMENT_TIMEOUT_S <= LEAD_S + SHUTDOWN_S
