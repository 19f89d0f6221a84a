"""Data leads to public addresses only, and to hosts that the user named."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from answering import Server, answering

from gnomon.errors import ImageError, SettingError
from gnomon.images import read
from gnomon.images.hosts import Hosts, is_public
from gnomon.images.read import open_binary, read_bytes
from gnomon.limits import Limits

NO_MORE = Limits()

PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
OTHERS = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.251", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:c0a8:101::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", OTHERS)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.fixture
def server() -> Iterator[Server]:
    with answering({"/a.png": b"hello", "/big": bytes(200_000)}) as one:
        yield one


SPELLINGS = [
    "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f000001", "0x7f.1",
    "017700000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "me:pw@127.0.0.1", "example.com@127.0.0.1", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_this_machine_is_not_asked_in_any_spelling(
    host: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "TRIES", 1)
    with pytest.raises(ImageError, match=r"a\.png: (not fetched, as|cannot be opened)"):
        read_bytes(f"http://{host}:{server.port}/a.png", NO_MORE, hosts=Hosts())
    assert server.asked == []


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that had a public address when it was looked at before."""
    found = socket.getaddrinfo

    def rebound(host: str, *more: Any, **options: Any) -> Any:
        return found("127.0.0.1" if host == "rebound.example" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    url = f"http://rebound.example:{server.port}/a.png"
    with pytest.raises(ImageError, match=r"not fetched, as rebound\.example .*--fetch-from reb"):
        read_bytes(url, NO_MORE, hosts=Hosts())
    assert server.asked == []
    named = Hosts.of(hosts=["rebound.example"])
    assert read_bytes(url, NO_MORE, hosts=named) == b"hello"


def test_a_host_is_named_with_its_port(server: Server) -> None:
    url = f"{server.url}/a.png"
    for host in ("127.0.0.1", f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
        assert read_bytes(url, NO_MORE, hosts=Hosts.of(hosts=[host])) == b"hello"
    assert read_bytes(url, NO_MORE, hosts=Hosts.of([f"{server.url}/list.txt"])) == b"hello"
    assert read_bytes(url, NO_MORE) == b"hello"  # by the user
    server.asked.clear()
    for others in (Hosts.of(hosts=["127.0.0.1:9"]), Hosts.of(["http://127.0.0.1/", "127.0.0.1"])):
        with pytest.raises(ImageError, match="not fetched"):
            read_bytes(url, NO_MORE, hosts=others)
    assert server.asked == []


@pytest.mark.parametrize("by_user", [True, False])
def test_a_named_host_leads_to_no_other(by_user: bool, server: Server) -> None:
    with answering({"/a.png": b"inside"}) as inside:
        server.moved |= {"/away.png": f"{inside.url}/a.png", "/here.png": "/a.png"}
        hosts = None if by_user else Hosts.of([server.url])
        assert read_bytes(f"{server.url}/here.png", NO_MORE, hosts=hosts) == b"hello"
        with pytest.raises(ImageError, match=r"away\.png: not fetched, as 127\.0\.0\.1 is"):
            read_bytes(f"{server.url}/away.png", NO_MORE, hosts=hosts)
        with pytest.raises(ImageError, match=r"away\.png: not fetched"):
            open_binary(f"{server.url}/away.png", hosts)
        assert inside.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://10.0.0.1/a.png",
        "sftp://nas/a.png",
        "webhdfs://127.0.0.1:50070/a.png",
        "jupyter://localhost:8888/a.png",
        "reference://a.png",
        "abfs://box@127.0.0.1/a.png",
        "s3://key:secret@127.0.0.1/a.png",
        "zip://a.png::http://127.0.0.1/a.zip",
        "zip://a.png::memory://a.zip",
    ],
)
def test_other_kinds_of_addresses_are_the_users_to_name(url: str) -> None:
    with pytest.raises(ImageError, match=r"not (fetched|opened)"):
        read_bytes(url, NO_MORE, hosts=Hosts.of(["https://birds.example/list.txt"]))


def test_what_is_no_host_is_refused() -> None:
    for host in ("", "http://nas/", "nas/a", "nas:port", "[::1"):
        with pytest.raises(SettingError, match="it is a host as NAME or NAME:PORT"):
            Hosts.of(hosts=[host])


def test_no_more_is_read_than_the_limits_allow(server: Server) -> None:
    with pytest.raises(ImageError, match=r"big: too large \(0\.2 MB\); at most 0\.1 MB"):
        read_bytes(f"{server.url}/big", Limits(max_file_mb=0.1))
    assert read_bytes(f"{server.url}/a.png", NO_MORE, 1, 3) == b"ell"
    assert len(read_bytes(f"{server.url}/big", Limits(max_file_mb=0.1), 7, 10)) == 10
