"""Finding, starting, asking and stopping the daemon of a state folder; the daemon is the real one."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from localazure.client import LOCK, Client, is_running
from localazure.endpoints import FILE, Endpoints
from localazure.errors import StateError

# A daemon outlives whoever started it, which Python takes for an oversight.
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

ENDPOINTS = Endpoints(
    pid=1,
    control_port=1,
    secret="secret",
    azure_native_port=2,
    random_port=3,
    language_port=4,
    authority="/ca.pem",
)


def test_endpoints_are_read_as_they_were_written_by_their_owner_alone(tmp_path: Path) -> None:
    ENDPOINTS.write(tmp_path)

    assert Endpoints.read(tmp_path) == ENDPOINTS
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"pid": 1'])
def test_endpoints_that_are_missing_or_unreadable_are_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_text(content)

    assert Endpoints.read(tmp_path) is None


def test_the_endpoints_of_a_daemon_that_was_killed_are_not_believed(tmp_path: Path) -> None:
    ENDPOINTS.write(tmp_path)
    (tmp_path / LOCK).touch()

    assert Client.find(tmp_path) is None


def test_who_holds_the_lock_is_the_daemon_and_looking_does_not_take_it(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    with (tmp_path / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [is_running(tmp_path) for _ in range(2)] == [True, True]
        fcntl.flock(lock, fcntl.LOCK_SH)  # what another one who looks does
        assert not is_running(tmp_path)
    assert not is_running(tmp_path)


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StateError, match=r"file/state cannot be written: .*LOCALAZURE_STATE"):
        Client.start(tmp_path / "file" / "state")


def test_a_daemon_that_does_not_start_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "azure.json").write_text('{"format": 99, "live": {}, "deleted": {}}')

    with pytest.raises(StateError, match=r"did not start:\n.*has format 99[\s\S]*Its log: "):
        Client.start(tmp_path)

    assert not is_running(tmp_path)


def test_a_daemon_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="does not answer /status: "):
        Client(tmp_path, ENDPOINTS).status()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client.start(tmp_path_factory.mktemp("daemon"))
    yield client
    if found := Client.find(client.state):
        found.stop()


def test_a_daemon_that_runs_is_found_and_not_started_twice(daemon: Client) -> None:
    found, again = Client.find(daemon.state), Client.start(daemon.state)

    assert found
    assert found.endpoints == again.endpoints == daemon.endpoints
    nothing: dict[str, object] = {"deleted": [], "faults": [], "kept_aside": None, "resources": [], "running": []}
    assert {key: value for key, value in daemon.status().items() if key != "third_parties"} == nothing


def test_the_trouble_of_third_parties_is_scripted_and_what_the_bot_said_is_shown(daemon: Client) -> None:
    daemon.trouble([{"trouble": "busy", "host": "api.openai.com", "times": 2}])
    with pytest.raises(StateError, match="trouble is 'thunder'"):
        daemon.trouble([{"trouble": "thunder", "host": "api.openai.com"}])
    daemon.trouble([])
    assert daemon.status()["third_parties"] == {
        "calls": {"api.anthropic.com": 0, "api.openai.com": 0, "api.telegram.org": 0},
        "telegram": {},
    }


def test_a_second_daemon_is_refused(daemon: Client) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localazure", "serve", str(daemon.state)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (1, f"Another daemon already serves {daemon.state}.\n")


def test_a_daemon_mints_tokens_and_purges(daemon: Client) -> None:
    token = daemon.mint(issuer="https://i", audience="api", subject="ada", roles=[], lifetime_seconds=60)
    daemon.purge()

    assert token.count(".") == 2


def test_a_killed_daemon_is_succeeded_and_a_stopped_one_leaves_nothing_running(daemon: Client) -> None:
    process = psutil.Process(daemon.endpoints.pid)
    process.kill()
    process.wait(30)
    next_one = Client.start(daemon.state)
    assert next_one.endpoints.pid != daemon.endpoints.pid

    next_one.stop()

    assert Client.find(daemon.state) is None
    assert Endpoints.read(daemon.state) is None
    assert not psutil.pid_exists(next_one.endpoints.pid) or psutil.Process(next_one.endpoints.pid).status() == "zombie"
