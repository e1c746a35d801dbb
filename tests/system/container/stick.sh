# Sourced by checks.sh: a stick's packs, installed by the importer in its own sandbox while the daemon runs. A container has neither udev
# nor FAT, so the stick is a folder, mounted as edge-agent-stick@.service would; the guest has the real thing.
as_daemon() { runuser -u edge-agent -- env STATE_DIRECTORY=/var/lib/edge-agent CACHE_DIRECTORY=/var/cache/edge-agent edge-agent "$@"; }
stick=/run/edge-agent-stick/test
work=$(mktemp -d)

recipient=$(as_daemon keys init)
"$python" -c "
import sys
from pathlib import Path
from edge_agent.voices.keys import SecretKey
key = SecretKey.generate()
Path(sys.argv[1]).write_bytes(key.to_bytes())
print(key.public_key.text)" "$work/station.key" >"$work/station.pub"
chmod 600 "$work/station.key"
as_daemon keys trust station "$(cat "$work/station.pub")" >/dev/null
cp -r "$("$python" -c 'from edge_agent.voices.catalog import BUILT_IN; print(BUILT_IN)')" "$work/anna"
sed -i 's/"voice_id": *"default"/"voice_id": "anna"/' "$work/anna/voice.json"
pack() { # sequence number, file
    rm -f "$work/draft" "$work/signed"
    edge-agent voice build "$work/anna" --synthetic "$work/station.key" --seq "$1" --out "$work/draft" &&
        edge-agent voice sign "$work/draft" --key "$work/station.key" --out "$work/signed" &&
        edge-agent voice seal "$work/signed" --key "$work/station.key" --to "$recipient" --out "$2"
}
plug() { # a folder: mounted as a stranger's stick, read by the unit, and let go
    mkdir -p "$stick" && chmod -R a+rX "$1" && mount --bind "$1" "$stick" && mount -o remount,bind,ro,nosuid,nodev,noexec "$stick"
    systemctl start edge-agent-usb@test
    umount "$stick"
}
# The unit without the one it takes its mount from.
grep -vE '^(BindsTo|After)=' "$(systemctl show -P FragmentPath edge-agent-usb@x)" >/run/systemd/system/edge-agent-usb@.service
systemctl daemon-reload
installed() { cat /var/lib/edge-agent/voices/.store/active.json 2>/dev/null | "$python" -c 'import json, sys; print(json.load(sys.stdin)["voices"]["anna"]["active"])'; }
result() { sed -n 4,5p /run/edge-agent-usb/test.txt | tr -d '\r' | tail -1; }

mkdir "$work/one" "$work/two" "$work/forged"
pack 1 "$work/one/anna_1.vpk" >/dev/null && pack 2 "$work/two/anna_2.vpk" >/dev/null
head -c 1000000 "$work/one/anna_1.vpk" >"$work/forged/anna_9.vpk"
plug "$work/one"
check "a stick's voice is installed" "$(result) $(installed)" "S01 New voice installed. 1"
speaks_as_anna() { journalctl -u edge-agent -o cat | grep -q 'engine loaded.*voice=anna'; }
until_true 60 speaks_as_anna
check "the daemon goes over to it" "$(journalctl -u edge-agent -o cat | grep -o 'voice=anna provider=[A-Za-z]*' | tail -1)" "voice=anna provider=*"
plug "$work/one"
check "the same stick again" "$(result) $(installed)" "S02 The voices are up to date. 1"
plug "$work/two"
check "a newer one" "$(result) $(installed)" "S01 New voice installed. 2"
plug "$work/one"
check "an older one" "$(result) $(installed)" "E22 Voice pack refused: too old. 2"
plug "$work/forged"
check "a damaged one" "$(result) $(installed)" "E30 Voice pack damaged. 2"
check "every result was given to the daemon" "$(journalctl -o cat | grep -c 'not spoken part=result')" 0
check "no unit failed" "$(systemctl --failed --no-legend | grep -c edge-agent)" 0
rm -rf "$work"
rm /run/systemd/system/edge-agent-usb@.service && systemctl daemon-reload
