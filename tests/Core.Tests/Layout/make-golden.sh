#!/bin/sh
# Makes linux-6.1-hv_vmbus.txt anew: the layouts of VMBus structures as the compiler of Debian's 6.1 cloud kernel saw
# them, read from the BTF of hv_vmbus.ko, and of the integration components' from that of hv_utils.ko. Needs Debian 12's
# apt lists (apt-get update), pahole, python3 and xz (or lz4 or zstd, whichever the kernel is packed with). Installs
# nothing.
#
#   ./make-golden.sh [OUT]          writes OUT, by default the golden file beside this script
#   KERNEL=linux-image-... ./make-golden.sh     takes that package instead of the newest
#   TREE=DIR ./make-golden.sh OUT               takes the kernel package, of x64 or arm64, that is unpacked there
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/linux-6.1-hv_vmbus.txt}
case $out in /*) ;; *) out=$PWD/$out ;; esac

command -v pahole >/dev/null || { echo "make-golden: pahole is missing (Debian package: pahole)" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# apt fetches as its own user when it may.
chmod 755 "$work"

if [ -n "${TREE:-}" ]; then
    echo "make-golden: $(basename "$TREE"/boot/vmlinuz-*)" >&2
    mkdir -p root/lib
    cp -r "$TREE/boot" root/
    cp -r "$TREE/lib/modules" root/lib/
else
    kernel=${KERNEL:-$(apt-cache search --names-only '^linux-image-6\.1\..*-cloud-amd64$' | cut -d' ' -f1 | sort -V | tail -n1)}
    [ -n "$kernel" ] || { echo "make-golden: apt knows no linux-image-6.1*-cloud-amd64; run apt-get update" >&2; exit 2; }
    echo "make-golden: $kernel" >&2
    apt-get -q download "$kernel" >&2
    dpkg -x "$kernel"_*.deb root
fi

python3 - root/boot/vmlinuz-* vmlinux <<'PY'
# The kernel proper inside a bzImage, found through the boot protocol's header (Documentation/arch/x86/boot.rst). Of arm64's Image,
# which is no ELF file any more (Documentation/arch/arm64/booting.rst), the BTF alone: its header tells how long it is.
import lzma, struct, subprocess, sys, zlib

image = open(sys.argv[1], 'rb').read()
if image[0x38:0x3C] == b'ARM\x64':
    start = image.find(struct.pack('<HBBI', 0xEB9F, 1, 0, 24))
    if start < 0:
        sys.exit('make-golden: %s has no BTF' % sys.argv[1])
    strings, length = struct.unpack_from('<II', image, start + 16)
    open(sys.argv[2], 'wb').write(image[start:start + 24 + strings + length])
    sys.exit(0)
if image[0x202:0x206] != b'HdrS':
    sys.exit('make-golden: %s is no bzImage' % sys.argv[1])
setup_sectors = image[0x1F1] or 4
payload_offset, payload_length = struct.unpack_from('<II', image, 0x248)
start = (setup_sectors + 1) * 512 + payload_offset
payload = image[start:start + payload_length]

def tool(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

# Behind the packed kernel lie four bytes with its length: decoders must not mind what follows.
formats = {
    b'\xfd7zXZ\x00': lambda data: lzma.LZMADecompressor().decompress(data),
    b'\x1f\x8b': lambda data: zlib.decompressobj(31).decompress(data),
    b'\x02\x21\x4c\x18': tool('lz4', '-dc'),
    b'\x28\xb5\x2f\xfd': tool('zstd', '-dcq'),
}
for magic, unpack in formats.items():
    if payload.startswith(magic):
        kernel = unpack(payload)
        break
else:
    sys.exit('make-golden: unknown packing %s' % payload[:8].hex())
if not kernel.startswith(b'\x7fELF'):
    sys.exit('make-golden: what came out is no ELF file')
open(sys.argv[2], 'wb').write(kernel)
PY

# Where a module of that name lies, unpacked.
module() {
    found=$(find root/lib/modules -name "$1.ko*")
    case $found in
        *.xz) xz -d "$found"; found=${found%.xz} ;;
        *.zst) zstd -dq --rm "$found"; found=${found%.zst} ;;
    esac
    echo "$found"
}

# Prints structures as a module's compiler saw them.
layouts() {
    from=$1
    shift
    for name in "$@"; do
        pahole --btf_base vmlinux -F btf -C "$name" "$from" || { echo "make-golden: no $name in $from" >&2; exit 1; }
    done
}

{
    layouts "$(module hv_vmbus)" \
        hv_monitor_page hv_monitor_trigger_state hv_monitor_trigger_group hv_monitor_parameter \
        hv_ring_buffer vmpacket_descriptor vmbus_channel_offer \
        vmbus_channel_offer_channel vmbus_channel_message_header \
        vmbus_channel_initiate_contact vmbus_channel_version_response \
        vmbus_channel_open_channel vmbus_channel_open_result vmbus_channel_close_channel \
        vmbus_channel_gpadl_header vmbus_channel_gpadl_body vmbus_channel_gpadl_created \
        vmbus_channel_gpadl_teardown vmbus_channel_gpadl_torndown \
        vmbus_channel_relid_released vmbus_channel_rescind_offer \
        vmbus_channel_modifychannel vmbus_channel_modifychannel_response \
        vmbus_channel_tl_connect_request gpa_range \
        hv_message hv_message_header hv_synic_event_flags hv_input_post_message \
        hv_mpb_array vmbus_packet_mpb_array icmsg_hdr icmsg_negotiate
    layouts "$(module hv_utils)" \
        heartbeat_msg_data shutdown_msg_data ictimesync_data ictimesync_ref_data \
        hv_kvp_hdr hv_kvp_exchg_msg_value hv_kvp_msg_delete hv_kvp_msg_enumerate hv_kvp_register \
        hv_kvp_ipaddr_value hv_kvp_ip_msg \
        hv_kvp_msg hv_vss_hdr hv_vss_msg
} > layouts.txt
[ -s layouts.txt ] || { echo "make-golden: pahole printed nothing" >&2; exit 1; }
cp layouts.txt "$out"
echo "make-golden: wrote $out" >&2
