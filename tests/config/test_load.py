from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent import appliance
from edge_agent.announcement import OnInterrupt, Priority
from edge_agent.config import ConfigError, Loaded, load

HOME = {"HOME": "/home/someone"}


def load_text(folder: Path, text: str, **environ: str) -> Loaded:
    path = folder / "config.toml"
    path.write_text(text)
    return load(path, environ={**HOME, **environ})


def faults(folder: Path, text: str, **environ: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text, **environ)
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_without_any_file_the_defaults_hold() -> None:
    loaded = load(environ=HOME)
    assert loaded.config.mqtt.host == "127.0.0.1"
    assert loaded.config.paths.state_dir == Path("/home/someone/.local/state/edge-agent")
    assert str(loaded.origin("mqtt", "host")) == "default"
    assert loaded.config.mqtt.build().device == loaded.config.mqtt.device


def test_later_places_win_over_earlier_ones(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt.username").write_text("from-credential\n")
    (credentials / "mqtt.port").write_text("3003")
    loaded = load_text(
        tmp_path,
        '[mqtt]\nhost = "from-file"\nport = 1001\nusername = "from-file"\n',
        CREDENTIALS_DIRECTORY=str(credentials),
        EDGE_AGENT__MQTT__PORT="2002",
    )
    mqtt = loaded.config.mqtt
    assert (mqtt.host, mqtt.username, mqtt.port) == ("from-file", "from-credential", 2002)
    assert str(loaded.origin("mqtt", "host")) == f"{tmp_path}/config.toml:2"
    assert str(loaded.origin("mqtt", "username")) == "credential mqtt.username"
    assert str(loaded.origin("mqtt", "port")) == "$EDGE_AGENT__MQTT__PORT"


def test_every_fault_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """\
[mqtt]
port = 99999
hst = "x"
site = "a b"

[policy]
quiet_hours = [
  "25:00-xx",
]
daily_quota = -3

[announcement]
templates = ["请{ticket}号", "{one}{two}"]

[adio]

[log]
level = "loud"
""",
        EDGE_AGENT__AUDIO__BUFFER_MS="tiny",
        EDGE_AGENT__NONSENSE="1",
    )
    file = f"{tmp_path}/config.toml"
    assert found["mqtt.port"] == f"{file}:2: mqtt.port is 99999; allowed: a whole number from 1 to 65535"
    assert found["mqtt.hst"] == f"{file}:3: mqtt.hst is not a known key (did you mean host?)"
    assert found["mqtt.site"].startswith(f"{file}:4: mqtt.site is 'a b'")
    assert found["policy.quiet_hours"].startswith(f'{file}:7: policy.quiet_hours holds "25:00-xx", which is not understood')
    assert found["policy.daily_quota"] == f"{file}:10: policy.daily_quota is -3; allowed: a whole number from 1"
    assert found["announcement.templates"].startswith(f"{file}:13: announcement.templates template 2")
    assert found["[adio]"] == f"{file}:15: [adio] is not a section (did you mean audio?)"
    assert found["log.level"] == f'{file}:18: log.level is "loud"; allowed: debug, info, warning or error'
    assert found["audio.buffer_ms"] == (
        '$EDGE_AGENT__AUDIO__BUFFER_MS: audio.buffer_ms is "tiny"; allowed: a whole number of milliseconds from 20 to 2000'
    )
    assert "[nonsense]" in found
    assert len(found) == 10


def test_keys_that_depend_on_each_other(tmp_path: Path) -> None:
    assert "without a username" in faults(tmp_path, '[mqtt]\npassword = "hush"\n')["mqtt.password"]


def test_what_only_the_policy_knows_is_reported_at_once_too(tmp_path: Path) -> None:
    settings = '[policy]\nquiet_hours = ["25:00-07:00"]\nblocked_words = ["!"]\ntime_zone = "Mars/Base"\n'
    assert set(faults(tmp_path, settings)) == {"policy.quiet_hours", "policy.blocked_words", "policy.time_zone"}


