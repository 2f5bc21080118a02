/*
 * The machine behind emulate.cuh: fibers for threads, a round of all of them at a time, and a
 * message when a whole round got nowhere.
 */
#include <cassert>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include <ucontext.h>

#include "kernels-ref/emulate/emulate.cuh"
#include "kernels-ref/ref/num.h"

#define FIBER_STACK ((size_t)256 << 10)
#define MEET_BYTES 128

struct copy {
	void *to;
	const void *from;
	size_t bytes; /* 16 of zeros where from is NULL */
};

/* A product of the warpgroup tensor cores, as one thread sees it; done when waited for. */
struct wgmma_op {
	float *d;
	matrix_desc a, b;
	const uint32_t *a_lanes[32]; /* where a is in registers: all the warp's, read when it is done */
	bool a_shared, b_rows, add; /* b read across its rows */
	unsigned columns;
};

struct fiber {
	emu_place here;
	ucontext_t context;
	jmp_buf at;
	std::vector<char> stack;
	bool started, live;
	unsigned slot;     /* of its block among those that run */
	unsigned meetings; /* of its warp, so far */
	std::vector<copy> open;
	std::vector<std::vector<copy>> groups; /* committed, not waited for */
	std::vector<wgmma_op> products;
	std::vector<std::vector<wgmma_op>> batches;
};

struct warp_state {
	unsigned arrived[2], met;
	const char *what[2];
	char data[2][32][MEET_BYTES];
};

struct barrier_state {
	unsigned arrived, times;
	bool any[2]; /* of the votes, by turn */
};

struct mbar_state {
	unsigned count, missing;
	int64_t bytes;
	unsigned phase;
	std::vector<copy> copies; /* made when somebody waits */
};

/* Blocks run one after the other, but those of a launch_together() all at once. */
struct emulator {
	std::vector<fiber *> fibers;
	std::vector<warp_state> warps;
	std::map<unsigned, barrier_state> barriers;
	std::map<const uint64_t *, mbar_state> mbars;
	std::vector<std::vector<char>> shared; /* of each block that runs */
	std::function<void()> work;
	fiber *now;
	unsigned n, together, live; /* threads a block, blocks that run, threads left of them */
	uint64_t progress, rounds, blocks;
	bool eager; /* asynchronous work is done at once in this block, else as late as may be */
	jmp_buf scheduler;

	~emulator()
	{
		for (fiber *f : fibers)
			delete f;
	}
};

static emulator &emu(void)
{
	static thread_local emulator e;

	return e;
}

static void fail(const char *what)
{
	const emu_place &h = emu().now->here;

	fprintf(stderr, "emulated block %u,%u,%u thread %u: %s\n", h.block.x, h.block.y, h.block.z,
		h.thread.x, what);
	abort();
}

/* --- fibers ------------------------------------------------------------------------------------
 */

static void yield(void)
{
	if (_setjmp(emu().now->at) == 0)
		_longjmp(emu().scheduler, 1);
}

void spin_pause(void)
{
	yield();
}

static void fiber_main(void)
{
	for (;;) {
		emulator &e = emu();

		e.work();
		e.now->live = false;
		e.live--;
		e.progress++;
		yield();
	}
}

static void resume(fiber *f)
{
	emulator &e = emu();

	e.now = f;
	if (_setjmp(e.scheduler))
		return;
	if (f->started)
		_longjmp(f->at, 1);
	f->started = true;
	setcontext(&f->context);
}

static fiber *fiber_create(void)
{
	fiber *f = new fiber();

	f->stack.resize(FIBER_STACK);
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack.data();
	f->context.uc_stack.ss_size = f->stack.size();
	f->context.uc_link = NULL;
	makecontext(&f->context, fiber_main, 0);
	return f;
}

