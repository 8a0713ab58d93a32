/* All fuzzers in one program without libFuzzer, so that each change runs them for a moment and they
 * keep compiling: `replay NAME ROUNDS DIR...` gives the fuzzer what lies in the directories, then
 * so many changes of it, the same ones in each run. Nothing is learnt: `make fuzz` looks further.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

#define LONGEST 4096

/* FUZZERS is X(ini) X(rom) ...: the Makefile names them. */
#define X(name)                                                  \
	int fuzz_##name##_one(const uint8_t *data, size_t size); \
	int __attribute__((weak)) fuzz_##name##_begin(int *argc, char ***argv);
FUZZERS
#undef X

static const struct fuzzer {
	const char *name;
	int (*one)(const uint8_t *data, size_t size);
	int (*begin)(int *argc, char ***argv);
} FUZZER[] = {
#define X(name) {"fuzz_" #name, fuzz_##name##_one, fuzz_##name##_begin},
	FUZZERS
#undef X
};

struct seed {
	char *data;
	size_t len;
};

static struct seed *read_seeds(char *const *dir, size_t *n)
{
	struct seed *seed = NULL;

	*n = 0;
	for (; *dir; dir++) {
		struct dirent **entry;
		int entries = scandir(*dir, &entry, NULL, alphasort);

		for (int i = 0; i < entries; i++) {
			own_free char *path = path_join(*dir, entry[i]->d_name);
			size_t len;
			char *data = file_read(path, LONGEST, &len);

			if (data)
				*xappend(seed, *n) = (struct seed){data, len};
			free(entry[i]);
		}
		if (entries >= 0)
			free(entry);
	}
	if (!*n)
		*xappend(seed, *n) = (struct seed){xstrdup("vmlaunch\n"), 9};
	return seed;
}

static uint32_t chance(uint32_t below)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(state >> 33) % below;
}

/* Makes room for, or takes out, n bytes at a place. */
static void spread(uint8_t *data, size_t *len, size_t at, size_t n)
{
	if (*len + n > LONGEST)
		return;
	memmove(data + at + n, data + at, *len - at);
	*len += n;
}

static void change(uint8_t *data, size_t *len, const struct seed *other)
{
	static const uint8_t odd[] = {0, 1, '\n', '"', '\\', '=', ',', 0x1b, 0x7f, 0x80, 0xff, '9'};
	size_t at = *len ? chance((uint32_t)*len) : 0, n = 1 + chance(8);

	switch (chance(5)) {
	case 0:
		if (*len)
			data[at] ^= (uint8_t)(1U << chance(8));
		break;
	case 1:
		if (*len)
			data[at] = odd[chance(ARRAY_SIZE(odd))];
		break;
	case 2:
		n = n < *len - at ? n : *len - at;
		memmove(data + at, data + at + n, *len - at - n);
		*len -= n;
		break;
	case 3:
		n = other->len < n * 8 ? other->len : n * 8;
		if (*len + n > LONGEST)
			break;
		spread(data, len, at, n);
		memcpy(data + at,
		       other->data + (other->len - n ? chance((uint32_t)(other->len - n)) : 0), n);
		break;
	default:
		*len = at;
	}
}

static void run_all(const struct fuzzer *f, const struct seed *seed, size_t n, size_t rounds)
{
	own_free uint8_t *data = xmalloc(LONGEST);

	for (size_t runs = 0; runs < n + rounds; runs++) {
		const struct seed *from = &seed[runs < n ? runs : chance((uint32_t)n)];
		size_t len = from->len;

		memcpy(data, from->data, len);
		for (uint32_t i = runs < n ? 0 : 1 + chance(4); i; i--)
			change(data, &len, &seed[chance((uint32_t)n)]);
		f->one(data, len);
	}
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(FUZZER); i++) {
		struct seed *seed;
		size_t n;

		if (strcmp(FUZZER[i].name, argv[1]) != 0)
			continue;
		seed = read_seeds(argv + 3, &n);
		if (FUZZER[i].begin)
			FUZZER[i].begin(&argc, &argv);
		run_all(&FUZZER[i], seed, n, (size_t)atol(argv[2]));
		puts("done");
		while (n)
			free(seed[--n].data);
		free(seed);
		return 0;
	}
	for (size_t i = 0; argc < 2 && i < ARRAY_SIZE(FUZZER); i++)
		puts(FUZZER[i].name);
	return argc < 2 ? 0 : 2;
}
