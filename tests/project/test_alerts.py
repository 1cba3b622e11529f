"""The rules for Prometheus: valid, each fired by its fault, and each explained."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]


def promtool(*arguments: str, folder: Path = DEPLOY) -> None:
    """Run it; all must be well."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed: Debian's package prometheus has it")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, encoding="utf-8")
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("act", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_promtool_takes_the_rules_and_fires_each(act: tuple[str, ...]) -> None:
    promtool(*act)


def test_promtool_takes_each_expression_of_the_dashboard(tmp_path: Path) -> None:
    """As rules that record: it reads no dashboards."""
    panels = json.loads((DEPLOY / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
    groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "dashboard.yml").write_text(yaml.safe_dump(groups), encoding="utf-8")

    assert asked
    promtool("check", "rules", "dashboard.yml", folder=tmp_path)


def test_each_rule_is_fired_by_a_test_and_explained_where_its_runbook_leads() -> None:
    fired = re.findall(r"alertname: (\w+)", (DEPLOY / "alerts_test.yml").read_text(encoding="utf-8"))
    page = (DEPLOY.parent / "docs" / "operations" / "alerts.md").read_text(encoding="utf-8")
    names = [rule["alert"] for rule in RULES]

    assert names == fired
    assert names == re.findall(r"^## (\w+)$", page, re.MULTILINE)
    assert [f"docs/operations/alerts.md#{name.lower()}" for name in names] == [
        rule["annotations"]["runbook"] for rule in RULES
    ]
