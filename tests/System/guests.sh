#!/usr/bin/env bash
# Stock kernels as guests of our own host, a short round each: the version they negotiate, the kernel's drivers on our offers,
# the kernel's own daemons, an echo over UIO, hv_utils taken out and put back, many offers, a reboot.
#
#   this machine: QEMU, emulating (TCG) -> L1: Debian 6.1 with kvm_amd, and our host -> L2: the kernel
#
# Needs what run.sh needs. The last line says "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

cache=${VMBUS_SYSTEM_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-system-test}

# What there is: KERNEL SUITES IMAGE DAEMONS VERSION. The daemons are those of Debian's hyperv-daemons of that kernel, or of the
# nearest that has a package of its own.
kernels='
5.10 bullseye,bullseye-security                      ^linux-image-5\.10\.0-[0-9]+-cloud-amd64$                   6.1  5.2
6.1  bookworm,bookworm-security                      ^linux-image-6\.1\.0-[0-9]+-cloud-amd64$                    6.1  5.3
6.12 bookworm,bookworm-security,bookworm-backports   ^linux-image-6\.12\.[0-9.]+\+deb12[0-9.]*-cloud-amd64$      6.12 5.3
7    trixie,trixie-security,trixie-backports         ^linux-image-7\.[0-9.]+\+deb13[0-9.]*-cloud-amd64$          6.12 6.0
'
chosen="5.10 6.1 6.12 7"

usage() {
    cat <<'USAGE'
usage: tests/System/guests.sh [--part PART] [KERNEL...]
  KERNEL         5.10, 6.1, 6.12 or 7; all of them by default
  --part PART    round, killed, hibernated, crashed, keyboard, starved or http alone; by default 6.12 has all seven, the others the round

environment: as for run.sh
USAGE
}

part=
case ${1-} in
-h | --help) usage; exit 0 ;;
--part)
    case ${2-} in
    round | killed | hibernated | crashed | keyboard | starved | http) part=" part=$2" ;;
    *) usage >&2; exit 2 ;;
    esac
    shift 2
    ;;
