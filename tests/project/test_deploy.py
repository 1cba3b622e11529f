"""What is in deploy/: the settings it gives are the bot's, the seconds of a stop are enough, and its steps run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
import yaml

from bot.sandbox.demo import store
from bot.sandbox.demo.people import bot_settings
from bot.sandbox.demo.world import now
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.slack.http import SlackServer
from bot.settings.fields import FILE_NAMES, NAMES, Settings
from bot.settings.model import load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "cancel-orders.service").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = {
    each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
}
POD = KUBERNETES["Deployment"]["spec"]["template"]["spec"]
BOT = POD["containers"][0]
STOPS_WITHIN = Settings().stop_within + 2
SECRETS = {
    "FINCART_TOKEN_FILE": "fincart-token",
    "SLACK_BOT_TOKEN_FILE": "xoxb-1-2",
    "SLACK_SIGNING_SECRET_FILE": "8f742231b10e8888abcd99yyyzzz85a5",
    "DATABASE_URL_FILE": "postgresql+psycopg://bot:word@database/bot",
}

ENVIRONMENTS: dict[str, Mapping[str, str]] = {
    "compose": COMPOSE["services"]["bot-1"]["environment"],
    "kubernetes": KUBERNETES["ConfigMap"]["data"],
    "systemd": dict(re.findall(r"^Environment=(\w+)=(\S+)$", UNIT, re.MULTILINE)),
}


@pytest.mark.parametrize("where", ENVIRONMENTS)
def test_the_bot_takes_the_settings_that_are_given_to_it(where: str, tmp_path: Path) -> None:
    given = dict(ENVIRONMENTS[where])
    for name in SECRETS.keys() & given.keys():
        (tmp_path / name).write_text(SECRETS[name] + "\n", encoding="utf-8")
        given[name] = str(tmp_path / name)

    assert set() == given.keys() - {*NAMES, *FILE_NAMES}
    assert "U0123456789" in load_settings({"ALLOWED_USERS": "U0123456789", **given}, None).allowed_users


def test_secrets_are_mounted_where_their_settings_say() -> None:
    files = [path for name, path in ENVIRONMENTS["kubernetes"].items() if name.endswith("_FILE")]
    mounted = next(each["mountPath"] for each in BOT["volumeMounts"] if each["name"] == "secrets")
    credentials = re.findall(r"^LoadCredential=(\w+):", UNIT, re.MULTILINE)

    assert {mounted} == {str(Path(path).parent) for path in files}
    assert {f"/run/secrets/{name}" for name in COMPOSE["services"]["bot-1"]["secrets"]} == {
        path for name, path in ENVIRONMENTS["compose"].items() if name.endswith("_FILE")
    }
    assert {f"%d/{name}" for name in credentials} == set(ENVIRONMENTS["systemd"].values())


def test_whatever_stops_it_gives_it_the_seconds_that_it_needs() -> None:
    waits = [int(word) for word in BOT["lifecycle"]["preStop"]["exec"]["command"] if word.isdigit()]
    unit = int(re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[0])

    assert int(COMPOSE["services"]["bot-2"]["stop_grace_period"].removesuffix("s")) > STOPS_WITHIN
    assert POD["terminationGracePeriodSeconds"] > sum(waits) + STOPS_WITHIN
    assert unit > STOPS_WITHIN


def test_every_port_is_the_bots() -> None:
    port = Settings().port

    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert {str(port)} == {COMPOSE["services"][each]["ports"][0].rsplit(":", 1)[1] for each in ("bot-1", "bot-2")}
    assert port == BOT["ports"][0]["containerPort"]
    assert port == KUBERNETES["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"]


def test_prometheus_reaches_the_pods() -> None:
    port = int(ENVIRONMENTS["kubernetes"]["METRICS_PORT"])

    assert port in [each["containerPort"] for each in BOT["ports"]]
    assert port in [each["port"] for rule in KUBERNETES["NetworkPolicy"]["spec"]["ingress"] for each in rule["ports"]]


def test_the_pods_are_asked_where_they_answer() -> None:
    pages = {kind: BOT[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}

    assert {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"} == pages
    assert 2 == KUBERNETES["Deployment"]["spec"]["replicas"]


def test_the_image_listens_on_all_addresses_and_runs_as_nobody_known() -> None:
    last_stage = DOCKERFILE.rsplit("FROM ", 1)[1]

    assert {"HOST=0.0.0.0", "METRICS_HOST=0.0.0.0"} <= set(last_stage.split())
    assert re.search(r"^USER 10001:10001$", last_stage, re.MULTILINE)
    assert (10001, 10001) == (POD["securityContext"]["runAsUser"], POD["securityContext"]["runAsGroup"])
    assert {"--require-hashes"} == set(re.findall(r"--require-hashes(?= -r \S+\.lock)", DOCKERFILE))


def test_one_step_brings_the_tables_up_and_the_bots_change_none() -> None:
    services, [step] = COMPOSE["services"], POD["initContainers"]
    bots = [services["bot-1"], services["bot-2"]]

    assert [["migrate"]] * 2 == [step["args"], services["migrate"]["command"]]
    assert [["serve", "--no-migrate"]] * 3 == [BOT["args"], *(each["command"] for each in bots)]
    assert {"service_completed_successfully"} == {each["depends_on"]["migrate"]["condition"] for each in bots}
    assert BOT["image"] == step["image"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_reads_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    unit = tmp_path / "cancel-orders.service"
    unit.write_text(UNIT.replace("/opt/cancel-orders/bin/cancel-orders", "/bin/true"), encoding="utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, encoding="utf-8")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)], capture_output=True
    )

    assert (0, "") == (verified.returncode, verified.stderr)
    assert 0 == judged.returncode


def steps_of_the_build() -> Iterator[tuple[str, str]]:
    """The steps of the image's first stage, each on one line."""
    stage = DOCKERFILE.split("FROM ")[1].replace("\\\n", " ")
    for line in stage.splitlines()[1:]:
        word, _, rest = line.partition(" ")
        if word in ("COPY", "RUN"):
            yield word, rest


