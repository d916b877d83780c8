# Says "gone" for each message of the kernel that a rule of a table was taken away (inet or arp, the table's name is the argument), and
# "blind" where messages were lost; "listening" first. It remembers nothing, so that it is as large after a year as at its start.
# Ends with its standard input. Headers are in the machine's own order of bytes (linux/netfilter/nf_tables.h).
use strict;
use warnings;
my ($AF_NETLINK, $SOCK_RAW, $NETLINK_NETFILTER, $GROUP_NFTABLES) = (16, 3, 12, 1 << 6);
my ($DELETE_RULE, $RULE_TABLE, $INET, $ARP) = (0xa08, 1, 1, 3);
my $table = $ARGV[0] // die "no table\n";
socket(my $kernel, $AF_NETLINK, $SOCK_RAW, $NETLINK_NETFILTER) or die "no netlink: $!\n";
bind($kernel, pack('S S L L', $AF_NETLINK, 0, 0, $GROUP_NFTABLES)) or die "no netlink: $!\n";
sub say_line { syswrite(STDOUT, "$_[0]\n") // exit 1 }
sub is_ours {
  my ($body) = @_;
  my $family = ord($body);
  return 0 unless $family == $INET || $family == $ARP;
  for (my $at = 4; $at + 4 <= length $body;) {
    my ($length, $type) = unpack('S S', substr($body, $at, 4));
    return 0 if $length < 4 || $at + $length > length $body;
    return unpack('Z*', substr($body, $at + 4, $length - 4)) eq $table if ($type & 0x3fff) == $RULE_TABLE;
    $at += ($length + 3) & ~3;
  }
  return 0;
}
sub has_ours {
  my ($bytes) = @_;
  for (my $at = 0; $at + 20 <= length $bytes;) {
    my ($length, $type) = unpack('L S', substr($bytes, $at, 6));
    return 0 if $length < 20 || $at + $length > length $bytes;
    return 1 if $type == $DELETE_RULE && is_ours(substr($bytes, $at + 16, $length - 16));
    $at += ($length + 3) & ~3;
  }
  return 0;
}
say_line('listening');
my $both = '';
vec($both, fileno(STDIN), 1) = 1;
vec($both, fileno($kernel), 1) = 1;
while (1) {
  next if select(my $ready = $both, undef, undef, undef) < 0;
  exit 0 if vec($ready, fileno(STDIN), 1) && !sysread(STDIN, my $ignored, 4096);
  next unless vec($ready, fileno($kernel), 1);
  my $answered = recv($kernel, my $bytes, 65536, 0);
  if (!defined $answered) { say_line('blind') if $!{ENOBUFS} }
  elsif (has_ours($bytes)) { say_line('gone') }
}
