#!/usr/bin/env bash
# The library on arm64, without such a machine: compiled here, its machine code read, and run in an emulated one.
#
#   install      nothing: what all of them need is there afterwards, as it is before each
#   code         the machine code of the JIT and of NativeAOT, with LSE's atomics and without: tests/MachineCode.Tests/Arm64
#   layouts      the layouts of VMBus's structures in arm64's kernel (6.1), from its BTF, beside those of x64's; those of the C library,
#                of mshv and of vmbus_signal, and the constants, by arm64's headers
#   run          a short round on a kernel with pages of 4 KiB, and on one with 16 KiB: the suite of Interop, the mappings and two
#                processes of Backends, the vmbus command, packets between two processes
#   core         the whole suite of Core by user emulation, on pages of 4 KiB: it makes no system calls of its own, so pages do not matter
#                to it, and a machine takes six times as long; 7 minutes or more
#   long         whole suites of Interop and Backends on both, and ten million packets; an hour or more
#
# All but core and long, by default. run and long take names of kernels: 4k and 16k by default, and 64k. Debian has no kernel of the last: it
# is built from Debian's source (about 10 minutes, once). VMBUS_ARM64_TEST_STEPS is a pattern of the steps to run there.
#
#   this machine: QEMU, emulating (TCG) -> Debian's 6.12 for arm64, two processors
#
# QEMU emulates a processor's instructions, and on x64 not its memory order: what runs here speaks for code, pages and system calls;
# for the order speak the explorer (tests/Core.Tests/Exploration) and the machine code.
#
# Needs Linux on x64, apt with Debian 12 among its sources, the .NET SDK. Installs qemu-system-arm, qemu-user-static, the cross
# binutils and gcc, and pahole where they are missing; arm64's kernels and libraries are unpacked into the cache, never installed. A
# machine is ended after VMBUS_ARM64_TEST_SILENCE seconds without a line (300), or VMBUS_ARM64_TEST_LIMIT in all (7200). The last line
# says "N passed, N failed", where each test of a suite counts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/.." && pwd)
cache=${VMBUS_ARM64_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-arm64-test}
silence=${VMBUS_ARM64_TEST_SILENCE:-300}
limit=${VMBUS_ARM64_TEST_LIMIT:-7200}
packages=(qemu-system-arm qemu-user-static binutils-aarch64-linux-gnu gcc-aarch64-linux-gnu libc6-dev-arm64-cross pahole)
packages_suites='bookworm bookworm-backports bookworm-security'
packages_architecture=arm64

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'tests/arm64.sh: %s\n' "$*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "arm64 is emulated on x86-64 under Linux; this is $(uname -s) on $(uname -m)"
parts=()
kernels=()
for part in "$@"; do
    case $part in
    install | code | layouts | run | core | long) parts+=("$part") ;;
    4k | 16k | 64k) kernels+=("$part") ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '$d' >&2; exit 2 ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(code layouts run)
[ ${#kernels[@]} -gt 0 ] || kernels=(4k 16k)

mkdir -p "$cache/trees"
work=$(mktemp -d)
. "$here/System/watch.sh"
trap 'rm -rf "$work"' EXIT
watched_traps
. "$here/System/packages.sh"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

. "$here/System/install.sh"
install_missing "${packages[@]}"
say "packages (kept in the cache when they were there)"
packages_tree libraries bookworm libc6 libstdc++6 libgcc-s1 libssl3 zlib1g busybox-static

passed=0
failed=0
table=()

# told NAME OK TEXT: a line of the table.
told() {
    table+=("$(printf '%-44s %-7s %s' "$1" "$([ "$2" = 0 ] && echo passed || echo FAILED)" "$3")")
    say "${table[-1]}"
}

# one NAME OK TEXT: a line of the table that counts as one.
one() {
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    told "$@"
}

# suites LABEL LOG: counts the tests of the programs that a log has summaries of.
suites() {
    local program succeeded broken skipped
    while read -r program succeeded broken skipped; do
        passed=$((passed + succeeded))
        failed=$((failed + broken))
        told "$1: $program" "$broken" "$succeeded succeeded, $broken failed, $skipped skipped"
    done < <(sed -nE 's/^ *Test run summary: .*\/VmBus\.([A-Za-z]+)\.Tests\.dll.*/program \1/p; s/^ *(failed|succeeded|skipped): ([0-9]+)\r?$/\1 \2/p' "$2" |
        awk '$1 == "program" { program = $2 } $1 == "failed" { broken = $2 } $1 == "succeeded" { good = $2 } $1 == "skipped" { print program, good, broken, $2 }')
}

# The SDK names the target to clang by an argument that Debian's cross gcc, which has one target, does not know.
linker=$work/aarch64-link
cat >"$linker" <<'LINKER'
#!/usr/bin/env bash
arguments=()
for argument; do case $argument in --target=*) ;; *) arguments+=("$argument") ;; esac; done
exec aarch64-linux-gnu-gcc "${arguments[@]}"
LINKER
chmod +x "$linker"