def test_a_fault_of_one_key_does_not_shine_back_from_another(tmp_path: Path) -> None:
    found = faults(tmp_path, '[mqtt]\nusername = 5\npassword = "hush"\n')
    assert set(found) == {"mqtt.username"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mqtt = 5\n", "stands in no section"),
        ("[mqtt\n", "is not TOML"),
        (f"[mqtt]\nport = {'9' * 5000}\n", "is not TOML"),
        ('[mqtt]\npassword_file = "\\u0000"\n', "cannot be read"),
        ("[mqtt]\nhost = 1\nhost = 2\n", "is not TOML"),
        ('[mqtt]\nhost = "a"\n[[mqtt]]\n', "is not TOML"),
        ("[mqtt]\nmax_backoff_s = nan\n", "max_backoff_s is NaN"),
        ('[mqtt]\ngroups = "one"\n', "a list of texts"),
        ('[usb]\nlanguages = "zh"\n', "a list of zh or en$"),
        ("[mqtt]\nhost = {}\n", "mqtt.host is {}"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_text(tmp_path, text)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"[mqtt]\nhost = '\xff'\n")
    with pytest.raises(ConfigError, match=r"config.toml:2: is not UTF-8"):
        load(path, environ=HOME)
    path.write_bytes(b"#" * 2_000_000)
    with pytest.raises(ConfigError, match="is larger than"):
        load(path, environ=HOME)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "missing.toml", environ=HOME)


