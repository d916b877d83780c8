# The socket that Node has not: each line of standard input goes to a local syslog socket, in one datagram, or on a stream where it is one.
use strict;
use warnings;
my ($AF_UNIX, $SOCK_STREAM, $SOCK_DGRAM) = (1, 1, 2);
my $path = shift // die "no path\n";
my $to = pack('S a*', $AF_UNIX, $path);
socket(my $log, $AF_UNIX, $SOCK_DGRAM, 0) or die "no socket: $!\n";
my $stream = 0;
if (!connect($log, $to)) {
  socket($log, $AF_UNIX, $SOCK_STREAM, 0) or die "no socket: $!\n";
  connect($log, $to) or die "$path: $!\n";
  $stream = 1;
}
while (my $line = <STDIN>) {
  chomp $line;
  # The end of a record on a stream is a null byte, as syslog(3) does it.
  $line .= "\0" if $stream;
  defined send($log, $line, 0) or die "$path: $!\n";
}
