#!/usr/bin/env bash
# The system test, in both directions: our guest code inside a stock Debian kernel, against a VMBus host that is not ours
# ("theirs"), and that kernel's own drivers, and our guest code, against our host ("ours").
#
#   this machine: QEMU, emulating (TCG) -> L1: Debian 6.1 with kvm_amd -> QEMU 10 with vmbus-bridge and hv-balloon, or our host
#                                       -> L2: Debian 6.12 with hv_vmbus, hv_utils and uio_hv_generic -> our NativeAOT program
#
# Needs no root, no KVM and no installed QEMU: packages are unpacked into a cache. Ends with 0 only if the program
# in L2 said that everything passed. See README.md beside this file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

cache=${VMBUS_SYSTEM_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-system-test}
limit=${VMBUS_SYSTEM_TEST_LIMIT:-300}     # seconds one boot of the machine may take, all tests in it included
directions="theirs ours"
record=                                     # where to keep what the guest recorded

usage() {
    cat <<'USAGE'
usage: tests/System/run.sh [--record DIR] [theirs|ours]
  theirs         only the guest of a host that is not ours
  ours           only the guest of our own host
  --record DIR   keep the guest's recorded sysfs trees as text files in DIR

environment:
  VMBUS_SYSTEM_TEST_CACHE   where packages are kept, unpacked (default: $XDG_CACHE_HOME/vmbus-system-test)
  VMBUS_SYSTEM_TEST_LIMIT   seconds one boot may take, tests included (default: 300)
USAGE
}

while [ $# -gt 0 ]; do
    case $1 in
    --record) record=$(mkdir -p "$2" && cd "$2" && pwd); shift 2 ;;
    theirs | ours) directions=$1; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'tests/System/run.sh: %s\n' "$*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "the nested machine is x86-64 under Linux; this is $(uname -s) on $(uname -m)"
for tool in dotnet dpkg-deb awk sort; do
    command -v "$tool" >/dev/null || die "$tool is not here"
done

mkdir -p "$cache/trees"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$here/packages.sh"
. "$here/images.sh"

say "packages (kept in the cache when they were there)"
packages_tree busybox bookworm busybox-static
packages_tree qemu bookworm-backports qemu-system-x86
packages_kernel l1-kernel '^linux-image-6\.1\.0-[0-9]+-cloud-amd64$'
packages_kernel l2-kernel '^linux-image-6\.12\.[0-9.]+\+deb12[0-9.]*-cloud-amd64$'
for tree in qemu:qemu-system-x86 l1-kernel:linux-image l2-kernel:linux-image busybox:busybox; do
    say "  $(tree_version "${tree%%:*}" "${tree#*:}")"
done

say "the guest's programs"
bash "$repo/tests/MachineCode.Tests/install-linker.sh"
publish "$here/Guest/VmBus.SystemTest.csproj"
publish "$repo/src/Tool/VmBus.Tool.csproj"
compile "$here/mshv-stand-in.c"

say "the machine's images"
make_l2
make_l1
say "  L1 $(du -m "$work/l1.cpio" | cut -f1) MB, L2 within it $(du -k "$work/l2.cpio" | cut -f1) KB, programs $(du -kc "$work/guest/vmbus-system-test" "$work/guest/vmbus" | tail -n 1 | cut -f1) KB"

# boot DIRECTION: starts the machine and shows what it prints. 0: the guest's program said that all passed; 1: it said that
# something failed, or ended without saying anything; 2: the time was up.
boot() {
    local log=$work/boot.log start=$SECONDS ended
    : >"$log"
    # In the foreground: whoever ends this script ends the machine with it.
    set +e
    timeout --foreground --kill-after=5 "$limit" "$work/l0" "$1" </dev/null 2>&1 | show "$log"
    ended=${PIPESTATUS[0]}
    set -e
    say "the machine ran for $((SECONDS - start)) s"
    grep -q '^@result passed' "$log" && return 0
    case $ended in
    124 | 137) grep -q '^@result failed' "$log" || return 2 ;;
    esac
    return 1
}

# run DIRECTION: one direction, with a second boot where the first says nothing. About 2 boots of 55 of this machine hang somewhere in nested emulation; a second is given,
# and said. A program that hangs ends itself and says so, and a test that failed is no hang: neither gets one.
run() {
    local status=0
    say "the machine, $1"
    boot "$1" || status=$?
    if [ "$status" = 2 ]; then
        say "RETRY: the machine gave no result within $limit s; the one retry starts"
        status=0
        boot "$1" || status=$?
    fi
    case $status in
    0) say "the system test passed: $1" ;;
    1) die "the system test FAILED: $1; what the machine said is above" ;;
    *) die "the system test FAILED: $1; no result within $limit s, twice" ;;
    esac
}

for direction in $directions; do
    run "$direction"
    if [ -n "$record" ] && [ "$direction" = theirs ]; then
        extract_records "$work/boot.log" "$record"
    fi
done
