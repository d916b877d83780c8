# The socket that Node has not: each line goes to systemd in one datagram, tabulators as line ends. Perl is on every Debian.
use strict;
use warnings;
my ($AF_UNIX, $SOCK_DGRAM) = (1, 2);
my $path = $ENV{NOTIFY_SOCKET} // die "no NOTIFY_SOCKET\n";
$path =~ s/^@/\0/;
socket(my $systemd, $AF_UNIX, $SOCK_DGRAM, 0) or die "no socket: $!\n";
while (my $line = <STDIN>) {
  chomp $line;
  $line =~ tr/\t/\n/;
  send($systemd, $line, 0, pack('S a*', $AF_UNIX, $path)) or die "unsent: $!\n";
}
