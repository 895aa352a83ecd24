# Makes what the nested machine boots: two initramfs, one inside the other, and the script that starts L0. Sourced by
# run.sh and kvm.sh. Nothing here needs root: archives are made, no file system is mounted.

busybox=$cache/trees/busybox/bin/busybox

# publish PROJECT: the project's program, compiled by NativeAOT, into $work/guest.
publish() {
    local log=$work/publish.log compiler=()
    command -v clang >/dev/null || compiler=(-p:CppCompilerAndLinker=gcc)
    dotnet publish "$1" -c Release -r linux-x64 -p:PublishAot=true -o "$work/guest" -v q "${compiler[@]}" >"$log" 2>&1 ||
        { cat "$log" >&2; die "$1 does not build"; }
}

# compile FILE: a C program without libraries of its own, into $work/guest.
compile() {
    local compiler name
    compiler=$(command -v gcc || command -v clang) || die "no C compiler is here (gcc or clang)"
    name=$(basename "$1" .c)
    "$compiler" -static -O2 -Wall -Wextra -o "$work/guest/$name" "$1" || die "$1 does not compile"
}

# libraries DIRECTORY [PROGRAM]: what vmbus and the program (vmbus-system-test) need of this machine, as they were linked with it: its
# C library, and nothing else.
libraries() {
    find "$work/guest" -maxdepth 1 \( -name vmbus -o -name "${2:-vmbus-system-test}" \) -exec ldd {} + | awk '$2 == "=>" { print $3 }' | sort -u | xargs -I{} cp -L {} "$1/"
}

# modules TREE DIRECTORY NAME...: kernel modules, unpacked and without debug symbols. One that is built in is absent.
modules() {
    local tree=$cache/trees/$1 to=$2 name file
    shift 2
    mkdir -p "$to"
    for name in "$@"; do
        file=$(find "$tree/lib/modules" -name "$name.ko" -o -name "$name.ko.xz" | head -n 1)
        [ -n "$file" ] || die "the kernel has no module $name"
        case $file in
        *.xz) "$busybox" xzcat "$file" >"$to/$name.ko" ;;
        *) cp "$file" "$to/$name.ko" ;;
        esac
        strip --strip-debug "$to/$name.ko"
    done
}

# skeleton DIRECTORY INIT: the part every initramfs has.
skeleton() {
    mkdir -p "$1"/{bin,dev,proc,sys,tmp,lib64}
    cp "$busybox" "$1/bin/"
    install -m 755 "$2" "$1/init"
}

# disk_tools: what a guest, or L1, does with disks, and what that is linked with, as a tree of the cache.
disk_tools() {
    module_suites "bookworm bookworm-security"
    packages_tree disk-tools bookworm e2fsprogs util-linux coreutils
    say "  $(tree_version disk-tools e2fsprogs)"
}

# tools DIRECTORY NAME...: programs of those packages, with the C library that they were linked with.
tools() {
    local to=$1 name
    shift
    for name in "$@"; do
        cp -L "$(find "$cache/trees/disk-tools" -path "*bin/$name" -print -quit)" "$to/$name"
    done
    for name in $(find "$cache/trees/disk-tools" -path '*/x86_64-linux-gnu/*' -name 'lib*.so.*'); do
        case ${name##*/} in
        libext2fs.* | libcom_err.* | libblkid.* | libuuid.* | libe2p.* | libc.so* | libpthread.* | libss.*) cp -L "$name" "$to/" ;;
        esac
    done
    find "$cache/trees/disk-tools" -name 'ld-linux-x86-64.so.2' -exec cp -L {} "$to/" \;
}

