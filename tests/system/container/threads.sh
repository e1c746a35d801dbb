# Sourced by checks.sh: each of the daemon's four threads in turn stands still while the others go on. Only that it is missed feeds
# the watchdog no more, and another daemon takes the place of the first.
cat >/run/stop_thread.py <<'PY'
import ctypes, os, sys
libc, tid = ctypes.CDLL(None, use_errno=True), int(sys.argv[1])
for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT
    if libc.ptrace(request, tid, None, None):
        sys.exit(f"ptrace {request:#x}: errno {ctypes.get_errno()}")
while os.WIFSTOPPED(os.waitpid(tid, 0x40000000)[1]):  # __WALL; until it dies, when it has to be buried
    pass
PY
for thread in audio synthesis mqtt zmq; do
    pid=$(show MainPID)
    has_thread() { grep -qx "$thread" /proc/"$(show MainPID)"/task/*/comm; }
    until_true 60 has_thread
    tid=$(grep -lx "$thread" /proc/"$pid"/task/*/comm | cut -d/ -f5 | head -1)
    began=$(now_ms)
    systemd-run --quiet --collect --unit="stop-$thread" "$python" /run/stop_thread.py "$tid"
    until_true 120 is_ready_anew "$pid"
    check "the thread $thread stands still: another daemon after $(($(now_ms) - began)) ms" "$(show ActiveState) $(show NRestarts)" "active [1-9]*"
done
