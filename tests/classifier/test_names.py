from pathlib import Path

import pytest

from gnomon.classifier.names import MOST_BYTES, read_names
from gnomon.errors import SettingError


def test_a_file_or_the_names_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_bytes("\ufeffhouse sparrow \r\nFringílla, coelebs\r\n\r\n".encode())
    assert read_names("names.txt") == ("house sparrow", "Fringílla, coelebs")
    assert read_names("no, yes") == ("no", "yes")
    Path("a,b").write_text("c\nd")
    assert read_names("a,b") == ("c", "d")


@pytest.mark.parametrize(
    ("given", "content", "says"),
    [
        ("names.txt", None, "there is no file 'names.txt'"),
        ("", None, "there is no file ''"),
        ("a,,b", None, "want a name at place 2"),
        ("names.txt", b"", "want a name at place 1"),
        ("names.txt", b"a\n\nb\n", "want a name at place 2"),
        ("names.txt", b"\xff\xfe\x00", "UTF-8"),
        ("names.txt", b"a" * (MOST_BYTES + 1), "too large"),
    ],
)
def test_what_is_no_list_of_names_is_said(
    given: str,
    content: bytes | None,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(given).write_bytes(content)
    with pytest.raises(SettingError, match=says):
        read_names(given)
