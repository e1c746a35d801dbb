# Runs as root in the booted container of one release. Each check prints PASS or FAIL with what was seen; the exit status is the number
# of failures.
failed=0
check() { # name, seen, wanted (a pattern of the shell)
    # shellcheck disable=SC2254
    case $2 in $3) echo "PASS $1: $2" ;; *) echo "FAIL $1: $2 (wanted $3)"; failed=$((failed + 1)) ;; esac
}
show() { systemctl show -P "$1" "${2:-edge-agent.service}"; }
until_true() { # seconds, command...
    end=$(($(date +%s) + $1)); shift
    while ! "$@"; do [ "$(date +%s)" -lt "$end" ] || return 1; sleep 0.1; done
}
saw() { sed -n "s/^$1=//p" /var/lib/edge-agent/seen; }
exposure() { systemd-analyze security --no-pager "$1" 2>&1 | sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'; }
at_most() { case $1 in *.*) [ "${1/./}" -le "${2/./}" ] && echo "$1, no more than $2" ;; esac; }
units=/usr/lib/systemd/system

echo "$PRETTY_NAME, $(systemctl --version | head -1)"
check "version" "$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')" "$WANTED"

# What it does not know: in the units by its own command, in all it reads by its log, and that it would say so.
check "verify" "$(systemd-analyze verify --man=no $units/edge-agent*.service $units/edge-agent*.timer 2>&1)" ""
mkdir /tmp/wrong && sed 's/^PrivateTmp=yes/PrivateTemp=yes/' $units/edge-agent.service >/tmp/wrong/edge-agent.service
check "verify notices what is wrong" "$(systemd-analyze verify --man=no /tmp/wrong/edge-agent.service 2>&1)" "*PrivateTemp*"
mkdir -p /run/systemd/system.conf.d /run/systemd/journald.conf.d
printf '[Manager]\nRuntimeWatchdog=1\n' >/run/systemd/system.conf.d/70-edge-agent-wrong.conf
printf '[Journal]\nMaxUse=1\n' >/run/systemd/journald.conf.d/70-edge-agent-wrong.conf
systemctl daemon-reexec && systemctl restart systemd-journald
systemctl start edge-agent-maintenance.timer

check "user" "$(id -nG edge-agent | tr ' ' '\n' | sort | tr '\n' ' ')" "audio edge-agent render video "
check "credentials' folder" "$(stat -c '%a %U' /etc/edge-agent/credentials)" "700 root"
check "state folder" "$(stat -c '%a %U %G' /var/lib/edge-agent)" "750 edge-agent edge-agent"
check "tmpfiles" "$(systemd-tmpfiles --create --clean edge-agent.conf 2>&1)" ""

# The daemon.
mkdir -p /home/somebody /run/systemd/system/edge-agent.service.d && touch /tmp/outside
printf 'secret\n' >/etc/edge-agent/credentials/mqtt.password
# So that nobody waits for what takes 20 seconds on a device.
printf '[Service]\nWatchdogSec=2\n' >/run/systemd/system/edge-agent.service.d/impatient.conf
systemctl daemon-reload
systemctl start edge-agent
check "started" "$(systemctl is-active edge-agent) $(show StatusText)" "active ready"
check "runs as" "$(saw user)" edge-agent
check "capabilities" "$(saw capabilities), no new privileges $(saw 'no new privileges')" "0, no new privileges 1"
check "system calls filtered" "$(saw seccomp)" 2
check "read-only" "$(saw read-only)" "/usr /etc /var"
check "sees" "$(saw sees)" ""
check "may not" "$(saw 'may not')" "netlink namespace personality setuid-file"
# What a container may ask for of real time is up to its host; on a device it is as the unit says.
check "priority" "nice $(saw nice), real time $(show LimitRTPRIO), core $(saw core)" "nice -10, real time 20, core 0"
check "credentials" "$(saw credentials)" "device.age: device.minisign: mqtt.password:secret mqtt.tls_cert: mqtt.tls_key:"
check "exposure" "$(at_most "$(exposure edge-agent.service)" 1.8)" "*no more*"
check "exposure of maintenance" "$(at_most "$(exposure edge-agent-maintenance.service)" 0.3)" "*no more*"

pid=$(show MainPID)
systemctl reload edge-agent
reloaded() { [ "$(show StatusText)" = reloaded ]; }
[ "$(show Type)" = notify-reload ] || until_true 10 reloaded
check "reload, Type=$(show Type)" "$(show StatusText), same process $([ "$(show MainPID)" = "$pid" ] && echo yes)" "reloaded, same process yes"
kill -STOP "$pid"
is_anew() { [ "$(show MainPID)" != "$pid" ] && [ "$(show ActiveState)" = active ]; }
until_true 30 is_anew
check "what hangs is restarted" "$(show NRestarts) $(show ActiveState)" "1 active"
touch /var/lib/edge-agent/config-is-wrong
systemctl kill -s KILL edge-agent
has_failed() { [ "$(show ActiveState)" = failed ]; }
until_true 20 has_failed
check "a wrong configuration ends it" "$(show ActiveState) with $(show ExecMainStatus)" "failed with 78"
rm /var/lib/edge-agent/config-is-wrong

systemctl start edge-agent-maintenance
check "maintenance" "$(show Result edge-agent-maintenance.service), read-only $(saw read-only), may not $(saw 'may not')" \
    "success, read-only /usr /etc /var, may not netlink inet namespace personality setuid-file affinity chown"
# The importer, without the unit it takes its mount from: there is no stick here.
grep -vE '^(BindsTo|After)=' $units/edge-agent-usb@.service >/run/systemd/system/edge-agent-usb@.service
systemctl daemon-reload
systemctl start edge-agent-usb@test
check "importer" "$(show Result edge-agent-usb@test.service), read-only $(saw read-only), may not $(saw 'may not')" \
    "success, read-only /usr /etc /var, may not netlink inet namespace personality setuid-file chown"
check "importer's credentials" "$(saw credentials)" "device.age: device.minisign:"
check "exposure of the importer" "$(at_most "$(exposure edge-agent-usb@test.service)" 1.0)" "*no more*"
if udevadm verify --help >/dev/null 2>&1; then # from 254 on
    check "udev rules" "$(udevadm verify /usr/lib/udev/rules.d/*edge-agent*.rules 2>&1 | tr -s '\n ' ' ')" "*checked. Success: 3 Fail: 0 "
fi
check "power unit" "$(systemctl show -P LoadState edge-agent-power.service)" loaded
complaints() { journalctl -b -o cat --no-pager | grep -i 'edge-agent' | grep -iE 'unknown|invalid|ignoring|failed to parse|not supported|deprecated'; }
check "log notices what is wrong" "$(complaints | grep -c edge-agent-wrong)" 2
check "log of what was read" "$(complaints | grep -v edge-agent-wrong)" ""
[ "$failed" = 0 ] || journalctl -b -o cat --no-pager | tail -60
exit "$failed"
