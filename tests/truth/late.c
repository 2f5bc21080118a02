#include "tests/truth/late.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/truth/clock.h"
#include "tests/truth/flow.h"

enum {
	TRAIN = 120,
	SETTLED = 20, /* packets until all are queued */
};

enum { DATAGRAM_BYTES = 1472 };

static const double FRAME_BYTES = 1514.0; /* a full datagram at MTU 1500 */

/* What one train shows. */
struct train_times {
	int64_t sent_ns;        /* before the first send() */
	int64_t at_ns[TRAIN];   /* the kernel's stamps */
	int64_t read_ns[TRAIN]; /* after each recvmsg() */
};

/* All trains' findings. */
struct findings {
	size_t n_late, n_wake, n_send;
	double late_s[LATENESS_TRAINS_MAX * TRAIN];
	double wake_s[LATENESS_TRAINS_MAX * TRAIN]; /* stamp to reader */
	double send_s[LATENESS_TRAINS_MAX];         /* send() to stamp */
};

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool send_train(const struct flows *f, struct train_times *t, struct err *err)
{
	t->sent_ns = clock_ns(CLOCK_REALTIME);
	for (size_t i = 0; i < TRAIN; i++)
		if (send(f->send[0], f->data, DATAGRAM_BYTES, 0) < 0)
			return err_run(err, "a train cannot be sent: %s", strerror(errno));
	return true;
}

/* The reader wakes for each packet, as in a transfer. */
static bool receive_train(int fd, struct train_times *t, struct err *err)
{
	for (size_t i = 0; i < TRAIN; i++) {
		char data[2048], control[CMSG_SPACE(sizeof(struct timespec))];
		struct iovec io = {data, sizeof(data)};
		struct msghdr m = {
			.msg_iov = &io,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		struct pollfd wait = {fd, POLLIN, 0};

		if (poll(&wait, 1, 1000) <= 0 || recvmsg(fd, &m, MSG_DONTWAIT) < 0)
			return err_run(err, "packet %zu of a train was lost", i);
		t->read_ns[i] = clock_ns(CLOCK_REALTIME);
		t->at_ns[i] = clock_stamp_ns(&m);
	}
	return true;
}

static void learn(struct findings *all, const struct train_times *t, double bytes_per_s)
{
	all->send_s[all->n_send++] = (double)(t->at_ns[0] - t->sent_ns) * 1e-9;
	for (size_t i = SETTLED; i < TRAIN; i++) {
		all->late_s[all->n_late++] =
			(double)(t->at_ns[i] - t->at_ns[i - 1]) * 1e-9 - FRAME_BYTES / bytes_per_s;
		all->wake_s[all->n_wake++] = (double)(t->read_ns[i] - t->at_ns[i]) * 1e-9;
	}
}

static bool one_train(struct rig *r, double bytes_per_s, struct findings *all, struct err *err)
{
	const struct cell c = {
		.qdisc = QDISC_TBF,
		.transport = TRANSPORT_DATAGRAM,
		.bytes_per_s = bytes_per_s,
		.burst_bytes = FRAME_BYTES,
		.limit_bytes = 2.0 * TRAIN * FRAME_BYTES,
		.n_flows = 1,
		.flow = {{0.0, DATAGRAM_BYTES}},
	};
	const int yes = 1;
	struct train_times t;
	struct flows f;
	bool ok;

	if (!flows_open(&f, r, &c, err))
		return false;
	ok = rig_shape(r, &c, err) &&
	     (setsockopt(f.recv[0], SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) == 0 ||
		     err_run(err, "packets cannot be stamped: %s", strerror(errno))) &&
	     send_train(&f, &t, err) && receive_train(f.recv[0], &t, err);
	if (ok)
		learn(all, &t, bytes_per_s);
	flows_close(&f);
	return ok;
}

bool lateness_measure(
	struct lateness *out, struct rig *r, const double *bytes_per_s, size_t n, struct err *err)
{
	struct findings all = {0};
	size_t timers, middle = 0;
	double sum_s = 0.0;

	assert(n <= LATENESS_TRAINS_MAX);
	if (!rig_segment(r, false, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!one_train(r, bytes_per_s[i], &all, err))
			return false;
	qsort(all.late_s, all.n_late, sizeof(double), by_size);
	qsort(all.wake_s, all.n_wake, sizeof(double), by_size);
	qsort(all.send_s, all.n_send, sizeof(double), by_size);
	timers = all.n_late;
	for (size_t i = timers / 4; i < timers - timers / 4; i++, middle++)
		sum_s += all.late_s[i];
	*out = (struct lateness){
		.n = timers,
		.mean_s = sum_s / (double)middle,
		.p5_s = all.late_s[timers / 20],
		.p50_s = all.late_s[timers / 2],
		.p95_s = all.late_s[timers - 1 - timers / 20],
		.max_s = all.late_s[timers - 1],
		.host_s = all.send_s[all.n_send / 2] + all.wake_s[all.n_wake / 2],
	};
	return rig_unshape(r, err);
}
