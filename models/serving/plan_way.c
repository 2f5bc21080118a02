#include "models/serving/plan_way.h"

#include <math.h>

#include "models/net/net.h"
#include "models/net/route.h"

/** What is not the sending itself comes behind it: delays, last packets, round trips. */
static struct plan_trip over_links(const struct plan_way *w, double bytes, enum transfer_kind kind)
{
	double s = net_predict_s(w->net, w->route, bytes, kind, true);
	double wire_bytes = route_passage(w->route, bytes, kind).train.wire_bytes;
	double busy_s = fmin(wire_bytes / w->route->bytes_per_s, s);

	return (struct plan_trip){busy_s, s - busy_s};
}

struct plan_trip plan_trip(const struct plan_way *w, double bytes, enum transfer_kind kind)
{
	double s;

	if (w->route)
		return over_links(w, bytes, kind);
	if (!(w->bus.bytes_per_s > 0.0))
		return (struct plan_trip){0};
	s = bytes / w->bus.bytes_per_s;
	if (w->at_a_time)
		return (struct plan_trip){s, w->bus.latency_s};
	return (struct plan_trip){0.0, s + w->bus.latency_s};
}
