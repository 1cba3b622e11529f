"""A stock Bolt app with an empty handler: default settings, signature verification on. Over HTTP it is served by
Bolt's own Starlette adapter under the server that this bot uses too, so that only the apps differ."""

import logging

import uvicorn
from slack_bolt import Ack, App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.children import options, say
from bench.serving import serve_child
from bench.standins import BenchWorld


def stock_app(world: BenchWorld) -> App:
    """The app of Bolt's own introduction, with one command that does nothing."""
    client = WebClient(token=world.slack_token, base_url=world.slack_api_url)
    app = App(client=client, signing_secret=world.signing_secret)

    @app.command("/cancel-orders")
    def typed(ack: Ack) -> None:
        ack()

    return app


def main() -> None:
    """Serve until the benchmark is over."""
    logging.disable(logging.CRITICAL)
    handler = SlackRequestHandler(stock_app(BenchWorld(**options()["world"])))

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    web = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    config = uvicorn.Config(web, host="127.0.0.1", port=0, log_config=None, access_log=False)
    serve_child(config, say)


if __name__ == "__main__":
    main()
