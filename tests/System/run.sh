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
  VMBUS_SYSTEM_TEST_SILENCE seconds without a line of its own after which a boot is ended (default: 300)
  VMBUS_SYSTEM_TEST_LIMIT   seconds one boot may take at most, tests included (default: 1800)
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

. "$here/machine.sh"
packages_kernel l2-kernel '^linux-image-6\.12\.[0-9.]+\+deb12[0-9.]*-cloud-amd64$'
for tree in qemu:qemu-system-x86 l1-kernel:linux-image l2-kernel:linux-image busybox:busybox; do
    say "  $(tree_version "${tree%%:*}" "${tree#*:}")"
done

say "the guest's programs"
bash "$repo/tests/MachineCode.Tests/install-linker.sh"
publish "$here/Guest/VmBus.SystemTest.csproj"
publish "$repo/src/Tool/VmBus.Tool.csproj"
publish "$repo/samples/GuestTool/GuestTool.csproj"
compile "$here/mshv-stand-in.c"

say "the machine's images"
make_l2
make_l1
say "  L1 $(du -m "$work/l1.cpio" | cut -f1) MB, L2 within it $(du -k "$work/l2.cpio" | cut -f1) KB, programs $(du -kc "$work/guest/vmbus-system-test" "$work/guest/vmbus" | tail -n 1 | cut -f1) KB"

# verdict LOG ENDED: what the machine said of itself.
verdict() {
    grep -q '^@result passed' "$1" && return 0
    [ -n "$2" ] && ! grep -q '^@result failed' "$1" && return 2
    return 1
}

# play BOOT: a boot of the machine; its words tell L1 what to do.
play() {
    say "the machine, $1"
    boot_with_retries "the system test, $1," verdict "$work/l0" $1
    say "the system test passed: $1"
}

for direction in $directions; do
    case $direction in
    theirs)
        play theirs
        [ -z "$record" ] || extract_records "$work/boot.log" "$record"
        ;;
    ours)
        play "ours full"
        play "ours ends"
        ;;
    esac
done