# publish PROJECT FOLDER ARGUMENTS...: a program for arm64. Apart from the builds for this machine, whose restored packages it would
# replace; and each kind apart, because a native object is not compiled anew for another instruction set.
kind=managed
publish() {
    local project=$1 to=$2
    shift 2
    say "publishing $project"
    dotnet publish "$repo/$project" -c Release -r linux-arm64 --artifacts-path "$cache/artifacts-$kind" -o "$to" -v q "$@" >"$work/publish.log" 2>&1 ||
        { cat "$work/publish.log" >&2; die "$project cannot be published for arm64"; }
}

native() { kind=${kind/managed/native} publish "$1" "$2" -p:PublishAot=true "-p:CppCompilerAndLinker=$linker" -p:ObjCopyName=aarch64-linux-gnu-objcopy "${@:3}"; }

# user ARGUMENTS...: a program under user emulation. The three settings are the emulator's need: with the runtime's defaults its
# stubs go wrong there.
user() {
    qemu-aarch64-static -L "$cache/trees/libraries" -E LD_LIBRARY_PATH=/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu \
        -E DOTNET_EnableWriteXorExecute=0 -E DOTNET_TieredCompilation=0 -E DOTNET_gcConcurrent=0 "$@"
}

# Where a program's methods begin and what they consist of.
disassembly() { aarch64-linux-gnu-objdump -d --no-show-raw-insn "$1" | awk '/^[0-9a-f]+ <VmBus_/ { on = 1 } /^$/ { on = 0 } on'; }

