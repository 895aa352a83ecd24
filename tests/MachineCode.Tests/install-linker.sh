#!/usr/bin/env bash
# NativeAOT links with clang or gcc, whichever it finds; everything else comes with its package. Installs Debian's gcc
# where there is neither.
set -euo pipefail
if command -v clang >/dev/null || command -v gcc >/dev/null; then
    exit 0
fi
apt=(apt-get)
[ "$(id -u)" = 0 ] || apt=(sudo apt-get)
"${apt[@]}" update
DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends gcc libc6-dev
