/* DIR/parts/finished, read and, as a back-end of the recorder, written. */
#include "io/record/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/whole_file.h"
#include "io/record/backend.h"
#include "io/record/kept_pack.h"
#include "io/record/parts.h"

enum { NAMES = 0 }; /* the number of the record that has the names of a run's metrics */

struct header {
	char magic[8];
	uint64_t run, number;
	uint64_t n, hash; /* of the bytes behind it */
};

static const char magic[8] = "offkept";

/* FNV-1a */
static uint64_t hash_of(const char *bytes, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return h;
}

/* Writing */

struct rec_backend {
	char *dir, *path;
	int fd;
	uint32_t run, named; /* whose names are in the file */
	struct buf buf;
};

static bool fail(const struct rec_backend *b, struct err *err)
{
	return err_run(err, "%s: %s", b->path, strerror(errno));
}

static void backend_free(struct rec_backend *b)
{
	buf_finish(&b->buf);
	free(b->path);
	free(b->dir);
	free(b);
}

static bool kept_open(
	struct rec_backend **out, const char *path, const struct rec_opening *o, struct err *err)
{
	struct rec_backend *b = mem_zalloc(1, sizeof *b);

	b->dir = mem_strdup(o->spec->dir);
	b->path = mem_strdup(path);
	buf_init(&b->buf);
	b->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (b->fd >= 0) {
		*out = b;
		return true;
	}
	*out = NULL;
	fail(b, err);
	backend_free(b);
	return false;
}

static bool kept_run_begin(
	struct rec_backend *b, uint32_t id, const struct recorder_run *run, struct err *err)
{
	(void)run;
	(void)err;
	b->run = id;
	return true;
}

/* In one call: half a record is known by its hash. */
static bool put(struct rec_backend *b, uint32_t number, struct err *err)
{
	struct header *h = (struct header *)b->buf.s;
	const size_t n = b->buf.n - sizeof *h;

	*h = (struct header){
		.run = b->run, .number = number, .n = n, .hash = hash_of(b->buf.s + sizeof *h, n)};
	memcpy(h->magic, magic, sizeof magic);
	return fd_write(b->fd, b->buf.s, b->buf.n) || fail(b, err);
}

static void begin(struct rec_backend *b)
{
	static const struct header none;

	buf_clear(&b->buf);
	buf_add(&b->buf, (const char *)&none, sizeof none);
}

static bool kept_replication(
	struct rec_backend *b, const struct recorder_replication *rep, struct err *err)
{
	if (!rep->result || rep->status != RUN_COMPLETE)
		return true;
	if (b->named != b->run) {
		begin(b);
		kept_pack_names(&b->buf, rep->result);
		if (!put(b, NAMES, err))
			return false;
		b->named = b->run;
	}
	begin(b);
	kept_pack(&b->buf, rep->result);
	return put(b, rep->number, err);
}

static bool kept_close(struct rec_backend *b, const struct rec_closing *c, struct err *err)
{
	bool ok = close(b->fd) == 0 || fail(b, err);

	if (ok && c->whole)
		rec_parts_remove(b->dir);
	backend_free(b);
	return ok;
}

const struct rec_ops rec_finished = {
	.file = RECORDER_FINISHED,
	.open = kept_open,
	.run_begin = kept_run_begin,
	.replication = kept_replication,
	.close = kept_close,
};

/* Reading */

struct record {
	uint32_t run, number;
	off_t at;
	size_t n;
};

struct rec_kept {
	int fd;
	char *path;
	size_t n, cap;
	struct record *records;
};

