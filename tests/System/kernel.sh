#!/usr/bin/env bash
# The kernel module of src/Kernel: built for Debian's kernels, and tried in them, as guests of our own host.
#
#   build: 6.1, 6.12 and the newest, cloud and rt flavour, each with the compiler that it was built with, W=1 and sparse
#   boot:  this machine: QEMU, emulating (TCG) -> L1: Debian 6.1 with kvm_amd, and our host -> L2: the kernel, with the module
#
# Needs what run.sh needs, and for the builds root, or a system that lets its users have namespaces. The last line says
# "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

cache=${VMBUS_SYSTEM_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-system-test}
parts=
booted="6.12-cloud 7-cloud 6.1-cloud 6.12-rt"

usage() {
    cat <<'USAGE'
usage: tests/System/kernel.sh [build] [boot [KERNEL...]]
  build          only build, for every kernel
  boot           only boot; KERNEL is 6.12-cloud, 7-cloud, 6.1-cloud or 6.12-rt, all of them by default

environment: as for run.sh
USAGE
}

while [ $# -gt 0 ]; do
    case $1 in
    build) parts="$parts build"; shift ;;
    boot)
        parts="$parts boot"
        shift
        [ $# = 0 ] || booted=$*
        break
        ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
parts=${parts:-build boot}
for kernel in $booted; do
    case $kernel in
    6.12-cloud | 7-cloud | 6.1-cloud | 6.12-rt) ;;
    *) usage >&2; exit 2 ;;
    esac
done

. "$here/machine.sh"
. "$here/module.sh"

# build_for GENERATION HEADERS: one build. What compiler, modpost or sparse say, whatever of it, is a failure.
build_for() {
    local to=$work/module/$2 status=0 words
    module_build "$1" "$2" "$to" || status=$?
    words=$(grep -ciE 'warning|error|note:' "$to/log" || true)
    if [ "$status" != 0 ] || [ "$words" != 0 ]; then
        cat "$to/log"
        told "build ${2#linux-headers-}" 1 "$words lines of compiler, modpost or sparse"
    else
        told "build ${2#linux-headers-}" 0 "$(stat -c %s "$to/vmbus_signal.ko") bytes; W=1 and sparse say nothing"
    fi
}

check_style() {
    local status=0
    perl "$cache/trees/module-scripts/scripts/checkpatch.pl" --no-tree --strict --show-types -f "$repo"/src/Kernel/{vmbus_signal.c,vmbus_signal.h,Kbuild,Makefile} >"$work/style.log" 2>&1 || status=$?
    [ "$status" = 0 ] || cat "$work/style.log"
    told "checkpatch.pl --strict" "$status" "$(grep -c 'has no obvious style problems' "$work/style.log" || true) of 4 files without a word"
}

build() {
    local generation headers
    command -v perl >/dev/null || die "perl is not here"
    say "kernels' headers, compilers and sparse (kept in the cache when they were there)"
    for generation in $(awk 'NF { print $1 }' <<<"$module_generations"); do
        module_generation "$generation"
        for headers in $(module_headers "$generation"); do
            build_for "$generation" "$headers"
        done
    done
    module_scripts
    check_style
}

# make_guest NAME: what one guest boots; its module is built here if it was not.
make_guest() {
    local name=$1 generation=${1%-*} flavour=${1##*-} root=$work/guest-$1 to=$work/l1/kernels/$1 headers file
    module_generation "$generation"
    headers=$(module_headers "$generation" | grep -e "-$flavour-amd64\$")
    [ -e "$work/module/$headers/vmbus_signal.ko" ] || module_build "$generation" "$headers" "$work/module/$headers" ||
        { cat "$work/module/$headers/log"; die "the module does not build for $headers"; }
    skeleton "$root" "$here/kernel-init"
    mkdir -p "$root/modules" "$to"
    for file in "$cache/trees/module-image-$name"/modules/*; do
        case $file in
        *.xz) "$busybox" xzcat "$file" >"$root/modules/$(basename "$file" .xz)" ;;
        *) cp "$file" "$root/modules/" ;;
        esac
    done
    cp "$work/module/$headers/vmbus_signal.ko" "$root/modules/"
    strip --strip-debug "$root"/modules/*.ko
    cp "$work"/guest/vmbus-signal-{test,compat} "$work"/guest/vmbus{,-system-test} "$root/bin/"
    mkdir -p "$root/lib"
    libraries "$root/lib"
    cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
    cp "$cache/trees/module-image-$name"/boot/vmlinuz-* "$to/kernel"
    archive "$root" "$to/initrd"
    say "  $name: $(basename "$cache/trees/module-image-$name"/boot/vmlinuz-*), initramfs of $(du -k "$to/initrd" | cut -f1) KB"
}

make_images() {
    local name root=$work/l1
    skeleton "$root" "$here/l1-init"
    modules l1-kernel "$root/modules" irqbypass kvm kvm-amd
    for name in $booted; do make_guest "$name"; done
    cp "$here/l1-kernel" "$root/"
    mkdir -p "$root/ours/lib"
    cp "$work/guest/vmbus" "$root/ours/"
    libraries "$root/ours/lib"
    cp -L /lib64/ld-linux-x86-64.so.2 "$root/ours/lib/"
    archive "$root" "$work/l1.cpio"
    make_l0 "$work/l0" 3G "$work/l1.cpio" kernel
}

boot_all() {
    local compiler name
    say "the guest's programs"
    bash "$repo/tests/MachineCode.Tests/install-linker.sh"
    publish "$here/Guest/VmBus.SystemTest.csproj"
    publish "$repo/src/Tool/VmBus.Tool.csproj"
    compile "$here/vmbus-signal-test.c"
    compiler=$(command -v gcc || command -v clang)
    # Without a C library: nothing but the compiler is needed for 32 bits.
    "$compiler" -m32 -nostdlib -static -ffreestanding -fno-pie -no-pie -fno-stack-protector -O2 -Wall -Wextra \
        -I/usr/include/x86_64-linux-gnu -o "$work/guest/vmbus-signal-compat" "$here/vmbus-signal-compat.c" || die "vmbus-signal-compat.c does not compile"
    say "the machine's images"
    make_images
    say "the machine"
    boot_guests $booted
    # What a busy machine makes longer is told, not tested.
    for name in $booted; do
        sed -n "s/^\[$name\] @ratio /  $name: /p" "$work/boot.log"
    done
}

for part in $parts; do
    case $part in
    build) build ;;
    boot) boot_all ;;
    esac
done
totals
