"""Recorded paths are somebody else's words: a photograph is shown only with the run's pixels."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pytest
from answering import Server, answering

from gnomon.errors import SettingError
from gnomon.images import Limits, decode
from gnomon.images.hosts import Hosts
from gnomon.path_text import text_path
from gnomon.runs.photographs import Absence, AbsentError, Photographs

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Draw a small picture in a folder of its own."""
    path = tmp_path / "then" / "birds" / "a.png"
    path.parent.mkdir(parents=True)
    PIL.Image.new("RGB", (4, 3), (10, 20, 30)).save(path)
    return path


def other(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (4, 3), (10, 20, 31)).save(path)
    return path


def absence(photographs: Photographs, path: str, content_hash: str) -> Absence:
    with pytest.raises(AbsentError) as caught:
        photographs.picture(path, content_hash)
    assert photographs.absent == {path: caught.value.why}
    return caught.value.why


def test_a_photograph_counts_with_the_runs_pixels_alone(picture: Path) -> None:
    pixels = decode(picture).content_hash
    photographs = Photographs()
    found = photographs.find(str(picture), pixels)
    assert found.content == picture.read_bytes()
    assert found.picture.content_hash == pixels
    assert photographs.absent == {}
    assert absence(photographs, str(picture), "0" * 64) is Absence.CHANGED
    other(picture)
    assert absence(Photographs(), str(picture), pixels) is Absence.CHANGED
    picture.write_bytes(b"no image")
    assert absence(Photographs(), str(picture), pixels) is Absence.UNREADABLE
    picture.unlink()
    assert absence(Photographs(), str(picture), pixels) is Absence.GONE


def test_what_came_back_is_absent_no_more(picture: Path) -> None:
    pixels, photographs = decode(picture).content_hash, Photographs()
    away = picture.rename(picture.with_name("away"))
    assert absence(photographs, str(picture), pixels) is Absence.GONE
    away.rename(picture)
    assert photographs.picture(str(picture), pixels).size == (4, 3)
    assert photographs.absent == {}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/dev/zero", Absence.UNREADABLE),
        ("/dev/stdin", Absence.UNREADABLE),
        ("/proc/self/mem", Absence.UNREADABLE),
        ("/etc/passwd", Absence.UNREADABLE),
        ("/", Absence.UNREADABLE),
        ("", Absence.GONE),
        ("a\0b", Absence.GONE),
        ("a" * 5000, Absence.GONE),
        ("../" * 99 + "nothing.png", Absence.GONE),
        ("shards/0001.tar#cat.jpg", Absence.GONE),
        ("file:///dev/zero", Absence.UNREADABLE),
        ("http://169.254.169.254/a.png", Absence.AWAY),
        ("s3://bucket/a.png", Absence.AWAY),
        ("memory://a.png", Absence.AWAY),
        ("nowhere://a.png", Absence.AWAY),
        ("http://[", Absence.AWAY),
        ("zip://a.png::http://127.0.0.1/a.zip", Absence.AWAY),
    ],
)
def test_whatever_is_recorded_is_a_sentence_at_once(path: str, why: Absence) -> None:
    assert absence(Photographs(), path, "0" * 64) is why


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.png")
    for path in (f"{tmp_path}/fifo.png", f"file://{tmp_path}/fifo.png"):
        assert absence(Photographs(), path, "0" * 64) is Absence.UNREADABLE
    assert absence(Photographs(tmp_path), "x/fifo.png", "0" * 64) is Absence.UNREADABLE


def test_a_photograph_is_read_and_never_written(picture: Path) -> None:
    picture.chmod(0o400)
    before = picture.stat()
    Photographs().find(str(picture), decode(picture).content_hash)
    after = picture.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_mode) == (
        before.st_mtime_ns,
        before.st_size,
        before.st_mode,
    )


@pytest.mark.parametrize(
    "recorded",
    [
        "/old/then/birds/a.png",
        "birds/a.png",
        "C:\\photos\\birds\\a.png",
        "file:///old/birds/a.png",
        "https://h/birds/a.png?size=1#top",
        "s3://bucket/birds/a.png",
        "shards/0001.tar#a.png",
        "/old/../../birds/a.png",
    ],
)
def test_a_folder_says_where_they_are_now(recorded: str, picture: Path) -> None:
    pixels = decode(picture).content_hash
    home = picture.parents[1]
    assert Photographs(home).find(recorded, pixels).place == str(picture)
    assert Photographs(home).place(recorded, pixels) == str(picture)
    assert Photographs().place(recorded, pixels) == recorded


def test_of_namesakes_the_one_with_the_pixels_is_taken(tmp_path: Path, picture: Path) -> None:
    pixels = decode(picture).content_hash
    for folder in ("a", "b", "c/birds"):
        other(tmp_path / "now" / folder / "a.png")
    right = tmp_path / "now" / "z" / "a.png"
    right.parent.mkdir()
    shutil.copy(picture, right)
    photographs = Photographs(tmp_path / "now")
    assert photographs.find("old/birds/a.png", pixels).place == str(right)
    right.unlink()
    assert absence(Photographs(tmp_path / "now"), "old/birds/a.png", pixels) is Absence.CHANGED


