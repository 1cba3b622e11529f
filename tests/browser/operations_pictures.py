"""Draws the pictures of docs/operations: `python tests/browser/operations_pictures.py`, in two minutes.

One is what `status` prints. The other has the panels of deploy/dashboard.json: Debian's `prometheus` scrapes a bot at
work and evaluates each panel's expressions. Grafana draws none of it.
"""

import html
import io
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromium
import httpx
from playwright.sync_api import sync_playwright
from screenshots import ORDERS

from bot.sandbox.demo.fincart import Switch
from bot.sandbox.demo.people import ANN, BEN
from bot.sandbox.demo.people import ORDERS as CHANNEL
from bot.sandbox.demo.store import DATABASE
from bot.sandbox.demo.world import DemoWorld, open_world
from bot.sandbox.story.teller import StoryClock, Teller
from bot.server.health import Health
from bot.server.metrics import serve_metrics

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "operations" / "images"
DASHBOARD = json.loads((ROOT / "deploy" / "dashboard.json").read_text(encoding="utf-8"))
SECONDS, WIDTH, HEIGHT = 90, 380, 110
STYLE = """body{margin:0;padding:16px;font:13px DejaVu Sans;background:#fff;color:#222;display:inline-block}
pre{margin:0;padding:16px;background:#16211d;color:#e3ece8;font:14px/1.5 DejaVu Sans Mono;border-radius:6px}
section{width:380px;height:182px;border:1px solid #ccc;border-radius:6px;padding:10px;overflow:hidden}
main{display:grid;grid-template-columns:repeat(3,auto);gap:10px} h2{margin:0 0 4px;font-size:13px} small{font-size:11px}
big{display:block;font-size:64px;text-align:center;color:#1b7a5a} span{white-space:nowrap}
i{display:inline-block;width:9px;height:9px;margin:0 3px 0 8px}"""


def main() -> int:
    """Play, scrape and draw."""
    with tempfile.TemporaryDirectory() as name, open_world(Path(name)) as world:
        port = serve_metrics(Health(world.bot), "127.0.0.1", 0)
        with prometheus(Path(name), port) as url:
            begun = time.time()
            play(world)
            time.sleep(max(0.0, begun + SECONDS - time.time()))
            panels = "".join(panel(each, url, begun) for each in DASHBOARD["panels"])
        command = [sys.executable, "-m", "bot", "status"]
        settings = {"DATABASE_URL": f"sqlite:///{name}/{DATABASE}"}
        status = subprocess.run(command, capture_output=True, encoding="utf-8", env=settings).stdout
        draw(f"<pre>$ cancel-orders status\n{html.escape(status)}</pre>", "status")
        draw(f"<main>{panels}</main>", "dashboard")
    return 0


def play(world: DemoWorld) -> None:
    """One request goes well, one in part, one loses its answer, one waits; the token is refused, and Ben pauses."""
    teller = Teller(world, StoryClock(), io.StringIO(), patience=30)

    def cancel(orders: list[str], button: str) -> None:
        seen = teller.types(ANN, CHANNEL, f"/cancel-orders {' '.join(orders)} because duplicate")
        teller.presses(ANN, teller.private_answer(ANN, seen, button), button)

    cancel(ORDERS[:3], "Cancel 3 orders")
    time.sleep(12)
    world.fincart.turn(Switch.REFUSE_ONE, True, ORDERS[4])
    cancel(ORDERS[3:6], "Cancel 3 orders")
    time.sleep(12)
    world.fincart.turn(Switch.DROP_ANSWER, True)
    cancel(ORDERS[6:8], "Cancel 2 orders")
    time.sleep(12)
    cancel(ORDERS[8:20], "Ask for approval: cancel 12 orders")
    time.sleep(8)
    world.fincart.turn(Switch.TOKEN_REJECTED, True)
    cancel(ORDERS[20:23], "Cancel 3 orders")
    time.sleep(8)
    teller.types(BEN, CHANNEL, "/cancel-orders pause because the warehouse counts its stock")


@contextmanager
def prometheus(folder: Path, metrics_port: int) -> Iterator[str]:
    """Prometheus, scraping the bot each second, until the block ends."""
    (folder / "prometheus.yml").write_text(
        "scrape_configs: [{job_name: cancel-orders, scrape_interval: 1s, "
        f"static_configs: [{{targets: ['127.0.0.1:{metrics_port}']}}]}}]",
        encoding="utf-8",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "p",
        "web.listen-address": address,
    }
    command = ["prometheus", *(f"--{option}={value}" for option, value in options.items())]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://{address}/api/v1/query_range"
        finally:
            process.terminate()


def panel(of: dict[str, Any], url: str, begun: float) -> str:
    """A panel: the last value, or a line for each series."""
    series: dict[str, list[tuple[float, float]]] = {}
    for target in of["targets"]:
        asked = {"query": target["expr"], "start": begun, "end": begun + SECONDS, "step": 1}
        for each in httpx.get(url, params=asked).raise_for_status().json()["data"]["result"]:
            legend = target.get("legendFormat", "")
            for label, value in each["metric"].items():
                legend = legend.replace(f"{{{{{label}}}}}", value)
            series[legend] = [(float(at) - begun, float(value)) for at, value in each["values"] if value != "NaN"]
    if of["type"] == "stat":
        drawn = "".join(f"<big>{points[-1][1]:g}</big>" for points in series.values())
    else:
        drawn = lines(series, of.get("fieldConfig", {}).get("defaults", {}).get("unit", ""))
    return f"<section><h2>{html.escape(of['title'])}</h2>{drawn}</section>"


def lines(series: dict[str, list[tuple[float, float]]], unit: str) -> str:
    """The lines of a panel, from nothing to the highest value, with their legend."""
    peak = max((value for points in series.values() for _, value in points), default=0)
    drawn = legend = ""
    for number, (name, points) in enumerate(sorted(series.items())):
        colour = f"hsl({155 + 360 * number / len(series):.0f} 70% 36%)"
        path = " ".join(
            f"{WIDTH * at / SECONDS:.1f},{HEIGHT - (HEIGHT - 4) * value / (peak or 1):.1f}" for at, value in points
        )
        drawn += f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        legend += f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>'
    most = f"{peak / 1e6:.2f} MB" if unit == "bytes" else f"{peak:.3g}{' s' if unit == 's' else ''}"
    box = f'<svg width="{WIDTH}" height="{HEIGHT + 1}"><path d="M0 {HEIGHT}H{WIDTH}" stroke="#999"/>{drawn}</svg>'
    return f"<small>up to {most}</small><br>{box}<small>{legend}</small>"


def draw(body: str, name: str) -> None:
    """One picture, as large as what is on it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 400})
        page.set_content(f"<style>{STYLE}</style>{body}")
        page.locator("body").screenshot(path=PICTURES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