code() {
    local listings=$work/listings project=tests/MachineCode.Entries status=0
    mkdir -p "$listings"
    publish $project "$work/entries" --self-contained
    local jit=(-E 'DOTNET_JitDisasm=Entries:* VmBus.*:*')
    user "${jit[@]}" -E "DOTNET_JitStdOutFile=$listings/jit-lse.txt" "$work/entries/VmBus.MachineCode.Entries" >/dev/null
    user "${jit[@]}" -E DOTNET_EnableArm64Atomics=0 -E "DOTNET_JitStdOutFile=$listings/jit.txt" "$work/entries/VmBus.MachineCode.Entries" >/dev/null
    native $project "$work/native"
    disassembly "$work/native/VmBus.MachineCode.Entries" >"$listings/aot.txt"
    user "$work/native/VmBus.MachineCode.Entries" >/dev/null
    kind=lse native $project "$work/native-lse" -p:IlcInstructionSet=lse%2Crcpc
    disassembly "$work/native-lse/VmBus.MachineCode.Entries" >"$listings/aot-lse.txt"
    [ -z "${VMBUS_ARM64_KEEP_LISTINGS:-}" ] || cp "$listings"/* "$VMBUS_ARM64_KEEP_LISTINGS"
    say "the rules, over the listings"
    VMBUS_ARM64_LISTINGS=$listings dotnet run -c Release --project "$repo/tests/MachineCode.Tests" -- --filter-class '*Arm64*' --progress off >"$work/code.log" 2>&1 || status=$?
    cat "$work/code.log"
    suites 'machine code' "$work/code.log"
    [ "$status" = 0 ] && grep -q 'skipped: 0' "$work/code.log" || one 'machine code' 1 'see above'
}

layouts() {
    local golden=$here/Core.Tests/Layout/linux-6.1-hv_vmbus.txt status=0
    packages_kernel kernel-6.1 '^linux-image-6\.1\.0-[0-9]+-cloud-arm64$'
    TREE=$cache/trees/kernel-6.1 sh "$here/Core.Tests/Layout/make-golden.sh" "$work/layouts.txt" || die "the kernel's BTF cannot be read"
    diff "$golden" "$work/layouts.txt" || status=1
    one 'layouts of hv_vmbus and hv_utils, 6.1' $status "$(grep -c '^\(struct\|union\) ' "$work/layouts.txt") structures, as x64's"
    compiler
    publish tests/Interop.Tests "$work/interop" --self-contained
    status=0
    PATH=$work/compiler:$PATH user "$work/interop/VmBus.Interop.Tests" --filter-class '*LayoutTests' '*EpollTests' --progress off --no-ansi >"$work/layouts.log" 2>&1 || status=$?
    cat "$work/layouts.log"
    suites 'layouts by headers' "$work/layouts.log"
    [ "$status" = 0 ] || one 'layouts by headers' 1 "exit code $status"
}

# What the tests call gcc: the cross compiler, whose programs are made to start the emulator.
compiler() {
    mkdir -p "$work/compiler"
    cat >"$work/compiler/gcc" <<'COMPILER'
#!/usr/bin/env bash
out=
for argument; do
    [ "${previous-}" != -o ] || out=$argument
    previous=$argument
done
aarch64-linux-gnu-gcc -static "$@" || exit
[ -n "$out" ] || exit 0
mv "$out" "$out.arm64"
printf '#!/usr/bin/env bash\nexec qemu-aarch64-static %q "$@"\n' "$out.arm64" >"$out"
chmod +x "$out"
COMPILER
    chmod +x "$work/compiler/gcc"
}

kernel_pattern() {
    case $1 in
    4k) echo '^linux-image-6\.12\.[0-9.]+\+deb12[0-9.]*-cloud-arm64$' ;;
    16k) echo '^linux-image-6\.12\.[0-9.]+\+deb12[0-9.]*-arm64-16k$' ;;
    esac
}

# kernel KERNEL: its tree, kernel-KERNEL.
kernel() {
    case $1 in
    64k) kernel_built ;;
    *) packages_kernel "kernel-$1" "$(kernel_pattern "$1")" ;;
    esac
}

# A kernel with pages of 64 KiB, from Debian's source. Kept until the source or tests/Arm64/64k.config changes.
kernel_built() {
    local tree=$cache/trees/kernel-64k config=$here/Arm64/64k.config source=$work/linux line lines=0 shown=$SECONDS
    packages_kernel source-6.12 '^linux-source-6\.12$'
    local request
    request="$(cat "$cache/trees/source-6.12/.packages") $(sha256sum <"$config")"
    tree_kept kernel-64k "$request" && return
    install_missing bc bison flex gcc libc6-dev make xz-utils
    say "building a kernel with pages of 64 KiB"
    rm -rf "$source" "$tree" "$tree.new"
    mkdir -p "$source" "$tree.new/boot"
    tar -xJf "$cache"/trees/source-6.12/usr/src/linux-source-6.12.tar.xz --strip-components=1 -C "$source"
    local make=(make -C "$source" -j "$(nproc)" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- LOCALVERSION=-64k KCONFIG_ALLCONFIG="$config")
    "${make[@]}" allnoconfig >"$work/kernel.log" 2>&1 || { cat "$work/kernel.log" >&2; die "the kernel's configuration cannot be made"; }
    local missing
    missing=$(grep '^CONFIG_' "$config" | grep -vxFf "$source/.config") && die "the kernel cannot have:"$'\n'"$missing"
    "${make[@]}" Image 2>&1 | tee "$work/kernel.log" | while read -r line; do
        lines=$((lines + 1))
        [ $((SECONDS - shown)) -ge 60 ] || continue
        shown=$SECONDS
        say "   $lines steps of the build"
    done || { tail -n 40 "$work/kernel.log" >&2; die "the kernel cannot be built"; }
    cp "$source/arch/arm64/boot/Image" "$tree.new/boot/vmlinuz-$("${make[@]}" -s kernelrelease)"
    rm -rf "$source"
    echo "$request" >"$tree.new/.request"
    mv "$tree.new" "$tree"
}

programs=
# The programs of the machines, made once.
programs() {
    [ -z "$programs" ] || return 0
    programs=$work/app
    publish tests/Interop.Tests "$programs" --self-contained
    publish tests/Backends.Tests "$programs" --self-contained
    native src/Tool "$work/tool"
    native tests/TwoProcesses "$work/two"
    cp "$work/tool/vmbus" "$work/two/VmBus.TwoProcesses" "$programs/"
    rm -f "$programs"/*.pdb "$programs"/*.xml
}

# trees DIRECTORY: the recorded sysfs trees, as folders.
trees() {
    local tree line
    for tree in "$here"/Backends.Tests/Linux/Trees/*.tree; do
        local to=$1/$(basename "$tree" .tree)
        while IFS= read -r line; do
            case $line in
            '#'* | '') ;;
            */) mkdir -p "$to/$line" ;;
            *' =') mkdir -p "$to/$(dirname "${line%% =}")" && : >"$to/${line%% =}" ;;
            *' -> '*) mkdir -p "$to/$(dirname "${line%% -> *}")" && ln -sfn "${line#* -> }" "$to/${line%% -> *}" ;;
            *' = '*) mkdir -p "$to/$(dirname "${line%% = *}")" && printf '%s\n' "${line#* = }" >"$to/${line%% = *}" ;;
            esac
        done <"$tree"
    done
}

