"""No secret in a URL is shown or stored, and what is no secret stays."""

import time

import pytest

from gnomon.errors import DatasetError
from gnomon.masking import is_masked, masked

URLS = [
    ("https://me:pa55@host/a.jpg", "https://***@host/a.jpg"),
    ("https://me:pa/ss@host/a.jpg", "https://***@host/a.jpg"),
    ("https://me:p@ss@host/a@b.jpg?x=1", "https://***@host/a@b.jpg?x=1"),
    ("https://:pw@host/a", "https://***@host/a"),
    ("HTTPS://ghp_16C7e42F@host/a", "HTTPS://***@host/a"),
    ("s3://AKIA:wJalr/XUt@bucket/a", "s3://***@bucket/a"),
    ("https://h/a?token=5", "https://h/a?token=***"),
    ("https://h/a?ACCESS-TOKEN=5&size=3", "https://h/a?ACCESS-TOKEN=***&size=3"),
    ("https://h/a?x-auth-token=5&api_key=6&apiKey=7", "https://h/a?x-auth-token=***&api_key=***&apiKey=***"),
    ("https://h/a?%74oken=5&n=1", "https://h/a?%74oken=***&n=1"),
    ("https://h/a?token[]=5", "https://h/a?token[]=***"),
    ("https://h/a?n=1;token=5;m=2", "https://h/a?n=1;token=***;m=2"),
    ("https://h/a?sig=ab;cd&n=1", "https://h/a?sig=***&n=1"),
    ("https://h/a?client_secret=5&password=6&pwd=7", "https://h/a?client_secret=***&password=***&pwd=***"),
    ("https://h/a?key=AIzaSyD-9tSrke72", "https://h/a?key=***"),
    ("https://h/#access_token=5", "https://h/#access_token=***"),
    ("https://h/x.tar?sig=a%2Fb%3D#cat.jpg", "https://h/x.tar?sig=***#cat.jpg"),
    ("https://h/my photo.jpg?sig=abc", "https://h/my photo.jpg?sig=***"),
    ("zip://a.jpg::https://h/x.zip?sig=abc", "zip://a.jpg::https://h/x.zip?sig=***"),
    ("https://h/?to=https://me:pw@k/x?sig=1", "https://h/?to=https://***@k/x?sig=***"),
    ("https://h/?to=https%3A%2F%2Fme%3Apw%40k", "https://h/?to=***"),
    (
        "https://b.s3.amazonaws.com/a.jpg?X-Amz-Credential=AK&X-Amz-Date=2026&X-Amz-Signature=1f",
        "https://b.s3.amazonaws.com/a.jpg?X-Amz-Credential=***&X-Amz-Date=***&X-Amz-Signature=***",
    ),
    (
        "https://h/a?AWSAccessKeyId=A&Expires=12&Signature=s&n=1",
        "https://h/a?AWSAccessKeyId=***&Expires=***&Signature=***&n=1",
    ),
    ("https://h/a?sv=2024&se=2026&sp=r&sig=x%3D", "https://h/a?sv=***&se=***&sp=***&sig=***"),
]  # fmt: skip

NONE = [
    "photos/a.jpg",
    "a?token=5",
    "https://h/a.jpg",
    "http://host:8080/a@2x.png",
    "http://[::1]:80/a@b.png",
    "abfs://container@account.dfs.core.windows.net/a",
    "ssh://me@host/a",
    "hf://datasets/me/birds@main/a.jpg",
    "https://h/a?key=birds/a.jpg",
    "https://h/a?key=a.jpg&code=17&page=2&expires=9&sv=1",
    "https://h/a?token=",
    "s3://bucket/a#b=c",
]


@pytest.mark.parametrize(("url", "without"), URLS)
def test_a_secret_is_masked_alone_and_in_a_sentence(url: str, without: str) -> None:
    assert masked(url) == without
    assert masked(without) == without
    assert is_masked(without)
    for sentence in ("{}: too large", "cannot fetch '{}'", 'url=URL("{}")', "({}), then {}."):
        assert masked(sentence.format(url, url)) == sentence.format(without, without)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text
    assert not is_masked(text)


def test_an_address_that_is_signed_again_is_masked_the_same() -> None:
    signed = "https://h/a.jpg?X-Amz-Date={0}&X-Amz-Expires=60&X-Amz-Signature={0}&size=1"
    assert masked(signed.format("1a")) == masked(signed.format("2b"))
    assert masked(signed.format("1a")) != masked(signed.format("1a").replace("size=1", "size=2"))


def test_every_error_is_masked() -> None:
    error = DatasetError("https://me:pw@h/list.txt?token=5: cannot be read")
    assert str(error) == "https://***@h/list.txt?token=***: cannot be read"


@pytest.mark.parametrize("piece", ["://:a", "://a", "?a", "&a=", ";a", "....", "a?b=;", "=&", "@"])
def test_long_texts_take_no_long_time(piece: str) -> None:
    begin = time.process_time()
    masked("http://a?" + piece * 20_000)
    assert time.process_time() - begin < 2
