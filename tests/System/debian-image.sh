# Makes the disk of a stock Debian by debootstrap, and the disk of the machine in which it is played. Sourced by debian.sh.

debian_release=trixie
debian_packages="systemd-sysv,udev,kmod,initramfs-tools,linux-image-cloud-amd64,e2fsprogs,iproute2,curl,fio"
# What the guest installs from the server in L1.
debian_installed=hello

# debian_file NAME: a file of the image's tree.
debian_file() { echo "$cache/trees/debian/$1"; }

# debian_image: the whole disk, made once: a minimal Debian with its cloud kernel, and what the test uses.
debian_image() {
    local request="$debian_release $debian_packages $debian_installed $(sed -n '/^debian_configure()/,/^}/p' "$here/debian-image.sh" | sha256sum)"
    local tree=$cache/trees/debian root=$work/debian
    tree_kept debian "$request" && { say "  kept: $(cat "$tree/.packages")"; return; }
    [ "$(id -u)" = 0 ] || die "debootstrap needs root"
    packages_tree debootstrap bookworm debootstrap
    module_suites "$debian_release"
    rm -rf "$tree" "$tree.new"
    mkdir -p "$tree.new"
    DEBOOTSTRAP_DIR=$cache/trees/debootstrap/usr/share/debootstrap sh "$cache/trees/debootstrap/usr/sbin/debootstrap" --variant=minbase \
        "--include=$debian_packages" "$debian_release" "$root" "$(packages_mirror bookworm)" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 40 "$work/debootstrap.log" >&2; die "debootstrap cannot make $debian_release"; }
    debian_configure "$root" >"$work/debootstrap.log" 2>&1 || { cat "$work/debootstrap.log" >&2; die "$debian_release cannot be configured"; }
    cp "$root"/boot/vmlinuz-* "$tree.new/vmlinuz"
    cp "$root"/boot/initrd.img-* "$tree.new/initrd"
    mkdir "$tree.new/repository"
    (cd "$tree.new/repository" && apt_own apt-get download "$debian_installed" && apt_own apt-cache show --no-all-versions "$debian_installed") >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; die "$debian_installed cannot be had"; }
    # A repository of one package, without folders.
    apt_own apt-cache show --no-all-versions "$debian_installed" | sed "s|^Filename: .*/|Filename: ./|" | xz >"$tree.new/repository/Packages.xz"
    truncate -s 1200M "$tree.new/disk"
    mke2fs -q -F -t ext4 -E lazy_itable_init=0 -d "$root" "$tree.new/disk"
    echo "Debian $(cat "$root/etc/debian_version"), $(basename "$root"/boot/vmlinuz-*), $(chroot "$root" dpkg-query -W | wc -l) packages, $(du -m "$tree.new/disk" | cut -f1) MB" >"$tree.new/.packages"
    say "  $(cat "$tree.new/.packages")"
    rm -rf "$root"
    echo "$request" >"$tree.new/.request"
    mv "$tree.new" "$tree"
}

# debian_configure ROOT: what an installer writes: where the root is, a name, the network. The timers of apt are off: they would
# take its lock.
debian_configure() {
    echo '/dev/sda / ext4 errors=remount-ro 0 1' >"$1/etc/fstab"
    echo debian >"$1/etc/hostname"
    rm -f "$1/etc/resolv.conf"
    : >"$1/etc/apt/sources.list"
    printf '[Match]\nDriver=hv_netvsc\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseMTU=yes\n' >"$1/etc/systemd/network/vmbus.network"
    chroot "$1" systemctl enable systemd-networkd.service
    chroot "$1" systemctl disable apt-daily.timer apt-daily-upgrade.timer
    chroot "$1" systemctl set-default multi-user.target
    # With the fsck of its root.
    chroot "$1" update-initramfs -u
    chroot "$1" apt-get clean
    rm -rf "$1"/var/lib/apt/lists/* "$1"/var/log/*.log
}

# debian_data: the disk of L1, as $work/data: the guest's disk with the test in it, and what the server serves.
debian_data() {
    local data=$work/data-files
    mkdir -p "$data/www"
    cp --sparse=always "$(debian_file disk)" "$data/disk"
    printf '%s\n' "write $here/debian-rounds /usr/local/sbin/debian-rounds" "write $here/debian-rounds.service /etc/systemd/system/debian-rounds.service" \
        "sif /usr/local/sbin/debian-rounds mode 0100755" \
        "symlink /etc/systemd/system/multi-user.target.wants/debian-rounds.service /etc/systemd/system/debian-rounds.service" >"$work/debugfs"
    debugfs -w -f "$work/debugfs" "$data/disk" >"$work/debugfs.log" 2>&1 || { cat "$work/debugfs.log" >&2; die "the guest's disk cannot be written"; }
    # Its directories get the index that mke2fs leaves out: the guest's first check would make it, and boot once more.
    e2fsck -f -p "$data/disk" >"$work/debugfs.log" 2>&1 || [ $? = 1 ] || { cat "$work/debugfs.log" >&2; die "the guest's disk is not clean"; }
    cp -r "$(debian_file repository)" "$data/www/"
    head -c "$size" /dev/urandom >"$data/www/file"
    sha256sum <"$data/www/file" | cut -d ' ' -f 1 >"$data/www/file.sha256"
    truncate -s "$(($(du -sm "$data" | cut -f1) + 1200))M" "$work/data"
    mke2fs -q -F -t ext4 -E lazy_itable_init=0 -d "$data" "$work/data"
    rm -rf "$data"
}
