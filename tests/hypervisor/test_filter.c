/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_filter.c – server/hypervisor/filter.h against the kernel: "guests", which are tap devices on
 * a bridge in a network namespace of this test's own, send each other frames.
 */
#include "server/hypervisor/filter.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BRIDGE "br0"
#define GUEST "vif7.0"
#define OTHER "vif8.0"
#define WITNESS "vif9.0"
/* A frame that does not come is known by the witness's, which is sent after it. */
#define WAIT_MS 10000

static int guest_fd, other_fd, witness_fd;

static const unsigned char guest_mac[6] = {0x00, 0x16, 0x3e, 0, 0, 7};
static const unsigned char stolen_mac[6] = {0x00, 0x16, 0x3e, 0, 0, 8};
static const unsigned char witness_mac[6] = {0x00, 0x16, 0x3e, 0, 0, 9};

static bool set_up(int fd, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_UP};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/* A port of the bridge; what is written to it the guest has sent. */
static int open_guest(int fd, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0 || !set_up(fd, name))
		return -1;
	request.ifr_ifindex = (int)if_nametoindex(name);
	snprintf(request.ifr_name, sizeof(request.ifr_name), BRIDGE);
	return ioctl(fd, SIOCBRADDIF, &request) < 0 ? -1 : tap;
}

static bool open_network(void)
{
	int fd;

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCBRADDBR, BRIDGE) < 0 || !set_up(fd, BRIDGE))
		return false;
	guest_fd = open_guest(fd, GUEST);
	other_fd = open_guest(fd, OTHER);
	witness_fd = open_guest(fd, WITNESS);
	close(fd);
	return guest_fd >= 0 && other_fd >= 0 && witness_fd >= 0;
}

struct frame {
	unsigned char bytes[128];
	size_t length;
};

static struct frame begin_frame(const unsigned char mac[6], uint16_t type)
{
	struct frame frame = {.length = 60};

	memset(frame.bytes, 0xff, 6);
	memcpy(frame.bytes + 6, mac, 6);
	frame.bytes[12] = (unsigned char)(type >> 8);
	frame.bytes[13] = (unsigned char)type;
	return frame;
}

static struct frame arp(const unsigned char mac[6], const unsigned char said[6],
			const char *address)
{
	static const unsigned char head[] = {0, 1, 8, 0, 6, 4, 0, 1};
	struct frame frame = begin_frame(mac, 0x0806);

	memcpy(frame.bytes + 14, head, 8);
	memcpy(frame.bytes + 22, said, 6);
	inet_pton(AF_INET, address, frame.bytes + 28);
	frame.length = 42;
	return frame;
}

static struct frame udp4(const unsigned char mac[6], const char *address, uint16_t from,
			 uint16_t to)
{
	struct frame frame = begin_frame(mac, 0x0800);
	unsigned char *ip = frame.bytes + 14;
	uint32_t sum = 0;

	ip[0] = 0x45;
	ip[3] = 28;
	ip[8] = 64;
	ip[9] = 17;
	inet_pton(AF_INET, address, ip + 12);
	memset(ip + 16, 0xff, 4);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	ip[10] = (unsigned char)(sum >> 8);
	ip[11] = (unsigned char)sum;
	ip[20] = (unsigned char)(from >> 8);
	ip[21] = (unsigned char)from;
	ip[22] = (unsigned char)(to >> 8);
	ip[23] = (unsigned char)to;
	ip[25] = 8;
	frame.length = 42;
	return frame;
}

/* type 136: a neighbour's advertisement of `target` */
static struct frame icmp6(const unsigned char mac[6], const char *address, unsigned char type,
			  const char *target)
{
	struct frame frame = begin_frame(mac, 0x86dd);
	unsigned char *ip = frame.bytes + 14;

	ip[0] = 0x60;
	ip[5] = 24;
	ip[6] = 58;
	ip[7] = 255;
	inet_pton(AF_INET6, address, ip + 8);
	inet_pton(AF_INET6, "ff02::1", ip + 24);
	ip[40] = type;
	inet_pton(AF_INET6, target, ip + 48);
	frame.length = 78;
	return frame;
}

/* Until it comes; others, the kernel's own say, are passed over. */
static bool receives(int fd, const struct frame *frame, const struct frame *or_else)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	unsigned char got[2048];

	while (poll(&pollfd, 1, WAIT_MS) > 0) {
		ssize_t length = read(fd, got, sizeof(got));

		if (length >= (ssize_t)frame->length &&
		    memcmp(got, frame->bytes, frame->length) == 0)
			return true;
		if (length >= (ssize_t)or_else->length &&
		    memcmp(got, or_else->bytes, or_else->length) == 0)
			return false;
	}
	diag("neither the frame came nor the one behind it");
	return false;
}

static struct frame witness(void)
{
	static unsigned char number;
	struct frame frame = begin_frame(witness_mac, 0x88b5);

	frame.bytes[14] = ++number;
	frame.length = 60;
	return frame;
}

/* Whether what the guest sends comes to the other one. */
static bool passes(struct frame frame)
{
	struct frame behind = witness();

	return write(guest_fd, frame.bytes, frame.length) == (ssize_t)frame.length &&
	       write(witness_fd, behind.bytes, behind.length) == (ssize_t)behind.length &&
	       receives(other_fd, &frame, &behind);
}