/* The blocks from number @first on that run together. */
static void run_blocks(unsigned first, dim3 grid, dim3 block_dim)
{
	/* no factor in common with a thread count, of at most 32 warps */
	const unsigned turns[] = {1, 41, 37, 43};
	emulator &e = emu();
	unsigned all = e.n * e.together;

	e.eager = rand_bits(1, e.blocks++) & 1;
	e.barriers.clear();
	e.mbars.clear();
	e.warps.assign(e.together * ((e.n + 31) / 32), warp_state());
	for (std::vector<char> &shared : e.shared)
		memset(shared.data(), 0xff, shared.size());
	e.live = all;
	for (unsigned i = 0; i < all; i++) {
		fiber *f = e.fibers[i];
		unsigned thread = i % e.n, block = first + i / e.n;

		f->live = true;
		f->slot = i / e.n;
		f->meetings = 0;
		f->open.clear();
		f->groups.clear();
		f->products.clear();
		f->batches.clear();
		f->here = {dim3(thread % block_dim.x, thread / block_dim.x, 0),
			dim3(block % grid.x, block / grid.x % grid.y, block / grid.x / grid.y),
			block_dim, grid};
	}
	while (e.live > 0) {
		uint64_t before = e.progress;

		/* Another order every round, or a missing barrier might never show. */
		unsigned step = turns[e.rounds++ % 4], at = (unsigned)(e.rounds * 37 % all);
		for (unsigned i = 0; i < all; i++, at = (at + step) % all)
			if (e.fibers[at]->live)
				resume(e.fibers[at]);
		if (e.progress == before)
			fail("nothing moves: threads wait for others that will not come");
	}
}

void emu_launch(dim3 grid, dim3 block, size_t shared_bytes, bool together,
	const std::function<void()> &thread)
{
	emulator &e = emu();
	unsigned blocks = grid.x * grid.y * grid.z;

	e.n = block.x * block.y * block.z;
	e.together = together ? blocks : 1;
	while (e.fibers.size() < e.n * e.together)
		e.fibers.push_back(fiber_create());
	if (shared_bytes > EMU_SHARED_BYTES)
		fail("more shared memory than a block may have");
	e.shared.resize(e.together);
	for (std::vector<char> &shared : e.shared)
		shared.resize(shared_bytes + 1024);
	e.work = thread;
	for (unsigned i = 0; i < blocks; i += e.together)
		run_blocks(i, grid, block);
}

const emu_place &emu_here(void)
{
	return emu().now->here;
}

void *emu_dynamic_shared(void)
{
	emulator &e = emu();

	return (void *)(((uintptr_t)e.shared[e.now->slot].data() + 1023) / 1024 * 1024);
}

void meeting_arrive(uint32_t *count, uint32_t last)
{
	emu().progress++;
	atomicInc(count, last);
}

void meeting_wait(const uint32_t *count, uint32_t due)
{
	while (*count < due)
		yield();
	emu().progress++;
}

/* --- meetings ------------------------------------------------------------------------------------
 */

const char *emu_warp_meet(const char *what, const void *mine, size_t bytes)
{
	emulator &e = emu();
	fiber *f = e.now;
	warp_state &w = e.warps[f->slot * ((e.n + 31) / 32) + f->here.thread.x / 32];
	unsigned turn = f->meetings++, side = turn & 1;

	assert(bytes <= MEET_BYTES);
	if (w.arrived[side] == 0)
		w.what[side] = what;
	else if (strcmp(w.what[side], what) != 0)
		fail("lanes of a warp at different operations");
	if (bytes)
		memcpy(w.data[side][f->here.thread.x % 32], mine, bytes);
	e.progress++;
	if (++w.arrived[side] == 32) {
		w.arrived[side] = 0;
		w.met = turn + 1;
	}
	while (w.met <= turn)
		yield();
	return w.data[side][0];
}

static unsigned barrier_join(barrier_state &b, unsigned n, bool vote)
{
	unsigned turn = b.times;

	emu().progress++;
	if (b.arrived == 0)
		b.any[turn & 1] = false;
	b.any[turn & 1] |= vote;
	if (++b.arrived == n) {
		b.arrived = 0;
		b.times++;
	}
	return turn;
}

/* Barrier @id of the block of the thread that runs. */
static barrier_state &barrier_of(int id)
{
	return emu().barriers[emu().now->slot * 16 + (unsigned)id];
}

void barrier_arrive(int id, int n)
{
	barrier_join(barrier_of(id), (unsigned)n, false);
}

