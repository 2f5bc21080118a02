#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum { EVERY_NS = 200000000 };

void progress_init(struct progress *p, FILE *to, bool quiet)
{
	*p = (struct progress){.to = !quiet && isatty(fileno(to)) ? to : NULL};
	p->start_ns = p->next_ns = clock_ns();
}

static size_t terminal_width(FILE *to)
{
	struct winsize size;

	return ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79;
}

void progress_show(struct progress *p, const struct progress_now *now)
{
	char text[300];
	int64_t t_ns;

	if (!p->to || (t_ns = clock_ns()) < p->next_ns)
		return;
	p->next_ns = t_ns + EVERY_NS;
	progress_text(
		text, sizeof text, terminal_width(p->to), now, (double)(t_ns - p->start_ns) / 1e9);
	fprintf(p->to, "\r%s\033[K", text);
	fflush(p->to);
	p->shown = true;
}

void progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", p->to);
	fflush(p->to);
	p->shown = false;
}

static void print_duration(char *buf, size_t size, double s)
{
	const unsigned long n = (unsigned long)(s + 0.5);

	if (n < 100)
		snprintf(buf, size, "%lu s", n);
	else if (n < 6000)
		snprintf(buf, size, "%lu min %02lu s", n / 60, n % 60);
	else
		snprintf(buf, size, "%lu h %02lu min", n / 3600, n / 60 % 60);
}

static void print_rate(char *buf, size_t size, double per_s)
{
	if (per_s < 1e4)
		snprintf(buf, size, "%.0f events/s", per_s);
	else if (per_s < 1e6)
		snprintf(buf, size, "%.0f k events/s", per_s / 1e3);
	else
		snprintf(buf, size, "%.1f M events/s", per_s / 1e6);
}

/* What does not fit in @width any more is left out. */
static void add(char *buf, size_t size, size_t width, const char *part)
{
	const size_t n = strlen(buf), more = strlen(part) + (n ? 2 : 0);

	if (n + more <= width && n + more < size)
		snprintf(buf + n, size - n, "%s%s", n ? "  " : "", part);
}

void progress_text(
	char *buf, size_t size, size_t width, const struct progress_now *now, double elapsed_s)
{
	char part[64];

	*buf = '\0';
	snprintf(part, sizeof part, "%3.0f %%", 100 * now->share);
	add(buf, size, width, part);
	add(buf, size, width, now->policy);
	snprintf(part, sizeof part, "%zu of %zu replications", now->done, now->of);
	add(buf, size, width, part);
	if (now->events && elapsed_s > 0) {
		print_rate(part, sizeof part, (double)now->events / elapsed_s);
		add(buf, size, width, part);
	}
	if (now->share > 0.01 && elapsed_s > 1) { /* earlier it would only mislead */
		print_duration(part, sizeof part - 5, elapsed_s * (1 - now->share) / now->share);
		strcat(part, " left");
		add(buf, size, width, part);
	}
}
