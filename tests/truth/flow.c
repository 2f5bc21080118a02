#include "tests/truth/flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/truth/clock.h"

enum {
	DATAGRAM_BYTES = 1472, /* payload at MTU 1500 */
	DATAGRAMS = 40,        /* in one call, and in one super-packet: below 64 KB */
	FIRST_BYTES = 1448, /* several TCP flows write a packet each, so that they start as one, */
	TURN_BYTES = 14480, /* and then take turns */
	BUFFER_BYTES = 48 << 20, /* nothing is lost or held back for want of room */
	READ_BYTES = 256 << 10,
};

/* A sleep ends late, and flows must start in time: the end of a wait is spun through. */
static const int64_t SPIN_NS = 300000;

/* ---- sockets ---- */

static struct sockaddr_in address(const char *host, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, host, &a.sin_addr);
	return a;
}

static int open_socket(const struct rig *r, enum rig_host h, int type)
{
	int fd;

	rig_enter(r, h);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	rig_leave(r);
	return fd;
}

static bool set_number(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool bind_to(int fd, const char *host, unsigned port)
{
	const struct sockaddr_in a = address(host, port);

	return set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	       bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
}

static bool connect_to(int fd, const char *host, unsigned port)
{
	const struct sockaddr_in a = address(host, port);

	return connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
}

static bool open_tcp(struct flows *f, const struct rig *r, size_t i)
{
	const unsigned port = CELL_PORT + (unsigned)i;
	const int listener = open_socket(r, RIG_RECEIVER, SOCK_STREAM);
	bool ok;

	f->send[i] = open_socket(r, RIG_SENDER, SOCK_STREAM);
	ok = listener >= 0 && f->send[i] >= 0 && bind_to(listener, RIG_RECEIVER_ADDR, port) &&
	     listen(listener, 1) == 0 &&
	     setsockopt(f->send[i], IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) == 0 &&
	     set_number(f->send[i], IPPROTO_TCP, TCP_NODELAY, 1) &&
	     connect_to(f->send[i], RIG_RECEIVER_ADDR, port) &&
	     (f->recv[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;
	if (listener >= 0)
		close(listener);
	return ok;
}

static bool open_udp(struct flows *f, const struct rig *r, size_t i)
{
	const unsigned port = CELL_PORT + (unsigned)i;

	f->recv[i] = open_socket(r, RIG_RECEIVER, SOCK_DGRAM);
	f->send[i] = open_socket(r, RIG_SENDER, SOCK_DGRAM);
	return f->recv[i] >= 0 && f->send[i] >= 0 && bind_to(f->recv[i], RIG_RECEIVER_ADDR, port) &&
	       set_number(f->recv[i], SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES) &&
	       set_number(f->send[i], SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES) &&
	       connect_to(f->send[i], RIG_RECEIVER_ADDR, port) &&
	       (!f->gso || set_number(f->send[i], IPPROTO_UDP, UDP_SEGMENT, DATAGRAM_BYTES));
}

bool flows_open(struct flows *f, const struct rig *r, const struct cell *c, struct err *err)
{
	uint64_t most_bytes = 0;

	*f = (struct flows){.n = c->n_flows, .transport = c->transport, .gso = c->gso};
	for (size_t i = 0; i < CELL_FLOWS_MAX; i++) {
		f->send[i] = f->recv[i] = -1;
		most_bytes = c->flow[i].bytes > most_bytes ? c->flow[i].bytes : most_bytes;
	}
	f->data = mem_zalloc(most_bytes, 1);
	for (size_t i = 0; i < f->n; i++)
		if (!(f->transport == TRANSPORT_TCP ? open_tcp(f, r, i) : open_udp(f, r, i))) {
			err_run(err, "flow %zu cannot be opened: %s", i, strerror(errno));
			flows_close(f);
			return false;
		}
	return true;
}

void flows_close(struct flows *f)
{
	for (size_t i = 0; i < CELL_FLOWS_MAX; i++) {
		if (f->send[i] >= 0)
			close(f->send[i]);
		if (f->recv[i] >= 0)
			close(f->recv[i]);
		f->send[i] = f->recv[i] = -1;
	}
	free(f->data);
	f->data = NULL;
}

/* ---- a repetition ---- */

struct progress {
	const struct flows *f;
	const struct cell *c;
	int64_t zero_ns;                                    /* when the first flow starts */
	uint64_t sent[CELL_FLOWS_MAX], got[CELL_FLOWS_MAX]; /* bytes */
	size_t started, open;                               /* flows */
	struct sample *out;
};

static double since_s(const struct progress *p)
{
	return (double)(clock_ns(CLOCK_MONOTONIC) - p->zero_ns) * 1e-9;
}

/* One datagram a packet, as an application without UDP_SEGMENT sends them. */
static ssize_t send_datagrams(int fd, char *data, size_t bytes)
{
	struct iovec io[DATAGRAMS];
	struct mmsghdr m[DATAGRAMS] = {0};
	ssize_t sum = 0;
	unsigned n = 0;
	int done;

	for (size_t at = 0; at < bytes; at += DATAGRAM_BYTES, n++) {
		const size_t left = bytes - at;

		io[n] = (struct iovec){data, left < DATAGRAM_BYTES ? left : DATAGRAM_BYTES};
		m[n].msg_hdr = (struct msghdr){.msg_iov = &io[n], .msg_iovlen = 1};
	}
	done = sendmmsg(fd, m, n, MSG_DONTWAIT);
	for (int i = 0; i < done; i++)
		sum += (ssize_t)io[i].iov_len;
	return done < 0 ? -1 : sum;
}

/* How much to write at once: all of a lone flow's message; all of a datagram message, so that
 * messages queue in order of their starts. */
static size_t turn_bytes(const struct progress *p, size_t i)
{
	const uint64_t left = p->c->flow[i].bytes - p->sent[i];
	uint64_t most = left;

	if (p->f->transport == TRANSPORT_DATAGRAM)
		most = DATAGRAMS * DATAGRAM_BYTES;
	else if (p->c->n_flows > 1)
		most = p->sent[i] == 0 ? FIRST_BYTES : TURN_BYTES;
	return (size_t)(left < most ? left : most);
}

/* Some of flow @i's message, all of it if it is datagrams. */
static bool write_some(struct progress *p, size_t i, struct err *err)
{
	const bool each = p->f->transport == TRANSPORT_DATAGRAM;
	ssize_t n;

	if (p->sent[i] == 0)
		p->out->start_s[i] = since_s(p);
	do {
		const size_t bytes = turn_bytes(p, i);

		n = each && !p->f->gso
			    ? send_datagrams(p->f->send[i], p->f->data, bytes)
			    : send(p->f->send[i], p->f->data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
		p->sent[i] += n > 0 ? (uint64_t)n : 0;
	} while (each && n > 0 && p->sent[i] < p->c->flow[i].bytes);
	if (n < 0 && errno != EAGAIN && errno != ENOBUFS)
		return err_run(err, "flow %zu cannot send: %s", i, strerror(errno));
	return true;
}

static bool read_some(struct progress *p, size_t i, struct err *err)
{
	char data[READ_BYTES];
	ssize_t n;

	do {
		n = recv(p->f->recv[i], data, sizeof(data), MSG_DONTWAIT);
		p->got[i] += n > 0 ? (uint64_t)n : 0;
	} while (n > 0 && p->got[i] < p->c->flow[i].bytes);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		return err_run(err, "flow %zu cannot receive: %s", i, strerror(errno));
	if (p->got[i] >= p->c->flow[i].bytes) {
		p->out->end_s[i] = since_s(p);
		p->open--;
	}
	return true;
}

/* Start the flows whose time has come. */
static void start_due(struct progress *p)
{
	const struct cell *c = p->c;

	if (p->started == 0)
		p->zero_ns = clock_ns(CLOCK_MONOTONIC);
	while (p->started < c->n_flows && c->flow[p->started].start_s <= since_s(p))
		p->started++;
}

/* Sleep until something can be read or written, a flow is to start, or 100 ms have passed. */
static void wait_for_something(const struct progress *p, struct pollfd *fds)
{
	const struct cell *c = p->c;
	int64_t wait_ns = 100000000, start_ns;
	struct timespec wait;

	for (size_t i = 0; i < c->n_flows; i++) {
		const bool on = i < p->started;
		const bool writes = on && p->sent[i] < c->flow[i].bytes;
		const bool reads = on && p->got[i] < c->flow[i].bytes;

		fds[2 * i] = (struct pollfd){writes ? p->f->send[i] : -1, POLLOUT, 0};
		fds[2 * i + 1] = (struct pollfd){reads ? p->f->recv[i] : -1, POLLIN, 0};
	}
	if (p->started < c->n_flows) {
		start_ns = (int64_t)((c->flow[p->started].start_s - since_s(p)) * 1e9) - SPIN_NS;
		wait_ns = start_ns < 0 ? 0 : start_ns < wait_ns ? start_ns : wait_ns;
	}
	wait = clock_timespec(wait_ns);
	ppoll(fds, 2 * c->n_flows, &wait, NULL);
}

bool flows_run(const struct flows *f, const struct cell *c, double most_s, struct sample *out,
	struct err *err)
{
	struct progress p = {.f = f, .c = c, .open = c->n_flows, .out = out};
	struct pollfd fds[2 * CELL_FLOWS_MAX] = {0};

	*out = (struct sample){0};
	while (p.open > 0) {
		start_due(&p);
		for (size_t i = 0; i < p.started; i++)
			if (p.sent[i] < c->flow[i].bytes && !write_some(&p, i, err))
				return false;
		wait_for_something(&p, fds);
		for (size_t i = 0; i < p.started; i++)
			if (fds[2 * i + 1].revents != 0 && !read_some(&p, i, err))
				return false;
		if (since_s(&p) > most_s)
			return err_run(err, "it was not there after %.3g s", most_s);
	}
	for (size_t i = 0; i < c->n_flows; i++)
		out->makespan_s = out->end_s[i] > out->makespan_s ? out->end_s[i] : out->makespan_s;
	return true;
}
