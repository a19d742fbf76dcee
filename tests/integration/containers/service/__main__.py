"""The program inside the test images: a service of the standard library that behaves as it is told over HTTP."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = (Path(__file__).parent / "version.txt").read_text()
FAILING: set[str] = set()
RELEASED = threading.Event()
CUT = threading.Event()
FACTS: dict[str, Callable[[], str]] = {
    "/cut": lambda: f"{CUT.is_set()}",
    "/env": lambda: json.dumps(dict(os.environ)),
    "/pid": lambda: f"{os.getpid()}",
    "/replica": lambda: os.environ["CONTAINER_APP_REPLICA_NAME"],
    "/version": lambda: VERSION,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/headers":
                self._reply(json.dumps(self.headers.items()))
            case "/slow":
                self._reply(f"released {RELEASED.wait(30)}")
            case "/stream":
                self._stream()
            case "/hang-up":
                print("hung up")
                self.close_connection = True
            case "/die-within-body":
                self._die_within_body()
            case path if path in FACTS:
                self._reply(FACTS[path]())
            case path:
                self._reply(path, status=503 if path in FAILING else 200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match self.path:
            case "/exit":
                os._exit(int(body))
            case "/fail":
                FAILING.add(body.decode())
            case "/heal":
                FAILING.discard(body.decode())
            case "/release":
                RELEASED.set()
            case _:
                pass
        self._reply(body)

    def _reply(self, body: str | bytes, status: int = 200) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if "Content-Encoding" in self.headers:
            self.send_header("Content-Encoding", self.headers["Content-Encoding"])
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(content)

    def _die_within_body(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        os._exit(1)

    def _stream(self) -> None:
        """Two events, the second once released; then a beat until the client is gone."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        RELEASED.wait(30)
        self.wfile.write(b"data: second\n\n")
        try:
            for _ in range(1000):
                threading.Event().wait(0.02)
                self.wfile.write(b": beat\n\n")
        except OSError:
            CUT.set()


def main() -> None:
    match sys.argv[1:]:
        case ["exit", code]:
            print("going down")
            sys.exit(int(code))
        case ["mark", path]:
            Path(path).write_text(VERSION)
        case ["after", path]:
            print(f"mark says {Path(path).read_text()}")
            serve()
        case ["failing", path]:
            FAILING.add(path)
            serve()
        case ["stubborn"]:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            serve()
        case ["idle"]:
            threading.Event().wait()
        case _:
            serve()


def serve() -> None:
    address = os.environ["HOST"], int(os.environ["PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()


main()
