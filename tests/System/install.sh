# Sourced by the scripts that need Debian packages on this machine. They have say, die and the folder $work.

# install_missing PACKAGE...: installs those that are not installed. Takes root, or sudo.
install_missing() {
    local package missing=() root=()
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    [ "$(id -u)" = 0 ] || root=(sudo)
    { "${root[@]}" apt-get update -q && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
        >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "${missing[*]} cannot be installed"; }
}
