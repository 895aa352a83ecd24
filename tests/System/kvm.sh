#!/usr/bin/env bash
# The tests of the KVM host that need all of KVM, Hyper-V's SynIC included, in a machine that has it:
#
#   this machine: QEMU, emulating (TCG) -> L1: Debian 6.1 with kvm_amd, and the tests with their tiny guests
#
# Needs what run.sh needs, but for a C compiler. Ends with 0 only if every test passed and none was skipped for want of
# a capability. See README.md beside this file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

cache=${VMBUS_SYSTEM_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-system-test}
filter=()

usage() {
    cat <<'USAGE'
usage: tests/System/kvm.sh [FILTER...]
  FILTER   options of the test program, as --filter-class '*PuppetTests'; by default every test of the KVM host

environment:
  VMBUS_SYSTEM_TEST_CACHE   where packages are kept, unpacked (default: $XDG_CACHE_HOME/vmbus-system-test)
  VMBUS_SYSTEM_TEST_SILENCE seconds without a line of its own after which a boot is ended (default: 300)
  VMBUS_SYSTEM_TEST_LIMIT   seconds one boot may take at most, tests included (default: 1800)
USAGE
}

case ${1-} in
-h | --help) usage; exit 0 ;;
'') filter=(--filter-namespace VmBus.Backends.Tests.Kvm --filter-namespace VmBus.Backends.Tests.Kvm.Machine) ;;
*) filter=("$@") ;;
esac

. "$here/machine.sh"

say "the tests"
dotnet build -c Release -v q "$repo/tests/Backends.Tests/VmBus.Backends.Tests.csproj" >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; die "the tests do not build"; }

say "the machine's image"
make_kvm_l1 "${filter[@]}"
say "  L1 $(du -m "$work/kvm-l1.cpio" | cut -f1) MB"

# verdict LOG ENDED: what the machine said of the tests. What is skipped for want of anything is a failure here: this machine
# has it all.
verdict() {
    if [ -n "$2" ] && ! grep -q '^@exit ' "$1"; then return 2; fi
    grep -q '^@exit 0' "$1" && grep -Eq '^ *succeeded: [1-9]' "$1" && grep -Eq '^ *skipped: 0$' "$1"
}

boot_with_retries "the tests of the KVM host (one skipped is one failed)" verdict "$work/kvm-l0"
say "the tests of the KVM host passed: $(sed -nE 's/^ *succeeded: ([0-9]+)$/\1/p' "$work/boot.log" | tail -n 1)"
