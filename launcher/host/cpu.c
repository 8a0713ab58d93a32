/* Processors in short, from the first block of /proc/cpuinfo, and as they lie. One block is enough:
 * what we ask is the same on all processors of a machine, and a machine with hundreds of them takes
 * milliseconds to print the whole file.
 */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#define BLOCK_LIMIT (64U << 10)

/* The lines about the first processor as a string, NULL when there are none. */
static char *first_block(const struct root *root)
{
	own_fd int fd = root_open(root, "/proc/cpuinfo", O_RDONLY);
	own_buf struct buf text = {0};
	char *end = NULL;

	if (fd < 0)
		return NULL;
	while (!end && text.len < BLOCK_LIMIT) {
		char chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_add(&text, chunk, (size_t)n);
		end = memmem(text.data, text.len, "\n\n", 2);
	}
	if (end)
		end[1] = '\0';
	return text.len ? buf_steal(&text) : NULL;
}

/* The value in the line "KEY : VALUE" without the white space around it; "" when there is none. */
static char *cpuinfo_field(const char *block, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = block; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + len;
		size_t n;

		if (!text_starts(line, key))
			continue;
		at += strspn(at, " \t");
		if (*at++ != ':')
			continue;
		at += strspn(at, " \t");
		n = strcspn(at, "\n");
		while (n && (at[n - 1] == ' ' || at[n - 1] == '\t'))
			n--;
		return xstrndup(at, n);
	}
	return xstrdup("");
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static unsigned address_width(const char *block)
{
	own_free char *sizes = cpuinfo_field(block, "address sizes");
	char *end;
	unsigned long bits = strtoul(sizes, &end, 10);

	return text_starts(end, " bits physical") && bits <= 64 ? (unsigned)bits : 0;
}

void cpu_collect(struct cpu_facts *cpu, const struct root *root)
{
	own_free char *text = first_block(root);
	const char *block = text ? text : "";
	own_free char *flags = cpuinfo_field(block, "flags");

	*cpu = (struct cpu_facts){
		.vendor = cpuinfo_field(block, "vendor_id"),
		.model = cpuinfo_field(block, "model name"),
		.phys_bits = address_width(block),
		.vmx = has_word(flags, "vmx"),
		.svm = has_word(flags, "svm"),
	};
	cpu_topology_collect(&cpu->topology, root, cpu->vendor, false);
	cpu->online = cpu_set_count(&cpu->topology.online);
}
