"""Rules between sections: replicas against zones and against addresses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.workloads.capacity import own_machines, replica_floor, replica_room


def test_a_zone_redundant_environment_needs_three_replicas_of_what_must_survive() -> None:
    [(key, text)] = replica_floor(zone_redundant=True, minimums={"api": 3, "mcp": 2})
    assert key == "mcp.min_replicas"
    assert text == ("2 leaves a zone without a replica (allowed 3 or more, or environment.zone_redundant false)")


def test_without_zones_one_replica_is_enough() -> None:
    assert not list(replica_floor(zone_redundant=False, minimums={"api": 0}))


def test_a_workload_runs_only_on_machines_that_there_are() -> None:
    [(key, text)] = own_machines("None", {"api": "Consumption", "worker": "Dedicated"})
    assert key == "worker.workload_profile"
    assert text.startswith('"Dedicated" has no machines (allowed "Consumption"')


def test_machines_are_not_paid_for_when_nothing_runs_on_them() -> None:
    [(key, text)] = own_machines("D4", {"api": "Consumption", "worker": "Consumption"})
    assert key == "environment.dedicated_profile"
    assert text.startswith('"D4" is paid for and nothing runs on it (allowed "None"')


@pytest.mark.parametrize(("machines", "worker"), [("None", "Consumption"), ("E8", "Dedicated")])
def test_machines_and_workloads_that_fit_are_taken(machines: str, worker: str) -> None:
    assert not list(own_machines(machines, {"api": "Consumption", "worker": worker}))


# Microsoft's table: "Virtual network configuration" of Azure Container Apps
@pytest.mark.parametrize(("apps_subnet", "room"), [("10.0.0.0/27", 70), ("10.0.0.0/24", 1190), ("10.0.0.0/23", 2470)])
def test_a_subnet_has_addresses_for_so_many_replicas(apps_subnet: str, room: int) -> None:
    assert not list(replica_room(apps_subnet, {"api": room - 10, "worker": 10}))
    [(key, text)] = replica_room(apps_subnet, {"api": room - 10, "worker": 11})
    assert key == "network.apps_subnet"
    assert f'"{apps_subnet}" has addresses for {room} replicas and not for {room + 1}' in text


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(["api", "mcp", "worker"]), st.integers(0, 30)), st.booleans())
def test_the_floor_names_exactly_the_workloads_below_it(minimums: dict[str, int], zones: bool) -> None:  # noqa: FBT001 - hypothesis gives it by position
    found = {key.partition(".")[0] for key, _ in replica_floor(zone_redundant=zones, minimums=minimums)}
    assert found == {workload for workload, minimum in minimums.items() if zones and minimum in (0, 1, 2)}
