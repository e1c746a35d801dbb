from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

from edge_agent.config import SECTIONS, load
from edge_agent.config.allowed import allowed
from edge_agent.config.toml import as_json, dump, effective, template

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HOME = {"HOME": "/home/someone"}


def uncommented(line: str) -> bool:
    """Whether a line of the template is a key that was commented out."""
    key, equals, _ = line.removeprefix("# ").partition(" = ")
    return line.startswith("# ") and bool(equals) and any(key in model.model_fields for model in SECTIONS.values())


def test_the_template_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(template())
    assert load(path, environ=HOME).config == load(Path("/dev/null"), environ=HOME).config


def test_every_key_of_the_template_can_be_taken_into_use(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") if uncommented(line) else line for line in template().splitlines()]
    # Of the examples these two cannot stand together.
    lines = [line for line in lines if not line.startswith(("password_file", "tls_"))]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines))
    document = tomllib.loads(path.read_text())
    left_out = {"password_file", "tls_ca", "tls_cert", "tls_key"}
    for name, model in SECTIONS.items():
        assert set(document[name]) == set(model.model_fields) - left_out
    config = load(path, environ=HOME).config
    assert config.mqtt.device == "kiosk-7"
    assert config.audio == load(Path("/dev/null"), environ=HOME).config.audio.model_copy(update={"device": config.audio.device})


def test_every_key_is_described_and_its_values_have_words() -> None:
    for name, model in SECTIONS.items():
        assert model.__doc__
        for key, field in model.model_fields.items():
            assert field.description, f"{name}.{key}"
            assert allowed(key, field), f"{name}.{key}"
            may_stay_unset = type(None) in get_args(field.annotation)
            assert not may_stay_unset or field.default is None, f"{name}.{key}"


def test_what_is_shown_is_toml_that_loads_to_the_same(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[mqtt]\ndevice = "a"\n[policy]\nblocked_words = ["赌场", "a\\tb"]\n')
    loaded = load(path, environ=HOME)
    shown = tmp_path / "shown.toml"
    shown.write_text(effective(loaded))
    assert load(shown, environ=HOME).config == loaded.config
    assert f'device = "a"  # {path}:2' in effective(loaded)
    assert 'host = "127.0.0.1"\n' in effective(loaded)


def test_secrets_are_masked(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[mqtt]\nusername = "me"\npassword = "hush"\n')
    loaded = load(path, environ=HOME)
    assert 'password = "********"' in effective(loaded)
    assert "hush" not in effective(loaded) + str(as_json(loaded))
    assert as_json(loaded)["mqtt"]["password"] == {"value": "********", "origin": f"{path}:3"}


def test_awkward_text_survives() -> None:
    for text in ('quote "', "back\\slash", "line\nbreak", "delete\x7f", "控制\x01", "’"):
        assert tomllib.loads(f"value = {dump(text)}")["value"] == text
