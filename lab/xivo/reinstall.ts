/** A package installed anew on a host, without a network: it is packed of what is installed, and `apt-get` runs its real scripts. */
import type { HostFile } from '../hosts/files.ts';

/** `$1`: the package. Documentation that the tree leaves out is left out of the package too. */
const REINSTALL = `#!/bin/sh
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
work=$(mktemp -d /var/tmp/reinstall-XXXXXX)
chmod 0755 "$work"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree/DEBIAN"
dpkg-query --status "$1" | sed -e '/^Status:/d' -e '/^Conffiles:/,/^[^ ]/{/^Conffiles:/d;/^ /d}' > "$work/tree/DEBIAN/control"
for script in preinst postinst prerm postrm conffiles triggers; do
  [ ! -e "/var/lib/dpkg/info/$1.$script" ] || cp -p "/var/lib/dpkg/info/$1.$script" "$work/tree/DEBIAN/$script"
done
dpkg-query --listfiles "$1" | while IFS= read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then echo ".$path"; fi
done > "$work/list"
tar -C / --no-recursion -cf - -T "$work/list" | tar -C "$work/tree" -xpf -
if [ -e "$work/tree/DEBIAN/conffiles" ]; then
  while IFS= read -r path; do [ ! -e "$path" ] || echo "$path"; done < "$work/tree/DEBIAN/conffiles" > "$work/conffiles"
  mv "$work/conffiles" "$work/tree/DEBIAN/conffiles"
fi
dpkg-deb -Znone --build "$work/tree" "$work/$1.deb" > /dev/null
apt-get -y -q -o Dpkg::Options::=--force-confold -o APT::Sandbox::User=root install --reinstall --allow-downgrades "$work/$1.deb"
`;

/** On each node. */
export const reinstaller: HostFile = { path: '/usr/local/sbin/lab-reinstall', text: REINSTALL, mode: 0o755 };
