# Wine 10 out of Debian 13's packages, unpacked into the cache and entered as a root directory: nothing is installed. Debian
# 12's own Wine 8 has no placeholders of memory. Sourced by run.sh, which sets here, repo, cache and work before.

packages_suites=trixie
. "$here/../System/packages.sh"

# A root directory of its own takes namespaces: root's, or those of a user who may make some.
wine10_namespaces="--mount --pid --fork --kill-child"
unshare $wine10_namespaces true 2>/dev/null || wine10_namespaces="--user --map-root-user $wine10_namespaces"

# wine10_may_run: whether this system lets it have them.
wine10_may_run() { unshare $wine10_namespaces true; }

# wine10_prepare: has the tree, and in it a Windows of the tests' own.
wine10_prepare() {
    wine10_tree=$cache/trees/wine-10
    packages_tree wine-10 trixie wine64
    # As Debian's packages expect a system to be.
    local folder
    for folder in bin lib lib64 sbin; do ln -sfn "usr/$folder" "$wine10_tree/$folder"; done
    mkdir -p "$wine10_tree"/{dev,proc,tmp} "$wine10_tree$cache" "$wine10_tree$repo" "$wine10_tree$work"

    local version
    version=$(wine10 300 --version) || die "Wine 10 does not start"
    say "$version"
    if [ "$(cat "$cache/prefix-10/ready" 2>/dev/null)" != "$version" ]; then
        say "a Windows of its own for the tests"
        rm -rf "$cache/prefix-10"
        # Its exit code tells of the 32-bit half as well, which is not here.
        WINEDLLOVERRIDES='mscoree,mshtml=' wine10 900 wineboot -i >"$work/wine.log" 2>&1 || true
        [ -f "$cache/prefix-10/drive_c/windows/system32/kernel32.dll" ] ||
            { cat "$work/wine.log" >&2; die "Wine makes no prefix"; }
        echo "$version" >"$cache/prefix-10/ready"
    fi
}

# wine10 SECONDS PROGRAM ARGS...: runs a Windows program in the current folder, for so long. All it starts ends with it.
wine10() {
    local limit=$1
    shift
    # Debian's Wine has its zlib from another package.
    WINEPREFIX=$cache/prefix-10 WINEPATH='Z:\usr\x86_64-w64-mingw32\lib' WINESERVER=/usr/lib/wine/wineserver64 WINEDEBUG=-all \
        timeout --kill-after=10 "$limit" unshare $wine10_namespaces --mount-proc="$wine10_tree/proc" \
        bash -c 'tree=$1 folder=$2; shift 2
            while [ "$1" != -- ]; do mount --rbind "$1" "$tree$1" || exit 125; shift; done
            shift
            exec unshare --root="$tree" --wd="$folder" -- /usr/lib/wine/wine64 "$@"' \
        wine10 "$wine10_tree" "$PWD" /dev "$cache" "$repo" "$work" -- "$@" </dev/null
}
