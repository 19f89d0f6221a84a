"""Bytes from paths and URLs: only from regular files, only so many, never half."""

import os
import socket
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp

import fsspec
import pytest

from gnomon.errors import GnomonError, ImageError
from gnomon.images.files import images_in
from gnomon.images.read import is_url, read_bytes
from gnomon.limits import Limits

NO_MORE = Limits()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_range_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(100)))
    assert read_bytes(str(tmp_path / "a"), NO_MORE, 10, 5) == bytes(range(10, 15))
    assert read_bytes(f"file://{tmp_path}/a", NO_MORE, 10, 5) == bytes(range(10, 15))
    with pytest.raises(ImageError, match=r"^b: too large"):
        read_bytes(str(tmp_path / "a"), Limits(max_file_mb=1e-6), 10, 5, name="b")


def test_what_is_no_regular_file_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "fifo", tmp_path / "socket", Path("/dev/zero")):
            with pytest.raises(ImageError, match="not a regular file"):
                read_bytes(str(path), NO_MORE)


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_a_url(scheme: str, tmp_path: Path) -> None:
    url = f"{scheme}://{tmp_path}/a.bin"
    with fsspec.open(url, "wb") as file:
        file.write(b"hello")
    assert read_bytes(url, NO_MORE) == b"hello"
    with pytest.raises(ImageError, match=r"a\.bin: too large"):
        read_bytes(url, Limits(max_file_mb=1e-6))
    with pytest.raises(ImageError, match=r"no such file.*; check the (URL|path)"):
        read_bytes(f"{scheme}://{tmp_path}/b.bin", NO_MORE)
    with pytest.raises(GnomonError, match="nowhere"):
        read_bytes("nowhere://a", NO_MORE)


def test_a_web_server(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"hello")
    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert read_bytes(f"{url}/a.bin", NO_MORE) == b"hello"
        with pytest.raises(ImageError, match="no such file"):
            read_bytes(f"{url}/b.bin", NO_MORE)
        server.shutdown()


def test_what_is_a_url() -> None:
    assert is_url("s3://a/b")
    assert not is_url("a/b")
    assert not is_url("://b")
    assert not is_url("cub:FOLDER")


def test_folders_deeper_than_calls_may_nest() -> None:
    """Not in ``tmp_path``, which pytest removes by recursion."""
    here, top = os.getcwd(), mkdtemp()
    try:
        os.chdir(top)
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
        Path("a.png").touch()
        assert len(images_in(Path(top))) == 1
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-r", top], check=True)
