/* Ending a run before its time. */

#include <stdarg.h>

#include "models/world/state.h"

void world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	w->failed = true;
	if (w->err.kind == ERR_NONE) {
		w->err.kind = ERR_RUN;
		va_start(ap, fmt);
		err_write(&w->err, fmt, ap);
		va_end(ap);
	}
	engine_stop(w->engine);
}

void world_stop_failed(struct world *w)
{
	w->failed = true;
	engine_stop(w->engine);
}

bool world_interrupted(const struct world *w)
{
	return w->setup.stop && atomic_load_explicit(w->setup.stop, memory_order_relaxed);
}
