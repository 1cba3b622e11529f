"""A proxy on this machine, as companies have them: it connects to what CONNECT names, or not, and keeps what it saw."""

import base64
import socket
import threading
from contextlib import suppress


class ConnectProxy:
    """Leads every CONNECT to `leads_to`, a port of this machine, whatever host it names, or answers `refuses` instead.
    `wants` is the user and password it asks for."""

    def __init__(self) -> None:
        self.leads_to = 0
        self.refuses = ""
        self.wants = ""
        self.answers_with: bytes | None = None
        """Sent in place of any answer, and then the end."""
        self.is_silent = False
        self.asked: list[str] = []
        """The heads of all requests, as they came: a line and its headers."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    @property
    def address(self) -> str:
        """Without a scheme, as many write it."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def targets(self) -> list[str]:
        """What it was asked to connect to."""
        return [head.split("\r\n")[0] for head in self.asked]

    def stop(self) -> None:
        """End everything."""
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def _run(self, act: object, *given: object) -> None:
        self._threads.append(threading.Thread(target=act, args=given))  # type: ignore[arg-type]
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                self._run(self._serve, connection)

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(65536)):
                    return
                head += more
            self.asked.append(head.decode("latin-1"))
            if self.is_silent:
                client.recv(1)
                return
            if self.answers_with is not None:
                client.sendall(self.answers_with)
                client.shutdown(socket.SHUT_RDWR)
                return
            if refusal := self._refusal(head):
                client.sendall(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                client.shutdown(socket.SHUT_RDWR)
                return
            server = socket.create_connection(("127.0.0.1", self.leads_to))
            self._open.add(server)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._run(_pass_on, server, client)
            _pass_on(client, server)

    def _refusal(self, head: bytes) -> str:
        if self.refuses:
            return self.refuses
        if not head.startswith(b"CONNECT "):
            return "405 CONNECT alone"
        sign_in = b"Proxy-Authorization: Basic " + base64.b64encode(self.wants.encode()) + b"\r\n"
        return "407 Proxy Authentication Required" if self.wants and sign_in not in head else ""


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
