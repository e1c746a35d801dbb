# Runs as root in the container. Each check prints PASS or FAIL with what was seen; the exit status is the number of failures.
failed=0
check() { # name, seen, wanted (a pattern of the shell)
    # shellcheck disable=SC2254
    case $2 in $3) echo "PASS $1: $2" ;; *) echo "FAIL $1: $2 (wanted $3)"; failed=$((failed + 1)) ;; esac
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
show() { systemctl show -P "$1" edge-agent.service; }
until_true() { # seconds, command...
    end=$(($(now_ms) + $1 * 1000)); shift
    while ! "$@"; do [ "$(now_ms)" -lt "$end" ] || return 1; sleep 0.05; done
}
is_ready_anew() { [ "$(show MainPID)" != "$1" ] && [ "$(show ActiveState)" = active ]; }

systemctl --version | head -1
# A loudspeaker that writes to a file, and a broker that asks for a password.
cat >/etc/asound.conf <<'CONF'
pcm.!default { type plug; slave { pcm { type file; slave.pcm null; file "/var/lib/edge-agent/heard.wav"; format wav; truncate false }; rate 48000; channels 2; format S16_LE } }
CONF
printf 'kiosk-1:secret\n' >/etc/mosquitto/passwd && mosquitto_passwd -U /etc/mosquitto/passwd && chown mosquitto: /etc/mosquitto/passwd && chmod 600 /etc/mosquitto/passwd
printf 'listener 1883 127.0.0.1\npassword_file /etc/mosquitto/passwd\nset_tcp_nodelay true\n' >/etc/mosquitto/conf.d/test.conf
systemctl restart mosquitto

began=$(now_ms)
dpkg -i /rig/package.deb >/rig/dpkg.log 2>&1 || cat /rig/dpkg.log
check "installed and running after $(($(now_ms) - began)) ms" "$(systemctl is-active edge-agent)" active
# On this release's Python, which may be older than the one the suite runs on.
python=$(sed -n '1s/^#!//p' "$(readlink -f "$(command -v edge-agent)")")
every_module() {
    "$python" -c "
import edge_agent, importlib, pkgutil
for module in pkgutil.walk_packages(edge_agent.__path__, 'edge_agent.'):
    if not module.name.endswith('__main__'):
        importlib.import_module(module.name)" 2>&1 | tail -1
}
check "every module on $("$python" --version)" "$(every_module)" ""
check "enabled" "$(systemctl is-enabled edge-agent edge-agent-maintenance.timer | sort -u)" enabled
check "runs as" "$(ps -o user= -p "$(show MainPID)")" "edge-ag*"
check "capabilities" "$(awk '/^CapEff/ {print $2}' /proc/"$(show MainPID)"/status)" 0000000000000000
check "system calls filtered" "$(awk '/^Seccomp:/ {print $2}' /proc/"$(show MainPID)"/status)" 2
socket_is_open() { [ "$(stat -c %a /run/edge-agent/say.sock 2>/dev/null)" = 660 ]; }
until_true 10 socket_is_open
check "sockets" "$(stat -c '%a %G' /run/edge-agent/say.sock)" "660 edge-agent"
check "sockets' folder" "$(stat -c '%a %U %G' /run/edge-agent)" "750 edge-agent edge-agent"
check "priority" "$(ps -o ni= -p "$(show MainPID)" | tr -d ' ')" -10
voice_is_loaded() { case $(show StatusText) in *loaded*) return 0 ;; *) return 1 ;; esac; }
until_true 60 voice_is_loaded
check "status after warm-up" "$(show StatusText)" "voice default loaded on *"

# The password comes by credential; the user name is configuration, taken into use by a restart.
printf 'secret\n' >/etc/edge-agent/credentials/mqtt.password
check "credentials are root's" "$(stat -c '%a %U' /etc/edge-agent/credentials)" "700 root"
sed -i 's/^# username = .*/username = "kiosk-1"/; s/^# device = "kiosk-7".*/device = "kiosk-1"/' /etc/edge-agent/config.toml
systemctl restart edge-agent
status() { mosquitto_sub -h 127.0.0.1 -u kiosk-1 -P secret -t 'voice/home/+/status' -C 1 -W 2 2>&1; }
is_online() { case $(status) in *'"online"'*) return 0 ;; *) return 1 ;; esac; }
until_true 60 is_online
check "credential reaches the broker" "$(status)" '*"online"*'
check "secret is not in the unit's environment" "$(tr '\0' '\n' </proc/"$(show MainPID)"/environ | grep -c secret)" 0
EDGE_AGENT__MQTT__PASSWORD=secret edge-agent say "Now boarding." >/rig/say.log 2>&1
check "speaks over MQTT" "$?" 0
check "into files with sound" "$(find /var/lib/edge-agent -name 'heard.wav*' -size +50k | wc -l)" "[1-9]*"

