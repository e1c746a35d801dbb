"""A depot that makes voice packs with the project's own commands and the stock minisign."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from edge_agent.voices.catalog import BUILT_IN


class Depot:
    """Makes packs of the voice that ships, under other names; ``public`` is the key a device has to trust."""

    def __init__(self, folder: Path, name: str = "station") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._secret, public = folder / f"{name}.key", folder / f"{name}.pub"
        if not self._secret.exists():
            subprocess.run(["minisign", "-G", "-W", "-p", str(public), "-s", str(self._secret)], capture_output=True, check=True)
        self.public = public.read_text().splitlines()[1]

    def pack(self, voice_id: str, seq: int, recipient: str) -> Path:
        """A signed pack, sealed for an age recipient."""
        out = self._folder / f"{voice_id}_{seq}.vpk"
        draft, signed = out.with_suffix(".draft"), out.with_suffix(".signed")
        for stale in (out, draft, signed):
            stale.unlink(missing_ok=True)
        secret = str(self._secret)
        voice = self._voice(voice_id)
        edge_agent("voice", "build", str(voice), "--synthetic", secret, "--seq", str(seq), "--version", f"1.{seq}", "--out", str(draft))
        edge_agent("voice", "sign", str(draft), "--key", secret, "--out", str(signed))
        edge_agent("voice", "seal", str(signed), "--key", secret, "--to", recipient, "--out", str(out))
        return out

    def _voice(self, voice_id: str) -> Path:
        folder = self._folder / voice_id
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(BUILT_IN, folder)
        card = json.loads((folder / "voice.json").read_text("utf-8"))
        (folder / "voice.json").write_text(json.dumps({**card, "voice_id": voice_id, "display_name": voice_id.title()}))
        return folder


def new_recipient() -> str:
    """Some other device's key, by the stock tool."""
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
    return next(line.split()[-1] for line in made.stdout.splitlines() if line.startswith("# public key"))


def edge_agent(*arguments: str) -> str:
    """Run a command of this repository; what it printed."""
    command = [sys.executable, "-m", "edge_agent", "--config", os.devnull, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
