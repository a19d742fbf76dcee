"""The faults I1 to I20 that need the real engine; docs/faults.md has the table. The tests build on each other.

A small program takes the place of the platform, so that the engine can be killed and refused at each of its resources.
"""

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.checkpoints import Checkpoints
from tests.e2e.checkout import COMMAND_SECONDS, Checkout
from tests.e2e.tiny import CANARY, STRUCK_SECONDS, TYPES, Tiny

pytestmark = pytest.mark.e2e

TAGGED = TYPES[:4]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ANSWERS = {
    "refused": "InvalidRequestContent",
    "conflict": "AnotherOperationInProgress",
    "throttled": "ResourceRequestsThrottled",
    "unavailable": "ServiceUnavailable",
    "timeout": "GatewayTimeout",
    "quota": "QuotaExceeded",
}
VAULT = "urn:pulumi:dev::digitalmee::tiny:index:Safe$azure-native:keyvault:Vault::vault"


@pytest.fixture(scope="module")
def tiny(checkout: Checkout) -> Tiny:
    return Tiny(checkout)


def urns(tiny: Tiny) -> set[str]:
    return {resource["urn"] for resource in tiny.checkpoint()["resources"]}


def outputs(tiny: Tiny) -> dict[str, Any]:
    return json.loads(tiny.pulumi("stack", "output", "--json", "--show-secrets").text)


def checkpoints(tiny: Tiny) -> Checkpoints:
    return Checkpoints(tiny.checkout.state / "pulumi", "digitalmee", "dev")


def test_i2_an_error_at_any_resource_is_named_and_the_next_run_goes_on(tiny: Tiny) -> None:
    for number, (token, (kind, code)) in enumerate(zip(TYPES, ANSWERS.items(), strict=True), start=1):
        later = [{"kind": "refused", "type": other, "times": 100} for other in TYPES[number:]]
        tiny.client.script([{"kind": kind, "type": token, "times": 4, "seconds": 0.05}, *later])
        done = tiny.pulumi("up", "--yes", "--skip-preview")

        assert done.status != 0
        assert re.search(rf'azure-native:{token} \(\w+\):\s+error: Status=\d+ Code="{code}"', done.text), done.text
        assert CANARY not in done.text
        assert UNKNOWN not in json.dumps(tiny.checkpoint())
    tiny.client.script([])

    tiny.up()

    assert len(tiny.client.status()["resources"]) == len(TYPES)


def test_i2_throttling_is_waited_out_by_the_provider(tiny: Tiny) -> None:
    tiny.shape(owner="throttled")
    tiny.client.script([{"kind": "throttled", "type": token, "times": 3, "seconds": 0.05} for token in TAGGED])

    tiny.up()

    assert [fault["struck"] for fault in tiny.client.status()["faults"]] == [3] * len(TAGGED)
    tiny.client.script([])


def test_i19_a_used_up_quota_stops_one_resource_and_not_the_others(tiny: Tiny) -> None:
    tiny.shape(owner="quota")
    tiny.client.script([{"kind": "quota", "type": "operationalinsights:Workspace"}])

    done = tiny.pulumi("up", "--yes", "--skip-preview", "--continue-on-error")

    assert done.status != 0
    assert 'Code="QuotaExceeded"' in done.text
    assert "Submit a request for an increase" in done.text
    assert re.search(r"keyvault:Vault vault updated", done.text)
    assert "~ 1 updated" in tiny.up()


def test_i1_an_engine_killed_at_any_update_is_continued_and_data_is_untouched(tiny: Tiny) -> None:
    before = outputs(tiny)
    tiny.shape(owner="killed")
    for number in range(len(TAGGED)):
        assert tiny.kill_at("up", "update", *TAGGED[number:])
        assert tiny.pulumi("cancel", "--yes").status == 0

    tiny.up()
    tiny.up("--expect-no-changes")

    assert outputs(tiny) == before


def test_i1_an_engine_killed_at_any_deletion_or_creation_is_continued_without_a_duplicate(tiny: Tiny) -> None:
    before = urns(tiny)
    for token in ("keyvault:Secret", "keyvault:Vault", "resources:ResourceGroup"):
        assert tiny.kill_at("destroy", "delete", token)
        assert tiny.pulumi("cancel", "--yes").status == 0
    assert tiny.pulumi("destroy", "--yes", "--skip-preview").status == 0
    tiny.client.purge()

    for number, token in enumerate(TYPES):
        assert tiny.kill_at("up", "create", *TYPES[number:])
        said = tiny.checkout.run("recover")
        assert said.status == 2
        assert re.search(rf"interrupted while creating: urn:\S+azure-native:{token}::", said.text), said.text
        assert "in no stack: /subscriptions/" in said.text
        assert tiny.pulumi("cancel", "--yes").status == 0
    tiny.up()

    assert urns(tiny) == before
    assert len(tiny.client.status()["resources"]) == len(TYPES)
    assert tiny.checkout.run("recover").status == 0


