#!/usr/bin/perl
# The long way between two sites: every packet that this host forwards is held for a while, some are lost. No kernel of ours has netem.
# It goes through a tun device: the kernel hands it here, and takes it back when its time has come. What /etc/lab-wan says holds at once:
# milliseconds of delay, milliseconds more at random, per cent that are lost.
use strict;
use warnings;
use Fcntl qw(O_RDWR O_NONBLOCK);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($name, $table) = ('long0', 100);
my $settings = '/etc/lab-wan';

sub run { system(@_) == 0 or die "@_ failed\n" }

-e '/dev/net/tun' or run('sh', '-c', 'mkdir -p /dev/net && mknod /dev/net/tun c 10 200');
sysopen(my $tun, '/dev/net/tun', O_RDWR | O_NONBLOCK) or die "tun: $!\n";
# TUNSETIFF with IFF_TUN and IFF_NO_PI
ioctl($tun, 0x400454ca, pack('Z16 s x22', $name, 0x1001)) or die "TUNSETIFF: $!\n";
run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0',
    "net.ipv4.conf.$name.rp_filter=0", 'net.ipv4.conf.eth0.rp_filter=0', 'net.ipv4.conf.all.send_redirects=0',
    'net.ipv4.conf.eth0.send_redirects=0');
run('ip', 'link', 'set', $name, 'up');
run('ip', 'rule', 'add', 'iif', 'eth0', 'lookup', $table);
run('ip', 'route', 'add', 'default', 'dev', $name, 'table', $table);

my ($delay, $jitter, $loss, $read_at) = (0, 0, 0, -1);
my @held;
while (1) {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    if ($now - $read_at > 0.2) {
        $read_at = $now;
        if (open(my $file, '<', $settings)) {
            my @words = split ' ', (<$file> // '');
            ($delay, $jitter, $loss) = map { $_ / 1000 } @words[0, 1], $words[2] * 10 if @words == 3;
        }
    }
    while (@held && $held[0][0] <= $now) {
        syswrite($tun, (shift @held)->[1]);
    }
    my $wait = @held ? $held[0][0] - $now : 0.2;
    my $bits = '';
    vec($bits, fileno($tun), 1) = 1;
    select($bits, undef, undef, $wait > 0.2 ? 0.2 : $wait) > 0 or next;
    while (sysread($tun, my $packet, 65536)) {
        next if rand() < $loss;
        my $due = clock_gettime(CLOCK_MONOTONIC) + $delay + rand($jitter);
        my $at = @held;
        $at-- while $at > 0 && $held[$at - 1][0] > $due;
        splice(@held, $at, 0, [$due, $packet]);
    }
}