archive() { (cd "$1" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$2"; }

kernel() { echo "$cache/trees/$1"/boot/vmlinuz-*; }

make_l2() {
    local root=$work/l2
    skeleton "$root" "$here/l2-init"
    modules l2-kernel "$root/modules" hv_vmbus uio uio_hv_generic hv_utils cuse
    cp "$work/guest/vmbus-system-test" "$work/guest/vmbus" "$work/guest/GuestTool" "$work/guest/mshv-stand-in" "$root/bin/"
    mkdir -p "$root/lib"
    libraries "$root/lib"
    cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
    archive "$root" "$work/l2.cpio"
}

# L1 brings its own QEMU, with the libraries of its tree.
make_l1() {
    local root=$work/l1 qemu=$cache/trees/qemu firmware
    skeleton "$root" "$here/l1-init"
    modules l1-kernel "$root/modules" irqbypass kvm kvm-amd
    mkdir -p "$root/qemu/lib" "$root/qemu/firmware"
    cp "$qemu/usr/bin/qemu-system-x86_64" "$root/qemu/"
    cp -L "$qemu/lib64/ld-linux-x86-64.so.2" "$root/lib64/"
    "$qemu/lib64/ld-linux-x86-64.so.2" --library-path "$qemu/usr/lib/x86_64-linux-gnu:$qemu/lib/x86_64-linux-gnu" \
        --list "$qemu/usr/bin/qemu-system-x86_64" | awk '$2 == "=>" { print $3 }' | xargs -I{} cp -L {} "$root/qemu/lib/"
    for firmware in qemu/linuxboot_dma.bin qemu/kvmvapic.bin seabios/bios-256k.bin; do
        cp -L "$qemu/usr/share/$firmware" "$root/qemu/firmware/"
    done
    cp "$(kernel l2-kernel)" "$root/l2-kernel"
    cp "$work/l2.cpio" "$root/l2.cpio"
    cp "$here/l1-theirs" "$here/l1-ours" "$root/"
    # Our own host, beside QEMU, and the client of its pipe.
    mkdir -p "$root/ours/lib"
    cp "$work/guest/vmbus" "$work/guest/vmbus-system-test" "$root/ours/"
    cp "$work"/l2/lib/* "$work"/l2/lib64/* "$root/ours/lib/"
    archive "$root" "$work/l1.cpio"

    make_l0 "$work/l0" 2G "$work/l1.cpio" "${record:+record}"
}

# make_kvm_l1 FILTER...: an L1 without QEMU, which runs the tests of src/Backends itself, on a copy of this machine's
# .NET and of its C library.
make_kvm_l1() {
    local root=$work/kvm-l1 dotnet
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    skeleton "$root" "$here/kvm-init"
    modules l1-kernel "$root/modules" irqbypass kvm kvm-amd
    mkdir -p "$root/dotnet/shared" "$root/lib"
    cp "$dotnet/dotnet" "$root/dotnet/"
    cp -r "$dotnet/host" "$root/dotnet/"
    cp -r "$dotnet/shared/Microsoft.NETCore.App" "$root/dotnet/shared/"
    cp -r "$repo/tests/Backends.Tests/bin/Release/net10.0" "$root/tests"
    # What .NET is linked with, and what it loads by name: xunit numbers its tests by a hash.
    {
        find "$root/dotnet" -name '*.so' -exec ldd {} + 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }'
        /sbin/ldconfig -p | awk '$1 ~ /^lib(ssl|crypto)\.so\.[0-9]/ { print $NF }'
    } | sort -u | xargs -I{} cp -L {} "$root/lib/"
    cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
    printf '%s\n' "$@" >"$root/arguments"
    # The test framework asks who runs it.
    mkdir "$root/etc"
    echo 'root:x:0:0:root:/tmp:/bin/sh' >"$root/etc/passwd"
    archive "$root" "$work/kvm-l1.cpio"
    make_l0 "$work/kvm-l0" 3G "$work/kvm-l1.cpio" ""
}

# make_l0 SCRIPT MEMORY INITRAMFS WORDS [OPTIONS]: the command that starts the machine, with those options of QEMU besides; L1 is
# told the words, and its arguments.
make_l0() {
    local qemu=$cache/trees/qemu
    # What TCG emulates of an EPYC, so that it does not warn of the rest; SVM with nested pages is what L1's KVM needs.
    local cpu=EPYC,+svm,+npt,-fxsr-opt,-misalignsse,-osvw,-topoext,-nrip-save,-xsavec
    cat >"$1" <<L0
#!/bin/sh
exec "$qemu/lib64/ld-linux-x86-64.so.2" --library-path "$qemu/usr/lib/x86_64-linux-gnu:$qemu/lib/x86_64-linux-gnu" \\
    "$qemu/usr/bin/qemu-system-x86_64" -L "$qemu/usr/share/qemu" -L "$qemu/usr/share/seabios" \\
    -machine q35 -accel tcg -cpu "$cpu" -smp 1 -m $2 -nodefaults -no-user-config -display none -net none -no-reboot \\
    -chardev "socket,id=monitor,path=$monitor,server=on,wait=off" -mon monitor \\
    ${5-} -serial stdio -kernel "$(kernel l1-kernel)" -initrd "$3" -append "console=ttyS0 quiet panic=-1 $4 \$*"
L0
    chmod +x "$1"
}

# show LINE: a line of the machine, within boot: keeps it, and shows it with the seconds since the start, but for the
# records. What the machine runs, by its own lines, is remembered.
show() {
    local passed
    printf '%s\n' "$1" >>"$log"
    [[ $1 != @record* ]] || return 0
    passed=$(((${EPOCHREALTIME/./} - from) / 10000))
    printf '  [%3d.%02d] %s\n' $((passed / 100)) $((passed % 100)) "$1"
    case $1 in
    '-- '* | 'ok '* | 'L1 '* | 'L2 '* | 'passed '* | 'skipped '*) doing=$1 ;;
    esac
}

# extract_records LOG DIRECTORY: the recorded trees, a file each.
extract_records() {
    local name
    for name in $(sed -nE 's/^@record ([^ ]+) .*/\1/p' "$1" | sort -u); do
        sed -n "s/^@record $name //p" "$1" >"$2/$name.tree"
        say "recorded $name.tree: $(wc -l <"$2/$name.tree") lines"
    done
}
