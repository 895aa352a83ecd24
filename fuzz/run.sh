#!/bin/sh
# Fuzzes one target for a while: fuzz/run.sh TARGET SECONDS, where the targets are the folders of fuzz/corpus.
#
# Builds the targets, instruments VmBus.Core and VmBus.Devices in the copy it runs, and starts AFL++ on the corpus. Leaves what it found in
# fuzz/findings/TARGET (not in git): a crash there is replayed with
#   dotnet run --project fuzz -- TARGET fuzz/findings/TARGET/default/crashes
# and, once understood, is copied to fuzz/corpus/TARGET, which the unit tests replay.
set -eu

target=${1:?usage: fuzz/run.sh TARGET SECONDS}
seconds=${2:?usage: fuzz/run.sh TARGET SECONDS}
here=$(cd "$(dirname "$0")" && pwd)
out=$here/findings/$target
bin=$here/bin/afl/$target

if ! command -v afl-fuzz >/dev/null; then
    echo "afl-fuzz is missing; installing Debian's afl++." >&2
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -q && $sudo apt-get install -y -q --no-install-recommends afl++
fi

mkdir -p "$here/findings"
rm -rf "$bin" "$out"
dotnet build "$here" -c Release -o "$bin" --nologo -v quiet
dotnet "$bin/VmBus.Fuzz.dll" instrument "$bin/VmBus.Core.dll"
dotnet "$bin/VmBus.Fuzz.dll" instrument "$bin/VmBus.Devices.dll"

# The target is a script as far as AFL++ can tell; crashes are reported by the library, not by a core file.
export AFL_SKIP_BIN_CHECK=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1
export DOTNET_TieredCompilation=0
afl-fuzz -i "$here/corpus/$target" -o "$out" -x "$here/vmbus.dict" -t 10000 -m none -V "$seconds" \
    -- dotnet "$bin/VmBus.Fuzz.dll" "$target" >"$here/findings/$target.log" 2>&1 || {
    tail -n 30 "$here/findings/$target.log" >&2
    exit 2
}

stats=$out/default/fuzzer_stats
grep -E '^(run_time|execs_done|execs_per_sec|corpus_count|corpus_found|saved_crashes|saved_hangs|stability|bitmap_cvg|edges_found|total_edges)' "$stats"
crashes=$(sed -n 's/^saved_crashes *: *//p' "$stats")
hangs=$(sed -n 's/^saved_hangs *: *//p' "$stats")
[ "$crashes" = 0 ] && [ "$hangs" = 0 ]