@pytest.mark.long
def test_the_steps_of_the_image_make_a_bot_that_tells_its_story_and_passes_its_checks_anywhere(tmp_path: Path) -> None:
    """They run in a folder in place of an image's root; no container engine is needed. To be quick, pip uses its cache
    and compiles nothing beforehand."""
    source = tmp_path / "src"
    source.mkdir()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for word, rest in steps_of_the_build():
        if word == "RUN":
            here = re.sub(r"(?<![\w.])/(opt|build|wheel)\b", rf"{tmp_path}/\1", rest)
            _run(here.replace("--no-cache-dir", "--no-compile"), source)
            continue
        *files, _ = rest.split()
        for each in files:
            assert f"!{each.removesuffix('/')}" in ignored.splitlines()
            if (ROOT / each).is_dir():
                copytree(ROOT / each, source / each, ignore=ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / each, source)
    shutil.rmtree(source)
    (tmp_path / "data").mkdir()
    program = f"{tmp_path}/opt/cancel-orders/bin/cancel-orders"
    told = _run(f"{program} demo --story", tmp_path / "data")
    slack, fincart = store.load(tmp_path / "data", now)
    with SlackServer(slack) as slack_shell, FincartServer(fincart) as fincart_shell:
        database = f"sqlite:///{tmp_path}/data/bot.db"
        token = fincart.settings.token
        settings = bot_settings(slack, slack_shell.api_url, token, fincart_shell.url, database)
        checked = _run(f"{program} check", Path("/"), settings)

    assert told.endswith("To use the bot yourself: cancel-orders demo\n")
    assert re.fullmatch(r"cancel-orders-bot \d+\.\d+\.\d+\n", _run(f"{program} --version", Path("/")))
    assert checked.endswith("answers, and accepts the token\n")


def _run(command: str, folder: Path, settings: Mapping[str, str] | None = None) -> str:
    environment = {
        name: value for name, value in os.environ.items() if name in ("HOME", "TMPDIR", "LANG") or "PIP" in name
    }
    path = f"{Path(sys.base_prefix, 'bin')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**environment, "PATH": path, **(settings or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout
