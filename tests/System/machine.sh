# What every run in the nested machine begins with, and how the machine is started. Sourced by run.sh, kvm.sh, guests.sh, kernel.sh
# and bench/Switch/run.sh, which set here (this folder), repo and cache before.

silence=${VMBUS_SYSTEM_TEST_SILENCE:-300}   # seconds that the machine may say nothing
limit=${VMBUS_SYSTEM_TEST_LIMIT:-1800}      # seconds one boot of the machine may take, all tests in it included

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "the nested machine is x86-64 under Linux; this is $(uname -s) on $(uname -m)"
for tool in dotnet dpkg-deb awk sort; do
    command -v "$tool" >/dev/null || die "$tool is not here"
done

mkdir -p "$cache/trees"
work=$(mktemp -d)
. "$here/watch.sh"
# What ends this script ends the machine with it.
trap 'rm -rf "$work"' EXIT
watched_traps

. "$here/packages.sh"
. "$here/images.sh"

say "packages (kept in the cache when they were there)"
packages_tree busybox bookworm busybox-static
packages_tree qemu bookworm-backports qemu-system-x86
packages_kernel l1-kernel '^linux-image-6\.1\.0-[0-9]+-cloud-amd64$'

monitor=$work/monitor

# ask_monitor WHAT: the machine's processor, by QEMU's monitor. "look" prints where it is, and "stuck" a sentence, if it is stuck.
ask_monitor() {
    [ -S "$monitor" ] || return 0
    timeout 60 python3 - "$monitor" "$1" <<'LOOK'
import re, socket, sys, time
monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
monitor.settimeout(20)

def hear():
    answer = b""
    while not answer.endswith(b"(qemu) "):
        part = monitor.recv(65536)
        if not part:
            sys.exit(0)     # it has ended
        answer += part
    return answer.decode(errors="replace").replace("\r", "")

def ask(command):
    monitor.sendall(command.encode() + b"\n")
    return hear().splitlines()[1:-1]        # without the echo of the command, and without the prompt

# Where a halted processor is, and the interrupt that waits at its local APIC, if it may take it: the flags say so, and its priority.
def waiting():
    registers = "\n".join(ask("info registers"))
    at = re.search(r"RIP=(\w+) RFL=(\w+) .* II=0 .* HLT=1", registers)
    apic = "\n".join(ask("info lapic"))
    asked = re.search(r"IRR\s+(.*)", apic)
    vectors = [int(vector) for vector in re.findall(r"\d+", asked.group(1))] if asked else []
    priority = re.search(r"PPR 0x(\w+)", apic)
    if at and int(at.group(2), 16) & 0x200 and vectors and priority and max(vectors) >> 4 > int(priority.group(1), 16) >> 4:
        return at.group(1), max(vectors)
    return None

hear()
if sys.argv[2] == "stuck":
    first = waiting()
    for look in range(8):
        if first is None or waiting() != first:
            sys.exit(0)
        time.sleep(1)
    print(f"its processor is halted with interrupts on, and does not take interrupt {first[1]}")
else:
    for look in range(8):
        print("   ", " | ".join(line.strip() for line in ask("info registers") if re.match("RAX|RIP|EFER", line)))
        time.sleep(0.1)
    for command in ("x/12i $pc", "info lapic", "info registers"):
        print("\n".join("    " + line for line in ask(command)[:30]))
LOOK
}

# watched_look: why a silent machine will not go on, if that can be seen. No program in it brings such a thing about: the emulated
# processor did, with nested guests, a few times in a hundred boots.
watched_look() { ask_monitor stuck || true; }

watched_late() {
    say "its processor, by QEMU's monitor:"
    ask_monitor look || say "the monitor does not answer"
}

# may_retry: whether a machine that was ended without a result gets another boot. One that fell silent or was broken gets one in all;
# one whose processor is stuck gets three. silent_boots and stuck_boots count them, and are set by what boots.
may_retry() {
    case $watched_why in
    'its processor is halted'*) [ $((stuck_boots += 1)) -le 3 ] ;;
    *) [ $((silent_boots += 1)) -le 1 ] ;;
    esac
}

# broken LOG: whether a guest's kernel was interrupted where interrupts are off: in the first instructions of another
# interrupt's entry, before it has taken its own GS. No processor does that and no program can ask for it; the emulated one did,
# once in some 60 boots, and the kernel in it panicked.
broken() {
    grep -q 'Kernel panic - not syncing' "$1" && grep -A 2 -E 'RIP: 0010:asm_sysvec_[a-z_]+\+0x[0-9a-f]/' "$1" | grep -Eq 'EFLAGS: [0-9a-f]{5}[014589cd][0-9a-f]{2}'
}

