# What a server has of a telephone system, as text: what a purge must leave as it was found.
find /etc -xdev -type f ! -name 'passwd-' ! -path '/etc/systemd/system/multi-user.target.d/lab-*' -exec md5sum {} + | sort -k 2
find /etc -xdev -type l -printf '%p -> %l\n' | sort
cat /proc/sys/net/ipv4/ip_nonlocal_bind /proc/sys/net/ipv6/ip_nonlocal_bind
nft list tables
systemctl is-active asterisk.service
ls -d /run/dualtone /var/lib/dualtone/* /var/cache/dualtone /usr/lib/dualtone /usr/bin/dualtone 2>/dev/null
true