bool barrier_any(int id, int n, bool vote)
{
	barrier_state &b = barrier_of(id);
	unsigned turn = barrier_join(b, n ? (unsigned)n : emu().n, vote);

	while (b.times == turn)
		yield();
	return b.any[turn & 1];
}

/* --- copies
 * ----------------------------------------------------------------------------------------- */

static void make_copies(std::vector<copy> &copies)
{
	for (const copy &c : copies) {
		if (c.from)
			memcpy(c.to, c.from, c.bytes);
		else
			memset(c.to, 0, c.bytes);
	}
	copies.clear();
}

static mbar_state &mbar_of(const uint64_t *bar)
{
	auto at = emu().mbars.find(bar);

	if (at == emu().mbars.end())
		fail("mbarrier was not initialised");
	return at->second;
}

static void mbar_settle(mbar_state &b)
{
	if (b.missing > 0 || b.bytes != 0)
		return;
	b.phase++;
	b.missing = b.count;
	emu().progress++;
}

void mbar_init(uint64_t *bar, uint32_t count)
{
	emu().mbars[bar] = {count, count, 0, 0, {}};
}

void mbar_arrive(uint64_t *bar)
{
	mbar_state &b = mbar_of(bar);

	if (b.missing == 0)
		fail("mbarrier: more arrivals than it counts");
	b.missing--;
	mbar_settle(b);
}

void stage_wait(uint64_t *bar, uint32_t parity)
{
	while ((mbar_of(bar).phase & 1) == parity) {
		mbar_state &b = mbar_of(bar);

		if (!b.copies.empty()) {
			for (const copy &c : b.copies)
				b.bytes -= (int64_t)c.bytes;
			if (emu().eager)
				b.copies.clear();
			else
				make_copies(b.copies);
			mbar_settle(b);
		} else {
			yield();
		}
	}
}

void stage_init(uint64_t *bar)
{
	mbar_init(bar, 1);
}

void stage_open(uint64_t *bar, uint32_t bytes)
{
	if (emu_lane() == 0) {
		mbar_of(bar).bytes += bytes;
		mbar_arrive(bar);
	}
	__syncwarp();
}

void stage_copy(void *dst, const void *src, uint32_t bytes, uint64_t *bar)
{
	if (((uintptr_t)dst | (uintptr_t)src | bytes) % 16 != 0)
		fail("bulk copy not in multiples of 16 bytes");
	mbar_of(bar).copies.push_back({dst, src, bytes});
	if (emu().eager)
		memcpy(dst, src, bytes);
}

void tile_copy(void *dst, const tile_map &m, int column, int row, int layer, uint64_t *bar)
{
	uintptr_t wrong = (uintptr_t)dst % 1024 | (uintptr_t)m.from % 16 |
			  (m.row_stride | m.layer_stride) % 8;
	std::vector<copy> box;

	if (wrong || column < 0 || row < 0 || layer < 0 || (unsigned)layer >= m.layers)
		fail("tile map or its box not aligned or not there");
	for (int i = 0; i < (int)m.box_rows * 8; i++) {
		int r = i / 8, c = i % 8, x = column + 8 * c, y = row + r;
		const half *from =
			m.from + (size_t)layer * m.layer_stride + (size_t)y * m.row_stride + x;
		bool real = (unsigned)y < m.rows && (unsigned)x < m.columns;

		box.push_back({(char *)dst + r * 128 + ((c ^ r) & 7) * 16, real ? from : NULL, 16});
	}
	mbar_state &b = mbar_of(bar);

	b.copies.insert(b.copies.end(), box.begin(), box.end());
	if (emu().eager)
		make_copies(box);
}

void copy_async16(void *dst, const void *src, bool real)
{
	if (((uintptr_t)dst | (uintptr_t)src) % 16 != 0)
		fail("asynchronous copy not in multiples of 16 bytes");
	std::vector<copy> one = {{dst, real ? src : NULL, 16}};

	if (emu().eager)
		make_copies(one);
	else
		emu().now->open.push_back(one[0]);
}

void copy_async_commit(void)
{
	fiber *f = emu().now;

	f->groups.push_back(f->open);
	f->open.clear();
}

