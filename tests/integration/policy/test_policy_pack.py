"""The pack as a process, asked as the engine asks it, started in both ways that the engine knows."""

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy.catalog import RULES

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "policy"
BY_EXECUTABLE = [str(FOLDER / "pack")]
BY_LANGUAGE_HOST = [sys.executable, str(FOLDER)]
SECONDS = 60.0
REGISTRY = {"registryName": "acrdme", "adminUserEnabled": True, "sku": {"name": "Premium"}}
URN = "urn:pulumi:test::digitalmee::azure-native:containerregistry:Registry::registry"


@contextmanager
def _started(command: list[str], folder: Path) -> Generator[tuple[subprocess.Popen[bytes], Any]]:
    with subprocess.Popen(
        [*command, "127.0.0.1:1"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
                yield process, analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.stdin.close()
            assert process.wait(SECONDS) == 0


def _struct(inputs: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(inputs), struct_pb2.Struct())


def _registry(inputs: Mapping[str, Any]) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(
        urn=URN, type="azure-native:containerregistry:Registry", name="registry", properties=_struct(inputs)
    )


@pytest.mark.parametrize("command", [BY_EXECUTABLE, BY_LANGUAGE_HOST], ids=["executable", "language-host"])
def test_the_pack_judges_a_run_from_any_folder_and_ends_with_the_engine(command: list[str], tmp_path: Path) -> None:
    with _started(command, tmp_path) as (process, pack):
        pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(engine_address="127.0.0.1:1"), timeout=SECONDS)
        info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=SECONDS)
        assert sorted(policy.name for policy in info.policies) == sorted(rule.id for rule in RULES)
        assert {policy.enforcementLevel for policy in info.policies} == {analyzer_pb2.MANDATORY}
        answer = pack.Analyze(_registry(REGISTRY), timeout=SECONDS)
        assert "registry-no-admin" in {found.policyName for found in answer.diagnostics}
        assert {found.urn for found in answer.diagnostics} == {URN}
        assert process.poll() is None


def test_rules_about_the_whole_see_the_inputs_of_the_run_and_the_exports(tmp_path: Path) -> None:
    exports = analyzer_pb2.AnalyzerResource(
        urn="urn:pulumi:test::digitalmee::pulumi:pulumi:Stack::test",
        type="pulumi:pulumi:Stack",
        name="test",
        properties=_struct({"db_password": "hunter2"}),
    )
    with _started(BY_EXECUTABLE, tmp_path) as (_, pack):
        pack.Analyze(_registry(REGISTRY), timeout=SECONDS)
        answer = pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[exports]), timeout=SECONDS)
    assert {found.policyName for found in answer.diagnostics} == {"logs-collected", "no-secret-exports"}


def test_a_resource_that_is_right_and_one_of_another_provider_pass(tmp_path: Path) -> None:
    other = analyzer_pb2.AnalyzeRequest(urn="urn", type="random:index:RandomPassword", properties=_struct({"a": 1}))
    with _started(BY_EXECUTABLE, tmp_path) as (_, pack):
        assert not pack.Analyze(other, timeout=SECONDS).diagnostics
        wrong = pack.Analyze(_registry(REGISTRY), timeout=SECONDS).diagnostics
        right = pack.Analyze(_registry({**REGISTRY, "adminUserEnabled": False}), timeout=SECONDS).diagnostics
    assert {found.policyName for found in wrong} - {found.policyName for found in right} == {"registry-no-admin"}


def test_a_file_of_waivers_that_cannot_be_used_stops_the_run(tmp_path: Path) -> None:
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            copy = tmp_path / "policy" / path.relative_to(FOLDER)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (tmp_path / "app").symlink_to(ROOT / "app")
    (tmp_path / "policy" / "waivers.yaml").write_text("- {rule: no-such-rule}\n")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "policy")],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 1
    assert "policy/waivers.yaml: waiver 1" in done.stderr
