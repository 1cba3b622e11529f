"""The page: a small Slack in the browser, with panels for Fincart and the audit history, on this computer alone."""

import base64
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.demo.orders import sample_csv
from bot.sandbox.demo.people import ROLES
from bot.sandbox.demo.world import DemoWorld, open_world
from bot.sandbox.gallery.facts import NAMES
from bot.sandbox.gallery.gallery import gallery
from bot.sandbox.page.acts import NotPossible, act
from bot.sandbox.page.guard import LocalOnly
from bot.sandbox.page.updates import Updates
from bot.sandbox.web.thread import WebThread

PAGE = Path(__file__).with_name("static")

LARGEST_UPLOAD = 12 * 1024 * 1024
"""More than the bot takes, so that its own refusal can be seen."""


def run_page(folder: Path, port: int, *, fresh: bool, browser: bool) -> int:
    """Serve the page until SIGINT or SIGTERM. Raises as `open_world` does; OSError where the port is taken."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    with open_world(folder, fresh=fresh) as world, served(world, port) as url:
        sys.stdout.write(f"The bot in a browser, without Slack: {url}\n(Press Ctrl+C to stop.)\n")
        sys.stdout.flush()
        if browser and has_desktop():
            webbrowser.open(url)
        told.wait()
    return 0


@contextmanager
def served(world: DemoWorld, port: int = 0) -> Iterator[str]:
    """The page of this world, at the address that this gives, until the block ends."""
    updates = Updates(world)
    with WebThread(page_app(world, updates), port) as web:
        updates.start()
        try:
            yield f"{web.url}/"
        finally:
            updates.stop()


def has_desktop() -> bool:
    """Tell whether this machine has a desktop to open a browser on."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def page_app(world: DemoWorld, updates: Updates) -> Starlette:
    """The page's web application."""
    page = DemoPage(world, updates)
    routes = [
        Route("/", page.html),
        Route("/gallery", page.html),
        Route("/api/events", page.events),
        Route("/api/act", page.act, methods=["POST"]),
        Route("/api/upload", page.upload, methods=["POST"]),
        Route("/api/gallery", page.gallery),
        Route("/files/{id}", page.download),
        Route("/sample/orders.csv", page.sample),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(LocalOnly)])


class DemoPage:
    """What the page asks its server for."""

    def __init__(self, world: DemoWorld, updates: Updates) -> None:
        self._world = world
        self._updates = updates

    async def html(self, request: Request) -> Response:
        """The page itself, or the gallery."""
        return FileResponse(PAGE / ("gallery.html" if request.url.path == "/gallery" else "index.html"))

    async def events(self, request: Request) -> Response:
        """What changes on one person's screen, as it does."""
        person = request.query_params.get("person", "")
        if not _is_known(person):
            return _refused("there is no such person")
        return StreamingResponse(self._updates.stream(person), media_type="text/event-stream")

    async def act(self, request: Request) -> Response:
        """Do what a person does on the page."""
        if request.headers.get("content-type") != "application/json":
            return _refused("an act is sent as JSON")
        try:
            wanted = await request.json()
            return JSONResponse(await run_in_threadpool(act, self._world, str(wanted.get("person")), wanted))
        except NotPossible as trouble:
            return _refused(str(trouble))
        except (ValueError, AttributeError):
            return _refused("an act is sent as JSON")

    async def upload(self, request: Request) -> Response:
        """Take a file as Slack would."""
        person, name = request.query_params.get("person", ""), request.query_params.get("name", "")
        content = await request.body()
        if not _is_known(person) or not name or len(content) > LARGEST_UPLOAD:
            return _refused("this file cannot be taken")
        return JSONResponse({"id": self._world.slack.add_file(person, name, content)})

    async def download(self, request: Request) -> Response:
        """A file of the stand-in Slack."""
        with self._world.slack.core.condition:
            file = self._world.slack.state.files.get(request.path_params["id"])
        if file is None:
            return PlainTextResponse("there is no such file\n", 404)
        return _as_file(base64.b64decode(file.content), file.name)

    async def sample(self, request: Request) -> Response:
        """A file of orders to try."""
        return _as_file(sample_csv(), "orders.csv")

    async def gallery(self, request: Request) -> Response:
        """A sample of every message."""
        return JSONResponse({"names": NAMES, "samples": [asdict(each) for each in gallery()]})


def _is_known(person: str) -> bool:
    return person in {role.id for role in ROLES}


def _refused(why: str) -> Response:
    return JSONResponse({"error": why}, status_code=409)


def _as_file(content: bytes, name: str) -> Response:
    quoted = "".join(each for each in name if each.isalnum() or each in "._-") or "file"
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{quoted}"'}, media_type="text/csv")
