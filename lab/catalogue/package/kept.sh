# What `dpkg --remove` leaves: the journal, which only root reads, and no program, no unit, no process, no table in the kernel.
for path in /usr/lib/dualtone /usr/bin/dualtone /usr/lib/systemd/system/dualtone.service /var/cache/dualtone /run/dualtone; do
  if [ -e "$path" ]; then echo "$path is still there"; fi
done
if [ -z "$(find /var/lib/dualtone -name '*.journal*' -o -name 'journal*' | head -n 1)" ]; then echo "no journal in: $(find /var/lib/dualtone)"; fi
if [ "$(stat -c '%U %a' /var/lib/dualtone)" != 'root 700' ]; then stat -c '%n %U %a' /var/lib/dualtone; fi
if [ "$(dpkg-query --show --showformat='${db:Status-Status}' dualtone)" != config-files ]; then dpkg-query --list dualtone; fi
systemctl list-units --all --no-legend 'dualtone*'
nft list tables | grep dualtone
if pgrep -f /usr/lib/dualtone; then echo 'a process of it runs'; fi
echo 'the journal alone'
