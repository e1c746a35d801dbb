#!/usr/bin/env bash
# The core of the test suite on aarch64 without such a machine: Debian's arm64 Python and PyPI's aarch64 wheels under QEMU's user-mode
# emulation. It shows that every library loads there, that the default voice computes its golden phrase, and that text, journal,
# queue and phrase cache pass their tests. It says nothing about speed: emulation is 10 to 200 times slower.
#
#   sudo ROOT=/var/tmp/edge-arm64 tests/aarch64/run.sh           build the tree where there is none yet, then run
#   sudo ROOT=... tests/aarch64/run.sh tests/journal     only these
#
# Needs root (chroot, binfmt_misc), Debian's debootstrap, qemu-user-static and binfmt-support, a network for the first run, and 0.7 GB.
# How long it takes is in requirements/README.md.
set -euo pipefail
ROOT=${ROOT:-/var/tmp/edge-arm64}
HERE=$(cd "$(dirname "$0")/../.." && pwd)
CORE=(tests/requirements tests/test_queue.py tests/journal/test_store.py tests/templates tests/phrases/test_key.py
    tests/phrases/test_codec.py tests/phrases/test_index.py tests/phrases/test_lru.py tests/text/test_say_as.py)

build() {
    local mirror packages
    mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -1 | tr -d ' ')
    debootstrap --arch=arm64 --foreign --variant=minbase --include=python3.11,libgomp1,libsndfile1,libportaudio2,libasound2-plugins,alsa-utils \
        bookworm "$ROOT.tmp" "${mirror:?no Debian mirror in /etc/apt}" >/dev/null
    # Running the packages' own scripts would take ten minutes under emulation; unpacking them is enough to run Python.
    for package in "$ROOT.tmp"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$ROOT.tmp"; done
    # Debian's Python is neither of the JetPacks'; the versions are chosen for it, as wheels only.
    mapfile -t packages < <(python3 - "$HERE/pyproject.toml" <<'PYTHON'
import sys, tomllib
project = tomllib.load(open(sys.argv[1], "rb"))["project"]
print(*(each.partition(";")[0] for each in project["dependencies"] if "tomli" not in each), "pytest", "hypothesis", "packaging", sep="\n")
PYTHON
    )
    # shellcheck disable=SC2046
    python3 -m pip install --quiet --target "$ROOT.tmp/opt/site" --only-binary=:all: --implementation cp --python-version 311 \
        $(for minor in $(seq 36 -1 17); do echo --platform "manylinux_2_${minor}_aarch64"; done) --platform manylinux2014_aarch64 "${packages[@]}"
    mv "$ROOT.tmp" "$ROOT"
}

inside() {
    chroot "$ROOT" /usr/bin/env -i HOME=/tmp LANG=C.UTF-8 PATH=/usr/bin:/bin PYTHONPATH=/opt/site:/opt/repo PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
        sh -c 'cd /opt/repo && exec "$@"' sh "$@"
}

[ -d "$ROOT" ] || build
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
update-binfmts --enable qemu-aarch64
# Not /sys: what ONNX Runtime reads there of a processor of another kind makes it crash.
for each in proc dev; do
    mkdir -p "$ROOT/$each"
    mountpoint -q "$ROOT/$each" || mount --bind "/$each" "$ROOT/$each"
done
trap 'for each in dev proc; do umount "$ROOT/$each"; done' EXIT
rm -rf "$ROOT/opt/repo" && mkdir -p "$ROOT/opt/repo"
(cd "$HERE" && git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- --ignore-failed-read) \
    | tar --extract --directory "$ROOT/opt/repo"

inside python3.11 -c 'import platform; assert platform.machine() == "aarch64"; print("on", platform.machine(), platform.python_version())'
inside python3.11 - <<'PYTHON'
from pathlib import Path
from edge_agent.synthesis import Runtime, load_engine

load_engine(Path("edge_agent/voices/default"), Runtime("cpu", 1)).check()
print("the default voice speaks its golden phrase")
PYTHON
inside python3.11 -m pytest -q --assert=plain -p no:cacheprovider "${@:-${CORE[@]}}"
