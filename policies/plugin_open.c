/* A file that should be a shared object: dlopen() tells much of what is wrong with one, but not
 * in words for everybody. */

#include <dlfcn.h>
#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "policies/plugin_parts.h"

/** The part of an ELF header that is the same in all of them. */
struct head {
	unsigned char ident[EI_NIDENT];
	uint16_t type, machine;
};

/** False: it is shorter, or no ELF file. */
static bool head_read(struct head *h, int fd)
{
	return pread(fd, h, sizeof *h, 0) == sizeof *h && memcmp(h->ident, ELFMAG, SELFMAG) == 0;
}

static const char *machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {{EM_386, "x86"}, {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},
		{EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"}, {EM_PPC64, "POWER"}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

/** Made for the same machine as this program? */
static bool is_ours(const char *path, const struct head *h, struct err *err)
{
	struct head me;
	int fd = file_open("/proc/self/exe", (struct src_pos){0}, &(struct err){0});
	bool known = fd >= 0 && head_read(&me, fd);

	if (fd >= 0)
		close(fd);
	if (!known || (me.machine == h->machine && me.ident[EI_CLASS] == h->ident[EI_CLASS] &&
			      me.ident[EI_DATA] == h->ident[EI_DATA]))
		return true;
	return err_input(err, "plug-in '%s' is made for %s (%s bits), offing runs on %s (%s bits)",
		path, machine_name(h->machine), h->ident[EI_CLASS] == ELFCLASS64 ? "64" : "32",
		machine_name(me.machine), me.ident[EI_CLASS] == ELFCLASS64 ? "64" : "32");
}

static bool is_object(const char *path, struct err *err)
{
	struct err why = {0};
	struct head h;
	int fd = file_open(path, (struct src_pos){0}, &why);
	bool elf;

	if (fd < 0)
		return err_input(err, "cannot load plug-in '%s': %s", path, why.msg);
	elf = head_read(&h, fd);
	close(fd);
	if (!elf)
		return err_input(err,
			"plug-in '%s' is no shared object: it does not begin with an ELF header",
			path);
	if (!is_ours(path, &h, err))
		return false;
	if (h.type != ET_DYN)
		return err_input(err, "plug-in '%s' is %s, no shared object: link it with -shared",
			path, h.type == ET_REL ? "an object file" : "no library");
	return true;
}

/** dlopen() searches for what has no slash in it; a file of the current folder is meant. */
void *plugin_open(const char *path, struct err *err)
{
	struct arena a;
	void *handle;

	if (!is_object(path, err))
		return NULL;
	arena_init(&a);
	handle = dlopen(
		strchr(path, '/') ? path : arena_printf(&a, "./%s", path), RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		(void)!err_input(err, "cannot load plug-in '%s': %s", path, dlerror());
	arena_finish(&a);
	return handle;
}
