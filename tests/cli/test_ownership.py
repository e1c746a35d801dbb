"""Commands typed by hand on a device with an installed service."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent import appliance
from edge_agent.cli.exit_codes import ExitCode
from edge_agent.cli.ownership import as_owner_of, leave_to_owner_of, owner_instead_of_root
from edge_agent.voices.keys import make_device_keys
from edge_agent.voices.store import canary
from tests.cli.conftest import EdgeAgent
from tests.cli.test_voice_store import now
from tests.rigs.depot import Depot

SERVICE_USER = 12345


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a device as ``edge-agent install`` leaves it."""
    for name in ("CONFIG", "CREDENTIALS", "STATE", "CACHE", "SOCKETS"):
        place = tmp_path / "device" / getattr(appliance, name).relative_to("/")
        monkeypatch.setattr(appliance, name, place)
        (place.parent if name == "CONFIG" else place).mkdir(parents=True, exist_ok=True)
    appliance.CONFIG.write_text("")
    return tmp_path / "device"


@pytest.fixture
def services_folder() -> Iterator[Path]:
    """A folder of the service's user; without root one's own, for whom nothing is different then."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "state"
        folder.mkdir()
        Path(name).chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, SERVICE_USER, SERVICE_USER)
        yield folder


def test_by_hand_one_has_the_devices_voices_keys_and_cache(
    edge_agent: EdgeAgent, device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "speaks", lambda _folder, **_: None)
    keys = make_device_keys(appliance.STATE / "keys")
    depot = Depot(tmp_path, device=keys.identities[0])
    assert edge_agent("keys", "show", "--json").json()["device"]["recipient"] == keys.recipient
    edge_agent("keys", "trust", "depot", depot.key.public_key.text)
    assert (appliance.STATE / "keys" / "trust.json").exists()
    assert edge_agent("voice", "install", depot.pack(7, **now())).code == ExitCode.OK
    assert (appliance.STATE / "voices" / "anna" / "7").is_dir()
    assert [voice["id"] for voice in edge_agent("voice", "list", "--json").json()] == ["anna", "default"]
    assert edge_agent("cache", "stats", "--json").json()["entries"] == 0
    assert (appliance.CACHE / "phrases").is_dir()
    shown = edge_agent("config", "show")
    assert f'state_dir = "{appliance.STATE}"' in shown.out
    assert not (tmp_path / "home" / ".local").exists(), "nothing is begun in one's own folders"


def test_config_overrides(edge_agent: EdgeAgent, device: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'[paths]\nstate_dir = "{tmp_path / "own"}"\n')
    made = edge_agent("--config", own, "keys", "init").out.strip()
    assert (tmp_path / "own" / "keys" / "device.age").exists()
    assert edge_agent("--config", own, "keys", "show", "--json").json()["device"]["recipient"] == made
    assert edge_agent("keys", "show", "--json").json()["device"] is None


def test_keys_that_the_service_is_given_are_the_devices_by_hand_too(edge_agent: EdgeAgent, device: Path, tmp_path: Path) -> None:
    made = make_device_keys(tmp_path / "made")
    for name in ("device.age", "device.minisign"):
        (tmp_path / "made" / name).rename(appliance.CREDENTIALS / name)
    shown = edge_agent("keys", "show", "--json").json()["device"]
    assert (shown["recipient"], shown["protection"]) == (made.recipient, "credential")
    refused = edge_agent("keys", "init")
    assert (refused.code, made.recipient in refused.err) == (ExitCode.FAILED, True)
    assert not (appliance.STATE / "keys").exists()


def test_what_root_writes_is_the_services(services_folder: Path) -> None:
    user, groups = os.geteuid(), os.getgroups()
    with as_owner_of(services_folder):
        (services_folder / "file").write_text("")
        assert os.getuid() == services_folder.stat().st_uid
    assert (services_folder / "file").stat().st_uid == services_folder.stat().st_uid
    assert (os.getresuid(), os.getgroups()) == ((user, user, user), groups)


def test_what_root_has_made_already_is_given_away(services_folder: Path) -> None:
    made = services_folder / "engines"
    (made / "digest").mkdir(parents=True)
    (made / "digest" / "choice.json").write_text("{}")
    leave_to_owner_of(services_folder, made)
    assert {path.stat().st_uid for path in services_folder.rglob("*")} == {services_folder.stat().st_uid}
    leave_to_owner_of(services_folder, services_folder / "missing")


def test_root_is_itself_again_after_an_error(services_folder: Path) -> None:
    user = os.getresuid()
    with pytest.raises(ZeroDivisionError), as_owner_of(services_folder):
        _ = 1 / 0
    assert os.getresuid() == user


def test_what_belongs_to_oneself_needs_nobody_else(tmp_path: Path) -> None:
    assert owner_instead_of_root(tmp_path) is None
    assert owner_instead_of_root(tmp_path / "missing") is None


def test_root_does_not_run_the_service_in_its_place(edge_agent: EdgeAgent, device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.cli.run.owner_instead_of_root", lambda _folder: (SERVICE_USER, SERVICE_USER))
    refused = edge_agent("run")
    assert (refused.code, "systemctl start edge-agent" in refused.err) == (ExitCode.USAGE, True)
    assert list(appliance.STATE.iterdir()) == []


@pytest.mark.parametrize("command", ["voice list", "voice audit", "keys show", "keys init", "cache stats", "maintain"])
def test_who_may_not_look_is_told_who_may(
    edge_agent: EdgeAgent, device: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("os.access", lambda path, _mode: path not in (appliance.STATE, appliance.CACHE, appliance.CREDENTIALS))
    refused = edge_agent(*command.split())
    assert (refused.code, "is for its owner and root only; take: sudo edge-agent" in refused.err) == (ExitCode.FAILED, True)


def test_the_units_say_the_same() -> None:
    from edge_agent.install.layout import lay_out

    files = {str(item.path): item.content.decode("utf-8", "replace") for item in lay_out()}
    assert str(appliance.CONFIG)[1:] in files
    unit = files["usr/lib/systemd/system/edge-agent.service"]
    for key, place in {"StateDirectory": appliance.STATE, "CacheDirectory": appliance.CACHE, "RuntimeDirectory": appliance.SOCKETS}.items():
        assert f"\n{key}={place.name}\n" in unit
    assert f"\nLoadCredential=device.age:{appliance.CREDENTIALS}/device.age\n" in unit