def test_i6_of_two_updates_one_proceeds_and_the_other_is_told_who_is_at_work(tiny: Tiny) -> None:
    tiny.shape(owner="first")
    tiny.client.script([{"kind": "slow", "type": TYPES[0], "seconds": STRUCK_SECONDS}])
    first = tiny.start("up", "--yes", "--skip-preview")
    tiny.await_struck(first)

    second = tiny.pulumi("up", "--yes", "--skip-preview")
    said = tiny.checkout.run("recover")
    unlocked = tiny.checkout.run("recover", UNLOCK="dev")
    tiny.client.script([])
    text, _ = first.communicate(timeout=COMMAND_SECONDS)

    assert second.status != 0
    assert f"(pid {first.pid}) at " in second.text
    assert re.search(rf"lock: by \S+ \(pid {first.pid}\), \d:\d\d:\d\d old; it is at work", said.text), said.text
    assert unlocked.status == 1
    assert f"(pid {first.pid}) is at work on dev; end it first" in unlocked.text
    assert first.returncode == 0, text


def test_i7_the_lock_of_a_killed_engine_is_shown_and_goes_by_an_explicit_word(tiny: Tiny) -> None:
    tiny.shape(owner="second")
    assert tiny.kill_at("up", "update", TYPES[0])
    assert "currently locked" in tiny.pulumi("up", "--yes", "--skip-preview").text

    said, wrong = tiny.checkout.run("recover"), tiny.checkout.run("recover", UNLOCK="yes")
    assert re.search(r"lock: by \S+ \(pid \d+\), \d:\d\d:\d\d old; it has gone: make recover UNLOCK=dev", said.text)
    assert (wrong.status, 'UNLOCK="yes" is not the stack' in wrong.text) == (1, True)

    assert tiny.checkout.run("recover", UNLOCK="dev").status == 0
    tiny.up()


def test_i5_drift_is_found_classed_and_left_alone(tiny: Tiny) -> None:
    assert tiny.checkout.run("drift").status == 0
    in_the_portal: dict[str, Callable[[dict[str, Any]], object]] = {
        "keyvault:Vault": lambda side: side["properties"].update(publicNetworkAccess="Enabled"),
        "operationalinsights:Workspace": lambda side: side.update(retentionInDays=90),
        "resources:ResourceGroup": lambda side: side.update(tags={"owner": "eve"}),
    }
    tiny.client.stop()
    azure = tiny.checkout.state / "azure.json"
    content = json.loads(azure.read_text())
    for record in content["live"].values():
        if change := in_the_portal.get(record["token"]):
            change(record["inputs"])
            change(record["outputs"])
    azure.write_text(json.dumps(content))

    first, again = tiny.checkout.run("drift"), tiny.checkout.run("drift")

    assert (first.status, first.result) == (2, again.result)
    classes = dict(re.findall(r"^(\w+) +\S+::(\w+)  ", first.result, re.MULTILINE))
    assert classes == {"security": "vault", "capacity": "workspace", "cosmetic": "group"}
    tiny.connect()
    tiny.up("--refresh")
    assert tiny.checkout.run("drift").status == 0


def cut(live: Path, _: Path) -> None:
    live.write_bytes(live.read_bytes()[:-200])


def flip(live: Path, _: Path) -> None:
    live.write_text(live.read_text().replace('"kv-tiny"', '"kv-tinz"'))


def swap(live: Path, older: Path) -> None:
    shutil.copy(older, live)


@pytest.mark.parametrize(
    ("damage", "verdict"), [(cut, "it cannot be read"), (flip, "it was changed after"), (swap, "older than generation")]
)
def test_i4_a_damaged_state_is_told_from_a_good_one_and_never_restored_unasked(
    tiny: Tiny, damage: Callable[[Path, Path], None], verdict: str
) -> None:
    found = checkpoints(tiny)
    assert found.problem() is None
    newest, older, *_ = found.kept()
    damage(found.live.path, older.path)
    damaged = found.live.path.read_bytes()

    said = tiny.checkout.run("recover")

    assert said.status == 2
    assert verdict in said.text
    assert f"make recover RESTORE={newest.name}" in said.text
    assert found.live.path.read_bytes() == damaged
    assert tiny.checkout.run("recover", RESTORE="1").status == 1
    assert tiny.checkout.run("recover", RESTORE=newest.name).status == 0
    assert checkpoints(tiny).problem() is None


