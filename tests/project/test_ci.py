"""What runs elsewhere: the workflows, the updates of dependencies, and the bill of materials."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
USES = re.compile(r"uses: (\S+?)@(\S+)(.*)")
ENTRY = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of the virtual environment in the project's folder."""
    tool = [sys.executable, "-W", "ignore", "-m", *command]
    return subprocess.run(
        tool, cwd=ROOT, env=os.environ | environment, capture_output=True, encoding="utf-8", timeout=120
    )


def workflow(name: str) -> dict[str, Any]:
    """A workflow, as GitHub reads it."""
    read: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [DEPENDABOT]),
    ],
)
def test_a_file_for_github_is_as_its_schema_has_it(schema: str, files: list[Path]) -> None:
    done = run("check_jsonschema", "--builtin-schema", schema, *map(str, files))

    assert 0 == done.returncode, done.stdout


def test_ci_runs_each_python_that_is_promised_on_each_database() -> None:
    ci = workflow("ci.yml")["jobs"]["ci"]
    steps = [step.get("run") for step in ci["steps"]]

    assert {"python": ["3.11", "3.12", "3.13", "3.14"], "database": ["sqlite", "postgresql"]} == ci["strategy"][
        "matrix"
    ]
    assert "${{ matrix.database }}" == ci["env"]["DATABASE"]
    assert {"python-version": "${{ matrix.python }}"} in [step.get("with") for step in ci["steps"]]
    assert ".ci/run" == steps[-1]


@pytest.mark.parametrize(("database", "other"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_run_for_one_database_leaves_out_the_tests_of_the_other(database: str, other: str) -> None:
    files = ["tests/database/test_holds.py", "tests/project/test_docs.py"]
    listed = run("pytest", "--collect-only", "-n", "0", *files, DATABASE=database).stdout

    assert f"[{database}]" in listed
    assert f"[{other}]" not in listed
    assert "tests/project/test_docs.py" in listed


def test_a_run_for_a_database_that_is_none_is_refused() -> None:
    done = run("pytest", "--collect-only", "-n", "0", "tests/project/test_ci.py", DATABASE="postgres")

    assert "DATABASE is sqlite or postgresql, or unset for both, and not 'postgres'" in done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_a_workflow_may_only_read_has_an_end_and_takes_actions_by_their_commit(path: Path) -> None:
    uses = USES.findall(path.read_text(encoding="utf-8"))

    assert {"contents": "read"} == workflow(path.name)["permissions"]
    assert all("timeout-minutes" in job for job in workflow(path.name)["jobs"].values())
    assert uses
    assert [] == [each for each in uses if not re.fullmatch("[0-9a-f]{40}", each[1]) or not each[2].startswith(" # v")]


def test_whatever_can_be_raised_is_looked_after() -> None:
    updates = yaml.safe_load(DEPENDABOT.read_text(encoding="utf-8"))["updates"]
    images = {f"/{path.parent.relative_to(ROOT)}" for path in ROOT.glob("deploy/**/Dockerfile")}
    looked_after = {(each["package-ecosystem"], each["directory"]) for each in updates}

    assert {("pip", "/"), ("github-actions", "/"), *(("docker", folder) for folder in images)} == looked_after


def test_the_bill_of_materials_has_every_package_of_the_lock_with_its_hashes_and_no_more(tmp_path: Path) -> None:
    ready = ["--old-file=.venv/.ready", "--old-file=.venv/.ready-to-develop", f"RUN={sys.executable}"]
    make = ["make", "--silent", *ready, "sbom", f"OUT={tmp_path}/sbom.json"]
    subprocess.run(make, cwd=ROOT, check=True, timeout=120)
    bill = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    listed = {each["purl"] for each in bill["components"]}
    hashes = [
        one["content"] for each in bill["components"] for place in each["externalReferences"] for one in place["hashes"]
    ]

    assert ("CycloneDX", "cancel-orders-bot") == (bill["bomFormat"], bill["metadata"]["component"]["name"])
    assert {f"pkg:pypi/{name}@{version}" for name, version in ENTRY.findall(lock)} == listed
    assert sorted(HASH.findall(lock)) == sorted(hashes)