# machine KERNEL PLAN LABEL: boots a kernel, which runs the plan.
machine() {
    local root=$work/root-$1 kernel=$cache/trees/kernel-$1 busybox log=$work/machine-$1.log libraries=$cache/trees/libraries
    kernel "$1"
    rm -rf "$root"
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,root,lib,etc,usr/lib/aarch64-linux-gnu,trees}
    cp "$libraries/bin/busybox" "$root/bin/"
    cp -a "$libraries/lib/." "$root/lib/"
    cp -a "$libraries"/usr/lib/aarch64-linux-gnu/*.so* "$root/usr/lib/aarch64-linux-gnu/"
    cp -al "$programs" "$root/app"
    trees "$root/trees"
    install -m 755 "$here/Arm64/init" "$root/init"
    { printf "only='%s'\n" "${VMBUS_ARM64_TEST_STEPS:-}"; cat "$2"; } >"$root/plan"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    install -m 600 /dev/null "$root/etc/shadow"
    (cd "$root" && find . | user "$libraries/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$work/$1.cpio.gz"
    rm -rf "$root"
    say "booting $(basename "$kernel"/boot/vmlinuz-*)"
    : >"$log"
    shown_passed=0
    shown_at=$SECONDS
    watched "$silence" "$limit" show qemu-system-aarch64 -machine virt -cpu neoverse-n1 -smp 2 -m 3072 -net none -kernel "$kernel"/boot/vmlinuz-* \
        -initrd "$work/$1.cpio.gz" -append 'console=ttyAMA0 quiet panic=-1' -nographic -no-reboot || true
    [ -z "${VMBUS_ARM64_KEEP_LOGS:-}" ] || cp "$log" "$VMBUS_ARM64_KEEP_LOGS"
    [ -z "$watched_why" ] || say "it was ended: $watched_why. Its last line: ${watched_last:-none}"
    suites "$1" "$log"
    local line
    while IFS= read -r line; do one "$1: ${line#* }" "$([[ $line == ok* ]] && echo 0 || echo 1)" ''; done < <(sed -nE 's/^(ok|FAILED) (.*)$/\1 \2/p' "$log" | grep -v ' suite ')
    grep -q '^@result passed' "$log" || one "$1: the machine" 1 "${watched_why:-it has no result}"
}

# show LINE: of a machine. Tests that passed are shown by their number, once a minute.
show() {
    printf '%s\n' "$1" >>"$log"
    if [[ $1 == 'passed '* ]]; then
        shown_passed=$((shown_passed + 1))
        [ $((SECONDS - shown_at)) -ge 60 ] || return 0
        shown_at=$SECONDS
        printf '[%4d s]    %d tests have passed on this kernel\n' "$SECONDS" "$shown_passed"
        return 0
    fi
    printf '[%4d s] %s\n' "$SECONDS" "$1"
}

cat >"$work/commands" <<'PLAN'
lists() { for tree in /trees/*; do echo "== ${tree##*/}"; vmbus list --sysfs "$tree" | tee /tmp/list || return 1; [ -s /tmp/list ] || return 1; done; }
copies() { head -c 20000000 /dev/urandom >/tmp/in && vmbus copy /tmp/in /tmp/out && cmp /tmp/in /tmp/out; }
doctor() { vmbus doctor; status=$?; [ $status -le 1 ]; }
step 'vmbus doctor' doctor
step 'vmbus list over recorded trees' lists
step 'vmbus copy, 20 MB' copies
step 'vmbus latency' vmbus latency --seconds 1
step 'vmbus latency, two processes' vmbus latency --seconds 1 --processes 2
PLAN

