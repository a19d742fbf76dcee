"""The dev stack through new code, failures and kills, to nothing; the tests build on each other, in this order.

What every stack goes through is in `stack_cycle.py`.
"""

import json
import re
import signal
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil
import pytest

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e

OPENAPI = "app/routes/openapi.py"
TITLE = r'"title": "DigitalMe"'


def test_up_from_nothing_ends_with_a_curl_line_that_works(checkout: Checkout) -> None:
    text = checkout.up()

    line = next(line for line in text.splitlines() if "curl" in line)
    make = 'make() { [ "$*" = "-s token" ] && .venv/bin/python -m ops.token; }; '  # this checkout shares its .venv
    done = checkout.shell(make + "curl" + line.partition("curl")[2])
    assert json.loads(done.result) == {"items": [], "cursor": None}


def test_the_api_keeps_what_is_written(checkout: Checkout) -> None:
    api = Api(checkout)

    created = api.ask("POST", "/api/v1/tasks", {"title": "Buy milk"})

    assert created.status == 201
    assert api.ask("GET", f"/api/v1/tasks/{created.body['id']}").body == created.body
    assert Api(checkout, subject="grace").ask("GET", f"/api/v1/tasks/{created.body['id']}").status == 404


def test_a_plain_update_changes_nothing_without_being_told_the_release(checkout: Checkout) -> None:
    before = Api(checkout).url

    done = checkout.pulumi("up --yes --skip-preview --expect-no-changes")

    assert done.status == 0, done.text
    assert Api(checkout).url == before


def test_new_code_is_a_new_revision_and_no_request_fails_on_the_way(checkout: Checkout) -> None:
    api = Api(checkout)
    before = checkout.outputs()["release"]["api"]["live"]

    with checkout.edited(OPENAPI, TITLE, '"title": "DigitalMe next"'), asking(api) as titles:
        checkout.up()

    assert list(dict.fromkeys(titles)) == ["DigitalMe", "DigitalMe next"]
    after = checkout.outputs()["release"]["api"]["live"]
    assert after["digest"] != before["digest"]
    assert re.fullmatch(r"r2-[0-9a-f]{8}", after["revision"])
    said = checkout.run("status").text
    assert (
        f"revision ca-dme-api-dev--{after['revision']}, 1 of 1 replicas ready, 100 % of the requests, live at" in said
    )
    assert before["revision"] not in said


def test_i17_code_that_ends_at_its_start_fails_the_run_and_the_old_revision_goes_on_serving(checkout: Checkout) -> None:
    api = Api(checkout)
    serving = api.title()

    with (
        checkout.edited("app/__main__.py", r"(?m)^def main", "raise SystemExit(3)\n\n\ndef main"),
        asking(api) as titles,
    ):
        done = checkout.run("up")

    assert done.status != 0
    assert "ContainerAppOperationError" in done.text
    assert "was terminated with exit code '3'" in done.text
    assert set(titles) == {serving}


def test_the_next_up_with_good_code_goes_on_after_a_failure(checkout: Checkout) -> None:
    checkout.up()

    assert Api(checkout).title() == "DigitalMe"


def test_an_engine_that_is_killed_in_the_middle_leaves_nothing_that_the_next_up_cannot_finish(
    checkout: Checkout,
) -> None:
    with checkout.edited(OPENAPI, TITLE, '"title": "DigitalMe survives"'):
        process = checkout.start("up")
        assert process.stdout
        for line in process.stdout:
            if "ContainerApp api updating" in line:
                break
        engine = next(child for child in psutil.Process(process.pid).children() if child.name() == "pulumi")
        engine.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)

        checkout.up()

        assert Api(checkout).title() == "DigitalMe survives"
        done = checkout.pulumi("preview --expect-no-changes")
        assert done.status == 0, done.text


def test_a_daemon_that_is_killed_loses_nothing(checkout: Checkout) -> None:
    before = Api(checkout)
    tasks = before.ask("GET", "/api/v1/tasks").body
    psutil.Process(checkout.daemon_pid()).send_signal(signal.SIGKILL)

    checkout.up()

    after = Api(checkout)
    assert after.url == before.url
    assert after.ask("GET", "/api/v1/tasks").body == tasks
    assert len(tasks["items"]) == 1


def test_the_checkpoint_holds_no_generated_key_in_clear(checkout: Checkout) -> None:
    done = checkout.pulumi("stack export")
    assert done.status == 0, done.text

    hidden = [
        *(checkout.state / "tokens").iterdir(),
        checkout.state / "passphrase",
        *(checkout.state / "tls").iterdir(),
    ]
    secrets = [line for path in hidden for line in path.read_text().splitlines() if len(line) > 30]
    assert secrets
    assert not [secret for secret in secrets if secret in done.text]


def test_down_leaves_no_process_no_port_and_no_record(checkout: Checkout) -> None:
    url = urlsplit(Api(checkout).url)

    done = checkout.run("down")

    assert done.status == 0, done.text
    assert checkout.processes() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname or "", url.port or 0), timeout=5)
    assert not checkout.state.exists()


def test_nothing_of_it_is_seen_by_git(checkout: Checkout) -> None:
    assert checkout.git_status() == ""


@contextmanager
def asking(api: Api) -> Generator[list[str]]:
    """Ask the API for its title all the time; the list grows with its answers. A failed request fails the test."""
    titles: list[str] = []
    failures: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.02):
            try:
                titles.append(api.title())
            except Exception as error:  # noqa: BLE001 - whatever it is, a client would have seen it
                failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield titles
    finally:
        done.set()
        thread.join(timeout=30)
    assert not failures
    assert titles
