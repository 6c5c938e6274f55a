"""One ASGI app on a loopback port, in a thread of its own. Knows neither API."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = "127.0.0.1"
_START_SECONDS = 30
_LAST_ANSWERS_SECONDS = 2
_CUT = "sandbox.cut"


class SandboxError(Exception):
    """The sandbox cannot be started as asked; the text says why and what to do."""


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serves while the block runs; yields the URL (`http://127.0.0.1:PORT`) once it answers. Port 0: any free one.

    Raises SandboxError when the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise SandboxError(f"port {port} on {_HOST} cannot be used ({error.strerror}); choose another") from None

    async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _CUT: lambda: _cut(server, scope["client"])}, receive, send)

    # No logging of its own: the recorder keeps what matters, and a server in a thread must not touch the process's.
    config = uvicorn.Config(
        cuttable, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"sandbox port {port}", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://{_HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


async def cut_connection(scope: Scope, receive: Receive) -> None:
    """End the connection of a request without an answer. The app must be `serving`, and return after this.

    uvicorn knows no such thing: an app that just returns is answered for with a 500 and a line in the log.
    """
    scope[_CUT]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _cut(server: uvicorn.Server, client: tuple[str, int]) -> None:
    for connection in server.server_state.connections:
        if connection.transport.get_extra_info("peername") == client:
            connection.transport.abort()


def _wait_until_started(server: uvicorn.Server, thread: Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise SandboxError("the sandbox's server did not start; its own message is in the log")
        time.sleep(0.01)
