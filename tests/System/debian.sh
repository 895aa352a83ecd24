#!/usr/bin/env bash
# A stock Debian as a guest of our own host: its userland by debootstrap, with the kernel, the initrd and the systemd of its own
# packages, on a disk of ours. It boots to multi-user, writes and verifies, installs a package and fetches a file through passt,
# crashes, loses its host, and is switched off.
#
#   this machine: QEMU, emulating (TCG) -> L1: Debian 6.1 with kvm_amd, our host, passt and a server of HTTP -> L2: Debian 13
#
# Needs what run.sh needs, and root, wget and e2fsprogs. The last line says "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

cache=${VMBUS_SYSTEM_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-system-test}
size=1G

usage() {
    cat <<'USAGE'
usage: tests/System/debian.sh [--size SIZE]
  --size SIZE    how long the file is that the guest fetches by TCP (default: 1G)

environment: as for run.sh
USAGE
}

while [ $# -gt 0 ]; do
    case $1 in
    --size) size=${2:?} && shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done

. "$here/machine.sh"
. "$here/module.sh"
. "$here/debian-image.sh"
for tool in wget mke2fs debugfs e2fsck xz; do
    command -v "$tool" >/dev/null || die "$tool is not here"
done

say "the userland (kept in the cache when it was there)"
module_suites "bookworm bookworm-security bookworm-backports"
packages_tree passt bookworm passt
disk_tools
debian_image
say "the guest's programs"
bash "$repo/tests/MachineCode.Tests/install-linker.sh"
publish "$repo/src/Tool/VmBus.Tool.csproj"

say "the machine's images"
skeleton "$work/l1" "$here/l1-init"
modules l1-kernel "$work/l1/modules" irqbypass kvm kvm-amd dummy virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk
cp "$here/l1-debian" "$work/l1/"
mkdir -p "$work/l1/debian" "$work/l1/ours/lib" "$work/l1/tools"
cp "$(debian_file vmlinuz)" "$work/l1/debian/kernel"
cp "$(debian_file initrd)" "$work/l1/debian/initrd"
cp "$work/guest/vmbus" "$work/l1/ours/"
libraries "$work/l1/ours/lib"
cp -L /lib64/ld-linux-x86-64.so.2 "$work/l1/ours/lib/"
tools "$work/l1/tools" e2fsck
# passt keeps to a root of its own.
mkdir -p "$work/l1"/passt/{bin,dev,etc,lib/x86_64-linux-gnu,lib64,proc,tmp}
cp "$cache/trees/passt/usr/bin/passt" "$work/l1/passt/bin/"
cp -L "$cache/trees/passt/lib64/ld-linux-x86-64.so.2" "$work/l1/passt/lib64/"
cp -L "$(find "$cache/trees/passt" -name libc.so.6 -print -quit)" "$work/l1/passt/lib/x86_64-linux-gnu/"
echo 'nobody:x:65534:65534:nobody:/:/bin/false' >"$work/l1/passt/etc/passwd"
archive "$work/l1" "$work/l1.cpio"
debian_data
make_l0 "$work/l0" 3G "$work/l1.cpio" debian "-drive if=none,id=data,file=$work/data,format=raw,snapshot=on -device virtio-blk-pci,drive=data"
say "  L1 $(du -m "$work/l1.cpio" | cut -f1) MB, initrd $(du -k "$work/l1/debian/initrd" | cut -f1) KB, the data's disk $(du -m "$work/data" | cut -f1) MB"

say "the machine"
boot_guests debian
totals
