#!/usr/bin/env bash
# Proves a make target on a machine that has nothing: a bare Debian 12 in a folder, a clone of the last commit, one command.
#   deploy/fresh-machine.sh demo|test [folder]      (as root; needs debootstrap and git)
# How this machine reaches packages (apt's sources, certificates, pip, proxies) is lent to the new one, never written down.
# The new machine shares this one's network, so its services take ports that are free here.
set -euo pipefail
target=${1:?demo or test}
checkout=$(cd "$(dirname "$0")/.." && pwd)
root=${2:-$(mktemp -d /var/tmp/satudata-fresh-XXXXXX)}
closed=/root # the services cannot enter it: the hardest place for a checkout
home=$closed/satudata
chmod 755 "$root" # mktemp closes it to everyone else; the root folder of a machine is open

cleanup() {
    code=$?
    # Everything whose root folder is the new machine, and nothing else.
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/root" 2>/dev/null)" = "$root" ] && kill -9 "${process#/proc/}" 2>/dev/null || true
    done
    sleep 1
    for mounted in dev/pts dev/shm dev proc sys; do umount -l "$root/$mounted" 2>/dev/null || true; done
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$root"
    exit $code
}
trap cleanup EXIT

SECONDS=0
debootstrap --variant=minbase --include=ca-certificates,make,git bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >/dev/null
echo "### bare Debian 12: ${SECONDS}s"

rm -f "$root"/etc/apt/sources.list
for lent in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d/99* /etc/apt/auth.conf.d /etc/apt/keyrings \
    /usr/local/share/ca-certificates /etc/pip.conf /etc/resolv.conf /etc/hosts /etc/maven/settings.xml \
    "$closed/.m2/settings.xml" "$closed/.config/pip"; do
    if [ -e "$lent" ]; then
        mkdir -p "$root/$(dirname "$lent")"
        cp -aLT --remove-destination "$lent" "$root$lent"
    fi
done
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mkdir -p "$root/dev/shm" && mount -t tmpfs shm "$root/dev/shm"
chroot "$root" update-ca-certificates >/dev/null
git clone -q --no-hardlinks "$checkout" "$root$home"
if [ -d "$checkout/../shared/recorded" ]; then
    mkdir -p "$root$closed/shared"
    cp -a "$checkout/../shared/recorded" "$root$closed/shared/"
fi

lent_variables=$(env | grep -E '^(PIP_|SSL_|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|MAVEN_|JAVA_TOOL_OPTIONS|SATUDATA_LANG|[a-zA-Z]+_proxy|[A-Z]+_PROXY)' || true)
inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=$closed CI=true \
        ${lent_variables:+$(printf '%s\n' "$lent_variables" | tr '\n' ' ')} \
        chroot "$root" sh -c "cd $home && $1" </dev/null
}

for run in cold warm; do
    SECONDS=0
    inside "make $target"
    echo "### make $target, $run: ${SECONDS}s"
    [ "$target" = demo ] || break
done
if [ "$target" = demo ]; then
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/root" 2>/dev/null)" = "$root" ] && kill -9 "${process#/proc/}" 2>/dev/null || true
    done
    SECONDS=0
    inside "make demo"
    echo "### make demo, after every process was killed: ${SECONDS}s"
fi
