"""Inputs on the command line become files: all of them, once, in one order."""

from pathlib import Path

import pytest

from gnomon.errors import ImageError
from gnomon.images import decode, find_images


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of empty files; what they hold is not looked at."""
    for name in (
        "b.jpg",
        "a.PNG",
        "notes.txt",
        "data.bin",
        ".hidden.jpg",
        "sub/c.webp",
        "sub/deep/d.tiff",
        "sub/.git/e.jpg",
        "sub-2/f.jpeg",
        "empty/readme.md",
        "odd[1].jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


IN_TREE = ["a.PNG", "b.jpg", "odd[1].jpg", "sub/c.webp", "sub/deep/d.tiff", "sub-2/f.jpeg"]


def test_folder_is_searched_sorted_without_the_hidden(tree: Path) -> None:
    assert find_images(["."]) == IN_TREE
    assert find_images([tree]) == [str(tree / name) for name in IN_TREE]
    assert find_images(["sub"]) == ["sub/c.webp", "sub/deep/d.tiff"]
    assert find_images(["sub/.git"]) == ["sub/.git/e.jpg"]


def test_file_is_taken_whatever_its_suffix(tree: Path) -> None:
    assert find_images(["data.bin", ".hidden.jpg"]) == ["data.bin", ".hidden.jpg"]


def test_glob_stands_for_what_it_matches(tree: Path) -> None:
    assert find_images(["*.jpg"]) == ["b.jpg", "odd[1].jpg"]
    assert find_images(["sub*"]) == ["sub/c.webp", "sub/deep/d.tiff", "sub-2/f.jpeg"]
    assert find_images(["**/*.tiff"]) == ["sub/deep/d.tiff"]
    assert find_images(["?.[jp]*"]) == ["b.jpg"]
    assert find_images(["data.*"]) == ["data.bin"]


def test_file_named_like_a_glob(tree: Path) -> None:
    assert find_images(["odd[1].jpg"]) == ["odd[1].jpg"]


def test_each_file_once_in_the_order_of_the_inputs(tree: Path) -> None:
    (tree / "link.jpg").symlink_to("b.jpg")
    inputs = ["sub", "b.jpg", str(tree / "b.jpg"), "link.jpg", "./sub/../b.jpg", "*.jpg", "sub"]
    assert find_images(inputs) == ["sub/c.webp", "sub/deep/d.tiff", "b.jpg", "odd[1].jpg"]


def test_links_to_folders_are_followed_and_loops_end(tree: Path) -> None:
    (tree / "sub" / "deep" / "loop").symlink_to(tree, target_is_directory=True)
    (tree / "sub" / "deep" / "self").symlink_to(".", target_is_directory=True)
    (tree / "other").symlink_to("sub/.git", target_is_directory=True)
    assert find_images(["."]) == [*IN_TREE[:3], "other/e.jpg", *IN_TREE[3:]]
    loop = [f"sub/deep/loop/{name}" for name in ("a.PNG", "b.jpg", "odd[1].jpg", "other/e.jpg")]
    own = ["sub/c.webp", "sub/deep/d.tiff"]
    assert find_images(["sub"]) == [*own, *loop, "sub/deep/loop/sub-2/f.jpeg"]


@pytest.mark.parametrize("given", ["none.jpg", "nowhere/*.jpg", "empty", "*.nef"])
def test_what_matches_nothing_stays_and_decodes_to_an_error(tree: Path, given: str) -> None:
    assert find_images(["b.jpg", given]) == ["b.jpg", given]
    with pytest.raises(ImageError, match="check the path"):
        decode(given)


def test_folder_that_cannot_be_read_is_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    scan = os.scandir

    def deny(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", deny)
    assert find_images(["."]) == ["a.PNG", "b.jpg", "odd[1].jpg", "sub", "sub-2/f.jpeg"]
