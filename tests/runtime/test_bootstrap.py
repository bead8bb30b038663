"""The set-up, as far as it goes without a network. The whole of it is what CI runs first."""

import ast
from pathlib import Path

import pytest

from app.runtime import bootstrap


def test_old_python_is_told_so_in_one_line() -> None:
    with pytest.raises(bootstrap.Trouble, match=r"Python 3\.11.*found 3\.9\.2") as trouble:
        bootstrap.check_python((3, 9, 2))
    assert "\n" not in str(trouble.value)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 14, 0)])
def test_newer_pythons_pass(version: tuple[int, ...]) -> None:
    bootstrap.check_python(version)


def test_old_pythons_can_read_the_file_that_refuses_them() -> None:
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 6))


def test_step_is_skipped_until_its_source_changes(tmp_path: Path) -> None:
    source = tmp_path / "requirements.txt"
    source.write_text("a==1\n")
    assert not bootstrap.stamped(str(tmp_path), "step", [str(source)])
    bootstrap.stamp(str(tmp_path), "step", [str(source)])
    assert bootstrap.stamped(str(tmp_path), "step", [str(source)])
    source.write_text("a==2\n")
    assert not bootstrap.stamped(str(tmp_path), "step", [str(source)])


def test_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(bootstrap.Trouble, match="python3-venv"):
        bootstrap.make_venv(str(blocked / "venv"))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-node.txt"])
def test_every_dependency_is_pinned_exactly(name: str) -> None:
    lines = (Path(bootstrap.ROOT) / name).read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert [line for line in wanted if "==" not in line] == []


def test_no_committed_lock_names_a_registry() -> None:
    lock = (Path(bootstrap.ROOT) / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "://registry" not in lock
