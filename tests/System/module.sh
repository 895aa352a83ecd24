# Builds the kernel module of src/Kernel for Debian's kernels, each in a tree of its own that has the kernel's headers, the
# compiler that the kernel was built with, and sparse. Sourced by kernel.sh, after packages.sh.
#
# Set before: cache, work, repo.

# What there is: GENERATION RELEASE SUITES BOOTED SPARSE HEADERS, where the newest package of that name is taken that has an rt
# flavour too. BOOTED are the flavours whose images are kept to boot, SPARSE the suites that have one which reads the headers.
module_generations='
6.1  bookworm-security  bookworm,bookworm-security                    cloud    bookworm ^linux-headers-6\.1\.0-[0-9]+-cloud-amd64$
6.12 bookworm-backports bookworm,bookworm-security,bookworm-backports cloud,rt bookworm ^linux-headers-6\.12\.[0-9.]+\+deb12[0-9.]*-cloud-amd64$
7    trixie-backports   trixie,trixie-security,trixie-backports       cloud    sid      ^linux-headers-7\.[0-9.]+\+deb13[0-9.]*-cloud-amd64$
'
# What a build needs beside them; the essential ones are nobody's dependency.
module_tools="make gcc libc6-dev bash dash coreutils sed grep gawk findutils diffutils dpkg perl"
# Of an image only what a test boots is kept.
module_kept="hv_vmbus uio uio_hv_generic hv_utils hv_balloon"

# module_tree GENERATION RELEASE SUITES BOOTED SPARSE HEADERS: the headers and tools of a generation, and its images. The three come from
# one list of packages, so that image and headers are of one version.
module_tree() {
    local name=module-$1 release=$2 request="$2 $3 $4 $5 $6 $module_tools" version package flavour
    tree_kept "$name" "$request" && return
    module_suites "${3//,/ }"
    for package in $(apt_own apt-cache search --names-only "$6" | cut -d' ' -f1 | sort -rV); do
        package=${package#linux-headers-}
        version=${package%-cloud-amd64}
        for flavour in cloud rt; do
            apt_own apt-cache show --no-all-versions "linux-headers-$version-$flavour-amd64" "linux-image-$version-$flavour-amd64" >/dev/null 2>&1 || version=
        done
        [ -z "$version" ] || break
    done
    [ -n "$version" ] || die "no kernel of $1 with headers and images, cloud and rt, among Debian's packages"

    local debs=$work/debs-$name images=$work/debs-images
    mkdir -p "$debs/partial" "$images"
    apt_own apt-get install -y --no-install-recommends --download-only -t "$release" -o "Dir::Cache::archives=$debs" \
        $module_tools "linux-headers-$version-cloud-amd64" "linux-headers-$version-rt-amd64" >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; die "the headers of $version cannot be had"; }
    for flavour in ${4//,/ }; do
        # Since Linux 7 an image is two packages, and an empty one that wants them.
        package="linux-binary-$version-$flavour-amd64 linux-modules-$version-$flavour-amd64"
        apt_own apt-cache show --no-all-versions $package >/dev/null 2>&1 || package=linux-image-$version-$flavour-amd64
        (cd "$images" && apt_own apt-get download $package) >"$work/apt.log" 2>&1 ||
            { cat "$work/apt.log" >&2; die "the image of $version $flavour cannot be had"; }
        module_image "$1-$flavour" "$images"/*-"$flavour"-amd64_*.deb
    done
    rm -rf "$images"
    # Without what it depends on: that is an LLVM, for a part of it that nobody asks for.
    module_suites "$5"
    (cd "$debs" && apt_own apt-get download sparse) >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "sparse of $5 cannot be had"; }
    # What links the merged /usr together is a package's script elsewhere.
    local tree=$cache/trees/$name link
    tree_unpack "$name" unfinished "$debs"
    for link in bin sbin lib lib64; do
        [ -e "$tree/$link" ] || ln -s "usr/$link" "$tree/$link"
    done
    [ -e "$tree/usr/bin/sh" ] || [ -e "$tree/bin/sh" ] || ln -s dash "$tree/bin/sh"
    [ -e "$tree/usr/bin/awk" ] || ln -s gawk "$tree/usr/bin/awk"
    mkdir -p "$tree/dev" "$tree/tmp" "$tree/build"
    # Where its stack is, the newest objtool asks a file that no tree has; it wants it only to tell of a stack that overflows.
    mkdir -p "$tree/proc/self"
    cat /proc/self/maps >"$tree/proc/self/maps"
    # The newest headers lack the script that asks whether sparse is good enough.
    for link in "$tree"/usr/lib/linux-kbuild-*/scripts; do
        [ -e "$link/checker-valid.sh" ] || { printf '#!/bin/sh\necho 1\n' >"$link/checker-valid.sh" && chmod +x "$link/checker-valid.sh"; }
    done
    rm -rf "$tree"/usr/share/{doc,man,locale,info} "$tree"/usr/bin/*lto-dump*
    echo "$request" >"$tree/.request"
}

# module_suites SUITE...: what apt takes packages from, from now on.
module_suites() {
    packages_suites=$*
    packages_fresh=
    packages_refresh
}

# module_image NAME DEB...: the kernel and the few modules.
module_image() {
    local tree=$cache/trees/module-image-$1 whole=$work/image name file deb
    shift
    rm -rf "$tree" "$whole"
    for deb in "$@"; do
        dpkg-deb -x "$deb" "$whole" || die "${deb##*/} cannot be unpacked"
    done
    mkdir -p "$tree/boot" "$tree/modules"
    file=$(find "$whole" -name 'vmlinuz*' -type f -print -quit)
    [ -n "$file" ] || die "no kernel in ${1##*/}"
    cp "$file" "$tree/boot/vmlinuz-$(basename "$(find "$whole" -path '*/lib/modules/*' -type d -print -quit)")"
    for name in $module_kept; do
        file=$(find "$whole" -name "$name.ko" -print -quit -o -name "$name.ko.xz" -print -quit)
        # One that is built in is absent.
        [ -z "$file" ] || cp "$file" "$tree/modules/"
    done
    rm -rf "$whole"
}

# module_generation GENERATION: its tree, and those of its images.
module_generation() {
    local generation rest
    while read -r generation rest; do
        [ "$generation" != "$1" ] || module_tree $generation $rest
    done <<<"$module_generations"
}

# module_source NAME PATTERN...: a tree of those files of the kernel's source that no other package has.
module_source() {
    local name=$1 tree=$cache/trees/$1 package=linux-source-6.12 source=$work/source
    shift
    tree_kept "$name" "$package" && return
    module_suites bookworm bookworm-security bookworm-backports
    rm -rf "$tree" "$source"
    mkdir -p "$tree" "$source"
    (cd "$source" && apt_own apt-get download "$package") >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "$package cannot be had"; }
    dpkg-deb --fsys-tarfile "$source"/*.deb | tar -xO --wildcards '*/linux-source-*.tar.xz' | tar -xJ -C "$tree" --strip-components 1 --wildcards "$@"
    rm -rf "$source"
    echo "$package" >"$tree/.request"
}

# module_scripts: the kernel's own checkpatch.pl.
module_scripts() { module_source module-scripts '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'; }

# module_headers GENERATION: the folders of headers that a module is built against.
module_headers() {
    (cd "$cache/trees/module-$1/usr/src" && ls -d linux-headers-*-amd64)
}

# module_enter TREE COMMAND...: runs a command in a tree, as root of it: by chroot, or where we are not root in namespaces of
# its own. What asks the compiler for its options compiles /dev/null, so it must be the real one.
module_enter() {
    local tree=$1 clean=(/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C)
    shift
    if [ "$(id -u)" = 0 ]; then
        [ -c "$tree/dev/null" ] || { rm -f "$tree/dev/null" && mknod -m 666 "$tree/dev/null" c 1 3; }
        chroot "$tree" "${clean[@]}" "$@"
    else
        [ -e "$tree/dev/null" ] || : >"$tree/dev/null"
        unshare -r -m sh -c 'mount --bind /dev/null "$0/dev/null" && exec chroot "$0" "$@"' "$tree" "${clean[@]}" "$@"
    fi
}

# module_build GENERATION HEADERS DIRECTORY: the module for one kernel, with all that compiler and sparse have to say in
# DIRECTORY/log.
module_build() {
    local tree=$cache/trees/module-$1 status=0
    mkdir -p "$3"
    rm -rf "$tree/build"
    mkdir -p "$tree/build"
    cp "$repo"/src/Kernel/{Kbuild,Makefile,vmbus_signal.c,vmbus_signal.h} "$tree/build/"
    module_enter "$tree" make -C "/usr/src/$2" M=/build W=1 C=2 KERNELDOC=/bin/true PYTHON3=/bin/true modules >"$3/log" 2>&1 </dev/null || status=$?
    cp "$tree/build/vmbus_signal.ko" "$3/" 2>/dev/null || status=1
    return $status
}
