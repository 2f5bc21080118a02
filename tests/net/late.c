#include "tests/net/late.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/net/clock.h"
#include "tests/net/flow.h"

enum { TRAIN = 80, TRAINS = 5, RATES_MAX = 8 };

static const double FRAME_BYTES = 1514.0; /* a full datagram at MTU 1500 */
static const double BURST_BYTES = 12000.0;

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Receive a train; when each packet arrived. A reader wakes for each, as in a transfer. */
static bool receive_train(int fd, int64_t *at_ns, struct err *err)
{
	for (size_t i = 0; i < TRAIN; i++) {
		char data[2048], control[CMSG_SPACE(sizeof(struct timespec))];
		struct iovec io = {data, sizeof(data)};
		struct msghdr m = {.msg_iov = &io,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		struct pollfd wait = {fd, POLLIN, 0};

		if (poll(&wait, 1, 1000) <= 0 || recvmsg(fd, &m, MSG_DONTWAIT) < 0)
			return err_run(err, "packet %zu of a train was lost", i);
		at_ns[i] = clock_stamp_ns(&m);
	}
	return true;
}

static bool send_train(const struct flows *f, struct err *err)
{
	char data[1472] = {0};

	for (size_t i = 0; i < TRAIN; i++)
		if (send(f->send[0], data, sizeof(data), 0) < 0)
			return err_run(err, "a train cannot be sent: %s", strerror(errno));
	return true;
}

/* Lateness of each packet that waited, in seconds; returns how many. */
static size_t lateness_of(const int64_t *at_ns, double bytes_per_s, double *late_s)
{
	size_t n = 0;

	for (size_t i = 0; i < TRAIN; i++) {
		const double owed = (double)(i + 1) * FRAME_BYTES - BURST_BYTES;

		if (owed > 3.0 * FRAME_BYTES) /* the train is in the queue by then */
			late_s[n++] = (double)(at_ns[i] - at_ns[0]) * 1e-9 - owed / bytes_per_s;
	}
	return n;
}

static bool one_train(struct rig *r, double bytes_per_s, double *late_s, size_t *n, struct err *err)
{
	const struct cell c = {
		.qdisc = QDISC_TBF,
		.transport = TRANSPORT_DATAGRAM,
		.bytes_per_s = bytes_per_s,
		.burst_bytes = BURST_BYTES,
		.limit_bytes = 2.0 * TRAIN * FRAME_BYTES,
		.n_flows = 1,
	};
	const int yes = 1;
	int64_t at_ns[TRAIN];
	struct flows f;
	bool ok;

	if (!flows_open(&f, r, &c, err))
		return false;
	ok = rig_shape(r, &c, err) &&
	     (setsockopt(f.recv[0], SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) == 0 ||
		     err_run(err, "packets cannot be stamped: %s", strerror(errno))) &&
	     send_train(&f, err) && receive_train(f.recv[0], at_ns, err);
	if (ok)
		*n += lateness_of(at_ns, bytes_per_s, late_s + *n);
	flows_close(&f);
	return ok;
}

bool lateness_measure(struct lateness *out, struct rig *r, const double *bytes_per_s,
	size_t n_rates, struct err *err)
{
	double late_s[RATES_MAX * TRAINS * TRAIN], sum_s = 0.0;
	size_t n = 0;

	for (size_t i = 0; i < n_rates && i < RATES_MAX; i++)
		for (size_t k = 0; k < TRAINS; k++)
			if (!one_train(r, bytes_per_s[i], late_s, &n, err))
				return false;
	qsort(late_s, n, sizeof(late_s[0]), by_size);
	for (size_t i = 0; i < n; i++)
		sum_s += late_s[i];
	*out = (struct lateness){n, sum_s / (double)n, late_s[n / 2], late_s[n - 1 - n / 20]};
	return rig_unshape(r, err);
}
