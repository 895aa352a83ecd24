#!/usr/bin/env bash
# What the flag low_latency does to a stock guest's disk and network: each load with the monitor, and with the flag, in turn.
#
#   this machine: QEMU, emulating (TCG) -> L1: Debian 6.1 with kvm_amd, and our host -> L2: Debian 6.12, with the module
#
# Needs what tests/System/kernel.sh needs. The figures go to a file; the table is printed.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$bench/../.." && pwd)
here=$repo/tests/System

cache=${VMBUS_SYSTEM_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-system-test}
json=switch.json
plot=
note=
warm_up=1
time=5
rounds=3
windows=

usage() {
    cat <<'USAGE'
usage: bench/Switch/run.sh [--json FILE] [--plot FILE.png] [--note TEXT] [--time S] [--warm-up S] [--rounds N] [WINDOW...]
  WINDOW     how often the monitor page is examined: 5ms by default; one guest for each
  --json     where the figures go: switch.json by default
  --plot     where the picture goes
  --note     what else ran on the machine, kept with the figures
  --time     seconds that a load is measured for in a round: 5; before, it runs for --warm-up, 1
  --rounds   rounds of each load, the two modes in turn: 3

environment: as for tests/System/run.sh
USAGE
}

while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage; exit 0 ;;
    --json | --plot | --note | --time | --warm-up | --rounds)
        [ $# -gt 1 ] || { usage >&2; exit 2; }
        name=${1#--}
        printf -v "${name//-/_}" '%s' "$2"
        shift 2
        ;;
    -*) usage >&2; exit 2 ;;
    *) windows="$windows $1"; shift ;;
    esac
done
windows=${windows:-5ms}

. "$here/machine.sh"
. "$here/module.sh"

# What the guest has, beside what is built in.
module_kept="hv_vmbus scsi_common scsi_mod scsi_transport_fc hv_storvsc sd_mod failover net_failover hv_netvsc"

# image HEADERS: the kernel that these headers are of, as a tree of the cache.
image() {
    local version=${1#linux-headers-} debs=$work/debs-switch
    tree_kept module-image-switch "$version $module_kept" && return
    module_suites bookworm bookworm-security bookworm-backports
    mkdir -p "$debs"
    (cd "$debs" && apt_own apt-get download "linux-image-$version") >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; die "linux-image-$version cannot be had; without $cache/trees/module-6.12 another run takes the newest"; }
    module_image switch "$debs"/*.deb
    echo "$version $module_kept" >"$cache/trees/module-image-switch/.request"
}

make_guest() {
    local tree=$cache/trees/module-image-switch root=$work/guest-switch to=$work/l1/kernels/switch file
    skeleton "$root" "$bench/guest-init"
    mkdir -p "$root/modules" "$root/lib" "$to"
    for file in "$tree"/modules/*; do
        case $file in
        *.xz) "$busybox" xzcat "$file" >"$root/modules/$(basename "$file" .xz)" ;;
        *) cp "$file" "$root/modules/" ;;
        esac
    done
    cp "$work/module/vmbus_signal.ko" "$root/modules/"
    strip --strip-debug "$root"/modules/*.ko
    cp "$work"/guest/vmbus{,-switch} "$root/bin/"
    libraries "$root/lib" vmbus-switch
    cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
    cp "$tree"/boot/vmlinuz-* "$to/kernel"
    archive "$root" "$to/initrd"
}

say "the kernel, and the module for it (kept in the cache when they were there)"
module_generation 6.12
headers=$(module_headers 6.12 | grep -e '-cloud-amd64$')
image "$headers"
module_build 6.12 "$headers" "$work/module" || { cat "$work/module/log"; die "the module does not build for $headers"; }
say "the programs"
bash "$repo/tests/MachineCode.Tests/install-linker.sh"
publish "$bench/Guest/VmBus.Switch.Guest.csproj"
publish "$repo/src/Tool/VmBus.Tool.csproj"

say "the machine's images"
skeleton "$work/l1" "$here/l1-init"
modules l1-kernel "$work/l1/modules" irqbypass kvm kvm-amd tun
make_guest
cp "$bench/l1-switch" "$work/l1/"
printf '%s\n' $windows >"$work/l1/windows"
echo "warm-up=$warm_up time=$time rounds=$rounds" >"$work/l1/load"
mkdir -p "$work/l1/ours/lib"
cp "$work"/guest/vmbus{,-switch} "$work/l1/ours/"
libraries "$work/l1/ours/lib" vmbus-switch
cp -L /lib64/ld-linux-x86-64.so.2 "$work/l1/ours/lib/"
archive "$work/l1" "$work/l1.cpio"
make_l0 "$work/l0" 3G "$work/l1.cpio" switch

say "the machine"
load_before=$(cut -d' ' -f1-2 /proc/loadavg)
boot_guests $windows
load_after=$(cut -d' ' -f1-2 /proc/loadavg)
# Also of a run that failed: why, is in there.
cp "$work/guests.log" "${json%.json}.log"
totals
dotnet run -c Release --project "$bench" -- read "${json%.json}.log" --json "$json" \
    --note "${note:+$note }Load averages of 1 and 5 minutes: ${load_before/ / and } at the start, ${load_after/ / and } at the end; an undisturbed run adds 1." ${plot:+--plot "$plot"}
