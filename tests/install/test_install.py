"""Units, rules and configuration: laid out, changed by people, laid out again, and taken away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

from edge_agent.config import load
from edge_agent.install import DEVICES, MANIFEST, SPEAKERS, Item, install, lay_out, systemd_version, uninstall
from edge_agent.install.errors import Conflict, InstallError, NotInstalled, Outside
from edge_agent.resources import FIRMWARE, SYSTEMD
from tests.cli.conftest import EdgeAgent

CONFIG = PurePosixPath("etc/edge-agent/config.toml")
UNIT = PurePosixPath("usr/lib/systemd/system/edge-agent.service")


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: content by path, None for a folder."""
    return {str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes() for path in sorted(folder.rglob("*"))}


def named(items: Iterable[Item]) -> dict[str, Item]:
    return {str(item.path): item for item in items}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A system with something in it."""
    root = tmp_path / "image"
    (root / "etc/systemd").mkdir(parents=True)
    (root / "etc/hostname").write_text("kiosk-1\n")
    (root / "usr/lib/systemd/system").mkdir(parents=True)
    return root


class TestLayout:
    @pytest.mark.parametrize("device", DEVICES)
    def test_every_shipped_file_has_a_place(self, device: str) -> None:
        items = lay_out(device, systemd=255)
        assert len({item.path for item in items}) == len(items)
        contents = {item.content for item in items}
        for source in FIRMWARE.rglob("*"):
            assert source.is_dir() or source.read_bytes() in contents, source
        units = {path for path in named(items) if path.startswith("usr/lib/systemd/system/")}
        for source in SYSTEMD.rglob("*.service"):
            assert f"usr/lib/systemd/system/{source.name}" in units

    def test_a_device_gets_its_drop_ins_and_a_plain_system_does_not(self) -> None:
        plain, orin = named(lay_out("generic")), named(lay_out("orin-nano"))
        only_orin = orin.keys() - plain.keys()
        assert "etc/systemd/journald.conf.d/60-edge-agent.conf" in only_orin
        assert "etc/edge-agent/device.toml" in only_orin
        assert all(path.startswith(("etc/", "usr/lib/edge-agent/", "usr/lib/systemd/system/")) for path in only_orin)

    @pytest.mark.parametrize("speaker", SPEAKERS)
    def test_the_loudspeaker(self, speaker: str) -> None:
        items = named(lay_out("orin-nx", speaker))
        override = items.get("etc/alsa/conf.d/61-edge-agent-speaker.conf")
        assert (override is None) == (speaker == "usb")
        assert ("usr/lib/systemd/system/edge-agent-i2s.service" in items) == (speaker == "i2s")

    def test_the_configuration_of_a_device_speaks_through_the_mix(self, tmp_path: Path) -> None:
        for device, speaker in (("generic", None), ("agx-orin", "speech")):
            path = tmp_path / "config.toml"
            path.write_bytes(named(lay_out(device))[str(CONFIG)].content)
            assert load(path, environ={"HOME": str(tmp_path)}).config.audio.device == speaker

    @pytest.mark.parametrize(("device", "mib"), [("generic", 1024), ("orin-nano", 512), ("orin-nx", 1024), ("agx-orin", 1024)])
    def test_the_configuration_of_a_device_leaves_it_memory(self, tmp_path: Path, device: str, mib: int) -> None:
        path = tmp_path / "config.toml"
        path.write_bytes(named(lay_out(device))[str(CONFIG)].content)
        loaded = load(path, environ={"HOME": str(tmp_path)})
        assert loaded.config.voice.gpu_memory_mib == mib
        assert (f"\ngpu_memory_mib = {mib}\n" in path.read_text()) == (device != "generic")

    def test_newer_systemd_can_do_more(self) -> None:
        drop_in = "usr/lib/systemd/system/edge-agent.service.d/notify-reload.conf"
        assert drop_in not in named(lay_out(systemd=249))
        assert drop_in in named(lay_out(systemd=253))

    def test_scripts_can_be_run(self) -> None:
        items = named(lay_out("orin-nano"))
        for name in ("edge-agent-stick", "edge-agent-power"):
            assert items[f"usr/lib/edge-agent/{name}"].mode == 0o755
        assert items[str(UNIT)].mode == 0o644

    def test_units_name_the_program(self) -> None:
        items = named(lay_out(unit_dir=PurePosixPath("lib/units"), program="/opt/venv/bin/edge-agent"))
        unit = items["lib/units/edge-agent.service"].content.decode()
        assert "ExecStart=/opt/venv/bin/edge-agent run\n" in unit
        assert "/usr/bin/edge-agent" not in "".join(items[path].content.decode() for path in items if path.startswith("lib/units/"))

    def test_the_version_of_systemd_in_an_image(self, image: Path) -> None:
        assert systemd_version(image) is None
        (image / "usr/lib/systemd/libsystemd-shared-249.so").touch()
        assert systemd_version(image) == 249


class TestRoundTrip:
    @pytest.mark.parametrize("device", DEVICES)
    def test_what_was_there_before_is_there_after(self, image: Path, device: str) -> None:
        before = tree(image)
        items = lay_out(device)
        report = install(image, items)
        assert len(report.written) == len(items)
        assert tree(image).keys() >= {str(item.path) for item in items}
        for item in items:
            assert (image / item.path).stat().st_mode & 0o7777 == item.mode
        assert install(image, items).written == [], "a second time changes nothing"
        removed = uninstall(image)
        assert (len(removed.removed), removed.kept) == (len(items), [])
        assert tree(image) == before

    def test_twice_cannot_be_taken_away(self, image: Path) -> None:
        install(image, lay_out())
        uninstall(image)
        with pytest.raises(NotInstalled):
            uninstall(image)

    def test_another_class_of_device_leaves_nothing_of_the_first(self, image: Path) -> None:
        install(image, lay_out("orin-nano", "i2s"))
        report = install(image, lay_out("generic"))
        assert PurePosixPath("etc/sysctl.d/60-edge-agent.conf") in report.removed
        fresh = image.with_name("fresh")
        fresh.mkdir()
        install(fresh, lay_out("generic"))
        assert {path for path, content in tree(image).items() if content is not None} - {"etc/hostname"} == {
            path for path, content in tree(fresh).items() if content is not None
        }

    def test_by_command(self, image: Path, edge_agent: EdgeAgent) -> None:
        before = tree(image)
        result = edge_agent("install", "--prefix", image, "--unit-dir", "etc/units", "--device", "agx-orin", "--program", "/bin/edge-agent")
        assert result.code == 0, result.err
        assert "for agx-orin and systemd 249" in result.out
        assert result.out.endswith("systemctl enable --now edge-agent edge-agent-maintenance.timer edge-agent-power\n")
        assert (image / "etc/units/edge-agent.service").exists()
        assert edge_agent("uninstall", "--prefix", image).code == 0
        assert tree(image) == before
        result = edge_agent("uninstall", "--prefix", image)
        assert (result.code, result.err) == (1, f"edge-agent: nothing is installed in {image}\n")


    def test_a_program_that_the_service_could_not_see(self, image: Path, edge_agent: EdgeAgent) -> None:
        before = tree(image)
        result = edge_agent("install", "--prefix", image, "--program", "/home/me/.venv/bin/edge-agent")
        assert result.code == 2
        assert "hides homes" in result.err
        assert tree(image) == before


class TestEdited:
    def test_a_configuration_is_kept_and_the_new_one_put_beside_it(self, image: Path) -> None:
        items = lay_out()
        install(image, items)
        (image / CONFIG).write_text("mine")
        assert install(image, items).kept == [CONFIG]
        beside = CONFIG.with_name("config.toml.edge-agent-new")
        assert not (image / beside).exists(), "nothing new"
        newer = [Item(item.path, b"# newer\n", item.mode, item.is_config) if item.path == CONFIG else item for item in items]
        assert install(image, newer).kept == [CONFIG]
        assert ((image / CONFIG).read_text(), (image / beside).read_text()) == ("mine", "# newer\n")
        assert uninstall(image).kept == [CONFIG]
        assert (image / CONFIG).read_text() == "mine"
        assert not (image / beside).exists()

    def test_an_untouched_one_is_brought_up_to_date(self, image: Path) -> None:
        install(image, [Item(CONFIG, b"old", is_config=True)])
        assert install(image, [Item(CONFIG, b"new", is_config=True)]).written == [CONFIG]
        assert (image / CONFIG).read_bytes() == b"new"

    def test_one_that_was_there_first_is_never_ours(self, image: Path) -> None:
        (image / CONFIG).parent.mkdir()
        (image / CONFIG).write_text("theirs")
        before = tree(image)
        assert install(image, lay_out()).kept == [CONFIG]
        uninstall(image)
        assert tree(image) == before

    def test_a_unit_is_no_configuration(self, image: Path) -> None:
        install(image, lay_out())
        (image / UNIT).write_text("edited in the wrong place")
        assert UNIT in install(image, lay_out()).written
        (image / UNIT).write_text("again")
        assert UNIT in uninstall(image).removed


class TestInTheWay:
    def test_somebody_elses_unit_stops_everything(self, image: Path) -> None:
        (image / UNIT).symlink_to("/dev/null")
        before = sorted(image.rglob("*"))
        with pytest.raises(Conflict, match=r"edge-agent\.service") as caught:
            install(image, lay_out())
        assert [path.name for path in caught.value.paths] == [UNIT.name]
        assert sorted(image.rglob("*")) == before
        install(image, lay_out(), force=True)
        assert not (image / UNIT).is_symlink()

    def test_a_link_that_leads_out(self, image: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (image / "etc/edge-agent").symlink_to(outside)
        with pytest.raises(Outside):
            install(image, lay_out())
        assert list(outside.iterdir()) == []

    def test_a_link_that_stays_inside(self, image: Path) -> None:
        (image / "lib").symlink_to("usr/lib")
        install(image, lay_out(unit_dir=PurePosixPath("lib/systemd/system")))
        assert (image / UNIT).exists()
        uninstall(image)
        assert not (image / UNIT).exists()

    @pytest.mark.parametrize(
        "text", ["[]", "{", '{"version": 1, "files": [{"path": "../x", "sha256": "", "config": false}], "folders": []}']
    )
    def test_a_damaged_manifest_deletes_nothing(self, image: Path, text: str) -> None:
        install(image, lay_out())
        (image / MANIFEST).write_text(text)
        before = tree(image)
        with pytest.raises(InstallError, match="damaged"):
            uninstall(image)
        assert tree(image) == before

    def test_an_interrupted_run_can_be_undone(self, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = tree(image)
        written = 0

        def failing(_descriptor: int) -> None:
            nonlocal written
            written += 1
            if written > 9:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="No space"):
            install(image, lay_out())
        monkeypatch.undo()
        uninstall(image)
        assert tree(image) == before


def test_a_built_package_has_every_file(tmp_path: Path) -> None:
    """The links of the repository become files; setuptools itself says which."""
    command = [sys.executable, "-c", "from setuptools import setup; setup()", "-q", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, timeout=120)
    packed = tmp_path / "edge_agent/resources"
    for name, source in (("systemd", SYSTEMD), ("firmware_configs", FIRMWARE)):
        assert tree(packed / name) == tree(source)
        assert not (packed / name).is_symlink()
