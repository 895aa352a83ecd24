# What every test in the nested machine begins with, and how the machine is started. Sourced by run.sh and kvm.sh, which set
# here, repo, cache and limit before.

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() { printf 'tests/System/%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "the nested machine is x86-64 under Linux; this is $(uname -s) on $(uname -m)"
for tool in dotnet dpkg-deb awk sort; do
    command -v "$tool" >/dev/null || die "$tool is not here"
done

mkdir -p "$cache/trees"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$here/packages.sh"
. "$here/images.sh"

say "packages (kept in the cache when they were there)"
packages_tree busybox bookworm busybox-static
packages_tree qemu bookworm-backports qemu-system-x86
packages_kernel l1-kernel '^linux-image-6\.1\.0-[0-9]+-cloud-amd64$'

# boot VERDICT COMMAND...: starts the machine by a command and shows what it prints. VERDICT is called with what the machine
# said: 0 when all passed, 1 when something failed or nothing was said, 2 when nothing was said and the time was up (given as
# its second argument).
boot() {
    local verdict=$1 log=$work/boot.log start=$SECONDS ended late=
    shift
    : >"$log"
    # In the foreground: whoever ends this script ends the machine with it.
    set +e
    timeout --foreground --kill-after=5 "$limit" "$@" </dev/null 2>&1 | show "$log"
    ended=${PIPESTATUS[0]}
    set -e
    say "the machine ran for $((SECONDS - start)) s"
    case $ended in 124 | 137) late=late ;; esac
    "$verdict" "$log" "$late"
}

# boot_twice WHAT VERDICT COMMAND...: a boot, with a second one where the first says nothing, and the end of the script when
# it is not passed. About 2 boots of 55 of this machine hang somewhere in nested emulation; a second is given, and said. A
# program that hangs ends itself and says so, and a test that failed is no hang: neither gets one.
boot_twice() {
    local what=$1 status=0
    shift
    boot "$@" || status=$?
    if [ "$status" = 2 ]; then
        say "RETRY: the machine gave no result within $limit s; the one retry starts"
        status=0
        boot "$@" || status=$?
    fi
    case $status in
    0) ;;
    1) die "$what FAILED; what the machine said is above" ;;
    *) die "$what FAILED: no result within $limit s, twice" ;;
    esac
}
