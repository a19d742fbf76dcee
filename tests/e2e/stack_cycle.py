"""One stack from nothing to nothing; the tests build on each other, in this order.

A module per stack has the class, so that pytest-xdist gives each stack to another process.
"""

import re
from typing import ClassVar

import pytest

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout

JOBS = r'f"caj-\{PRODUCT\}-\{job\}-'
SERVER = r'f"psql-\{PRODUCT\}-'
TIMEOUT = r"(?s)(digitalmee:migrate:.*?timeout_seconds: )\d+"


class StackCycle:
    """What holds of every stack.

    Attributes:
        stack: its name.
        guard: the command that refuses to replace what holds data: the engine where it is protected, else `make guard`.
        refusal: what that says.
    """

    stack: ClassVar[str]
    guard: ClassVar[str]
    refusal: ClassVar[str]

    @pytest.fixture
    def file(self) -> str:
        return f"Pulumi.{self.stack}.yaml"

    def up(self, checkout: Checkout) -> str:
        return checkout.up(STACK=self.stack)

    def api(self, checkout: Checkout) -> Api:
        return Api(checkout, stack=self.stack)

    def titles(self, checkout: Checkout) -> list[str]:
        return [task["title"] for task in self.api(checkout).ask("GET", "/api/v1/tasks").body["items"]]

    def test_up_from_nothing_ends_with_an_api_that_keeps_what_is_written(self, checkout: Checkout) -> None:
        text = self.up(checkout)

        assert re.search(r"\+ \d{3} created", text)
        assert "digitalmee@v1.0.0" in text, "the policy pack was not asked"
        assert "[mandatory]" not in text
        assert self.api(checkout).ask("POST", "/api/v1/tasks", {"title": "Stay"}).status == 201
        assert self.titles(checkout) == ["Stay"]

    def test_a_second_up_changes_nothing(self, checkout: Checkout) -> None:
        text = self.up(checkout)

        assert re.search(r"Resources:\n +\d{3} unchanged\n", text), text

    def test_a_refresh_finds_nothing(self, checkout: Checkout) -> None:
        done = checkout.pulumi("refresh --yes --skip-preview --expect-no-changes", STACK=self.stack)

        assert done.status == 0, done.text

    def test_a_longer_timeout_changes_one_resource_in_place(self, checkout: Checkout, file: str) -> None:
        with checkout.edited(file, TIMEOUT, r"\g<1>900"):
            text = self.up(checkout)

        assert "app:Job migrate updated" in text
        assert re.search(r"Resources:\n +~ 1 updated\n +\d{3} unchanged\n", text), text

    def test_another_name_replaces_what_holds_no_data(self, checkout: Checkout, file: str) -> None:
        names = checkout.edited("components/names.py", JOBS, 'f"caj-{PRODUCT}-x{job}-')
        with names, checkout.edited(file, TIMEOUT, r"\g<1>900"):
            text = self.up(checkout)

        assert "+-4 replaced" in text, text  # each job
        assert checkout.outputs(STACK=self.stack)["jobs"]["migrate"] == f"caj-dme-xmigrate-{self.stack}"

    def test_a_replacement_of_the_database_is_refused_and_nothing_is_lost(self, checkout: Checkout) -> None:
        with checkout.edited("components/names.py", SERVER, 'f"psql2-{PRODUCT}-'):
            done = checkout.run(self.guard, STACK=self.stack)

        assert done.status != 0
        assert self.refusal in done.text, done.text
        assert "azure-native:dbforpostgresql:Server::database" in done.text
        assert self.titles(checkout) == ["Stay"]

    def test_after_a_destruction_the_name_of_the_vault_is_taken_and_up_says_what_frees_it(
        self, checkout: Checkout
    ) -> None:
        for command in ("state unprotect --all --yes", "destroy --yes --skip-preview"):
            done = checkout.pulumi(command, STACK=self.stack)
            assert done.status == 0, done.text

        done = checkout.run("up", STACK=self.stack)

        assert done.status != 0
        assert "A vault with the same name already exists in deleted state" in done.text
        assert re.search(rf"that stay taken: kv-dme-{self.stack}-\w+\. Here `make down STACK={self.stack}`", done.text)

    def test_down_leaves_no_process_and_no_record(self, checkout: Checkout) -> None:
        done = checkout.run("down", STACK=self.stack)

        assert done.status == 0, done.text
        assert checkout.processes() == []
        assert not checkout.state.exists()
        assert checkout.git_status() == ""
