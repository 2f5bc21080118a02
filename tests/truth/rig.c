/* Namespaces, links and qdiscs, by the commands a user would type. */
#include "tests/truth/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/truth/forward.h"

extern char **environ;

enum { WORDS_MAX = 48, COMMAND_MAX = 512, SCRIPT_MAX = 4096 };

void rig_enter(const struct rig *r, enum rig_host h)
{
	if (setns(r->ns[h], CLONE_NEWNET) != 0)
		perror("setns");
}

void rig_leave(const struct rig *r)
{
	if (setns(r->home, CLONE_NEWNET) != 0)
		perror("setns");
}

static int open_here(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* What the command complained about, on one line. */
static void read_complaint(int fd, char *out, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < size && (got = read(fd, out + n, size - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

/* Run @words with @input (at most a pipe's worth) on its standard input. */
static bool spawn_words(char *const words[], const char *input, char *complaint, size_t size)
{
	posix_spawn_file_actions_t io;
	int in[2], out[2], status = -1;
	pid_t pid;
	bool ok;

	if (pipe2(in, O_CLOEXEC) != 0)
		return false;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return false;
	}
	ok = write(in[1], input, strlen(input)) == (ssize_t)strlen(input);
	close(in[1]);
	posix_spawn_file_actions_init(&io);
	posix_spawn_file_actions_adddup2(&io, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&io, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&io, out[1], STDERR_FILENO);
	snprintf(complaint, size, "cannot be run");
	ok = ok && posix_spawnp(&pid, words[0], &io, NULL, words, environ) == 0;
	posix_spawn_file_actions_destroy(&io);
	close(in[0]);
	close(out[1]);
	if (ok) {
		read_complaint(out[0], complaint, size);
		ok = waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		     WEXITSTATUS(status) == 0;
	}
	close(out[0]);
	return ok;
}

/* Run a command, its words parted by single spaces, in the network of @h. */
PRINTF_LIKE(4, 5)
static bool command(const struct rig *r, enum rig_host h, struct err *err, const char *fmt, ...)
{
	char text[COMMAND_MAX], whole[COMMAND_MAX], complaint[200];
	char *words[WORDS_MAX + 1];
	size_t n = 0;
	va_list args;
	bool ok;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	memcpy(whole, text, sizeof(whole));
	for (char *save = NULL, *w = strtok_r(text, " ", &save); w != NULL && n < WORDS_MAX;
		w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	words[n] = NULL;
	rig_enter(r, h);
	ok = spawn_words(words, "", complaint, sizeof(complaint));
	rig_leave(r);
	return ok || err_run(err, "%.100s: %.150s", whole, complaint);
}

/* All of a qdisc in one process: a repetition needs a fresh one. */
static bool batch(const struct rig *r, const char *script, struct err *err)
{
	char *const words[] = {(char[]){"tc"}, (char[]){"-batch"}, (char[]){"-"}, NULL};
	char complaint[200];
	bool ok;

	rig_enter(r, RIG_SENDER);
	ok = spawn_words(words, script, complaint, sizeof(complaint));
	rig_leave(r);
	return ok || err_run(err, "%.100s: %.150s", script, complaint);
}

/* A line into a file below /proc/sys of the network we are in. */
static bool write_setting(const char *path, const char *value, struct err *err)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const bool ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return ok || err_run(err, "%s: cannot be set: %s", path, strerror(errno));
}

/* Windows are never what holds a flow back; nothing is remembered between connections. */
static bool settle(const struct rig *r, enum rig_host h, struct err *err)
{
	static const char *const settings[][2] = {
		{"/proc/sys/net/ipv4/tcp_no_metrics_save", "1"},
		{"/proc/sys/net/ipv4/tcp_slow_start_after_idle", "0"},
		{"/proc/sys/net/ipv4/tcp_rmem", "4096 33554432 67108864"},
		{"/proc/sys/net/ipv4/tcp_wmem", "4096 33554432 67108864"},
	};
	bool ok = true;

	rig_enter(r, h);
	for (size_t i = 0; ok && i < sizeof(settings) / sizeof(settings[0]); i++)
		ok = write_setting(settings[i][0], settings[i][1], err);
	if (ok && access("/proc/sys/net/ipv6/conf/all/disable_ipv6", F_OK) == 0)
		ok = write_setting("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1", err) &&
		     write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", err);
	rig_leave(r);
	return ok;
}

/* A veth pair with one end in each of two networks. */
static bool join(struct rig *r, enum rig_host a, const char *a_name, const char *a_mac,
	enum rig_host b, const char *b_name, const char *b_mac, struct err *err)
{
	return command(r, a, err,
		       "ip link add name %s address %s mtu 1500 type veth peer name %s"
		       " address %s mtu 1500 netns /proc/%d/fd/%d",
		       a_name, a_mac, b_name, b_mac, (int)getpid(), r->ns[b]) &&
	       command(r, a, err, "ip link set dev %s up", a_name) &&
	       command(r, b, err, "ip link set dev %s up", b_name);
}

#define SENDER_MAC "02:00:00:00:77:01"
#define RECEIVER_MAC "02:00:00:00:77:02"

static bool address(struct rig *r, struct err *err)
{
	return command(r, RIG_SENDER, err, "ip addr add %s/24 dev out", RIG_SENDER_ADDR) &&
	       command(r, RIG_RECEIVER, err, "ip addr add %s/24 dev in", RIG_RECEIVER_ADDR) &&
	       command(r, RIG_SENDER, err, "ip neigh replace %s lladdr %s dev out nud permanent",
		       RIG_RECEIVER_ADDR, RECEIVER_MAC) &&
	       command(r, RIG_RECEIVER, err, "ip neigh replace %s lladdr %s dev in nud permanent",
		       RIG_SENDER_ADDR, SENDER_MAC);
}

static bool set_feature(
	const struct rig *r, enum rig_host h, const char *dev, uint32_t what, bool on)
{
	struct ethtool_value value = {.cmd = what, .data = on};
	struct ifreq req = {.ifr_data = (char *)&value};
	int fd;
	bool ok;

	rig_enter(r, h);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	rig_leave(r);
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	ok = fd >= 0 && ioctl(fd, SIOCETHTOOL, &req) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The forwarder writes frames as they are: their checksums must be there. */
static bool sum_in_software(struct rig *r, struct err *err)
{
	return (set_feature(r, RIG_SENDER, "out", ETHTOOL_STXCSUM, false) &&
		       set_feature(r, RIG_RECEIVER, "in", ETHTOOL_STXCSUM, false)) ||
	       err_run(err, "checksums cannot be moved into software: %s", strerror(errno));
}

static bool wire(struct rig *r, enum rig_kind kind, struct err *err)
{
	if (kind == RIG_PLAIN)
		return join(
			r, RIG_SENDER, "out", SENDER_MAC, RIG_RECEIVER, "in", RECEIVER_MAC, err);
	return join(r, RIG_SENDER, "out", SENDER_MAC, RIG_MIDDLE, "left", "02:00:00:00:77:03",
		       err) &&
	       join(r, RIG_RECEIVER, "in", RECEIVER_MAC, RIG_MIDDLE, "right", "02:00:00:00:77:04",
		       err) &&
	       sum_in_software(r, err);
}

bool rig_create(struct rig *r, enum rig_kind kind, bool *unable, struct err *err)
{
	const size_t n = kind == RIG_PLAIN ? RIG_MIDDLE : RIG_HOSTS;

	*r = (struct rig){.home = open_here(), .ns = {-1, -1, -1}};
	*unable = true;
	for (size_t i = 0; i < n; i++) {
		if (unshare(CLONE_NEWNET) != 0) {
			err_run(err, "network namespaces cannot be made: %s", strerror(errno));
			goto undo;
		}
		r->ns[i] = open_here();
		rig_leave(r);
		if (!settle(r, (enum rig_host)i, err) ||
			!command(r, (enum rig_host)i, err, "ip link set dev lo up"))
			goto undo;
	}
	if (!wire(r, kind, err))
		goto undo;
	*unable = false;
	if (address(r, err) && rig_segment(r, false, err))
		return true;
undo:
	rig_finish(r);
	return false;
}

void rig_finish(struct rig *r)
{
	forward_stop(r->forwarder);
	for (size_t i = 0; i < RIG_HOSTS; i++)
		if (r->ns[i] >= 0)
			close(r->ns[i]);
	if (r->home >= 0)
		close(r->home);
	*r = (struct rig){.home = -1, .ns = {-1, -1, -1}};
}

/* Switching TSO and GSO off is not enough: TCP then still hands the qdisc super-packets. */
bool rig_segment(struct rig *r, bool gso, struct err *err)
{
	if (r->gso_known && r->gso == gso)
		return true;
	r->gso = gso;
	r->gso_known = true;
	return command(r, RIG_SENDER, err, "ip link set dev out gso_max_segs %d",
		       gso ? 65535 : 1) &&
	       command(r, RIG_RECEIVER, err, "ip link set dev in gso_max_segs %d", gso ? 65535 : 1);
}

bool rig_unshape(struct rig *r, struct err *err)
{
	const bool shaped = r->shaped;

	r->shaped = false;
	return !shaped || batch(r, "qdisc del dev out root\n", err);
}

/* Where a shaper goes: below netem, if it delays. */
static const char *place(const struct rig *r)
{
	return r->delay_s > 0.0 ? "parent 2:1" : "root";
}

static size_t netem_script(char *out, size_t size, const struct rig *r)
{
	if (!(r->delay_s > 0.0))
		return 0;
	return (size_t)snprintf(out, size,
		"qdisc add dev out root handle 2: netem delay %.0fus limit 100000\n",
		r->delay_s * 1e6);
}

static void tbf_script(char *out, size_t size, const struct cell *c, const char *at)
{
	char peak[80] = "";

	if (c->peak_bytes_per_s > 0.0)
		snprintf(peak, sizeof(peak), " peakrate %.0fbit minburst %.0f",
			8.0 * c->peak_bytes_per_s, c->minburst_bytes);
	snprintf(out, size, "qdisc add dev out %s tbf rate %.0fbit burst %.0f limit %.0f%s\n", at,
		8.0 * c->bytes_per_s, c->burst_bytes, c->limit_bytes, peak);
}

/* A class for all and a leaf for each flow, which its port leads to; the class is the
 * leaf when there is one flow. */
static void htb_script(char *out, size_t size, const struct cell *c, const char *at)
{
	const double bit_per_s = 8.0 * c->bytes_per_s, each = bit_per_s / (double)c->n_flows;
	const char *parent = c->n_flows > 1 ? "1:1" : "1:";
	size_t n = 0;

	n += (size_t)snprintf(out, size, "qdisc add dev out %s handle 1: htb default 10\n", at);
	if (c->n_flows > 1)
		n += (size_t)snprintf(out + n, size - n,
			"class add dev out parent 1: classid 1:1 htb rate %.0fbit ceil %.0fbit"
			" burst %.0f cburst %.0f quantum 1514\n",
			bit_per_s, bit_per_s, c->burst_bytes, c->burst_bytes);
	for (size_t i = 0; i < c->n_flows; i++) {
		n += (size_t)snprintf(out + n, size - n,
			"class add dev out parent %s classid 1:%zu htb rate %.0fbit ceil %.0fbit"
			" burst %.0f cburst %.0f quantum 1514\n"
			"qdisc add dev out parent 1:%zu bfifo limit %.0f\n",
			parent, 10 + i, each, bit_per_s, c->burst_bytes, c->burst_bytes, 10 + i,
			c->limit_bytes);
		if (c->n_flows > 1)
			n += (size_t)snprintf(out + n, size - n,
				"filter add dev out parent 1: protocol ip u32 match ip dport %zu"
				" 0xffff flowid 1:%zu\n",
				CELL_PORT + i, 10 + i);
	}
}

bool rig_shape(struct rig *r, const struct cell *c, struct err *err)
{
	char script[SCRIPT_MAX] = "";
	size_t n = 0;

	if (c->qdisc == QDISC_NONE && !(r->delay_s > 0.0))
		return rig_unshape(r, err);
	if (r->shaped)
		n = (size_t)snprintf(script, sizeof(script), "qdisc del dev out root\n");
	n += netem_script(script + n, sizeof(script) - n, r);
	if (c->qdisc == QDISC_TBF)
		tbf_script(script + n, sizeof(script) - n, c, place(r));
	if (c->qdisc == QDISC_HTB)
		htb_script(script + n, sizeof(script) - n, c, place(r));
	r->shaped = true;
	return batch(r, script, err);
}

bool rig_has(struct rig *r, const char *name)
{
	struct err ignored = {0};

	return rig_unshape(r, &ignored) &&
	       command(r, RIG_SENDER, &ignored, "tc qdisc add dev out root %s", name) &&
	       command(r, RIG_SENDER, &ignored, "tc qdisc del dev out root");
}

bool rig_delay(struct rig *r, double delay_s, struct err *err)
{
	if (r->ns[RIG_MIDDLE] >= 0) {
		forward_stop(r->forwarder);
		return forward_start(&r->forwarder, r, delay_s, err);
	}
	r->delay_s = delay_s;
	return command(r, RIG_RECEIVER, err,
		"tc qdisc replace dev in root netem delay %.0fus limit 100000", delay_s * 1e6);
}

bool rig_netem(struct rig *r, const char *options, struct err *err)
{
	char script[SCRIPT_MAX];

	if (!rig_unshape(r, err))
		return false;
	snprintf(script, sizeof(script), "qdisc add dev out root netem %s limit 100000\n", options);
	r->shaped = true;
	return batch(r, script, err);
}
