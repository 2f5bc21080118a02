#include "tests/truth/wire.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "models/net/netem.h"
#include "tests/truth/clock.h"
#include "tests/truth/flow.h"

enum { DATAGRAM_BYTES = 100 };

/* After the last was sent. */
static const double WAIT_S = 0.4;

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Each datagram carries the time it was sent at. */
static bool send_one(int fd, struct wire *w, struct err *err)
{
	char data[DATAGRAM_BYTES] = {0};
	const int64_t now_ns = clock_ns(CLOCK_REALTIME);

	memcpy(data, &now_ns, sizeof(now_ns));
	if (send(fd, data, sizeof(data), MSG_DONTWAIT) < 0)
		return err_run(err, "a datagram cannot be sent: %s", strerror(errno));
	w->sent++;
	return true;
}

static void receive_all(int fd, struct wire *w)
{
	char data[DATAGRAM_BYTES], control[CMSG_SPACE(sizeof(struct timespec))];

	for (;;) {
		struct iovec io = {data, sizeof(data)};
		struct msghdr m = {
			.msg_iov = &io,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		int64_t sent_ns;

		if (recvmsg(fd, &m, MSG_DONTWAIT) <= 0)
			return;
		memcpy(&sent_ns, data, sizeof(sent_ns));
		w->delay_s[w->arrived++] = (double)(clock_stamp_ns(&m) - sent_ns) * 1e-9;
	}
}

static bool exchange(
	const struct flows *f, struct wire *w, size_t n, double spacing_s, struct err *err)
{
	const int64_t zero_ns = clock_ns(CLOCK_MONOTONIC);
	const double end_s = (double)n * spacing_s + WAIT_S;

	for (double now_s = 0.0; w->arrived < n && now_s < end_s;) {
		struct pollfd wait = {f->recv[0], POLLIN, 0};
		double until_s = w->sent < n ? (double)w->sent * spacing_s : end_s;
		struct timespec left;

		left = clock_timespec(until_s > now_s ? (int64_t)((until_s - now_s) * 1e9) : 0);
		ppoll(&wait, 1, &left, NULL);
		receive_all(f->recv[0], w);
		now_s = (double)(clock_ns(CLOCK_MONOTONIC) - zero_ns) * 1e-9;
		if (w->sent < n && now_s >= (double)w->sent * spacing_s &&
			!send_one(f->send[0], w, err))
			return false;
	}
	return true;
}

bool wire_measure(struct wire *w, const struct rig *r, size_t n, double spacing_s, struct err *err)
{
	const struct cell c = {
		.transport = TRANSPORT_DATAGRAM, .n_flows = 1, .flow = {{0.0, DATAGRAM_BYTES}}};
	const int yes = 1;
	struct flows f;
	bool ok;

	w->sent = w->arrived = 0;
	if (!flows_open(&f, r, &c, err))
		return false;
	ok = setsockopt(f.recv[0], SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) == 0 ||
	     err_run(err, "packets cannot be stamped: %s", strerror(errno));
	ok = ok && exchange(&f, w, n < WIRE_DATAGRAMS_MAX ? n : WIRE_DATAGRAMS_MAX, spacing_s, err);
	qsort(w->delay_s, w->arrived, sizeof(w->delay_s[0]), by_size);
	flows_close(&f);
	return ok;
}

double wire_quantile_s(const struct wire *w, double q)
{
	return w->arrived == 0 ? HUGE_VAL : w->delay_s[(size_t)(q * (double)(w->arrived - 1))];
}

/* ---- netem ---- */

static const double DELAY_S = 20e-3, JITTER_S = 5e-3;

/* The quantile at @u over @n draws has a standard error of sqrt(u (1 - u) / n) / density; the
 * density by differences of the law itself. The stack and late timers add HOST_S. */
static bool check_jitter(struct rig *r, const char *name, enum netem_distribution d, bool *ok,
	FILE *out, struct err *err)
{
	static const double at[] = {0.1, 0.25, 0.5, 0.75, 0.9}, HOST_S = 2e-4, STEP = 0.02;
	static const size_t n = 800;
	char options[100];
	struct wire w;

	snprintf(options, sizeof(options), "delay 20ms 5ms distribution %s", name);
	if (!rig_netem(r, d == NETEM_UNIFORM ? "delay 20ms 5ms" : options, err) ||
		!wire_measure(&w, r, n, 1e-3, err))
		return false;
	fprintf(out, "netem jitter %s:", name);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const double u = at[i], law_s = DELAY_S + JITTER_S * netem_quantile(d, u);
		const double slope_s = JITTER_S *
				       (netem_quantile(d, u + STEP) - netem_quantile(d, u - STEP)) /
				       (2.0 * STEP);
		const double error_s = sqrt(u * (1.0 - u) / (double)n) * slope_s;
		const double off_s = wire_quantile_s(&w, u) - law_s;
		const bool here = off_s > -4.0 * error_s - 5e-5 && off_s < 4.0 * error_s + HOST_S;

		fprintf(out, " %g%% %.2f (%.2f) ms", 100.0 * u, 1e3 * (law_s + off_s), 1e3 * law_s);
		*ok = *ok && here;
		if (!here)
			fprintf(out, " OFF");
	}
	fprintf(out, "\n");
	return true;
}

/* Losses that come together, one in state bad after another with probability 1 - r, vary more:
 * by (1 + rho) / (1 - rho), rho = 1 - p - r. */
static bool check_loss(struct rig *r, const char *options, const struct netem *law, bool *ok,
	FILE *out, struct err *err)
{
	static const size_t n = 3000;
	const double share = netem_loss_rate(law);
	const double rho = law->loss == NETEM_LOSS_GEMODEL ? 1.0 - law->loss_p - law->loss_r : 0.0;
	double lost, error;
	struct wire w;

	if (!rig_netem(r, options, err) || !wire_measure(&w, r, n, 1e-4, err))
		return false;
	lost = (double)(w.sent - w.arrived) / (double)w.sent;
	error = sqrt(share * (1.0 - share) / (double)n * (1.0 + rho) / (1.0 - rho));
	*ok = *ok && fabs(lost - share) < 4.0 * error;
	fprintf(out, "netem %s: lost %.2f %% (%.2f)%s\n", options, 100.0 * lost, 100.0 * share,
		fabs(lost - share) < 4.0 * error ? "" : " OFF");
	return true;
}

bool wire_check_netem(bool *ok, struct rig *r, FILE *out, struct err *err)
{
	const struct netem random = {.loss = NETEM_LOSS_RANDOM, .loss_p = 0.1};
	const struct netem bursts = {
		.loss = NETEM_LOSS_GEMODEL, .loss_p = 0.05, .loss_r = 0.5, .loss_in_bad = 0.8};

	*ok = true;
	return check_jitter(r, "uniform", NETEM_UNIFORM, ok, out, err) &&
	       check_jitter(r, "normal", NETEM_NORMAL, ok, out, err) &&
	       check_jitter(r, "pareto", NETEM_PARETO, ok, out, err) &&
	       check_jitter(r, "paretonormal", NETEM_PARETONORMAL, ok, out, err) &&
	       check_loss(r, "loss random 10%", &random, ok, out, err) &&
	       check_loss(r, "loss gemodel 5% 50% 80% 0%", &bursts, ok, out, err) &&
	       rig_unshape(r, err);
}