void emu_copy_async_wait(unsigned left)
{
	fiber *f = emu().now;

	while (f->groups.size() > left) {
		make_copies(f->groups.front());
		f->groups.erase(f->groups.begin());
	}
}

/* --- numbers
 * ------------------------------------------------------------------------------------------- */

float emu_float_of_half(uint16_t bits)
{
	static const std::vector<float> table = [] {
		std::vector<float> t(65536);

		for (unsigned i = 0; i < 65536; i++)
			t[i] = half_to_float((uint16_t)i);
		return t;
	}();

	return table[bits];
}

uint16_t emu_half_of_double(double x)
{
	return half_from_float((float)x);
}

uint32_t sub_halves(uint32_t a, uint32_t b)
{
	uint32_t lo =
		half_from_float(emu_float_of_half((uint16_t)a) - emu_float_of_half((uint16_t)b));
	uint32_t hi = half_from_float(
		emu_float_of_half((uint16_t)(a >> 16)) - emu_float_of_half((uint16_t)(b >> 16)));

	return hi << 16 | lo;
}

/* --- tensor cores: PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type"
 * ------------ */

struct mma_lane {
	uint32_t a[4], b[2];
};

static float half_at(uint32_t pair, unsigned i)
{
	return emu_float_of_half((uint16_t)(pair >> 16 * i));
}

