"""What the help of each verb says: values where there are any, and the names of what there is."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from gnomon.classifier.embedded import NETWORKS
from gnomon.classifier.sources import SOURCES
from gnomon.cli import VERBS
from gnomon.cli.explained import explained, field_texts
from gnomon.corrections.read_back import TOOLS
from gnomon.errors import GnomonError
from gnomon.export import EXPORTERS
from gnomon.presets import PRESETS, SettingChanges

Help = Callable[[str], str]


@pytest.fixture
def text_of(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Help:
    """Read a verb's help as one line, without the boxes."""
    monkeypatch.setenv("COLUMNS", "200")

    def read(verb: str) -> str:
        assert run(verb, "--help") == 0
        said = capsys.readouterr().out
        return " ".join(re.sub(r"[│╭╰╮╯─|+]|-{3,}", " ", said).split())

    return read


@pytest.mark.parametrize("verb", VERBS)
def test_no_default_is_shown_that_is_none(verb: str, text_of: Help) -> None:
    said = text_of(verb)
    for wrong in ("None", "True", "False", "(default: )", "unset by default"):
        assert wrong not in said, wrong


def option(said: str, name: str) -> str:
    """Return what stands from an option up to the next."""
    found = re.search(rf" --{name} (.*?)(?= --[a-z]|$)", said.partition(" options ")[2])
    assert found, name
    return found[1]


@pytest.mark.parametrize("verb", ["detect", "repeat"])
def test_each_setting_shows_the_presets_values(verb: str, text_of: Help) -> None:
    said = text_of(verb)
    assert option(said, "keep").endswith("(default: 0.1; paper: 0.4)")
    assert option(said, "coarse").endswith("(default: keypoints; paper: map; fast: none)")
    assert option(said, "patch").endswith("(default: 16)")
    assert option(said, "label").endswith("the predicted one unless given.")
    for name in SettingChanges.__annotations__:
        value = getattr(PRESETS["default"].settings, name)
        assert value == "" or f"(default: {value}" in option(said, name.replace("_", "-"))


def test_no_flag_says_the_contrary_of_what_it_does(text_of: Help) -> None:
    assert option(text_of("detect"), "no-figures").startswith("Draw no figures.")
    assert option(text_of("serve"), "no-show").startswith("Open no browser:")


@pytest.mark.parametrize("verb", ["detect", "repeat", "plan"])
def test_model_names_what_there_is(verb: str, text_of: Help) -> None:
    said = option(text_of(verb), "model")
    for name in NETWORKS:
        assert f"embedded/{name}" in said
    for source in SOURCES:
        assert source == "embedded" or f"{source}/NAME" in said
    assert "package.module:name" in said
    assert "checkpoint" in said


@pytest.mark.parametrize(("verb", "known"), [("export", EXPORTERS), ("import", TOOLS)])
def test_format_names_what_there_is(verb: str, known: dict[str, object], text_of: Help) -> None:
    said = option(text_of(verb), "format")
    for name in known:
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", said), name


def test_an_explained_verb_does_what_the_verb_does() -> None:
    plain = VERBS["plan"]
    assert explained(plain).__doc__ == plain.__doc__
    with pytest.raises(GnomonError, match="'nothing'"):
        explained(plain)(model="nothing")


def test_texts_stand_on_one_line() -> None:
    texts = field_texts(SettingChanges)
    assert texts.keys() == SettingChanges.__annotations__.keys()
    assert texts["fine"].startswith("Fine method: guided, guided-layers,")
    assert not any("\n" in text for text in texts.values())


def test_presets_differ_where_the_help_says() -> None:
    assert replace(PRESETS["fast"].settings, coarse="keypoints", fine="layers-views") == (
        PRESETS["default"].settings
    )
