from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.config import Config, load
from edge_agent.ingress import MqttConfig, MqttIngress
from edge_agent.phrases import PhraseCache
from edge_agent.service.doctor import CHECKS, Finding, Verdict, examine
from edge_agent.service.doctor.audio import check_audio
from edge_agent.service.doctor.broker import check_broker
from edge_agent.service.doctor.inference import PROVIDERS, check_inference, product_model
from edge_agent.service.doctor.isolation import isolated
from edge_agent.service.doctor.packages import NEEDED, check_packages, check_python
from edge_agent.service.doctor.socket import check_socket
from edge_agent.service.doctor.storage import check_cache, check_clock, check_disk
from edge_agent.service.doctor.voice import check_voice
from tests.doubles.fake_shelf import shelve
from tests.rigs.alsa import FilePcm
from tests.rigs.mosquitto import MosquittoFactory
from tests.rigs.mqtt_peer import RecordingInbox, eventually
from tests.rigs.ports import free_port
from tests.rigs.zmq_peer import Station


@pytest.fixture
def configured(tmp_path: Path) -> Any:
    """``configured(section__key=value)``"""

    def make(**settings: object) -> Config:
        environ = {"HOME": str(tmp_path), "EDGE_AGENT__MQTT__SITE": "store", "EDGE_AGENT__MQTT__DEVICE": "kiosk-1"}
        environ |= {f"EDGE_AGENT__{key.upper()}": str(value) for key, value in settings.items()}
        return load(Path(os.devnull), environ=environ).config

    return make


def only(findings: Any) -> Finding:
    (finding,) = findings
    return finding


def test_a_check_that_breaks_is_a_finding_and_stops_no_other(configured: Any) -> None:
    def broken(_config: Config) -> list[Finding]:
        raise ZeroDivisionError("by zero")

    findings = list(examine(configured(), {"first": broken, "second": lambda _config: [Finding.ok("second", "well")]}))
    assert [(finding.name, finding.verdict) for finding in findings] == [("first", Verdict.FAIL), ("second", Verdict.OK)]
    assert "ZeroDivisionError" in findings[0].what


def test_every_finding_that_is_not_well_says_what_to_do(configured: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.devnull)
    findings = list(examine(configured(mqtt__port=free_port(), voice__id="nobody")))
    assert {finding.name for finding in findings} == set(CHECKS)
    for finding in findings:
        assert (finding.fix is None) == (finding.verdict is Verdict.OK), finding
        assert finding.to_dict()["verdict"] == finding.verdict.value