/* Whether what everybody gets comes to the guest. */
static bool reaches_guest(void)
{
	struct frame frame = witness();
	unsigned char got[2048];
	bool found = false;

	if (write(witness_fd, frame.bytes, frame.length) != (ssize_t)frame.length ||
	    !receives(other_fd, &frame, &frame))
		return false;
	for (ssize_t length; (length = read(guest_fd, got, sizeof(got))) > 0;)
		found = found || (length >= (ssize_t)frame.length &&
				  memcmp(got, frame.bytes, frame.length) == 0);
	return found;
}

static struct nic_config locked(void)
{
	struct nic_config nic = {
		.lock = NIC_LOCKED, .mac = "00:16:3e:00:00:07", .ipv4_count = 2, .ipv6_count = 1};

	inet_pton(AF_INET, "192.0.2.1", &nic.ipv4[0]);
	inet_pton(AF_INET, "192.0.2.2", &nic.ipv4[1]);
	inet_pton(AF_INET6, "2001:db8::1", &nic.ipv6[0]);
	return nic;
}

static void set(const char *interface, struct nic_config nic, const char *what)
{
	struct hypervisor_error err = {0};

	ok(filter_set(interface, &nic, &err) == 0, "%s %s", what, err.text);
}

static void test_unlocked(const char *when)
{
	ok(passes(arp(stolen_mac, guest_mac, "192.0.2.9")) &&
		   passes(udp4(stolen_mac, "192.0.2.9", 67, 68)),
	   "%s: anything passes", when);
	ok(reaches_guest(), "%s: and comes to the guest", when);
}

static void test_locked(void)
{
	set(GUEST, locked(), "locked");
	ok(passes(arp(guest_mac, guest_mac, "192.0.2.2")), "ARP from its address");
	ok(!passes(arp(guest_mac, guest_mac, "192.0.2.3")), "none from another's");
	ok(!passes(arp(guest_mac, stolen_mac, "192.0.2.1")), "none that says another MAC");
	ok(!passes(arp(stolen_mac, guest_mac, "192.0.2.1")), "nothing from another MAC");
	ok(passes(udp4(guest_mac, "192.0.2.1", 1000, 1000)), "IPv4 from its address");
	ok(!passes(udp4(guest_mac, "192.0.2.3", 1000, 1000)), "none from another's");
	ok(passes(udp4(guest_mac, "0.0.0.0", 68, 67)), "it may ask for its address");
	ok(!passes(udp4(guest_mac, "0.0.0.0", 1000, 1000)), "and nothing else without one");
	ok(!passes(udp4(guest_mac, "192.0.2.1", 67, 68)), "it gives none away");
	ok(passes(icmp6(guest_mac, "2001:db8::1", 128, "::")), "IPv6 from its address");
	ok(!passes(icmp6(guest_mac, "2001:db8::2", 128, "::")), "none from another's");
	ok(passes(icmp6(guest_mac, "2001:db8::1", 136, "2001:db8::1")), "it says where it is");
	ok(!passes(icmp6(guest_mac, "2001:db8::1", 136, "2001:db8::2")), "not that it is another");
	ok(!passes(icmp6(guest_mac, "2001:db8::1", 134, "::")), "it is no router");
	ok(!passes(begin_frame(guest_mac, 0x88b5)), "nothing that is neither");
	ok(reaches_guest(), "it gets what others send");
}

static void test_no_address(void)
{
	struct nic_config nic = locked();

	nic.ipv4_count = nic.ipv6_count = 0;
	set(GUEST, nic, "locked without an address");
	ok(!passes(arp(guest_mac, guest_mac, "192.0.2.1")), "no ARP");
	ok(!passes(udp4(guest_mac, "0.0.0.0", 68, 67)), "no IPv4");
	ok(!passes(icmp6(guest_mac, "2001:db8::1", 128, "::")), "no IPv6");
}

static void test_disabled(void)
{
	set(GUEST, (struct nic_config){.lock = NIC_DISABLED}, "disabled");
	ok(!passes(arp(guest_mac, guest_mac, "192.0.2.1")), "nothing goes out");
	ok(!reaches_guest(), "nothing comes in");
}

static bool is_7(uint32_t domid, void *argument)
{
	(void)argument;
	return domid == 7;
}

static bool is_8(uint32_t domid, void *argument)
{
	(void)argument;
	return domid == 8;
}

static void test_forget(void)
{
	set(GUEST, (struct nic_config){.lock = NIC_DISABLED}, "disabled");
	filter_forget(is_8, NULL);
	ok(!reaches_guest(), "another domain has gone: its rules stay");
	filter_forget(is_7, NULL);
	test_unlocked("its domain has gone");
	filter_forget(is_7, NULL);
}

int main(void)
{
	static const struct nic_config unlocked = {.lock = NIC_UNLOCKED};

	if (!open_network()) {
		skip("no network namespace or tap device here: %s", strerror(errno));
		return done_testing();
	}
	filter_forget(is_7, NULL);
	test_unlocked("without rules");
	set(GUEST, unlocked, "unlocked, where nothing was locked");
	test_locked();
	test_no_address();
	test_disabled();
	test_locked();
	set(GUEST, unlocked, "unlocked");
	test_unlocked("afterwards");
	set(GUEST, unlocked, "unlocked again");
	test_forget();
	return done_testing();
}
