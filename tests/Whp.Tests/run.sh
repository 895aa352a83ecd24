#!/usr/bin/env bash
# The library as a Windows program, without Windows: under Wine, with a stand-in WinHvPlatform.dll that plays a guest.
# What it shows of the Windows Hypervisor Platform host and what it cannot, docs/backends.md says.
#
#   layouts      the recorded layouts, evaluated anew from the C headers
#   platform     the WHP host against the stand-in, against one without ports and triggers, and without any
#   placeholders the same in a Windows that has placeholders of memory, so that rings are mapped out of scattered pages
#   core         the whole suite of VmBus.Core
#   latency      the vmbus command, for a second
#   install      nothing: what all of them need is there afterwards, as it is before each
#
# A test program is ended after VMBUS_WHP_TEST_SILENCE seconds without a line (300), or VMBUS_WHP_TEST_LIMIT seconds in all (2400).
# Needs Debian's wine64 (8.0), gcc-mingw-w64-x86-64 and mingw-w64-x86-64-dev, and installs them where they are missing.
# Wine 10, which has placeholders, comes out of Debian 13's packages into the cache.
# Ends with 0 only if every program's own summary says that nothing failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
cache=${VMBUS_WHP_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmbus-whp-test}
packages=(wine64 gcc-mingw-w64-x86-64 mingw-w64-x86-64-dev)

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'tests/Whp.Tests/run.sh: %s\n' "$*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "Wine runs these programs on x86-64 under Linux; this is $(uname -s) on $(uname -m)"
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(layouts platform placeholders core latency)

mkdir -p "$cache"
work=$(mktemp -d)
silence=${VMBUS_WHP_TEST_SILENCE:-300}
limit=${VMBUS_WHP_TEST_LIMIT:-2400}
program=
. "$here/../System/watch.sh"
trap 'rm -rf "$work"' EXIT
watched_traps

. "$here/../System/install.sh"
install_missing "${packages[@]}"
for WINE in wine64 /usr/lib/wine/wine64 ''; do command -v "$WINE" >/dev/null 2>&1 && break; done
[ -n "$WINE" ] || die "there is no wine64"
export WINE WINEPREFIX=$cache/prefix WINEDEBUG=-all
# Under Wine 8 the runtime's double mapping of code ends in "Internal CLR error" when a dynamic method is collected.
export DOTNET_EnableWriteXorExecute=0 DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
say "$("$WINE" --version)"

if [ ! -f "$WINEPREFIX/ready" ]; then
    say "a Windows of its own for the tests"
    rm -rf "$WINEPREFIX"
    timeout 900 "$WINE" wineboot -i >"$work/wine.log" 2>&1 && timeout 300 "$WINE" winecfg -v win10 >>"$work/wine.log" 2>&1 ||
        { cat "$work/wine.log" >&2; die "Wine makes no prefix"; }
    touch "$WINEPREFIX/ready"
fi

total=0
# windows NAME LEAST PROGRAM ARGS...: a test program; it must say itself that nothing failed and how much ran.
# Its code is not optimized: a collection stops a thread in a loop without calls by changing the thread's context, which the
# runtime leaves alone where the system does not say that it may be changed, as Wine 8. One such loop then holds every
# other thread up for good. Unoptimized loops have calls, and a call's return is where a thread can be stopped.
windows() {
    program=$1
    local least=$2
    shift 2
    DOTNET_JITMinOpts=1 run_tests "$1" "$WINE" "$@"
}

# windows10 NAME LEAST PROGRAM ARGS...: the same under Wine 10, which lets a context be changed and does not give all
# of it back: what runs there is short enough to need no collection at all.
windows10() {
    program=$1
    local least=$2
    shift 2
    DOTNET_GCgen0size=0x40000000 run_tests "$1" wine10 "$limit" "$@"
}

# run_tests EXE COMMAND...: in the program's folder. Each test is a line when it ends, which is the progress that counts.
run_tests() {
    local folder status=0 succeeded failed
    folder=$(dirname "$1")
    shift
    : >"$work/text"
    watched "$silence" "$limit" keep_line in_folder "$folder" "$@" --output Detailed --progress off --no-ansi || status=$?
    if [ -n "$watched_why" ]; then
        tail -n 20 "$work/text"
        die "$program: ended, $watched_why; its last line: ${watched_last:-none}"
    fi
    succeeded=$(sed -nE 's/^ *succeeded: ([0-9]+)$/\1/p' "$work/text" | tail -n 1)
    failed=$(sed -nE 's/^ *failed: ([0-9]+)$/\1/p' "$work/text" | tail -n 1)
    if [ $status != 0 ] || [ "${failed:-1}" != 0 ] || [ "${succeeded:-0}" -lt "$least" ]; then
        grep -v '^passed ' "$work/text" | tail -n 200
        die "$program: exit code $status, ${succeeded:-no} tests passed, ${failed:-no count} failed; at least $least were to pass"
    fi
    awk '/^skipped / { getline; reasons[$0]++ } END { for (reason in reasons) printf "  NOT RUN, %d tests:%s\n", reasons[reason], reason }' "$work/text"
    say "$program: $succeeded tests passed"
    total=$((total + succeeded))
}

