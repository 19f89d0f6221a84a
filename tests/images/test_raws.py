"""Camera raws are no images yet: a search counts and names them, and says what to do."""

import warnings
from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest

from gnomon.datasets import open_dataset
from gnomon.errors import ImageError
from gnomon.images import decode, find_images
from gnomon.images.raws import RAW_SUFFIXES, Raws, is_raw
from gnomon.scale import list_inputs, see_inputs

RAWS = ["a.CR2", "b.nef", "sub/c.arw", "sub/d.dng", "sub/deep/e.RAF", "sub/f.orf", "sub/g.cr3"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of raws, two photographs, a hidden raw and a folder called like one."""
    for name in (*RAWS, "p.jpg", "sub/q.png", ".hidden.nef", "folder.nef/r.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_counts_all_and_names_five(home: Path) -> None:
    raws = Raws()
    photographs = ["folder.nef/r.jpg", "p.jpg", "sub/q.png"]
    assert [one.path for one in list_inputs(["."], raws=raws)] == photographs
    assert raws.count == 7
    assert str(raws) == "7 camera raws (a.CR2, b.nef, sub/c.arw, sub/d.dng, sub/f.orf and 2 more)"
    assert raws.warning.endswith("passed over: develop them first, and give the TIFFs or JPEGs")
    assert [one.path for one in list_inputs(["."], raws=raws)] == photographs
    assert raws.count == 7, "a second listing counts anew"


def test_from_python_it_is_a_warning(home: Path) -> None:
    with pytest.warns(UserWarning, match=r"^7 camera raws \(a\.CR2, .* and 2 more\) passed over"):
        assert find_images(["."]) == ["folder.nef/r.jpg", "p.jpg", "sub/q.png"]
    with pytest.warns(UserWarning, match=r"^1 camera raw \(sub/deep/e\.RAF\) passed over"):
        find_images(["sub/deep"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_images(["folder.nef", "p.jpg"])


def test_a_listing_that_is_left_half_way_takes_no_raw_back(home: Path) -> None:
    raws = Raws()
    list(list_inputs(["."], raws=raws))
    assert next(iter(list_inputs(["."], raws=raws))).path == "folder.nef/r.jpg"
    assert raws.count == 7


def test_a_data_set_of_folders_warns_too(home: Path) -> None:
    with pytest.warns(UserWarning, match="^5 camera raws .* passed over"):
        samples = list(open_dataset("folder:."))
    assert [one.label for one in samples] == ["folder.nef", "sub"]


def test_a_folder_of_raws_alone_is_refused_with_the_reason(home: Path) -> None:
    with pytest.raises(ImageError, match=r"sub/deep: .* but 1 camera raw .*e\.RAF\); develop"):
        see_inputs(["sub/deep"])


def test_a_glob_and_a_folder_behind_a_url(home: Path) -> None:
    raws = Raws()
    assert [one.path for one in list_inputs(["su*"], raws=raws)] == ["sub/q.png"]
    assert (raws.count, raws.first[0]) == (5, "sub/c.arw")
    raws = Raws()
    list(list_inputs([f"file://{home}/sub"], raws=raws))
    assert raws.count == 5
    assert all(one.startswith("file://") for one in raws.first)


@pytest.mark.parametrize("suffix", sorted(RAW_SUFFIXES))
def test_a_thumbnail_never_passes_for_a_raw(suffix: str) -> None:
    """Most are TIFFs whose first page is a thumbnail."""
    file = BytesIO()
    PIL.Image.new("RGB", (16, 12)).save(file, "TIFF")
    assert is_raw(f"a{suffix.upper()}")
    with pytest.raises(ImageError, match=r"a camera raw, .*develop it first"):
        decode(file.getvalue(), name=f"a{suffix}")
    assert decode(file.getvalue(), name="a.tif").size == (16, 12)
