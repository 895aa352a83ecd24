# Fetches Debian packages and unpacks them into trees of their own, without installing anything and without touching
# the system's package sources: apt runs with a state, sources and cache of its own. Sourced by the scripts that use them.
#
# Set before: cache, where everything is kept; work, a folder for the while; packages_suites and packages_architecture where they
# are not bookworm of amd64 (a cache has packages of one architecture).
packages_suites=${packages_suites:-bookworm bookworm-backports bookworm-security}

# A tree holds its packages' whole closure of dependencies, the C library with it, so that nothing depends on what
# happens to be installed here. A tree once unpacked is kept and used again; delete the cache to take newer packages.

apt_own() {
    local command=$1
    shift
    "$command" -q -o "Dir::State::Lists=$cache/apt/lists" -o "Dir::State::status=$cache/apt/status" \
        -o "Dir::State::extended_states=$cache/apt/extended_states" -o "Dir::Cache=$cache/apt/cache" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o "Dir::Etc::SourceList=$cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o APT::Sandbox::User= -o APT::Get::List-Cleanup=0 -o Debug::NoLocking=1 -o Acquire::Retries=3 \
        -o "APT::Architecture=${packages_architecture:-amd64}" -o "APT::Architectures=${packages_architecture:-amd64}" "$@"
}

# packages_mirror RELEASE: where the system's own apt has it from.
packages_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | awk -v release="$1" '$2 == release { print $1; exit }'
}

# The packages come from the mirrors that this system's own apt uses for Debian 12; other suites lie beside it.
packages_refresh() {
    [ -z "${packages_fresh-}" ] || return 0
    command -v apt-get >/dev/null || die "apt-get is not here: what the test runs on comes from Debian's mirrors"
    local main security suite mirror
    main=$(packages_mirror bookworm)
    if [ -z "$main" ] && [ "$(id -u)" = 0 ]; then
        # A system that has never fetched its lists names no mirror.
        apt-get update -q >"$work/apt.log" 2>&1 || cat "$work/apt.log" >&2
        main=$(packages_mirror bookworm)
    fi
    security=$(packages_mirror bookworm-security)
    [ -n "$main" ] && [ -n "$security" ] ||
        die "apt has no Debian 12 (bookworm and bookworm-security) among its sources, so the packages that the test runs on cannot be had"
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
    : >"$cache/apt/status"
    for suite in $packages_suites; do
        case $suite in *-security) mirror=$security ;; *) mirror=$main ;; esac
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done >"$cache/apt/sources.list"
    apt_own apt-get update --error-on=any >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; die "the package lists of Debian's $packages_suites cannot be had"; }
    packages_fresh=yes
}

# packages_tree NAME RELEASE PACKAGE...: the packages, from that release first, with all they depend on.
packages_tree() {
    local name=$1 release=$2
    shift 2
    tree_kept "$name" "$release $*" && return
    packages_refresh
    local debs=$work/debs-$name
    mkdir -p "$debs/partial"
    apt_own apt-get install -y --no-install-recommends --download-only -t "$release" -o "Dir::Cache::archives=$debs" "$@" >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; die "$* of $release cannot be had"; }
    tree_unpack "$name" "$release $*" "$debs"
}

# packages_kernel NAME PATTERN: the newest kernel whose package's name matches, alone.
packages_kernel() {
    local name=$1 pattern=$2
    tree_kept "$name" "$pattern" && return
    packages_refresh
    local package debs=$work/debs-$name
    package=$(apt_own apt-cache search --names-only "$pattern" | cut -d' ' -f1 | sort -V | tail -n 1)
    [ -n "$package" ] || die "no kernel $pattern among Debian's packages"
    mkdir -p "$debs"
    (cd "$debs" && apt_own apt-get download "$package") >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; die "$package cannot be had"; }
    tree_unpack "$name" "$pattern" "$debs"
}

tree_kept() {
    [ -f "$cache/trees/$1/.request" ] && [ "$(cat "$cache/trees/$1/.request")" = "$2" ]
}

# Written under another name first: a tree that is there is whole.
tree_unpack() {
    local tree=$cache/trees/$1 request=$2 debs=$3 deb
    rm -rf "$tree" "$tree.new"
    mkdir -p "$tree.new"
    for deb in "$debs"/*.deb; do
        dpkg-deb -x "$deb" "$tree.new" || die "${deb##*/} cannot be unpacked"
        basename "$deb" .deb >>"$tree.new/.packages"
    done
    rm -rf "$debs"
    echo "$request" >"$tree.new/.request"
    mv "$tree.new" "$tree"
    say "unpacked $1: $(wc -l <"$tree/.packages") packages, $(du -sm "$tree" | cut -f1) MB"
}

# tree_version NAME PACKAGE-PREFIX: as the package's file name spells it.
tree_version() {
    sed -nE "s/^($2[^_]*)_(.*)_[a-z0-9]+$/\1 \2/p" "$cache/trees/$1/.packages" | sed 's/%3a/:/' | head -n 1
}
