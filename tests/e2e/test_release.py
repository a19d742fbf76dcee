"""A release of the API in steps, and the jobs of what serves, on the dev stack. The tests build on each other."""

import json
import re
import shlex
from collections import Counter
from typing import Any

import pytest

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout
from tests.e2e.identities import Workload

pytestmark = pytest.mark.e2e

OLD, NEW = "DigitalMe", "DigitalMe next"
APP = "ca-dme-api-dev"


def release(checkout: Checkout) -> dict[str, Any]:
    """What the stack remembers of the API."""
    return checkout.outputs()["release"]["api"]


def step(checkout: Checkout, **rollout: Any) -> dict[str, Any]:
    """One step of a release: an `up` with a one-time override; what the stack remembers then."""
    override = shlex.quote(f"digitalmee:release={json.dumps({'api': rollout})}")
    done = checkout.pulumi(f"up --yes --skip-preview --config {override}")
    assert done.status == 0, done.text
    return release(checkout)


def revisions(checkout: Checkout) -> set[str]:
    return {revision["name"] for revision in checkout.running("app")[APP]["revisions"]}


def labels(checkout: Checkout) -> dict[str, str]:
    """The address of each label."""
    found = checkout.running("app")[APP]["revisions"]
    return {label: address for revision in found for label, address in revision["labels"].items()}


def served(checkout: Checkout) -> Counter[str]:
    """The titles of a hundred answers."""
    api = Api(checkout)
    return Counter(api.title() for _ in range(100))


def test_a_candidate_answers_under_its_label_alone(checkout: Checkout) -> None:
    checkout.up()
    live = release(checkout)["live"]
    with checkout.edited("app/routes/openapi.py", f'"title": "{OLD}"', f'"title": "{NEW}"'):
        built = re.search(r"image (sha256:[0-9a-f]{64})", checkout.run("preview").text)
    assert built

    made = step(checkout, live=live, candidate={"digest": built[1]})

    api, at = Api(checkout), labels(checkout)
    assert made["candidate"]["digest"] == built[1] != live["digest"]
    assert {label: api.title(url=address) for label, address in at.items()} == {"live": OLD, "candidate": NEW}
    assert served(checkout) == {OLD: 100}


def test_a_quarter_of_the_requests_reaches_the_candidate(checkout: Checkout) -> None:
    before = release(checkout)

    made = step(checkout, live=before["live"], candidate=before["candidate"], weight=25)

    assert made["candidate"] == before["candidate"]
    titles = served(checkout)
    assert titles.keys() == {OLD, NEW}
    assert 10 <= titles[NEW] <= 40
    assert "25 % of the requests, candidate at https://127.0.0.1:" in checkout.run("status").text


def test_a_plain_update_keeps_the_shares(checkout: Checkout) -> None:
    done = checkout.pulumi("preview --expect-no-changes")

    assert done.status == 0, done.text


def test_weights_alone_take_a_release_back(checkout: Checkout) -> None:
    before, running = release(checkout), revisions(checkout)

    step(checkout, live=before["live"], candidate=before["candidate"], weight=0)

    assert revisions(checkout) == running
    assert served(checkout) == {OLD: 100}


def test_a_promoted_candidate_serves_and_weights_alone_bring_the_previous_one_back(checkout: Checkout) -> None:
    before, running = release(checkout), revisions(checkout)

    step(checkout, live=before["candidate"], previous=before["live"])
    assert served(checkout) == {NEW: 100}
    step(checkout, live=before["live"], candidate=before["candidate"])

    assert served(checkout) == {OLD: 100}
    assert revisions(checkout) == running


def test_a_backup_that_is_run_by_hand_is_in_the_storage(checkout: Checkout) -> None:
    Api(checkout).ask("POST", "/api/v1/tasks", {"title": "Keep"})

    done = checkout.run("run_job", JOB="backup")

    assert done.status == 0, done.text
    (account,) = checkout.running("storage").values()
    names = Workload(checkout, "backup").blobs(account["address"], "backups")
    assert [name for name in names if name.endswith("manifest.json")]
    assert "Succeeded" in checkout.run("status").text


def test_a_restore_over_what_is_there_is_refused(checkout: Checkout) -> None:
    done = checkout.run("run_job", JOB="restore")

    assert done.status == 1
    assert "backup checked" in done.text
    assert "the database is not empty" in done.text
    tasks = Api(checkout).ask("GET", "/api/v1/tasks").body["items"]
    assert [task["title"] for task in tasks] == ["Keep"]


def test_a_migration_that_is_run_by_hand_finds_nothing_to_do(checkout: Checkout) -> None:
    assert checkout.run("run_job", JOB="migrate").status == 0


def test_an_unknown_job_is_named_with_those_there_are(checkout: Checkout) -> None:
    done = checkout.run("run_job", JOB="clean")

    assert done.status == 1
    assert 'JOB="clean" is no job of dev. Allowed: backup, migrate, restore, upkeep.' in done.text
