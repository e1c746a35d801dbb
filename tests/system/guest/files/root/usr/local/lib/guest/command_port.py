"""The guest's end of the command port: shell lines in, their results out, each one line of JSON. Standard library only."""

import json
import subprocess
import time
from pathlib import Path

with Path("/dev/virtio-ports/guest").open("r+b", buffering=0) as port:
    received = b""
    while True:
        while b"\n" not in received:
            piece = port.read(4096)
            if not piece:  # nobody at the other end yet
                time.sleep(0.05)
            received += piece or b""
        line, received = received.split(b"\n", 1)
        if not line.strip():
            continue
        asked = json.loads(line)
        try:
            done = subprocess.run(["/bin/sh", "-c", asked["sh"]], capture_output=True, timeout=asked["timeout_s"], check=False)
            answer = {"status": done.returncode, "out": done.stdout.decode(errors="replace"), "err": done.stderr.decode(errors="replace")}
        except subprocess.TimeoutExpired:
            answer = {"status": 124, "out": "", "err": "timeout"}
        port.write(json.dumps({"number": asked["number"], **answer}).encode() + b"\n")
