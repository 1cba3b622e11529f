"""What is installed: the wheel and its command, and the locks that say with which packages."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNNING, BUILDING, DEVELOPING = "requirements.lock", "requirements-build.lock", "requirements-dev.lock"
LOCKS = [RUNNING, BUILDING, DEVELOPING]
ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<marker> ; .+)? \\$")
HASH = re.compile(r"^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(lock: str) -> dict[str, str]:
    """The version (and where it is for) of every package in a lock."""
    found = map(ENTRY.match, (ROOT / lock).read_text(encoding="utf-8").splitlines())
    return {each["name"]: each["version"] + (each["marker"] or "") for each in found if each is not None}


def names(requirements: list[str | dict[str, str]]) -> set[str]:
    """The packages that a list of pyproject.toml names; groups that it includes are followed."""
    named: set[str] = set()
    for each in requirements:
        if isinstance(each, dict):
            named |= names(PROJECT["dependency-groups"][each["include-group"]])
        else:
            named.add(re.split(r"[\[<>=!~; ]", each)[0].lower())
    return named


# --- locks


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_packages_and_their_hashes_and_nothing_else(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()

    assert [] == [line for line in lines if not ENTRY.match(line) and not HASH.match(line)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_a_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()

    assert [] == [
        line for line, after in zip(lines, [*lines[1:], ""], strict=True) if ENTRY.match(line) and not HASH.match(after)
    ]


def test_whatever_the_bot_needs_is_in_the_lock_for_running() -> None:
    assert set() == names(PROJECT["project"]["dependencies"]) - set(pins(RUNNING))


@pytest.mark.parametrize(
    ("requirements", "lock"),
    [(PROJECT["project"]["dependencies"], RUNNING), (PROJECT["dependency-groups"]["dev"], DEVELOPING)],
)
def test_a_lock_keeps_the_bounds_of_the_project(requirements: list[str | dict[str, str]], lock: str) -> None:
    pinned = pins(lock)
    wanted = [Requirement(each) for each in requirements if isinstance(each, str)]

    assert [] == [str(each) for each in wanted if not each.specifier.contains(pinned[canonicalize_name(each.name)])]


def test_nothing_that_only_developing_needs_is_in_the_lock_for_running() -> None:
    needed = names(PROJECT["project"]["dependencies"])

    assert set() == (names(PROJECT["dependency-groups"]["dev"]) - needed) & set(pins(RUNNING))


def test_whatever_developing_needs_is_in_its_lock() -> None:
    assert set() == names(PROJECT["dependency-groups"]["dev"]) - set(pins(DEVELOPING))


@pytest.mark.parametrize("lock", [RUNNING, BUILDING])
def test_the_lock_for_developing_has_the_versions_of_the_others(lock: str) -> None:
    assert pins(lock).items() <= pins(DEVELOPING).items()


def test_what_builds_the_wheel_is_locked_as_it_is_named() -> None:
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]
    assert names(PROJECT["build-system"]["requires"]) == set(pins(BUILDING))


# --- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    copy(ROOT / "pyproject.toml", source)
    for package in ("bot", "storage"):
        copytree(ROOT / package, source / package, ignore=ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source))
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it, and nothing else."""
    site = tmp_path_factory.mktemp("site")
    pip("install", "--no-deps", "--no-index", "--target", str(site), str(wheel))
    return site


def pip(*arguments: str) -> None:
    """Run pip, which asks no network here."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True, capture_output=True, timeout=120)


def cancel_orders(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder that is not the project's."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    return subprocess.run(
        [str(installed / "bin" / "cancel-orders"), *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(installed)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_the_wheel_holds_every_file_of_the_bot(wheel: Path) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in ("bot", "storage")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as packed:
        inside = {name for name in packed.namelist() if ".dist-info/" not in name}

    assert files == inside


@pytest.mark.parametrize("page", ["README.md", "docs/operations/install.md"])
def test_the_pages_call_the_wheel_by_its_name(wheel: Path, page: str) -> None:
    named = re.findall(r"cancel_orders_bot-\S+?\.whl", (ROOT / page).read_text(encoding="utf-8"))

    assert {wheel.name} == set(named)


def test_the_installed_command_says_its_name_and_version(installed: Path, tmp_path: Path) -> None:
    done = cancel_orders(installed, tmp_path, "--version")

    assert (0, f"cancel-orders-bot {PROJECT['project']['version']}\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize("command", [[], ["audit"], ["audit", "verify"], ["demo"]])
def test_the_installed_command_explains_itself_by_its_own_name(
    installed: Path, tmp_path: Path, command: list[str]
) -> None:
    done = cancel_orders(installed, tmp_path, *command, "--help")

    assert done.stdout.startswith(f"usage: {' '.join(['cancel-orders', *command])} ")


def test_the_installed_command_prints_the_manifest(installed: Path, tmp_path: Path) -> None:
    done = cancel_orders(installed, tmp_path, "manifest")

    assert (ROOT / "manifest.yml").read_text(encoding="utf-8") == done.stdout


def test_the_installed_command_tells_the_story_and_leaves_nothing_behind(installed: Path, tmp_path: Path) -> None:
    done = cancel_orders(installed, tmp_path, "demo", "--story")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.endswith("To use the bot yourself: cancel-orders demo\n")
    assert [] == list(tmp_path.iterdir())