void mma_16816(
	float c[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1)
{
	mma_lane mine = {{a0, a1, a2, a3}, {b0, b1}};
	const char *all = emu_warp_meet("mma", &mine, sizeof(mine));
	unsigned g = emu_lane() / 4, t = emu_lane() % 4;

	for (unsigned i = 0; i < 4; i++) {
		unsigned row_half = i / 2, col = 2 * t + i % 2;
		double sum = (double)c[i];

		for (unsigned k = 0; k < 16; k++) {
			unsigned part = k % 8 / 2, high = k / 8;
			uint32_t a = ((const mma_lane *)(all + (g * 4 + part) * MEET_BYTES))
					     ->a[row_half + 2 * high];
			uint32_t b =
				((const mma_lane *)(all + (col * 4 + part) * MEET_BYTES))->b[high];

			sum += (double)half_at(a, k % 2) * (double)half_at(b, k % 2);
		}
		c[i] = (float)sum;
	}
}

static void load_matrix(uint32_t r[4], const void *row, bool trans)
{
	const char *all = emu_warp_meet(trans ? "ldmatrix.trans" : "ldmatrix", &row, sizeof(row));
	unsigned l = emu_lane();

	if ((uintptr_t)row % 16 != 0)
		fail("ldmatrix row not aligned to 16 bytes");
	for (unsigned m = 0; m < 4; m++) {
		uint16_t e[2];

		for (unsigned i = 0; i < 2; i++) {
			unsigned from = trans ? 2 * (l % 4) + i : l / 4;
			unsigned col = trans ? l / 4 : 2 * (l % 4) + i;

			e[i] = emu_from_lane<const uint16_t *>(all, m * 8 + from)[col];
		}
		r[m] = (uint32_t)e[1] << 16 | e[0];
	}
}

void load_matrix4(uint32_t r[4], const void *row)
{
	load_matrix(r, row, false);
}

void load_matrix4_trans(uint32_t r[4], const void *row)
{
	load_matrix(r, row, true);
}

/* --- warpgroup tensor cores: PTX ISA, "wgmma", 128-byte swizzle
 * ---------------------------------------- */

static float swizzled(const char *at)
{
	uintptr_t p = (uintptr_t)at;
	uint16_t bits;

	p ^= (p >> 7 & 7) << 4;
	memcpy(&bits, (const void *)p, sizeof(bits));
	return emu_float_of_half(bits);
}

/* Element (@row, @k) of an operand read across its rows: 16 halves k per row. */
static float along_rows(const matrix_desc &m, unsigned row, unsigned k)
{
	return swizzled(m.at + row / 8 * m.stride + row % 8 * 128 + k * 2);
}

/* Element (@k, @col) of an operand whose rows are k: panels of 64 columns. */
static float along_cols(const matrix_desc &m, unsigned k, unsigned col)
{
	return swizzled(m.at + col / 64 * m.lead + col % 64 * 2 + k / 8 * m.stride + k % 8 * 128);
}

static void wgmma_do(const wgmma_op &op)
{
	unsigned g = emu_lane() / 4, t = emu_lane() % 4;
	unsigned warp = emu_here().thread.x % 128 / 32;
	float a[2][16];

	for (unsigned r = 0; r < 2; r++)
		for (unsigned k = 0; k < 16; k++)
			a[r][k] = op.a_shared
					  ? along_rows(op.a, warp * 16 + g + 8 * r, k)
					  : half_at(op.a_lanes[g * 4 + k % 8 / 2][r + 2 * (k / 8)],
						    k % 2);
	for (unsigned c = 0; c < op.columns / 4; c++) {
		unsigned col = c / 2 * 8 + 2 * t + c % 2;
		double sum[2] = {0.0, 0.0};

		for (unsigned k = 0; k < 16; k++) {
			float b = op.b_rows ? along_rows(op.b, col, k) : along_cols(op.b, k, col);

			sum[0] += (double)a[0][k] * (double)b;
			sum[1] += (double)a[1][k] * (double)b;
		}
		for (unsigned r = 0; r < 2; r++) {
			float *d = op.d + c / 2 * 4 + 2 * r + c % 2;

			*d = (float)((op.add ? (double)*d : 0.0) + sum[r]);
		}
	}
}

static void start_product(const wgmma_op &op)
{
	if (emu().eager)
		wgmma_do(op);
	else
		emu().now->products.push_back(op);
}

void wgmma_fence(void)
{
	__syncwarp();
}

void wgmma_scores(float d[64], matrix_desc a, matrix_desc b, bool add)
{
	start_product({d, a, b, {}, true, true, add, 128});
}

static void start_from_registers(wgmma_op op, const uint32_t a[4])
{
	const char *all = emu_warp_meet("wgmma", &a, sizeof(void *));

	for (unsigned i = 0; i < 32; i++)
		op.a_lanes[i] = emu_from_lane<const uint32_t *>(all, i);
	start_product(op);
}

void wgmma_products(float d[64], const uint32_t a[4], matrix_desc b)
{
	start_from_registers({d, {}, b, {}, false, false, true, 128}, a);
}

void emu_wgmma_rows(float *d, const uint32_t a[4], matrix_desc b, unsigned columns)
{
	start_from_registers({d, {}, b, {}, false, true, true, columns}, a);
}

void wgmma_commit(void)
{
	fiber *f = emu().now;

	f->batches.push_back(f->products);
	f->products.clear();
}

void emu_wgmma_wait(unsigned left)
{
	fiber *f = emu().now;

	__syncwarp();
	while (f->batches.size() > left) {
		for (const wgmma_op &op : f->batches.front())
			wgmma_do(op);
		f->batches.erase(f->batches.begin());
	}
	__syncwarp();
}

uint32_t shared_address(const void *p)
{
	return (uint32_t)((const char *)p - (const char *)emu_dynamic_shared());
}

/* --- run time
 * -------------------------------------------------------------------------------------------- */

const char *cudaGetErrorString(cudaError_t)
{
	return "emulated";
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
	*p = aligned_alloc(256, (bytes + 255) / 256 * 256);
	memset(*p, 0xff, bytes);
	return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
	free(p);
	return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, int)
{
	memcpy(to, from, bytes);
	return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, int, cudaStream_t)
{
	memcpy(to, from, bytes);
	return cudaSuccess;
}

cudaError_t cudaMemset(void *p, int byte, size_t bytes)
{
	memset(p, byte, bytes);
	return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *p, int byte, size_t bytes, cudaStream_t)
{
	memset(p, byte, bytes);
	return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize(void)
{
	return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
	return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
	*device = 0;
	return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, int attribute, int)
{
	switch (attribute) {
	case cudaDevAttrMultiProcessorCount:
		*value = 3;
		break;
	case cudaDevAttrL2CacheSize:
		*value = 700000;
		break;
	case cudaDevAttrMaxSharedMemoryPerBlockOptin:
		*value = (int)EMU_SHARED_BYTES;
		break;
	default:
		*value = 9;
	}
	return cudaSuccess;
}
