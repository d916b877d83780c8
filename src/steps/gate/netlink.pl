# The socket that Node has not: what comes as "=HEX" goes to the kernel's packet filter in one datagram, and all that the
# kernel answers is kept; any other line is a tag, which is said on standard error behind the answers.
# Netlink answers before the sending returns, so what is there to read then is the whole answer. Perl is on every Debian.
use strict;
use warnings;
my ($AF_NETLINK, $SOCK_RAW, $NETLINK_NETFILTER, $MSG_DONTWAIT) = (16, 3, 12, 0x40);
socket(my $kernel, $AF_NETLINK, $SOCK_RAW, $NETLINK_NETFILTER) or die "no netlink: $!\n";
bind($kernel, pack('S S L L', $AF_NETLINK, 0, 0, 0)) or die "no netlink: $!\n";
my $said = '';
while (my $line = <STDIN>) {
  chomp $line;
  if ($line =~ /^=([0-9a-f]+)$/) {
    send($kernel, pack('H*', $1), 0) or $said .= "unsent: $! ";
    while (defined recv($kernel, my $answer, 65536, $MSG_DONTWAIT)) { $said .= unpack('H*', $answer) . ' ' }
    $said .= "unread: $! " unless $!{EAGAIN} || $!{EWOULDBLOCK};
  } else {
    syswrite(STDERR, "$said$line\n");
    $said = '';
  }
}
