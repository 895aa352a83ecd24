#!/usr/bin/env bash
# Evaluates each expression of tests/Interop.Tests/Windows/whp-layouts.txt ("expression = value") by a C program over the
# headers of mingw-w64, run under Wine, and prints the file anew. run.sh compares; redirect it to make the file again.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    printf '#include <windows.h>\n#include <stddef.h>\n#include <stdio.h>\n#include <winhvplatform.h>\n'
    # In an array, so that each is evaluated as C evaluates it and printed in decimal.
    printf '#define P(e) printf("%%s = %%llu\\n", #e, (unsigned long long)(unsigned int)0 + (unsigned long long)(e));\nint main(void) {\n'
    while IFS= read -r line; do printf 'P(%s)\n' "${line% = *}"; done <"${1:-../Interop.Tests/Windows/whp-layouts.txt}"
    printf 'return 0; }\n'
} >"$work/layouts.c"
x86_64-w64-mingw32-gcc -O1 -o "$work/layouts.exe" "$work/layouts.c"
timeout 60 "${WINE:-wine}" "$work/layouts.exe" 2>"$work/errors" | tr -d '\r' || { cat "$work/errors" >&2; exit 1; }
