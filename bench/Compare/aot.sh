#!/usr/bin/env bash
# Publishes compare with NativeAOT and runs it: bench/Compare/aot.sh OPTIONS...
# Needs a linker: tests/MachineCode.Tests/install-linker.sh installs one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$here/bin/aot
dotnet publish "$here" -c Release -r linux-x64 -p:PublishAot=true -o "$out" --nologo -v quiet >&2
exec "$out/VmBus.Compare" "$@"
