"""A small web server on this machine that says what it was asked."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Server:
    """It answers ``files`` by path, sends ``moved`` paths elsewhere, and notes what it is asked."""

    port: int
    files: Mapping[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def answering(files: Mapping[str, bytes]) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            path = self.path.partition("?")[0]
            if path in state.moved:
                self.send_response(302)
                self.send_header("Location", state.moved[path])
            elif path in state.files:
                self.send_response(200)
                self.send_header("Content-Length", str(len(state.files[path])))
            else:
                self.send_response(404)
            self.end_headers()
            if self.command == "GET" and path not in state.moved:
                self.wfile.write(state.files.get(path, b""))

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = Server(server.server_port, dict(files))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield state
        server.shutdown()
        thread.join()