esac
[ $# = 0 ] || chosen=$*

# field KERNEL N: of the table above.
field() { awk -v kernel="$1" -v field="$2" '$1 == kernel { print $field }' <<<"$kernels"; }

for kernel in $chosen; do
    [ -n "$(field "$kernel" 1)" ] || { usage >&2; exit 2; }
done

# has_http: whether a part is played that has a web server, which takes a program of its own.
has_http() { [[ " $chosen " == *" 6.12 "* && ( -z $part || $part == *=http ) ]]; }

. "$here/machine.sh"
. "$here/module.sh"
# Of the disks and the network: what hv_storvsc, sd_mod and ext4 need, under the names of each kernel.
module_kept="hv_vmbus uio uio_hv_generic pps_core ptp hv_utils vsock hv_sock scsi_common scsi_mod scsi_transport_fc hv_storvsc
    crct10dif_common crct10dif_generic crc-t10dif crc64 crc64_rocksoft_generic crc64-rocksoft t10-pi sd_mod
    crc16 crc32c_generic libcrc32c crc32c-cryptoapi mbcache jbd2 ext4 dummy failover net_failover hv_netvsc evdev hyperv-keyboard"
module_kept=$(echo $module_kept)

# image KERNEL: the newest kernel of that name, and the few modules, as a tree of the cache.
image() {
    local tree=module-image-guest-$1 request debs=$work/debs-guest version package
    request="$(field "$1" 2) $(field "$1" 3) $module_kept"
    tree_kept "$tree" "$request" && return
    module_suites "$(field "$1" 2 | tr , ' ')"
    version=$(apt_own apt-cache search --names-only "$(field "$1" 3)" | cut -d' ' -f1 | sort -V | tail -n 1)
    version=${version#linux-image-}
    [ -n "$version" ] || die "no kernel $1 among Debian's packages"
    # Since Linux 7 an image is two packages, and an empty one that wants them.
    package="linux-binary-$version linux-modules-$version"
    apt_own apt-cache show --no-all-versions $package >/dev/null 2>&1 || package=linux-image-$version
    rm -rf "$debs"
    mkdir -p "$debs"
    (cd "$debs" && apt_own apt-get download $package) >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "$package cannot be had"; }
    module_image "guest-$1" "$debs"/*.deb
    echo "$request" >"$cache/trees/$tree/.request"
    say "  $1: $package"
}

# daemons GENERATION: the kernel's daemons with what they are linked with, as a tree of the cache.
daemons() {
    local release=bookworm
    [ "$1" = 6.1 ] || release=bookworm-backports
    module_suites "bookworm bookworm-security bookworm-backports"
    packages_tree "daemons-$1" "$release" hyperv-daemons
    say "  $(tree_version "daemons-$1" hyperv-daemons)"
}

# lister: the kernel's own lsvmbus, of which Debian has no package, and a Python for it, as trees of the cache.
lister() {
    module_suites "bookworm bookworm-security"
    packages_tree python bookworm python3.11-minimal
    module_source lsvmbus '*/tools/hv/lsvmbus'
    say "  lsvmbus of $(cat "$cache/trees/lsvmbus/.request"), $(tree_version python python3.11-minimal)"
}

# make_guest KERNEL: what it boots.
make_guest() {
    local tree=$cache/trees/module-image-guest-$1 root=$work/guest-$1 to=$work/l1/kernels/$1 daemons file name
    daemons=$cache/trees/daemons-$(field "$1" 4)
    skeleton "$root" "$here/guest-init"
    mkdir -p "$root/modules" "$root/lib" "$root/daemons" "$root/var/lib/hyperv" "$to"
    for file in "$tree"/modules/*; do
        case $file in
        *.xz) "$busybox" xzcat "$file" >"$root/modules/$(basename "$file" .xz)" ;;
        *) cp "$file" "$root/modules/" ;;
        esac
    done
    strip --strip-debug "$root"/modules/*.ko
    cp "$work"/guest/vmbus{,-system-test,-hibernate} "$root/bin/"
    libraries "$root/lib"
    cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
    # They bring the C library that they were linked with.
    cp "$daemons"/usr/sbin/hv_*_daemon "$root/daemons/"
    find "$daemons" -name 'libc.so.6' -exec cp -L {} "$root/daemons/" \;
    find "$daemons" -name 'ld-linux-x86-64.so.2' -exec cp -L {} "$root/daemons/" \;
    mkdir -p "$root/tools"
    tools "$root/tools" mkfs.ext4 e2fsck blkdiscard blockdev dd
    if [ "$1" = 6.12 ]; then
        mkdir -p "$root/python/lib"
        cp -L "$cache/trees/python/usr/bin/python3.11" "$cache/trees/lsvmbus/tools/hv/lsvmbus" "$root/python/"
        cp -r "$cache/trees/python/usr/lib/python3.11" "$root/python/lib/"
        for name in libc.so.6 libm.so.6 libz.so.1 libexpat.so.1 ld-linux-x86-64.so.2; do
            cp -L "$(find "$cache/trees/python" -name "$name" -print -quit)" "$root/python/"
        done
    fi
    cp "$tree"/boot/vmlinuz-* "$to/kernel"
    # The one that it boots by kexec.
    cp "$to/kernel" "$root/kernel"
    archive "$root" "$to/initrd"
    field "$1" 5 >"$to/version"
    say "  $1: $(basename "$tree"/boot/vmlinuz-*), initramfs of $(du -k "$to/initrd" | cut -f1) KB"
}

say "kernels and daemons (kept in the cache when they were there)"
for kernel in $chosen; do
    image "$kernel"
    daemons "$(field "$kernel" 4)"
done
disk_tools
case " $chosen " in *" 6.12 "*) lister ;; esac
say "the guest's programs"
bash "$repo/tests/MachineCode.Tests/install-linker.sh"
publish "$here/Guest/VmBus.SystemTest.csproj"
publish "$repo/src/Tool/VmBus.Tool.csproj"
if has_http; then publish "$here/Http/VmBus.HttpTest.csproj"; fi
compile "$here/vmbus-hibernate.c"

say "the machine's images"
skeleton "$work/l1" "$here/l1-init"
modules l1-kernel "$work/l1/modules" irqbypass kvm kvm-amd tun
for kernel in $chosen; do make_guest "$kernel"; done
cp "$here/l1-guests" "$work/l1/"
mkdir -p "$work/l1/ours/lib"
cp "$work"/guest/vmbus{,-system-test} "$work/l1/ours/"
libraries "$work/l1/ours/lib"
if has_http; then
    cp "$work/guest/vmbus-http-test" "$work/l1/ours/"
    libraries "$work/l1/ours/lib" vmbus-http-test
fi
cp -L /lib64/ld-linux-x86-64.so.2 "$work/l1/ours/lib/"
archive "$work/l1" "$work/l1.cpio"
make_l0 "$work/l0" 3G "$work/l1.cpio" "guests$part"

say "the machine"
boot_guests $chosen
totals