in_folder() { cd "$1" && shift && "$@"; }

keep_line() { printf '%s\n' "$1" >>"$work/text"; }

# publish PROJECT: as a Windows program that needs no installed runtime, beside the tree's own build and not in it.
publish() {
    local name
    name=$(basename "$(ls "$repo/$1"/*.csproj)" .csproj)
    dotnet publish "$repo/$1" -c Release -r win-x64 --self-contained -v q --artifacts-path "$cache/artifacts" -p:RunAnalyzers=false >"$work/publish.log" 2>&1 ||
        { cat "$work/publish.log" >&2; die "$1 cannot be published for Windows"; }
    published=$cache/artifacts/publish/$name/release_win-x64
    # Under Wine 8 an exception that crosses the native frames of an invocation by reflection can hang the program.
    local config
    for config in "$published"/*.runtimeconfig.json; do
        grep -q ForceEmitInvoke "$config" || sed -i 's/"configProperties": {/&\n      "Switch.System.Reflection.ForceEmitInvoke": true,/' "$config"
        grep -q ForceEmitInvoke "$config" || die "$config has no properties"
    done
    say "published $name"
}

# The stand-ins beside the program that was published last.
standins() {
    mkdir -p "$published/standin" "$published/standin-old"
    cc=(x86_64-w64-mingw32-gcc -shared -O1 -Wall -Wextra -Werror)
    "${cc[@]}" -o "$published/standin/WinHvPlatform.dll" "$here/Standin/standin.c" "$here/Standin/WinHvPlatform.def"
    grep -v 'Notification\|Trigger' "$here/Standin/WinHvPlatform.def" >"$work/old.def"
    "${cc[@]}" -DOLD -o "$published/standin-old/WinHvPlatform.dll" "$here/Standin/standin.c" "$work/old.def"
}

for part in "${parts[@]}"; do
    case $part in
    layouts)
        "$here/layouts.sh" >"$work/layouts.txt" || die "the layouts cannot be evaluated"
        diff "$repo/tests/Interop.Tests/Windows/whp-layouts.txt" "$work/layouts.txt" || die "the recorded layouts are not those of the installed headers"
        say "layouts: $(wc -l <"$work/layouts.txt") facts as recorded"
        ;;
    platform)
        publish tests/Whp.Tests
        standins
        VMBUS_STANDIN=standin windows 'WHP host, stand-in' 94 "$published/VmBus.Whp.Tests.exe"
        VMBUS_STANDIN=standin-old windows 'WHP host, stand-in of an older build' 88 "$published/VmBus.Whp.Tests.exe"
        VMBUS_STANDIN=none windows 'WHP host, no platform' 1 "$published/VmBus.Whp.Tests.exe" --filter-class '*NoPlatformTests'
        ;;
    placeholders)
        . "$here/wine10.sh"
        if ! wine10_may_run; then
            [ "${VMBUS_PLACEHOLDERS-}" != required ] || die "no namespaces, which VMBUS_PLACEHOLDERS=required asks for"
            say "NOT RUN: rings by placeholders. This system permits no namespaces, in which Wine 10 would run"
            continue
        fi
        publish tests/Whp.Tests
        standins
        wine10_prepare
        VMBUS_PLACEHOLDERS=required VMBUS_STANDIN=standin windows10 'WHP host, stand-in, rings by placeholders' 100 "$published/VmBus.Whp.Tests.exe"
        ;;
    core)
        publish tests/Core.Tests
        # What the tests of the architecture look at lies beside the build and is not published.
        cp -r "$cache/artifacts/bin/VmBus.Core.Tests/release_win-x64/shipped" "$published/"
        # Under Wine a collection stops every thread by way of another process: fewer and larger ones save time.
        DOTNET_GCgen0size=0x8000000 DOTNET_gcConcurrent=0 windows 'VmBus.Core' 1100 "$published/VmBus.Core.Tests.exe"
        ;;
    latency)
        publish src/Tool
        (cd "$published" && timeout --kill-after=10 900 "$WINE" vmbus.exe latency --seconds 1) >"$work/log" 2>&1 ||
            { cat "$work/log"; die "vmbus latency did not end well"; }
        iconv -f CP1252 -t UTF-8 "$work/log" | tr -d '\r' | tail -n 40
        [ "$(grep -c 'low-latency' "$work/log")" -ge 3 ] || die "vmbus latency printed no table"
        say "vmbus latency ran"
        (cd "$published" && timeout --kill-after=10 300 "$WINE" vmbus.exe doctor) >"$work/log" 2>&1 || true
        grep -q 'turn on the Windows feature' "$work/log" || { cat "$work/log"; die "vmbus doctor does not say what Windows lacks"; }
        say "vmbus doctor says that the platform is missing"
        ;;
    install)
        . "$here/wine10.sh"
        ! wine10_may_run || wine10_prepare
        ;;
    *) die "no part is called $part: layouts, platform, placeholders, core, latency, install" ;;
    esac
done

# As the runner of tests sums up, for whoever counts them.
printf '\n  succeeded: %d\n  failed: 0\n' "$total"
