"""Start a broker and the daemon, publish one announcement with an ordinary client, and show what was heard."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edge_agent.demo.listener import Listener
from edge_agent.demo.picture import draw
from edge_agent.demo.stand import Stand, StandError
from edge_agent.demo.timeline import timeline

TEXT = "各位旅客请注意，开往上海虹桥的G1234次列车将于14:05从3站台发车。The train to Shanghai is now boarding at platform 3."
PATIENCE_S = 60.0


def main() -> int:
    """Run the demonstration; 0 when the announcement was played."""
    parser = argparse.ArgumentParser(prog="python -m edge_agent.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for announcement.wav, timeline.json and announcement.png")
    parser.add_argument("--text", default=TEXT, help="what to announce: plain text, the SSML subset or the JSON of an announcement")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        return _demonstrate(arguments.text, arguments.out.resolve())
    except StandError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _demonstrate(text: str, out: Path) -> int:
    wav = out / "announcement.wav"
    with tempfile.TemporaryDirectory(prefix="edge-agent-demo-") as folder, Stand(Path(folder), wav) as stand:
        print(f"broker on 127.0.0.1:{stand.port}, daemon up in {stand.daemon_up_s:.1f} s; sound goes to {stand.sound}")
        with Listener(stand.port, stand.base) as listener:
            command = ["mosquitto_pub", "-V", "5", "-p", str(stand.port), "-t", f"{stand.base}/say", "-q", "1"]
            published = time.time()
            # The client gets the text on standard input, so that nothing in it can be taken for an option.
            subprocess.run([*command, "-s"], input=text.encode(), check=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
            print(f"$ {' '.join(command)} -m '{text}'")
            events = listener.until_end(PATIENCE_S)
    if not events or not events[-1].get("terminal"):
        raise StandError(f"no end of the announcement within {PATIENCE_S:.0f} s; the daemon's log is {out / 'daemon.log'}")
    rows = timeline(published, events)
    (out / "timeline.json").write_text(json.dumps({"text": text, "events": events, "timeline": rows}, ensure_ascii=False, indent=1))
    for row in rows:
        print(f"  {row['at_ms']:9.1f} ms  {row['what']}")
    last = events[-1]
    if last["event"] != "played":
        raise StandError(f"the announcement ended as {last['event']}: {last.get('reason', 'no reason given')}")
    seconds = draw(wav, out / "announcement.png", text)
    print(f"{wav}: {seconds:.2f} s of sound as ALSA wrote it; {out / 'announcement.png'} and {out / 'timeline.json'} beside it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
