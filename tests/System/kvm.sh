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
limit=${VMBUS_SYSTEM_TEST_LIMIT:-300}     # seconds one boot of the machine may take, all tests in it included
filter=()

usage() {
    cat <<'USAGE'
usage: tests/System/kvm.sh [FILTER...]
  FILTER   options of the test program, as --filter-class '*PuppetTests'; by default every test of the KVM host

environment:
  VMBUS_SYSTEM_TEST_CACHE   where packages are kept, unpacked (default: $XDG_CACHE_HOME/vmbus-system-test)
  VMBUS_SYSTEM_TEST_LIMIT   seconds one boot may take, tests included (default: 300)
USAGE
}

case ${1-} in
-h | --help) usage; exit 0 ;;
'') filter=(--filter-namespace VmBus.Backends.Tests.Kvm --filter-namespace VmBus.Backends.Tests.Kvm.Machine) ;;
*) filter=("$@") ;;
esac

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'tests/System/kvm.sh: %s\n' "$*" >&2; exit 1; }

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

say "the tests"
dotnet build -c Release -v q "$repo/tests/Backends.Tests/VmBus.Backends.Tests.csproj" >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; die "the tests do not build"; }

say "the machine's image"
make_kvm_l1 "${filter[@]}"
say "  L1 $(du -m "$work/kvm-l1.cpio" | cut -f1) MB"

# boot: starts the machine and shows what it prints. 0: every test passed and none was skipped; 1: something failed;
# 2: the time was up.
boot() {
    local log=$work/boot.log start=$SECONDS ended
    : >"$log"
    set +e
    timeout --foreground --kill-after=5 "$limit" "$work/kvm-l0" </dev/null 2>&1 | show "$log"
    ended=${PIPESTATUS[0]}
    set -e
    say "the machine ran for $((SECONDS - start)) s"
    case $ended in
    124 | 137) grep -q '^@exit ' "$log" || return 2 ;;
    esac
    # What is skipped for want of anything is a failure here: this machine has it all.
    grep -q '^@exit 0' "$log" && grep -Eq '^ *succeeded: [1-9]' "$log" && grep -Eq '^ *skipped: 0$' "$log"
}

status=0
boot || status=$?
# As run.sh has it: a boot that hangs in nested emulation is given a second, and said; a test that failed is no hang.
if [ "$status" = 2 ]; then
    say "RETRY: the machine gave no result within $limit s; the one retry starts"
    status=0
    boot || status=$?
fi

case $status in
0) say "the tests of the KVM host passed: $(sed -nE 's/^ *succeeded: ([0-9]+)$/\1/p' "$work/boot.log" | tail -n 1)" ;;
1) die "the tests of the KVM host FAILED, or some were skipped; what the machine said is above" ;;
*) die "the tests of the KVM host FAILED: no result within $limit s, twice" ;;
esac
