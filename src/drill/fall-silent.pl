# The agent stands still for a while, as if its machine had lost its power: `fall-silent.pl PID MILLISECONDS`. It goes on after that time, when
# standard input ends (who began the drill is gone), or when this program is ended; what the kernel keeps runs on meanwhile.
use strict;
use warnings;
my ($pid, $ms) = @ARGV;
die "usage\n" unless defined $ms && $pid =~ /^[1-9]\d*$/ && $ms =~ /^\d+$/ && $ms <= 10000;
# A number may be given to another process: only the one that began then is meant.
sub facts { open(my $stat, '<', "/proc/$pid/stat") or return (); my $line = <$stat> // ''; $line =~ s/.*\) //s; return split ' ', $line }
sub born { return (facts())[19] // '' }
my $born = born();
die "gone\n" if $born eq '';
sub resume { kill 'CONT', $pid if born() eq $born }
$SIG{$_} = sub { resume(); exit 1 } for qw(TERM INT HUP PIPE);
$| = 1;
kill('STOP', $pid) or die "not stopped: $!\n";
# A process that runs on another processor stops at its next way into the kernel, not at once; a second is far more than that takes.
for (1 .. 1000) { last if ((facts())[0] // '') eq 'T'; select(undef, undef, undef, 0.001) }
print "silent\n";
my $ends = '';
vec($ends, fileno(STDIN), 1) = 1;
select($ends, undef, undef, $ms / 1000);
resume();
