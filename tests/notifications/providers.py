"""Stand-ins for Twilio and for a mail server that count what reaches them, and misbehave on request."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class FakeTwilio:
    """What was asked of it, and how it answers.

    ``answer`` takes a request's fields and gives (status, body, headers), or ``"reset"`` to break the
    connection after reading the request. ``before`` and ``after`` are called around noting it, so that a test
    can kill somebody there.
    """

    url: str = ""
    sent: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[dict[str, str]], Any] = lambda _fields: accepted()
    before: Callable[[dict[str, str]], None] = lambda _fields: None
    after: Callable[[dict[str, str]], None] = lambda _fields: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self, text: str) -> int:
        """How many accepted messages had this in their text."""
        with self.lock:
            return sum(text in fields["Body"] for fields in self.sent)


_numbers = iter(range(1, 10**9))


def accepted() -> tuple[int, dict[str, Any], dict[str, str]]:
    """Twilio's answer to a message it takes."""
    return 201, {"sid": f"SM{next(_numbers):032x}", "status": "queued"}, {}


def refused(status: int, code: int, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Twilio's answer to a message it does not take."""
    return status, {"code": code, "message": "no", "more_info": "", "status": status}, headers


@contextmanager
def fake_twilio() -> Iterator[FakeTwilio]:
    """Serve on a free port of the loopback."""
    twilio = FakeTwilio()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            fields = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
            twilio.before(fields)
            answer = twilio.answer(fields)
            if answer == "reset" or answer[0] < 300:
                with twilio.lock:
                    twilio.sent.append(fields)
            twilio.after(fields)
            if answer == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                return
            status, body, headers = answer
            text = json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                return  # the caller is gone

        def log_message(self, *_details: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_details: None  # type: ignore[method-assign]
    twilio.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield twilio
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class FakeMailServer:
    """Mails it took.

    ``replies`` overrides the answer to a command (``RCPT``, ``DATA``, ``.`` for the end of the text);
    ``"reset"`` breaks off.
    """

    url: str = ""
    mails: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)


@contextmanager
def fake_mail_server() -> Iterator[FakeMailServer]:
    """Serve SMTP on a free port of the loopback."""
    state = FakeMailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                command = line.split(" ")[0].upper()
                reply = state.replies.get(command)
                if reply == "reset":
                    return
                if command == "DATA" and not reply:
                    self._say("354 go on")
                    text = self._text()
                    reply = state.replies.get(".")
                    if reply == "reset":
                        return
                    if not reply:
                        state.mails.append(text)
                elif command == "QUIT":
                    return
                self._say(reply or ("250 HELP" if command == "EHLO" else "250 ok"))

        def _text(self) -> str:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            return b"".join(lines).decode()

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, *_details: Any) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"smtp://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    """A port of the loopback at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
