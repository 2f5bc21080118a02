/* The frame forwarder. Time is CLOCK_REALTIME, in which the kernel stamps frames. */
#include "tests/truth/forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/truth/clock.h"

enum { FRAME_MAX = 2048, FRAMES = 16384, BUFFER_BYTES = 64 << 20 };

/* Shorter waits are spun through: a sleep would end later than it should. */
static const int64_t SPIN_NS = 80000;

struct frame {
	int64_t due_ns;
	size_t size;
	char data[FRAME_MAX];
};

/* One direction: what came in and has not gone out, in order. */
struct pipe_line {
	int from, to; /* packet sockets */
	size_t head, n;
	struct frame *ring; /* of FRAMES */
};

static int open_port(const char *dev)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(dev),
	};
	const int yes = 1, size = BUFFER_BYTES;
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) == 0 &&
		bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	return -1;
}

/* Take in all that has come. */
static void take(struct pipe_line *p, int64_t delay_ns)
{
	while (p->n < FRAMES) {
		struct frame *f = &p->ring[(p->head + p->n) % FRAMES];
		char control[CMSG_SPACE(sizeof(struct timespec))];
		struct iovec io = {f->data, sizeof(f->data)};
		struct msghdr m = {
			.msg_iov = &io,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		const ssize_t got = recvmsg(p->from, &m, MSG_DONTWAIT);

		if (got <= 0)
			return;
		f->size = (size_t)got;
		f->due_ns = clock_stamp_ns(&m) + delay_ns;
		p->n++;
	}
}

/* Send what is due; returns when the next one is, or INT64_MAX. */
static int64_t give(struct pipe_line *p)
{
	while (p->n > 0) {
		struct frame *f = &p->ring[p->head];

		if (f->due_ns > clock_ns(CLOCK_REALTIME))
			return f->due_ns;
		if (send(p->to, f->data, f->size, 0) < 0 && (errno == ENOBUFS || errno == EAGAIN))
			continue;
		p->head = (p->head + 1) % FRAMES;
		p->n--;
	}
	return INT64_MAX;
}

static void forward(int left, int right, int64_t delay_ns)
{
	struct pipe_line there = {left, right, 0, 0, mem_zalloc(FRAMES, sizeof(struct frame))};
	struct pipe_line back = {right, left, 0, 0, mem_zalloc(FRAMES, sizeof(struct frame))};
	struct pollfd fds[] = {{left, POLLIN, 0}, {right, POLLIN, 0}};

	for (;;) {
		const int64_t there_ns = give(&there), back_ns = give(&back);
		const int64_t next_ns = there_ns < back_ns ? there_ns : back_ns;
		const int64_t wait_ns =
			next_ns == INT64_MAX ? INT64_MAX : next_ns - clock_ns(CLOCK_REALTIME);
		const struct timespec wait =
			clock_timespec(wait_ns > SPIN_NS ? wait_ns - SPIN_NS : 0);

		ppoll(fds, 2, wait_ns == INT64_MAX ? NULL : &wait, NULL);
		take(&there, delay_ns);
		take(&back, delay_ns);
	}
}

bool forward_start(long *pid, const struct rig *r, double delay_s, struct err *err)
{
	int left, right;

	rig_enter(r, RIG_MIDDLE);
	left = open_port("left");
	right = open_port("right");
	rig_leave(r);
	*pid = 0;
	if (left < 0 || right < 0)
		return err_run(err, "the forwarder cannot open its ports: %s", strerror(errno));
	*pid = (long)fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		clock_real_time(2);
		forward(left, right, (int64_t)(delay_s * 1e9));
	}
	close(left);
	close(right);
	return *pid > 0 || err_run(err, "the forwarder cannot start: %s", strerror(errno));
}

void forward_stop(long pid)
{
	if (pid <= 0)
		return;
	kill((pid_t)pid, SIGKILL);
	waitpid((pid_t)pid, NULL, 0);
}
