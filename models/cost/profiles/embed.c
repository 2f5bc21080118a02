/*
 * Runs at build time: turns the profile files named on the command line into a
 * C source on standard output that defines profile_texts of models/cost/profile.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int emit_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	int ch;

	if (!f) {
		perror(path);
		return 1;
	}
	printf("\t\t\"");
	while ((ch = getc(f)) != EOF) {
		if (ch == '\n')
			printf("\\n\"\n\t\t\"");
		else if (ch == '"' || ch == '\\')
			printf("\\%c", ch);
		else if (isprint(ch))
			putchar(ch);
		else
			printf("\\%03o", (unsigned)ch);
	}
	printf("\"");
	return fclose(f) != 0;
}

static int emit(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	int len = dot ? (int)(dot - base) : (int)strlen(base);

	printf("\t{\n\t\t.name = \"%.*s\",\n\t\t.text =\n", len, base);
	if (emit_text(path))
		return 1;
	printf(",\n\t},\n");
	return 0;
}

int main(int argc, char **argv)
{
	printf("#include \"models/cost/profile.h\"\n\nconst struct profile_text profile_texts[] = "
	       "{\n");
	for (int i = 1; i < argc; i++)
		if (emit(argv[i]))
			return 1;
	printf("};\nconst size_t profile_n_texts =\n"
	       "\tsizeof profile_texts / sizeof profile_texts[0];\n");
	return ferror(stdout) || fflush(stdout) != 0;
}
