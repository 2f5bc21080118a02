#include "tests/support/check.h"

#include <math.h>

#include "tests/support/net_lab.h"
#include "tests/support/path.h"

static struct link_spec link_of(
	const struct path *p, struct link_class_spec *classes, size_t n_flows)
{
	struct link_spec l = lab_link("path", "users", "b", 1.0, p->return_s + p->host_s);
	bool htb = p->qdisc.kind == QDISC_HTB;

	l.down.bytes_per_s = HUGE_VAL;
	l.up = (struct link_dir_spec){
		.bytes_per_s = p->qdisc.bytes_per_s,
		.delay_s = p->delay_s + p->host_s,
		.qdisc = p->qdisc,
		.transport = p->transport,
		.connection = p->connection,
		.sharing = p->transport == TRANSPORT_TCP || (htb && n_flows > 1) ? SHARING_FAIR
										 : SHARING_FIFO,
		.rto_s = 0.2,
	};
	if (n_flows == 1 || !htb)
		return l;
	for (size_t i = 0; i < n_flows; i++)
		classes[i] = (struct link_class_spec){
			.htb = {.bytes_per_s = qdisc_rate_bytes_per_s(&p->qdisc) / (double)n_flows,
				.ceil_bytes_per_s = qdisc_rate_bytes_per_s(&p->qdisc),
				.burst_bytes = p->qdisc.burst_bytes,
				.cburst_bytes = qdisc_burst_bytes(&p->qdisc)},
			.carries = i + 1 < n_flows ? 1u << i : 0};
	l.up.classes = classes;
	l.up.n_classes = n_flows;
	return l;
}

void path_share(const struct path *p, struct path_flow *flows, size_t n)
{
	static const char *const names[] = {"a", "b"};
	struct link_class_spec classes[PATH_CLASSES];
	struct link_spec link;
	struct lab l;

	assert_true(n <= PATH_CLASSES || p->qdisc.kind != QDISC_HTB);
	link = link_of(p, classes, n);
	lab_init(&l, &link, 1, names, 1, 1);
	for (size_t i = 0; i < n; i++)
		lab_send(&l, flows[i].start_s, 0, 1, flows[i].payload_bytes,
			(enum transfer_kind)(i % TRANSFER_KINDS));
	lab_run(&l, 1e6);
	for (size_t i = 0; i < n; i++)
		flows[i].end_s = s_of_ns(l.at[i].arrived_ns);
	lab_finish(&l);
}

double path_transfer_s(const struct path *p, double payload_bytes)
{
	struct path_flow f = {.payload_bytes = payload_bytes};

	path_share(p, &f, 1);
	return f.end_s;
}