# boot VERDICT COMMAND...: starts the machine by a command and shows what it prints, for as long as it prints something.
# VERDICT is called with what the machine said: 0 when all passed, 1 when something failed, or the machine ended, without a
# word of a result, 2 when it was ended from here or was broken, and had said nothing of a result (why, is its second argument).
boot() {
    local verdict=$1 log=$work/boot.log start=$SECONDS from=${EPOCHREALTIME/./} doing=
    shift
    : >"$log"
    watched "$silence" "$limit" show "$@" || true
    say "the machine ran for $((SECONDS - start)) s"
    if [ -z "$watched_why" ] && broken "$log"; then watched_why="the emulated processor interrupted a kernel that had interrupts off"; fi
    if [ -n "$watched_why" ]; then
        say "it was ended: $watched_why. It ran: ${doing:-nothing yet}. Its last line: ${watched_last:-none}"
    fi
    "$verdict" "$log" "$watched_why"
}

# boot_with_retries WHAT VERDICT COMMAND...: a boot, with another one where the first falls silent or is broken, and the end of the script when
# it is not passed. About 2 boots of 55 of this machine hang somewhere in nested emulation; another is given, and said. A
# program that hangs ends itself and says so, and a test that failed is no hang: neither gets one.
boot_with_retries() {
    local what=$1 status=0
    shift
    silent_boots=0
    stuck_boots=0
    boot "$@" || status=$?
    while [ "$status" = 2 ] && may_retry; do
        say "RETRY: the machine gave no result ($watched_why; its last line: ${watched_last:-none}); another boot starts"
        status=0
        boot "$@" || status=$?
    done
    case $status in
    0) ;;
    1) die "$what FAILED; what the machine said is above" ;;
    *) die "$what FAILED: no result, again; now $watched_why" ;;
    esac
}

# What a script of several parts counts.
passed=0
failed=0
table=()

# told NAME OK TEXT: a line of the table.
told() {
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    table+=("$(printf '%-42s %-7s %s' "$1" "$([ "$2" = 0 ] && echo passed || echo FAILED)" "$3")")
    say "${table[-1]}"
}

# totals: the last lines, and whether all passed.
totals() {
    printf '\n'
    printf '%s\n' "${table[@]}"
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}

# boot_guests NAME...: a boot in which L1 plays a guest of each name (lines "[NAME] …") and tells of it ("@kernel NAME N passed,
# M failed"). Another boot plays those whose kernel was broken, and, where the machine fell silent, those of which nothing was
# told yet and nothing had failed. Each guest is a line of the table, and each of its steps counts.
boot_guests() {
    local status name line logs=$work/guests.log only=() again=("$@")
    silent_boots=0
    stuck_boots=0
    : >"$logs"
    while :; do
        status=0
        boot guests_verdict "$work/l0" "${only[@]}" || status=$?
        # What an earlier boot said of them means nothing now.
        for name in "${again[@]}"; do sed -i "/^\[$name\] /d; /^@kernel $name /d" "$logs"; done
        cat "$work/boot.log" >>"$logs"
        [ "$status" != 0 ] || break
        local played=("${again[@]}")
        again=()
        for name in "${played[@]}"; do
            sed -n "s/^\[$name\] //p" "$logs" >"$work/guest.log"
            if broken "$work/guest.log" || { [ "$status" = 2 ] && ! grep -Eq "^@kernel $name |^\[$name\] .*FAILED" "$logs"; }; then again+=("$name"); fi
        done
        [ ${#again[@]} != 0 ] && may_retry || break
        say "RETRY: the machine gave no result of ${again[*]} ($watched_why; its last line: ${watched_last:-none}); another boot starts"
        only=("${again[@]/#/only=}")
    done
    for name in "$@"; do
        line=$(sed -n "s/^@kernel $name //p" "$logs")
        case $line in
        *' passed, 0 failed') told "boot $name" 0 "steps: $line" ;;
        *) told "boot $name" 1 "steps: ${line:-it said nothing of them}" ;;
        esac
        passed=$((passed + $(grep -c "^\[$name\] ok " "$logs" || true)))
    done
    # What L1 missed besides is said above.
    [ "$status" = 0 ] || [ "$failed" != 0 ] || told "the machine" 1 "no result"
}

# guests_verdict LOG ENDED: what the machine said of itself.
guests_verdict() {
    grep -q '^@result passed' "$1" && return 0
    [ -n "$2" ] && ! grep -q '^@result failed' "$1" && return 2
    return 1
}
