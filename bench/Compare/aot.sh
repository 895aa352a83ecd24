#!/usr/bin/env bash
# Publishes compare with NativeAOT, for this machine's processor as the JIT compiles, and runs it:
#   bench/Compare/aot.sh compare OPTIONS...
# Needs a linker: tests/MachineCode.Tests/install-linker.sh installs one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$here/bin/aot
dotnet publish "$here" -c Release -r linux-x64 -p:PublishAot=true -p:IlcInstructionSet=native -o "$out" --nologo -v quiet >&2
exec "$out/VmBus.Compare" "$@"
