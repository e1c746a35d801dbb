"""One check a subject. Nothing here changes anything, and nothing needs root."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.config import Config
from edge_agent.install.layout import DROP_INS
from edge_agent.resources import FIRMWARE
from edge_agent.service.doctor.device.profile import JETPACK, SUPPORTED, Profile, jetson_linux, module_of, profile_of
from edge_agent.service.doctor.device.system import System
from edge_agent.service.doctor.finding import Finding

_USER = "edge-agent"
_STATE = Path("/var/lib/edge-agent")
"""As the unit says, whoever asks."""
_GROUPS = ("audio", "video", "render")
_MOST_OF_MEMORY = 0.25
"""Of the memory that processor and GPU share: while one voice takes over from another there are two, and the system needs its half."""
_FORGETFUL = {"tmpfs", "ramfs", "overlay"}


def examine_device(system: System, config: Config) -> Iterator[Finding]:
    """Every finding about the device below ``system.root``."""
    try:
        profile = profile_of(system)
    except ValueError as error:
        fix = "Lay it out again: edge-agent install --prefix / --device orin-nano, orin-nx or agx-orin"
        yield Finding.fail("device", f"/etc/edge-agent/device.toml is wrong: {error}", fix)
        return
    if profile is None:
        fix = "Nothing to do on a PC. On a Jetson: edge-agent install --prefix / --device orin-nano, orin-nx or agx-orin"
        yield Finding.warn("device", "no Jetson that this release knows", fix)
        return
    for check in _CHECKS:
        yield from check(config, system, profile)


def _device(_config: Config, system: System, profile: Profile) -> Iterator[Finding]:
    module, release = module_of(system), jetson_linux(system)
    jetpack = JETPACK.get(release or "")
    data = {"module": module, "class": profile.name, "jetson_linux": release, "jetpack": jetpack}
    what = f"{profile.name}, module {module or 'unknown'}, Jetson Linux {release or 'unknown'} (JetPack {jetpack or 'unknown'})"
    if module is not None and module not in profile.modules:
        yield Finding.warn("device", f"{what}: configured as another class than it is", "Install again with the right --device.", **data)
    elif jetpack not in SUPPORTED:
        fix = f"These configurations were written for JetPack {', '.join(SUPPORTED)}: compare them with what this one documents."
        yield Finding.warn("device", what, fix, **data)
    else:
        yield Finding.ok("device", what, **data)


def _drop_ins(_config: Config, system: System, profile: Profile) -> Iterator[Finding]:
    missing = [f"/{target}" for target in DROP_INS.values() if not system.exists(target)]
    edited = [
        f"/{target}" for source, target in DROP_INS.items()
        if system.exists(target) and system.read(target) != (FIRMWARE / source).read_text("utf-8").strip()
    ]  # fmt: skip
    if missing:
        fix = f"Lay them out: edge-agent install --prefix / --device {profile.name}, then restart the device."
        yield Finding.warn("drop-ins", f"missing: {', '.join(missing)}", fix, missing=missing, edited=edited)
    else:
        remark = f"; edited here: {', '.join(edited)}" if edited else ", as shipped"
        yield Finding.ok("drop-ins", f"all {len(DROP_INS)} are there{remark}", missing=[], edited=edited)


def _power(_config: Config, system: System, profile: Profile) -> Iterator[Finding]:
    modes = re.findall(r"(?m)^<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+?)\s*>", system.read("/etc/nvpmodel.conf"))
    status = re.search(r"pmode:0*(\d+)", system.read("/var/lib/nvpmodel/status"))
    names = {int(number): name for number, name in modes}
    if not names or status is None:
        yield Finding.warn("power", "the power mode cannot be read", "Install nvidia-l4t-nvpmodel and restart the device.")
        return
    mode = names.get(int(status[1]))
    wanted = next((name for name in profile.modes if name in names.values()), None)
    data = {"mode": mode, "wanted": wanted}
    if wanted is None or mode == wanted:
        yield Finding.ok("power", f"mode {mode}", **data)
    else:
        number = next(key for key, name in names.items() if name == wanted)
        fix = f"systemctl enable --now edge-agent-power, or by hand: sudo nvpmodel -m {number}"
        yield Finding.warn("power", f"mode {mode}, but {wanted} is what speech wants", fix, **data)


def _fan(_config: Config, system: System, profile: Profile) -> Iterator[Finding]:
    found = re.search(r"(?m)^\s*FAN_DEFAULT_PROFILE\s+(\S+)", system.read("/etc/nvfancontrol.conf"))
    if found is None:
        yield Finding.ok("fan", "none that is controlled")
    elif found[1] == profile.fan:
        yield Finding.ok("fan", f"profile {found[1]}", profile=found[1])
    else:
        fix = "systemctl enable --now edge-agent-power, which sets it"
        yield Finding.warn("fan", f"profile {found[1]}, but {profile.fan} keeps the clocks up", fix, profile=found[1])


def _heat(_config: Config, system: System, _profile: Profile) -> Iterator[Finding]:
    hottest, over = ("", -273.0), []
    for zone in sorted(system.at("/sys/class/thermal").glob("thermal_zone*")):
        place = Path("/sys/class/thermal") / zone.name
        temperature = system.number(place / "temp")
        if temperature is None:
            continue  # a zone whose part is switched off answers with an error
        name, celsius = system.read(place / "type"), temperature / 1000
        hottest = max(hottest, (name, celsius), key=lambda each: each[1])
        for trip in sorted(zone.glob("trip_point_*_type")):
            limit = system.number(place / trip.name.replace("_type", "_temp"))
            if system.read(place / trip.name) == "passive" and limit is not None and celsius >= limit / 1000:
                over.append(f"{name} has {celsius:.0f} of {limit / 1000:.0f} °C")
    if over:
        fix = "Clean the fan, give the case air, or choose a lower power mode: clocks are lowered now, and speech comes late."
        yield Finding.warn("heat", "; ".join(over), fix, throttled=True)
    elif hottest[0]:
        yield Finding.ok("heat", f"the hottest is {hottest[0]} with {hottest[1]:.0f} °C", throttled=False)
    else:
        yield Finding.warn("heat", "no temperature can be read", "Look at the kernel's log for its thermal driver: dmesg | grep -i thermal")


def _memory(config: Config, system: System, profile: Profile) -> Iterator[Finding]:
    found = dict(re.findall(r"(?m)^(MemTotal|MemAvailable):\s+(\d+) kB", system.read("/proc/meminfo")))
    available_mib, total_mib = (int(found.get(name, 0)) // 1024 for name in ("MemAvailable", "MemTotal"))
    budget_mib = 0 if config.voice.provider == "cpu" else config.voice.gpu_memory_mib
    if available_mib < profile.available_mib:
        fix = "Switch the desktop off: sudo systemctl set-default multi-user.target, and restart."
        what = f"{available_mib} MiB available, less than the {profile.available_mib} MiB a voice on the GPU wants"
        yield Finding.warn("memory", what, fix, available_mib=available_mib)
    else:
        what = f"{available_mib} MiB available; a voice on the GPU may take {budget_mib}"
        yield Finding.ok("memory", what, available_mib=available_mib, gpu_memory_mib=budget_mib)
    if total_mib and budget_mib > _MOST_OF_MEMORY * total_mib:
        fix = f"Set voice.gpu_memory_mib to {int(_MOST_OF_MEMORY * total_mib)} or less in /etc/edge-agent/config.toml, and restart."
        what = f"a voice may take {budget_mib} of the {total_mib} MiB that processor and GPU share"
        yield Finding.warn("memory", what, fix, gpu_memory_mib=budget_mib, total_mib=total_mib)
    swaps = [line.split()[0] for line in system.read("/proc/swaps").splitlines()[1:] if line.strip()]
    on_disk = [name for name in swaps if not Path(name).name.startswith("zram")]
    if on_disk:
        fix = f"sudo swapoff {' '.join(on_disk)}, and take it out of /etc/fstab."
        what = f"swap on the disk ({', '.join(on_disk)}) wears it, and can hold the voice in the clear"
        yield Finding.warn("memory", what, fix, swaps=swaps)


def _gpu(_config: Config, system: System, profile: Profile) -> Iterator[Finding]:
    missing = [node for node in profile.nodes if not system.exists(node)]
    outside = [group for group in _GROUPS if not _is_member(system, group)]
    if missing:
        fix = "Look at the kernel's log for the GPU driver (dmesg | grep -i nvgpu); reinstall nvidia-l4t-core if it is not there."
        yield Finding.warn("gpu", f"missing: {', '.join(missing)}; the voice runs on the processor", fix, missing=missing)
    if outside:
        fix = f"sudo systemd-sysusers, or: sudo usermod -aG {','.join(outside)} {_USER}; then restart the service."
        yield Finding.warn("gpu", f"{_USER} is not in {', '.join(outside)}", fix, groups_missing=outside)
    if not missing and not outside:
        yield Finding.ok("gpu", f"its nodes are there, and {_USER} may open them")


def _sound(config: Config, system: System, _profile: Profile) -> Iterator[Finding]:
    cards = re.findall(r"(?m)^\s*\d+ \[(\S+)\s*\]", system.read("/proc/asound/cards"))
    override = re.search(r"(?m)^pcm\.!edge_card \{ type hw card (\S+)", system.read("/etc/alsa/conf.d/61-edge-agent-speaker.conf"))
    wanted = override[1] if override else "speaker"
    if config.audio.device not in (None, "speech"):
        yield Finding.ok("sound", f"cards: {', '.join(cards) or 'none'}; audio.device is {config.audio.device!r}", cards=cards)
    elif wanted in cards:
        yield Finding.ok("sound", f"the card {wanted} is there", cards=cards)
    else:
        fix = "Connect the loudspeaker; for HDMI or I2S install again with --speaker. udev names USB ones: sudo udevadm trigger -s sound"
        yield Finding.fail("sound", f"no card is called {wanted}; there are: {', '.join(cards) or 'none'}", fix, cards=cards)


def _disk(_config: Config, system: System, _profile: Profile) -> Iterator[Finding]:
    root = system.mount_of(Path("/"))
    if root is not None and (root.kind == "overlay" or "ro" in root.options):
        yield Finding.ok("disk", "the root is not written to", read_only=True)
    else:
        fix = "See read-only/ of /usr/share/edge-agent/firmware_configs. Without it a power cut can damage the system itself."
        yield Finding.warn("disk", "the root is written to", fix, read_only=False)
    for folder in (_STATE, Path("/var/log/journal")):
        mount = system.mount_of(folder)
        if mount is not None and mount.kind in _FORGETFUL:
            fix = f"Mount a folder of the data partition there: see read-only/fstab, the line with {folder}."
            verdict = Finding.fail if folder == _STATE else Finding.warn
            yield verdict("disk", f"{folder} lies in memory and is forgotten at each start", fix, folder=str(folder))
    if not system.exists("/var/log/journal"):
        fix = "sudo mkdir /var/log/journal && sudo systemctl restart systemd-journald"
        yield Finding.warn("disk", "the log is forgotten at each start", fix)


def _watchdog(_config: Config, system: System, _profile: Profile) -> Iterator[Finding]:
    place = Path("/sys/class/watchdog/watchdog0")
    state, timeout_s = system.read(place / "state"), system.number(place / "timeout")
    if state == "active":
        yield Finding.ok("watchdog", f"resets the device after {timeout_s} s of silence", timeout_s=timeout_s)
    elif state:
        fix = "Lay out /etc/systemd/system.conf.d/60-edge-agent.conf (edge-agent install --device ...), and restart the device."
        yield Finding.warn("watchdog", f"is {state}: a kernel that hangs, hangs for good", fix)
    else:
        yield Finding.warn("watchdog", "there is none", "Load its driver: sudo modprobe tegra_wdt_t18x, or see the kernel's log.")


def _service(_config: Config, system: System, _profile: Profile) -> Iterator[Finding]:
    wants = "/etc/systemd/system/multi-user.target.wants/edge-agent.service"
    if system.at(wants).is_symlink() or system.exists(wants):
        yield Finding.ok("service", "starts with the device")
    else:
        fix = "sudo systemctl enable --now edge-agent edge-agent-maintenance.timer"
        yield Finding.warn("service", "does not start with the device", fix)


def _is_member(system: System, group: str) -> bool:
    found = re.search(rf"(?m)^{group}:[^:]*:\d+:(.*)$", system.read("/etc/group"))
    return found is not None and _USER in found[1].split(",")


_CHECKS: tuple[Callable[[Config, System, Profile], Iterator[Finding]], ...] = (
    _device, _service, _drop_ins, _power, _fan, _heat, _memory, _gpu, _sound, _disk, _watchdog,
)  # fmt: skip
