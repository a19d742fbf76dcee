"""The real uv and pip, installing wheels from a folder."""

import pytest

from ops.commands import SetupError
from ops.dependencies import find_uv, sync_dependencies
from tests.unit.ops.workshop import REPOSITORY, UV, Workshop

pytestmark = pytest.mark.integration


@pytest.fixture
def prepared(workshop: Workshop) -> Workshop:
    """A checkout whose one dependency is the wheel `thing`, on a machine with uv."""
    workshop.program("bin/uv", f'exec {UV} "$@"')
    workshop.write("checkout/requirements/dev.txt", workshop.wheel("thing", {"thing.py": ""}))
    return workshop


def sync(workshop: Workshop, **environ: str) -> list[str]:
    told: list[str] = []
    sync_dependencies(workshop.checkout, {**workshop.environ, **environ}, told.append)
    return told


def installed(workshop: Workshop) -> list[str]:
    """The modules of `.venv`, apart from what every one has."""
    packages = (workshop.checkout / ".venv" / "lib").glob("python3.*/site-packages/*.py")
    return sorted(path.stem for path in packages if not path.stem.startswith("_"))


def test_the_locked_packages_are_installed(prepared: Workshop) -> None:
    sync(prepared)

    assert installed(prepared) == ["thing"]


def test_a_second_sync_does_nothing_and_needs_no_uv(prepared: Workshop) -> None:
    sync(prepared)

    assert sync(prepared, PATH="") == []


def test_a_package_with_another_hash_is_refused(prepared: Workshop) -> None:
    prepared.write("checkout/requirements/dev.txt", f"thing==1.0 --hash=sha256:{64 * '0'}\n")

    with pytest.raises(SetupError, match=r"(?s)requirements/dev\.txt cannot be installed.*[Hh]ash"):
        sync(prepared)
    assert installed(prepared) == []


def test_changed_requirements_are_synced_into_the_same_venv(prepared: Workshop) -> None:
    sync(prepared)
    kept = prepared.write("checkout/.venv/kept", "")
    prepared.write("checkout/requirements/dev.txt", prepared.wheel("other", {"other.py": ""}))

    sync(prepared)

    assert installed(prepared) == ["other"]
    assert kept.exists()


def test_an_interrupted_sync_is_repaired(prepared: Workshop) -> None:
    sync(prepared)
    (prepared.checkout / ".venv" / "setup-stamp").unlink()
    half = prepared.write("checkout/.venv/half", "")

    sync(prepared)

    assert installed(prepared) == ["thing"]
    assert not half.exists()


def test_a_failed_sync_is_tried_again(prepared: Workshop) -> None:
    sync(prepared)
    good = (prepared.checkout / "requirements" / "dev.txt").read_text()
    prepared.write("checkout/requirements/dev.txt", "absent==1.0 --hash=sha256:00\n")
    with pytest.raises(SetupError):
        sync(prepared)

    prepared.write("checkout/requirements/dev.txt", good)

    assert sync(prepared) != []


def test_a_venv_whose_python_is_gone_is_made_anew(prepared: Workshop) -> None:
    sync(prepared)
    python = prepared.checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(prepared.root / "removed")

    sync(prepared)

    assert python.exists()


def test_a_checkout_that_was_moved_gets_its_venv_anew(prepared: Workshop) -> None:
    sync(prepared)
    prepared.checkout.rename(prepared.root / "moved")
    prepared.checkout.symlink_to(prepared.root / "moved")

    sync_dependencies(prepared.root / "moved", prepared.environ, prepared.told.append)

    assert any("making .venv" in line for line in prepared.told)


def test_a_venv_that_is_a_link_is_refused_and_what_it_leads_to_stays_as_it_is(prepared: Workshop) -> None:
    sync(prepared)
    (prepared.checkout / ".venv").rename(prepared.root / "elsewhere")
    (prepared.checkout / ".venv").symlink_to(prepared.root / "elsewhere")
    prepared.write("checkout/requirements/dev.txt", prepared.wheel("other", {"other.py": ""}))

    with pytest.raises(SetupError, match="is a link to"):
        sync(prepared)
    assert (prepared.root / "elsewhere" / "setup-stamp").exists()


def test_without_a_network_the_error_says_what_to_set(prepared: Workshop) -> None:
    prepared.write("checkout/requirements/dev.txt", f"absent==1.0 --hash=sha256:{64 * '0'}\n")

    with pytest.raises(SetupError, match=r"(?s)absent.*Behind a mirror or a proxy set UV_DEFAULT_INDEX"):
        sync(prepared)


def test_a_checkout_that_cannot_be_written_is_an_error(prepared: Workshop) -> None:
    prepared.write("checkout/.uv", "a file where the folder should be")

    with pytest.raises(SetupError, match=r"cannot write .*\.uv/lock"):
        sync(prepared)


def test_an_old_uv_on_path_is_not_used(workshop: Workshop) -> None:
    workshop.program("bin/uv", "echo uv 0.4.30")
    own = workshop.program("checkout/.uv/venv/bin/uv", "echo uv 0.5.0")

    assert find_uv(workshop.checkout, workshop.environ, workshop.told.append) == own


def test_a_python_without_venv_names_the_package_to_install(workshop: Workshop) -> None:
    workshop.write("broken/venv.py", "raise ImportError('ensurepip is not available')")
    environ = {**workshop.environ, "PYTHONPATH": str(workshop.root / "broken")}

    with pytest.raises(SetupError, match=r"(?s)ensurepip is not available.*apt install python3\.\d+-venv"):
        find_uv(workshop.checkout, environ, workshop.told.append)


def test_the_bootstrapped_uv_is_the_locked_one() -> None:
    locked = {
        name: (REPOSITORY / "requirements" / f"{name}.txt").read_text().partition("\nuv==")[2].split()[0]
        for name in ("dev", "uv")
    }

    assert locked["uv"] == locked["dev"]


@pytest.mark.parametrize("group", ["app", "dev", "go", "infra", "uv"])
def test_requirements_have_hashes_and_name_no_index(group: str) -> None:
    lines = (REPOSITORY / "requirements" / f"{group}.txt").read_text().splitlines()
    pins = [number for number, line in enumerate(lines) if "==" in line and not line.startswith((" ", "#"))]

    assert pins
    assert all("--hash=sha256:" in lines[number + 1] for number in pins)
    assert not any("index-url" in line or "://" in line for line in lines)
