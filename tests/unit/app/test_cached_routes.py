from uuid import UUID, uuid4

import pytest

from app.domain.models import Principal, Task, TaskFilter, TaskPage, TaskPlace
from tests.unit.app.memory import Api, MemoryTasks
from tests.unit.app.tool_server import Tools, call

TASKS = "/api/v1/tasks"


class CountingTasks(MemoryTasks):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def page(
        self, owner: Principal, *, limit: int, after: TaskPlace | None, only: TaskFilter | None = None
    ) -> TaskPage:
        self.asked += 1
        return await super().page(owner, limit=limit, after=after, only=only)

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        self.asked += 1
        return await super().get(owner, task_id)


def test_a_second_read_is_the_same_bytes_without_asking_the_store() -> None:
    tasks = CountingTasks()
    with Api(tasks=tasks).client("ada") as client:
        first, second = client.get(TASKS), client.get(TASKS)
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.headers["Content-Type"] == second.headers["Content-Type"] == "application/json"
    assert second.headers["Cache-Control"] == "no-store"
    assert tasks.asked == 1


@pytest.mark.parametrize("condition", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_who_has_the_answer_already_gets_304_with_its_tag_and_no_body(condition: str) -> None:
    with Api().client("ada") as client:
        etag = client.get(TASKS).headers["ETag"]
        answer = client.get(TASKS, headers={"If-None-Match": condition.format(etag=etag)})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
        assert client.get(TASKS, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_write_is_seen_by_the_next_read() -> None:
    with Api().client("ada") as client:
        assert client.get(TASKS).json()["items"] == []
        task = client.post(TASKS, json={"title": "Write"}).json()
        address = f"{TASKS}/{task['id']}"
        assert [client.get(TASKS).json()["items"], client.get(address).json()] == [[task], task]
        changed = client.patch(address, json={"title": "New"}).json()
        assert [client.get(TASKS).json()["items"], client.get(address).json()] == [[changed], changed]
        assert client.get(address).headers["ETag"] == '"2"'
        client.delete(address)
        assert client.get(TASKS).json()["items"] == []
        assert client.get(address).status_code == 404


def test_a_tool_that_writes_is_seen_by_the_next_read_of_the_api() -> None:
    api = Api()
    tools = Tools(tasks=api.tasks, shared=api.shared)
    with api.client("ada") as client:
        assert client.get(TASKS).json()["items"] == []
    with tools.client("ada") as client:
        assert call(client, "create_task", title="Write")[0]
    with api.client("ada") as client:
        assert [task["title"] for task in client.get(TASKS).json()["items"]] == ["Write"]


def test_that_there_is_no_such_thing_is_kept_too() -> None:
    tasks = CountingTasks()
    with Api(tasks=tasks).client("ada") as client:
        address = f"{TASKS}/{uuid4()}"
        assert [client.get(address).status_code for _ in range(3)] == [404] * 3
    assert tasks.asked == 1


def test_a24_the_answer_of_one_person_is_never_anothers() -> None:
    api = Api()
    with api.client("ada") as client:
        client.post(TASKS, json={"title": "Ada's"})
        assert client.get(TASKS).json()["items"]
    with api.client("bob") as client:
        assert client.get(TASKS).json()["items"] == []


def test_what_breaks_a_rule_is_refused_each_time() -> None:
    with Api().client("ada") as client:
        assert [client.get(f"{TASKS}?limit=0").status_code for _ in range(2)] == [422, 422]
