"""Commands in a shell with settings of its own, at the same time as others, and killed."""

import os
import signal

import psutil
import pytest

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e

LOG_LEVEL = r"(?s)(digitalmee:api:.*?log_level: )debug"
DEAD_PROXY = "http://127.0.0.1:1"


def test_a_persons_own_proxy_and_settings_of_pulumi_are_about_other_clouds(checkout: Checkout) -> None:
    checkout.up(
        HTTPS_PROXY=DEAD_PROXY,
        PULUMI_BACKEND_URL="s3://elsewhere",
        PULUMI_CONFIG='{"digitalmee:api": "{}"}',
        PULUMI_CONFIG_PASSPHRASE="another",
        PULUMI_OPTION_JSON="true",
        PULUMI_STACK="another",
        http_proxy=DEAD_PROXY,
        https_proxy=DEAD_PROXY,
    )

    assert Api(checkout).ask("GET", "/api/v1/tasks").status == 200


def test_an_engine_whose_command_was_killed_is_waited_for(checkout: Checkout) -> None:
    with checkout.edited("Pulumi.dev.yaml", LOG_LEVEL, r"\g<1>info"):
        killed = checkout.start("up")
        assert killed.stdout
        assert any("ContainerApp api updating" in line for line in killed.stdout)
        os.kill(killed.pid, signal.SIGKILL)

        text = checkout.up()

    killed.communicate(timeout=60)
    assert "another command is at work here; waiting" in text
    assert "unchanged" in text


def test_a_killed_daemon_takes_everything_along_that_it_ran(checkout: Checkout) -> None:
    with checkout.edited("Pulumi.dev.yaml", LOG_LEVEL, r"\g<1>warning"):
        up = checkout.start("up")
        assert up.stdout
        assert any("ContainerApp api updating" in line for line in up.stdout)
        psutil.Process(checkout.daemon_pid()).kill()
        up.communicate(timeout=60)

    _, alive = psutil.wait_procs(checkout.processes(), timeout=30)

    assert alive == []


def test_two_ups_take_turns_and_a_down_needs_no_stack_file(checkout: Checkout) -> None:
    first, second = checkout.start("up"), checkout.start("up")
    texts = [process.communicate(timeout=120) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), texts

    with checkout.edited("Pulumi.dev.yaml", r"(?m)^config:$", "config: ["):
        done = checkout.run("down")

    assert done.status == 0, done.text
    assert not checkout.state.exists()
    assert checkout.processes() == []