# Killed, it is ready again in less than five seconds, five times in a row.
for round in 1 2 3 4 5; do
    pid=$(show MainPID)
    began=$(now_ms)
    kill -9 "$pid"
    until_true 20 is_ready_anew "$pid"
    took=$(($(now_ms) - began))
    ticks=$(awk '{print $14 + $15}' /proc/"$(show MainPID)"/stat)
    seen="$took ms, $((ticks * 10)) ms of processor, load $(cut -d' ' -f1 /proc/loadavg)"
    check "restart to READY, round $round, $seen" "$([ "$took" -lt 5000 ] && echo "in time")" "in time"
done

systemctl reload edge-agent
reloaded() { case $(show StatusText) in "configuration read again"*) return 0 ;; *) return 1 ;; esac; }
pid=$(show MainPID)
until_true 10 reloaded
check "reload" "$(show StatusText)" "configuration read again*"
check "reload keeps the process" "$(show MainPID)" "$pid"
echo nonsense >>/etc/edge-agent/config.toml
systemctl reload edge-agent
refused() { case $(show StatusText) in "configuration not taken"*) return 0 ;; *) return 1 ;; esac; }
until_true 10 refused
check "a wrong configuration is refused and it goes on" "$(show ActiveState) $(show StatusText)" "active configuration not taken*"
sed -i '$d' /etc/edge-agent/config.toml

systemctl start edge-agent-maintenance.service
check "maintenance beside the daemon" "$(systemctl show -P Result edge-agent-maintenance.service)" success
check "maintenance says" "$(journalctl -u edge-agent-maintenance -o cat --no-pager | grep -c '^ok')" "[4-9]*"
[ "$failed" = 0 ] || journalctl -u edge-agent -u edge-agent-maintenance -o cat --no-pager | tail -40
check "next maintenance" "$(systemctl show -P ActiveState edge-agent-maintenance.timer)" active

. /rig/stick.sh
. /rig/threads.sh

# A process that stands still is killed by the watchdog, and comes back.
pid=$(show MainPID)
began=$(now_ms)
kill -STOP "$pid"
until_true 60 is_ready_anew "$pid"
check "watchdog restarts what hangs, after $(($(now_ms) - began)) ms" "$(show ActiveState)" active
check "and says so" "$(journalctl -u edge-agent -o cat --no-pager | grep -c 'Watchdog timeout')" "[1-9]*"

# An update, over a configuration that somebody has edited.
pid=$(show MainPID)
dpkg -i --force-confold /rig/package.deb >/rig/dpkg.log 2>&1 || cat /rig/dpkg.log
until_true 60 is_ready_anew "$pid"
check "updated" "$(show ActiveState), $(grep -c '^username = "kiosk-1"' /etc/edge-agent/config.toml) line of the edited configuration" \
    "active, 1 line*"

check "failed units" "$(systemctl --failed --plain --no-legend | awk '/edge-agent/' | wc -l)" 0
dpkg -r edge-voice-agent >/rig/dpkg.log 2>&1 || cat /rig/dpkg.log
check "removed: units" "$(systemctl list-unit-files --no-legend 'edge-agent*' | grep -cv masked)" 0
check "removed: program" "$(ls -d /usr/lib/edge-agent /usr/bin/edge-agent 2>/dev/null | wc -l)" 0
check "removed: configuration stays" "$(ls /etc/edge-agent/config.toml)" /etc/edge-agent/config.toml
dpkg -P edge-voice-agent >/rig/dpkg.log 2>&1 || cat /rig/dpkg.log
left=$(find / -xdev \( -path /proc -o -path /rig -o -path /sys -o -path /run \) -prune -o \( -name '*edge-agent*' -o -name '*edge-voice-agent*' \) -print)
check "purged: left over" "$(echo $left)" ""
exit "$failed"
