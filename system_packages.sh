#!/bin/sh
# Install the Debian or Ubuntu packages named as arguments, or name exactly what is missing where rights are.
set -eu
missing=""
for package in "$@"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "needed and not found:$missing (no apt-get here; install your system's equivalents)" >&2; exit 1; }
if [ "$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo"; else
    echo "needed and not installed; please run: sudo apt-get install$missing" >&2
    exit 1
fi
echo "installing$missing"
$sudo apt-get update -qq
# A broker started by the package would only hold a port that nothing here uses.
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