class TestPython:
    def test_this_one_is_supported(self, configured: Any) -> None:
        assert only(check_python(configured())).verdict is Verdict.OK

    def test_packages_are_imported_not_looked_up(self, configured: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "halfinstalled.py").write_text("raise OSError('cannot find libhalf.so.1')\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        needed = {"numpy": ("numpy",), "halfinstalled": ("half-installed",), "absent_module": ("absent",)}
        half, absent, well = check_packages(configured(), needed)
        assert half.verdict is absent.verdict is Verdict.FAIL
        assert "libhalf.so.1" in half.what
        assert absent.fix == "Install it: pip install absent"
        assert well.data["numpy"] == np.__version__

    def test_all_that_are_needed_are_here(self, configured: Any) -> None:
        assert only(check_packages(configured())).verdict is Verdict.OK

    def test_none_that_is_required_is_forgotten(self) -> None:
        required = [line for line in metadata.requires("edge-voice-agent") or [] if "extra ==" not in line]
        named = {re.split(r"[^\w-]", line, maxsplit=1)[0] for line in required} - {"tomli"}  # in the standard library from 3.11 on
        assert named == {distributions[0] for distributions in NEEDED.values()}


class TestInference:
    def test_the_processor_computes(self, configured: Any) -> None:
        finding = next(each for each in check_inference(configured()) if each.data["provider"] == PROVIDERS["cpu"])
        assert finding.verdict is Verdict.OK
        assert finding.data["product_s"] > 0

    def test_the_model_is_what_it_says(self) -> None:
        import onnxruntime

        session = onnxruntime.InferenceSession(product_model(3), providers=["CPUExecutionProvider"])
        x = np.arange(9, dtype=np.float32).reshape(3, 3)
        assert np.array_equal(session.run(None, {"x": x})[0], x @ x)

    def test_a_provider_that_is_demanded_and_missing(self, configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import onnxruntime

        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
        cuda, cpu = check_inference(configured(voice__provider="cuda"))
        assert (cuda.verdict, cpu.verdict) == (Verdict.FAIL, Verdict.OK)

    @pytest.mark.filterwarnings("ignore:Specified provider")
    def test_a_provider_that_is_listed_but_not_there(self, configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import onnxruntime

        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(PROVIDERS.values()))
        *gpus, cpu = check_inference(configured())
        assert [each.verdict for each in gpus] == [Verdict.WARN, Verdict.WARN]
        assert all("does not compute" in each.what for each in gpus)
        assert cpu.verdict is Verdict.OK

    def test_a_board_with_a_gpu_and_a_build_without(self, configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        facts = {"gpu": "NVIDIA Jetson Orin Nano Developer Kit"}
        monkeypatch.setattr("edge_agent.service.doctor.inference.fingerprint", lambda: facts)
        monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [PROVIDERS["cpu"]])
        board, cpu = check_inference(configured())
        assert (board.verdict, cpu.verdict) == (Verdict.WARN, Verdict.OK)
        assert "requirements/jetson.md" in board.fix
        assert [each.verdict for each in check_inference(configured(voice__provider="cpu"))] == [Verdict.OK]


class TestAudio:
    def test_a_device_that_plays(self, configured: Any, alsa_file_pcm: FilePcm) -> None:
        outputs, played = check_audio(configured(audio__device=alsa_file_pcm.device))
        assert outputs.verdict is played.verdict is Verdict.OK
        assert alsa_file_pcm.device in outputs.data["devices"]
        assert len(alsa_file_pcm.captured()) >= 0.2 * played.data["sample_rate_hz"]

    def test_a_device_that_is_not_there(self, configured: Any, alsa_file_pcm: FilePcm) -> None:
        _outputs, played = check_audio(configured(audio__device="gramophone"))
        assert played.verdict is Verdict.FAIL
        assert "'gramophone' not found" in played.what

    def test_libraries_that_crash_and_chatter(
        self, configured: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("ALSA_CONFIG_PATH", os.devnull)
        finding = only(CHECKS["audio"](configured()))
        assert finding.verdict is Verdict.FAIL
        assert capfd.readouterr().err == ""


def abort(_config: Config) -> list[Finding]:
    os.abort()


def hang(_config: Config) -> list[Finding]:
    signal.pause()
    return []


class TestIsolation:
    def test_findings_come_back(self, configured: Any) -> None:
        assert only(isolated("python", check_python, fix="?")(configured())).verdict is Verdict.OK

    def test_a_crash_is_a_finding(self, configured: Any) -> None:
        finding = only(isolated("native", abort, fix="Repair it.")(configured()))
        assert (finding.name, finding.verdict, finding.fix) == ("native", Verdict.FAIL, "Repair it.")
        assert "SIGABRT" in finding.what

    def test_a_hang_is_a_finding(self, configured: Any) -> None:
        assert "no result within 0.1 s" in only(isolated("native", hang, fix="?", timeout_s=0.1)(configured())).what


class TestBroker:
    def test_away(self, configured: Any) -> None:
        finding = only(check_broker(configured(mqtt__port=free_port())))
        assert finding.verdict is Verdict.FAIL
        assert "Connection refused" in finding.what

    def test_a_message_comes_back_but_no_daemon_was_ever_there(self, configured: Any, mosquitto: MosquittoFactory) -> None:
        reached, round_trip, daemon = check_broker(configured(mqtt__port=mosquitto().port))
        assert reached.verdict is Verdict.OK
        assert round_trip.data["round_trip_s"] > 0
        assert (daemon.verdict, daemon.data["daemon"]) == (Verdict.WARN, None)

    def test_a_daemon_that_is_online_and_then_not(self, configured: Any, mosquitto: MosquittoFactory) -> None:
        broker = mosquitto()
        ingress = MqttIngress(MqttConfig(site="store", device="kiosk-1", port=broker.port))
        ingress.set_status("online", [])
        ingress.start(RecordingInbox())
        eventually(lambda: ingress.connected)
        *_, daemon = check_broker(configured(mqtt__port=broker.port))
        assert (daemon.verdict, daemon.data["daemon"]) == (Verdict.OK, "online")
        ingress.stop()
        *_, daemon = check_broker(configured(mqtt__port=broker.port))
        assert (daemon.verdict, daemon.data["daemon"]) == (Verdict.WARN, "offline")
        assert "stopped" in daemon.what

    def test_a_login_that_is_refused(self, configured: Any, mosquitto: MosquittoFactory) -> None:
        broker = mosquitto(users={"me": "right"})
        finding = only(check_broker(configured(mqtt__port=broker.port, mqtt__username="me", mqtt__password="wrong")))
        assert finding.verdict is Verdict.FAIL
        assert "mqtt.username" in (finding.fix or "")

    @pytest.mark.parametrize(
        ("rights", "fix"),
        [("read nothing", "the sample that ships"), ("write voice/store/reply/#", "read and write voice/store/reply/me/#")],
    )
    def test_rights_that_are_missing(self, configured: Any, mosquitto: MosquittoFactory, rights: str, fix: str) -> None:
        broker = mosquitto(users={"me": "right"}, acl=f"user me\ntopic {rights}\n")
        reached, refused, *_ = check_broker(configured(mqtt__port=broker.port, mqtt__username="me", mqtt__password="right"))
        assert (reached.verdict, refused.verdict) == (Verdict.OK, Verdict.FAIL)
        assert fix in (refused.fix or "")

    def test_switched_off(self, configured: Any) -> None:
        assert only(check_broker(configured(mqtt__enabled="false"))).verdict is Verdict.OK


class TestSocket:
    def test_a_daemon_that_answers(self, configured: Any, station: Station) -> None:
        finding = only(check_socket(configured(zmq__socket_dir=station.folder)))
        assert (finding.verdict, finding.data["daemon"]) == (Verdict.OK, "online")
        station.core.on_command = lambda _command, reply: reply.answer(state="degraded", why=["audio"]) is None
        assert only(check_socket(configured(zmq__socket_dir=station.folder))).verdict is Verdict.WARN

    def test_one_that_does_not(self, configured: Any, station: Station) -> None:
        station.core.silent = True
        finding = only(check_socket(configured(zmq__socket_dir=station.folder)))
        assert finding.verdict is Verdict.WARN and "no answer" in finding.what

    def test_none(self, configured: Any, tmp_path: Path) -> None:
        finding = only(check_socket(configured(zmq__socket_dir=tmp_path)))
        assert finding.verdict is Verdict.WARN and "no such socket" in finding.what
        assert "systemctl start" in str(finding.fix)

    def test_switched_off(self, configured: Any) -> None:
        assert only(check_socket(configured(zmq__enabled=False))).verdict is Verdict.OK


class TestStorage:
    def test_folders_that_do_not_exist_yet(self, configured: Any, tmp_path: Path) -> None:
        assert [finding.verdict for finding in check_disk(configured(cache__floor_mib=0))] == [Verdict.OK, Verdict.OK]
        assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"

    def test_a_folder_that_cannot_be_written(self, configured: Any) -> None:
        state, _cache = check_disk(configured(paths__state_dir="/proc/self/state"))
        assert state.verdict is Verdict.FAIL

    def test_a_disk_that_is_nearly_full(self, configured: Any) -> None:
        _state, cache = check_disk(configured(cache__floor_mib=1_048_576))
        assert cache.verdict is Verdict.WARN

    def test_the_clock_goes(self, configured: Any) -> None:
        assert only(check_clock(configured())).verdict is not Verdict.FAIL

    def test_a_clock_from_before_this_program(self, configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("time.time", lambda: 0.0)
        assert only(check_clock(configured())).verdict is Verdict.FAIL


class TestCache:
    @pytest.fixture
    def phrases(self, configured: Any) -> Path:
        folder: Path = configured().paths.phrases
        cache = PhraseCache(folder, floor_bytes=0)
        for digit in "01":
            cache.put(digit * 64, np.full(2400, 0.1, np.float32), text=digit, lang="en", voice_id="a", sample_rate=24_000)
        cache.close()
        return folder

    def test_is_empty_at_first(self, configured: Any) -> None:
        assert only(check_cache(configured())).verdict is Verdict.OK
        assert not configured().paths.phrases.exists()

    def test_is_well(self, configured: Any, phrases: Path) -> None:
        finding = only(check_cache(configured(cache__floor_mib=0)))
        assert (finding.verdict, finding.data["entries"]) == (Verdict.OK, 2)

    def test_has_lost_a_file(self, configured: Any, phrases: Path) -> None:
        file = next(phrases.rglob("*.flac"))
        file.write_bytes(file.read_bytes()[:-1])
        finding = only(check_cache(configured(cache__floor_mib=0)))
        assert (finding.verdict, finding.data["missing"]) == (Verdict.WARN, 1)

    def test_is_used_by_a_newer_release(self, configured: Any, phrases: Path) -> None:
        holder = PhraseCache(phrases, floor_bytes=0)
        with contextlib.closing(sqlite3.connect(phrases / "index.sqlite3")) as newer:
            newer.execute("PRAGMA user_version = 99")
        finding = only(check_cache(configured(cache__floor_mib=0)))
        holder.close()
        assert finding.verdict is Verdict.FAIL


class TestVoice:
    def test_the_one_that_ships_speaks(self, configured: Any) -> None:
        finding = only(check_voice(configured()))
        assert finding.verdict is Verdict.OK, finding
        assert finding.data["audio_s"] > 1

    def test_one_that_is_not_here(self, configured: Any) -> None:
        finding = only(check_voice(configured(voice__id="nobody")))
        assert finding.verdict is Verdict.FAIL
        assert "'nobody'" in finding.what

    def test_one_that_was_damaged(self, configured: Any) -> None:
        config = configured(voice__id="broken")
        shelve(config.paths.state_dir, "broken")
        finding = only(check_voice(config))
        assert finding.verdict is Verdict.FAIL
        assert "manifest.json does not exist; install the voice again" in finding.what