static bool read_all(int fd, char *to, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t got = pread(fd, to, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* The next record, if it is all there. */
static bool scan_one(struct rec_kept *k, off_t *at, off_t size, struct buf *b)
{
	struct header h;

	if (!read_all(k->fd, (char *)&h, sizeof h, *at) ||
		memcmp(h.magic, magic, sizeof magic) != 0 ||
		h.n > (uint64_t)(size - *at) - sizeof h)
		return false;
	buf_clear(b);
	for (uint64_t left = h.n; left > 0;) {
		char bytes[65536];
		size_t n = left < sizeof bytes ? left : sizeof bytes;

		if (!read_all(k->fd, bytes, n, *at + (off_t)(sizeof h + b->n)))
			return false;
		buf_add(b, bytes, n);
		left -= n;
	}
	if (hash_of(b->s, b->n) != h.hash)
		return false;
	k->records = mem_grow(k->records, k->n, &k->cap, sizeof *k->records);
	k->records[k->n++] = (struct record){
		(uint32_t)h.run, (uint32_t)h.number, *at + (off_t)sizeof h, (size_t)h.n};
	*at += (off_t)(sizeof h + h.n);
	return true;
}

static int by_run_and_number(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* What lies behind the last whole record is cut off: others will follow. */
static bool scan(struct rec_kept *k, struct err *err)
{
	const off_t size = lseek(k->fd, 0, SEEK_END);
	off_t at = 0;
	struct buf b;

	buf_init(&b);
	while (at < size && scan_one(k, &at, size, &b))
		;
	buf_finish(&b);
	mem_sort(k->records, k->n, sizeof *k->records, by_run_and_number);
	return at == size || ftruncate(k->fd, at) == 0 ||
	       err_run(err, "%s: %s", k->path, strerror(errno));
}

bool rec_kept_open(struct rec_kept **out, const char *dir, struct err *err)
{
	struct rec_kept *k = mem_zalloc(1, sizeof *k);

	*out = NULL;
	k->path = rec_path(dir, RECORDER_FINISHED);
	k->fd = open(k->path, O_RDWR | O_CLOEXEC);
	if (k->fd < 0)
		err_run(err, "%s: %s", k->path, strerror(errno));
	else if (scan(k, err)) {
		*out = k;
		return true;
	}
	rec_kept_close(k);
	return false;
}

void rec_kept_close(struct rec_kept *k)
{
	if (!k)
		return;
	if (k->fd >= 0)
		close(k->fd);
	free(k->records);
	free(k->path);
	free(k);
}

/* Any one: what was made again is the same. */
static const struct record *find(const struct rec_kept *k, uint32_t run, uint32_t number)
{
	const struct record key = {.run = run, .number = number};

	return k->n ? bsearch(&key, k->records, k->n, sizeof key, by_run_and_number) : NULL;
}

static bool get(
	struct str *out, char **bytes, const struct rec_kept *k, uint32_t run, uint32_t number)
{
	const struct record *r = find(k, run, number);

	*out = (struct str){0};
	*bytes = r ? mem_zalloc(r->n + 1, 1) : NULL;
	if (!r || !read_all(k->fd, *bytes, r->n, r->at))
		return false;
	*out = (struct str){*bytes, r->n};
	return true;
}

bool rec_kept_load(struct world_result *out, const struct rec_kept *k, uint32_t run,
	uint32_t number, struct err *err)
{
	char *names_bytes, *bytes = NULL;
	struct str names, packed;
	bool ok = get(&names, &names_bytes, k, run, NAMES) &&
		  get(&packed, &bytes, k, run, number) && kept_unpack(out, names, packed);

	free(names_bytes);
	free(bytes);
	return ok || err_run(err, "%s: replication %ju of run %ju cannot be read", k->path,
			     (uintmax_t)number, (uintmax_t)run);
}

uint32_t rec_kept_count(const struct rec_kept *k, uint32_t run)
{
	uint32_t n = 0;
	struct world_result r;
	struct err ignored = {0};

	while (find(k, run, n + 1))
		n++;
	if (n == 0)
		return 0;
	if (!rec_kept_load(&r, k, run, 1, &ignored)) /* of another build */
		return 0;
	world_result_finish(&r);
	return n;
}