def test_editors_of_other_systems_may_be_used(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[mqtt]\r\nport = 1884\r\nprot = 1\r\n")
    with pytest.raises(ConfigError, match=r"config.toml:3: mqtt.prot"):
        load(path, environ=HOME)


class TestSecrets:
    def test_from_a_file_of_their_own(self, tmp_path: Path) -> None:
        (tmp_path / "password").write_text("hush\nsecond line\n")
        loaded = load_text(tmp_path, f'[mqtt]\nusername = "me"\npassword_file = "{tmp_path}/password"\n')
        assert loaded.config.mqtt.build().password == "hush"
        assert str(loaded.origin("mqtt", "password")) == f"{tmp_path}/password"

    def test_a_blank_credential_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "mqtt.password").write_text("\n")
        (tmp_path / "mqtt.tls_key").write_text("\n")
        mqtt = load(Path(os.devnull), environ={"HOME": str(tmp_path), "CREDENTIALS_DIRECTORY": str(tmp_path)}).config.mqtt
        assert (mqtt.password, mqtt.tls_key) == (None, None)

    def test_from_a_systemd_credential(self, tmp_path: Path) -> None:
        credentials = tmp_path / "credentials"
        credentials.mkdir()
        (credentials / "mqtt.password").write_text("hush\n")
        (credentials / "mqtt.tls_key").write_text("PEM")
        (credentials / "mqtt.tls_cert").write_text("PEM")
        loaded = load_text(tmp_path, '[mqtt]\nusername = "me"\ntls = true\n', CREDENTIALS_DIRECTORY=str(credentials))
        built = loaded.config.mqtt.build()
        assert built.password == "hush"
        assert built.tls_key == credentials / "mqtt.tls_key", "a path's credential is the file itself, not what is in it"

    def test_digits_stay_text(self, tmp_path: Path) -> None:
        loaded = load_text(tmp_path, '[mqtt]\nusername = "me"\n', EDGE_AGENT__MQTT__PASSWORD="012345")
        assert loaded.config.mqtt.build().password == "012345"

    def test_given_twice(self, tmp_path: Path) -> None:
        found = faults(tmp_path, '[mqtt]\nusername = "me"\npassword = "a"\npassword_file = "/b"\n')
        assert "keep one of them" in found["mqtt.password_file"]

    def test_in_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        found = faults(tmp_path, f'[mqtt]\nusername = "me"\npassword_file = "{tmp_path}/nowhere"\n')
        assert "cannot be read" in found["mqtt.password_file"]

    def test_never_appear_in_a_message_or_a_repr(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            load_text(tmp_path, "[mqtt]\npassword = 271828\n")
        assert "271828" not in str(caught.value)
        loaded = load_text(tmp_path, '[mqtt]\nusername = "me"\npassword = "hush"\n')
        assert "hush" not in repr(loaded) + repr(loaded.config.mqtt.build())


class TestEnvironment:
    def test_lists_are_written_as_in_toml(self, tmp_path: Path) -> None:
        loaded = load_text(tmp_path, "", EDGE_AGENT__MQTT__GROUPS='["a", "b"]', EDGE_AGENT__MQTT__TLS="true")
        assert loaded.config.mqtt.groups == ("a", "b")
        assert loaded.config.mqtt.tls is True

    def test_a_list_that_is_none(self, tmp_path: Path) -> None:
        assert "a list of texts" in faults(tmp_path, "", EDGE_AGENT__MQTT__GROUPS="a,b")["mqtt.groups"]

    def test_the_service_manager_names_the_folders(self) -> None:
        loaded = load(environ={**HOME, "STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "CACHE_DIRECTORY": "/var/cache/a"})
        assert loaded.config.paths.state_dir == Path("/var/lib/a")
        assert loaded.config.paths.cache_dir == Path("/var/cache/a")
        assert str(loaded.origin("paths", "state_dir")) == "$STATE_DIRECTORY"

    def test_with_the_services_file_its_folders_are_meant_whoever_asks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        system = tmp_path / "etc" / "config.toml"
        system.parent.mkdir()
        system.write_text("[mqtt]\nport = 1884\n")
        monkeypatch.setattr(appliance, "CONFIG", system)
        environ = {**HOME, "XDG_STATE_HOME": "/there", "XDG_RUNTIME_DIR": "/run/user/0"}
        (tmp_path / "link.toml").symlink_to(system)
        for loaded in (load(environ=environ), load(system, environ=environ), load(tmp_path / "link.toml", environ=environ)):
            assert (loaded.config.paths.state_dir, loaded.config.paths.cache_dir) == (appliance.STATE, appliance.CACHE)
            assert (loaded.config.zmq.socket_dir, loaded.config.mqtt.port) == (appliance.SOCKETS, 1884)
            assert str(loaded.origin("paths", "state_dir")) == "default of the installed service"
        under_systemd = load(environ={**environ, "STATE_DIRECTORY": "/var/lib/other"})
        assert under_systemd.config.paths.state_dir == Path("/var/lib/other")
        system.write_text('[paths]\nstate_dir = "/data"\n')
        assert load(environ=environ).config.paths.state_dir == Path("/data")

    def test_another_file_than_the_services_means_ones_own_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(appliance, "CONFIG", tmp_path / "system.toml")
        (tmp_path / "system.toml").write_text("")
        assert load_text(tmp_path, "").config.paths.state_dir == Path("/home/someone/.local/state/edge-agent")

    def test_who_may_read_the_services_secrets_has_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(appliance, "CONFIG", tmp_path / "config.toml")
        monkeypatch.setattr(appliance, "CREDENTIALS", tmp_path / "credentials")
        (tmp_path / "config.toml").write_text('[mqtt]\nusername = "kiosk"\n')
        assert load(environ=HOME).config.mqtt.password is None
        (tmp_path / "credentials").mkdir()
        (tmp_path / "credentials" / "mqtt.password").write_text("hush\n")
        assert load(environ=HOME).config.mqtt.password.get_secret_value() == "hush"
        given = {**HOME, "CREDENTIALS_DIRECTORY": str(tmp_path / "elsewhere")}
        assert load(environ=given).config.mqtt.password is None, "the service has what it was given"

    def test_relative_xdg_folders_are_ignored_as_the_specification_says(self) -> None:
        loaded = load(environ={**HOME, "XDG_STATE_HOME": "here", "XDG_CACHE_HOME": "/there"})
        assert loaded.config.paths.state_dir == Path("/home/someone/.local/state/edge-agent")
        assert loaded.config.paths.cache_dir == Path("/there/edge-agent")

    def test_the_users_own_file_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "edge-agent").mkdir()
        (tmp_path / "edge-agent" / "config.toml").write_text("[mqtt]\nport = 1884\n")
        loaded = load(environ={**HOME, "XDG_CONFIG_HOME": str(tmp_path)})
        assert (loaded.path, loaded.config.mqtt.port) == (tmp_path / "edge-agent" / "config.toml", 1884)


def test_sections_build_what_their_components_take(tmp_path: Path) -> None:
    config = load_text(
        tmp_path,
        """\
[announcement]
priority = "important"
on_interrupt = "resume"
ttl_s = 20
[policy]
quiet_hours = ["22:00-07:00"]
rate_per_minute = 12
[journal]
retention_days = 2
[cache]
budget_mib = 3
""",
    ).config
    defaults = config.announcement.build()
    assert (defaults.priority, defaults.on_interrupt, defaults.ttl_s) == (Priority.IMPORTANT, OnInterrupt.RESUME, 20.0)
    policy = config.policy.build()
    assert (policy.quiet_hours[0].start_min, policy.rate_per_minute) == (22 * 60, 12.0)
    assert config.journal.retention_s == 172_800
    assert config.cache.budget_bytes == 3 * 2**20