run() {
    programs
    {
        cat "$work/commands"
        cat <<'PLAN'
step 'packets between two processes' VmBus.TwoProcesses 200000
step 'suite Interop' suite VmBus.Interop.Tests --filter-not-class '*WatchdogTests'
step 'suite Backends, in part' suite VmBus.Backends.Tests --filter-class '*UioPageSizeTests' '*LargePageGuestTests' '*GuestMemoryTests' '*SharedPlanTests' '*RecordedTreesTests'
PLAN
    } >"$work/plan-run"
    for kernel in "${kernels[@]}"; do machine "$kernel" "$work/plan-run"; done
}

# Without the explorer, which models processors and runs on none, and the rules of the architecture, which read sources. A line a minute.
core() {
    local status=0 line shown=$SECONDS count=0
    publish tests/Core.Tests "$work/core" --self-contained
    say "the suite of Core, by user emulation"
    # The output is kept whole; what is shown is the count, and what is not a test that passed.
    user -E VMBUS_MODEL_PLAYS=5000 "$work/core/VmBus.Core.Tests" --filter-not-namespace 'VmBus.Core.Tests.Exploration' 'VmBus.Core.Tests.Architecture' \
        --progress off --no-ansi --output Detailed 2>&1 | tee "$work/core.log" | while IFS= read -r line; do
        if [[ $line == 'passed '* ]]; then
            count=$((count + 1))
            [ $((SECONDS - shown)) -ge 60 ] || continue
            shown=$SECONDS
            line="   $count tests have passed"
        fi
        say "$line"
    done || status=$?
    suites 'user emulation' "$work/core.log"
    [ "$status" = 0 ] || one 'the suite of Core' 1 "exit code $status"
}

long() {
    programs
    {
        cat "$work/commands"
        cat <<'PLAN'
step 'packets between two processes' VmBus.TwoProcesses 10000000
step 'suite Interop' suite VmBus.Interop.Tests --filter-not-class '*WatchdogTests'
step 'suite Backends' suite VmBus.Backends.Tests
PLAN
    } >"$work/plan-long"
    for kernel in "${kernels[@]}"; do machine "$kernel" "$work/plan-long"; done
}

for part in "${parts[@]}"; do
    case $part in
    install) ;;
    *) $part ;;
    esac
done
[ "${parts[*]}" != install ] || exit 0
printf '\n'
printf '%s\n' "${table[@]}"
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
