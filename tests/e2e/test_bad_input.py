"""What goes wrong on a laptop gets a clear error, and nothing is lost."""

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("variable", "value"), [("STACK", "production"), ("CLOUD", "aws")])
def test_an_unknown_stack_or_cloud_is_named_with_what_is_allowed(checkout: Checkout, variable: str, value: str) -> None:
    done = checkout.run("up", **{variable: value})

    assert done.status == 1
    assert f'{variable}="{value}" is not known. Allowed: ' in done.text
    assert "Traceback" not in done.text
    assert not checkout.state.exists()


def test_every_problem_of_a_stack_file_is_listed_before_anything_is_made(checkout: Checkout) -> None:
    with (
        checkout.edited("Pulumi.dev.yaml", r"(digitalmee:api:\n    cpu: )0.25", r'\g<1>"0.25"'),
        checkout.edited("Pulumi.dev.yaml", r"(?m)^    max_replicas: 3$", "    max_replica: 3"),
    ):
        done = checkout.run("up")

    assert done.status != 0
    for problem in (
        "digitalmee:api.cpu: expected a number",
        "digitalmee:api.max_replica: unknown key",
        "digitalmee:api.max_replicas: missing",
    ):
        assert problem in done.text
    assert "Traceback" not in done.text
    checkpoint = json.loads(checkout.pulumi("stack export").result)["deployment"]
    assert [r["type"] for r in checkpoint.get("resources", []) if not r["type"].startswith("pulumi:")] == []


def test_a_state_folder_that_cannot_be_written_is_named(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = checkout.run("up", LOCALAZURE_STATE=str(tmp_path / "file" / "state"))

    assert done.status == 1
    assert f"The state folder {tmp_path / 'file' / 'state'} cannot be written: Not a directory" in done.text


def test_an_interrupted_up_is_finished_by_the_next_one(checkout: Checkout) -> None:
    for line in ("ResourceGroup platform created", "dbforpostgresql:Server database created"):
        process = checkout.start("up")
        assert process.stdout
        assert any(line in seen for seen in process.stdout)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
        process.communicate(timeout=90)
        assert process.returncode != 0

    checkout.up()

    assert Api(checkout).ask("GET", "/api/v1/tasks").body == {"items": [], "cursor": None}


def test_a_port_that_someone_else_has_taken_is_named(checkout: Checkout) -> None:
    port = int(Api(checkout).url.rsplit(":", 1)[-1])
    daemon = psutil.Process(checkout.daemon_pid())
    daemon.kill()
    daemon.wait(30)

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = checkout.run("up")

    assert done.status == 1
    assert str(port) in done.text
    assert "taken" in done.text
    assert "Traceback" not in done.text
    checkout.up()


def test_a_corrupt_state_file_is_kept_aside_and_the_next_up_makes_everything_again(checkout: Checkout) -> None:
    Api(checkout).ask("POST", "/api/v1/tasks", {"title": "Survive"})
    daemon = psutil.Process(checkout.daemon_pid())
    daemon.terminate()
    daemon.wait(60)
    (checkout.state / "azure.json").write_text('{"format": 1, "live": {')

    text = checkout.up()

    assert "could not be read; it is kept as" in text
    (kept,) = checkout.state.glob("azure.json.unreadable-*")
    assert kept.read_text() == '{"format": 1, "live": {'
    tasks = Api(checkout).ask("GET", "/api/v1/tasks").body["items"]
    assert [task["title"] for task in tasks] == ["Survive"]


def test_a_second_daemon_on_one_state_folder_is_refused(checkout: Checkout) -> None:
    done = checkout.shell(f".venv/bin/python -m localazure serve {checkout.state}")

    assert done.status == 1
    assert done.text.strip() == f"Another daemon already serves {checkout.state}."


def test_down_keeps_the_file_that_could_not_be_read(checkout: Checkout) -> None:
    done = checkout.run("down")

    assert done.status == 0, done.text
    assert [path.name.split("-")[0] for path in checkout.state.iterdir()] == ["azure.json.unreadable"]
    assert checkout.processes() == []
