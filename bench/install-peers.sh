#!/usr/bin/env bash
# Installs what the product is measured and tested against: DPDK's compiled VMBus library, passt, and a C compiler for the
# floor. Debian 12 only, since the tests fill structs private to DPDK 22.11. Does nothing where both are there.
set -euo pipefail

packages=(librte-bus-vmbus23 gcc libc6-dev passt)

version() { dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null | sed -n 's/^installed //p'; }

missing=()
for package in "${packages[@]}"; do
    [ -n "$(version "$package")" ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    # Lists first: the ones at hand may name files the mirror no longer has.
    if ! { "${root[@]}" apt-get update -q &&
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "install-peers: could not install ${missing[*]}" >&2
        exit 1
    fi
fi

for package in "${packages[@]}"; do
    state='was there'
    [[ " ${missing[*]-} " != *" $package "* ]] || state='installed'
    printf '%s %s (%s)\n' "$package" "$(version "$package")" "$state"
done
