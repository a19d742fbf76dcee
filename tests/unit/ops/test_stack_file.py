from pathlib import Path

import pytest

from ops.stack_file import read_stack_file
from ops.target import UsageError


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Pulumi.dev.yaml must hold a mapping `config:`"),
        (b"- config\n", "Pulumi.dev.yaml must hold a mapping `config:`"),
        (b"config: [\n", "line 2, column 1: "),
        (b"config:\n\ta: 1\n", "line 2, column 1: found character '\\t'"),
        (b"config:\n  a:b:\n    c: 1\n  a:b:\n    c: 2\n", 'line 4, column 3: "a:b" is there twice'),
        (b"config:\n  a:b:\n    c: 1\n    c: 2\n", 'line 4, column 5: "c" is there twice'),
        (b"\xff\xfe\xfa", "is not YAML that can be used: "),
        (b"config:\n  digitalmee:release:\n    api: sha256:0\n", "holds digitalmee:release: the stack remembers"),
    ],
)
def test_a_stack_file_that_cannot_be_used_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_bytes(content)

    with pytest.raises(UsageError) as refused:
        read_stack_file(tmp_path / "Pulumi.dev.yaml")

    assert said in str(refused.value)


def test_a_stack_file_that_is_not_there_is_named_with_the_way_back(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file or directory\. `git checkout Pulumi\.dev\.yaml`"):
        read_stack_file(tmp_path / "Pulumi.dev.yaml")