def test_the_folder_comes_before_the_recorded_path(tmp_path: Path, picture: Path) -> None:
    pixels = decode(picture).content_hash
    now = tmp_path / "now" / "a.png"
    now.parent.mkdir()
    shutil.copy(picture, now)
    assert Photographs(now.parent).find(str(picture), pixels).place == str(now)
    now.unlink()
    assert Photographs(now.parent).find(str(picture), pixels).place == str(picture)


def test_a_file_of_unusual_suffix_is_found_in_the_folder_itself(picture: Path) -> None:
    odd = picture.with_name("a.photo")
    shutil.copy(picture, odd)
    found = Photographs(picture.parent).find("old/a.photo", decode(picture).content_hash)
    assert found.place == str(odd)


def test_no_recorded_path_leads_out_of_the_folder(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "now").mkdir()
    for recorded in ("../then/birds/a.png", "..", "x/..", "/", "."):
        why = absence(Photographs(tmp_path / "now"), f"nowhere/{recorded}", "0" * 64)
        assert why is Absence.GONE


def test_what_is_no_folder_is_refused(picture: Path) -> None:
    with pytest.raises(SettingError, match=r"images is .*a\.png'; it is a folder"):
        Photographs(picture)


def test_the_limit_on_memory_holds_and_can_be_raised(picture: Path) -> None:
    pixels = decode(picture).content_hash
    small = Photographs(limits=Limits(max_memory_mb=1e-4))
    assert absence(small, str(picture), pixels) is Absence.TOO_LARGE
    assert Photographs(limits=Limits(max_memory_mb=1)).picture(str(picture), pixels).size == (4, 3)


@pytest.fixture
def server(picture: Path) -> Iterator[Server]:
    with answering({"/a.png": picture.read_bytes(), "/b.png": b"no image"}) as one:
        yield one


def test_a_url_is_asked_only_where_the_user_said_so(server: Server, picture: Path) -> None:
    pixels, url = decode(picture).content_hash, f"{server.url}/a.png"
    server.moved["/away.png"] = f"http://localhost:{server.port}/a.png"
    with answering(server.files) as inside:
        server.moved["/away.png"] = f"{inside.url}/a.png"
        assert absence(Photographs(), url, pixels) is Absence.AWAY
        assert absence(Photographs(fetch=True), url, pixels) is Absence.UNNAMED
        elsewhere = Hosts.of(hosts=["example.com", "127.0.0.1:1"])
        assert absence(Photographs(fetch=True, hosts=elsewhere), url, pixels) is Absence.UNNAMED
        assert server.asked == []
        named = Photographs(hosts=Hosts.of(hosts=[f"127.0.0.1:{server.port}"]))
        assert named.picture(url, pixels).content_hash == pixels
        away = f"{server.url}/away.png"
        assert absence(named, away, pixels) is Absence.UNNAMED
        assert inside.asked == []
        assert absence(Photographs(hosts=named._hosts), f"{server.url}/b.png", pixels) is (
            Absence.UNREADABLE
        )
        assert absence(Photographs(hosts=named._hosts), url, "0" * 64) is Absence.CHANGED


def test_a_url_whose_secret_was_masked_is_not_asked(server: Server) -> None:
    named = Hosts.of(hosts=["127.0.0.1"])
    url = f"{server.url}/a.png?token=***"
    assert absence(Photographs(fetch=True, hosts=named), url, "0" * 64) is Absence.SECRET
    assert server.asked == []


@pytest.mark.parametrize(
    ("name", "recorded_as"),
    [
        ("caf\udce9.png", r"caf\xe9.png"),
        ("caf\\xe9.png", r"caf\x5cxe9.png"),
        ("caf\\xe9.png", r"caf\xe9.png"),  # as an earlier gnomon wrote it
        ("gr\udcf6\udcdfe/\udcef.png", r"gr\xf6\xdfe/\xef.png"),
    ],
)
@pytest.mark.parametrize("moved", [False, True])
def test_a_name_that_is_not_utf_8_leads_to_its_file(
    name: str, recorded_as: str, moved: bool, picture: Path, tmp_path: Path
) -> None:
    pixels = decode(picture).content_hash
    now = tmp_path / "now" / name
    now.parent.mkdir(parents=True)
    picture.rename(now)
    photographs = Photographs(tmp_path / "now") if moved else Photographs()
    recorded = f"{tmp_path}/{'then' if moved else 'now'}/{recorded_as}"
    assert photographs.find(recorded, pixels).place == str(now)
    assert photographs.place(recorded, pixels) == (str(now) if moved else text_path(recorded))