def test_i3_a_lost_state_comes_back_from_the_last_generation(tiny: Tiny) -> None:
    tiny.up()
    found = checkpoints(tiny)
    for path in found.live.path.parent.glob("dev.json*"):
        path.unlink()

    said = tiny.checkout.run("recover")
    assert (said.status, "it is lost" in said.text) == (2, True)
    assert tiny.checkout.run("recover", RESTORE=found.kept()[0].name).status == 0

    tiny.up("--expect-no-changes")


def test_i3_a_state_without_any_generation_is_imported_by_names(tiny: Tiny) -> None:
    before, principal = urns(tiny), outputs(tiny)["principal"]
    for folder in ("backups", "history", "stacks"):
        shutil.rmtree(tiny.checkout.state / "pulumi" / ".pulumi" / folder)

    planned = tiny.checkout.run("recover", PLAN="import.json")
    assert planned.status == 0, planned.text
    tiny.connect()
    done = tiny.pulumi("import", "--file", "import.json", "--yes", "--protect=false", "--generate-code=false")
    assert done.status == 0, done.text
    tiny.up()
    tiny.up("--expect-no-changes")

    assert {urn for urn in urns(tiny) if "pulumi:providers" not in urn} == {
        urn for urn in before if "pulumi:providers" not in urn
    }
    assert outputs(tiny)["principal"] == principal


def test_i14_a_replacement_of_what_holds_data_needs_an_approval_that_has_not_expired(tiny: Tiny) -> None:
    assert tiny.checkout.run("guard").status == 0
    tiny.shape(vault="kv-other")
    file, today = tiny.checkout.folder / "ops" / "approvals.yaml", datetime.now(UTC).date()
    approval = {"urn": VAULT, "change": "replace", "reason": "moved"}

    refused = tiny.checkout.run("guard")
    file.write_text(json.dumps([approval]))
    half = tiny.checkout.run("guard")
    file.write_text(f"- {{urn: {VAULT}, change: replace, reason: moved, expires: {today - timedelta(days=1)}}}\n")
    expired = tiny.checkout.run("guard")
    file.write_text(f"- {{urn: {VAULT}, change: replace, reason: moved, expires: {today + timedelta(days=1)}}}\n")
    allowed = tiny.checkout.run("guard")

    assert [refused.status, half.status, expired.status, allowed.status] == [1, 1, 1, 0]
    assert f"replace: {VAULT}" in refused.text
    assert "is not whole" in half.text


def test_i14_a_protected_resource_stops_the_engine(tiny: Tiny) -> None:
    tiny.shape(protect=True)
    tiny.up()
    tiny.shape(protect=True, vault="kv-other")

    done = tiny.pulumi("up", "--yes", "--skip-preview")

    assert done.status != 0
    assert "marked for protection" in done.text
    tiny.shape()
    tiny.up()


def test_i18_a_secret_is_in_clear_in_no_output_state_log_or_plan(tiny: Tiny) -> None:
    tiny.shape(owner="secret")
    texts = [
        tiny.pulumi("preview", "--diff", "--json", "--save-plan", "plan.json").text,
        (tiny.checkout.folder / "plan.json").read_text(),
        tiny.pulumi("up", "--yes", "--skip-preview", "--diff").text,
        tiny.pulumi("stack", "output", "--json").text,
        tiny.pulumi("stack", "export").text,
        json.dumps(tiny.client.status()),
        *(path.read_text() for path in tiny.checkout.state.glob("*.log")),
        *(path.read_text() for path in (tiny.checkout.state / "pulumi").rglob("*.json")),
    ]

    assert [text for text in texts if CANARY in text] == []
    assert outputs(tiny)["canary"] == CANARY


BROKEN_PACKS = {
    "a rule that raises": ("policy/judge.py", r"(?m)^        return \[$", '        raise RuntimeError("broken rule")'),
    "a pack that does not start": ("policy/pack", r"(?m)^exec .*$", "exit 3"),
}


@pytest.mark.parametrize("name", BROKEN_PACKS)
def test_i20_a_policy_pack_that_crashes_fails_the_run(tiny: Tiny, name: str) -> None:
    path, pattern, replacement = BROKEN_PACKS[name]
    judge = tiny.checkout.edited("policy/judge.py", r"(?m)^        return \[$", "        return [] and [")
    with judge:
        assert tiny.pulumi("preview", "--policy-pack", "policy/pack").status == 0

    with tiny.checkout.edited(path, pattern, replacement):
        done = tiny.pulumi("preview", "--policy-pack", "policy/pack")

    assert done.status != 0, done.text


def test_i12_a_vault_in_deleted_state_keeps_its_name_and_the_error_says_the_way_out(tiny: Tiny) -> None:
    assert tiny.pulumi("destroy", "--yes", "--skip-preview").status == 0

    done = tiny.pulumi("up", "--yes", "--skip-preview")

    assert done.status != 0
    assert "A vault with the same name already exists in deleted state" in done.text
    assert "recover" in done.text
    tiny.client.purge()
    tiny.up()
