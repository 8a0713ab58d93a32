/* A profile's ACPI tables told by who makes them, and the headers of others. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "common.h"
#include "firmware/acpi/show.h"

static bool show_file(const char *path, struct buf *out, struct error **err)
{
	own_free char *shown = text_quote(path, SIZE_MAX), *word = text_word(path), *data = NULL;
	size_t len;

	data = file_read(path, ACPI_SHOW_MAX, &len);
	if (!data) {
		error_errno(err, ERROR_FAILED, errno, "cannot read %s", shown);
		return false;
	}
	if (!acpi_show(out, shown, data, len, err))
		return false;
	if (acpi_has_code(data))
		buf_addf(out, "    its code, as source text: iasl -d %s\n", word);
	return true;
}

/* The plan's tables, as the guest would get them. */
static bool gather_tables(struct gathered *g, const struct arguments *args, const char *profile,
			  struct error **err)
{
	const char *word[] = {profile};
	struct arguments one = *args;

	one.word = word;
	one.words = 1;
	return gather(g, &one, &(struct gather_for){.looks = true}, err);
}

static bool is_profile(const char *path)
{
	return text_ends(path, ".ini");
}

/* What a profile's guest would get. */
static bool show_profile(const struct arguments *args, const char *path, struct buf *out,
			 struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;

	if (!gather_tables(&g, args, path, err))
		return false;
	for (size_t i = 0; i < g.plan->prepares; i++) {
		const struct prepare *p = &g.plan->prepare[i];

		if (p->kind != PREPARE_BYTES || !p->told)
			continue;
		if (!acpi_show(out, path_base(p->path), p->bytes, p->size, err))
			return false;
		buf_adds(out, p->told);
	}
	return true;
}

static int write_tables(const struct arguments *args, const char *dir, const char *profile,
			struct error **err)
{
	own_gathered struct gathered g = GATHERED_NONE;

	if (!gather_tables(&g, args, profile, err) || !dir_make(dir, 0755, err))
		return ERROR_FAILED;
	for (size_t i = 0; i < g.plan->prepares; i++) {
		const struct prepare *p = &g.plan->prepare[i];
		own_free char *path = path_join(dir, path_base(p->path));

		if (p->kind != PREPARE_BYTES)
			continue;
		if (!file_write(path, p->bytes, p->size, 0644, VOLATILE, err))
			return ERROR_FAILED;
		printf("%s\n", path);
	}
	return 0;
}

/* Tells of every file that can be told of, and at the end of those that cannot. */
int command_acpi(const struct arguments *args, struct error **err)
{
	own_buf struct buf out = {0};

	if (strcmp(args->word[0], "write") == 0 && args->words == 3)
		return write_tables(args, args->word[1], args->word[2], err);
	if (strcmp(args->word[0], "show") != 0) {
		error_add(
			err, ERROR_USAGE,
			"usage: vmlaunch acpi show PROFILE|FILE..., or vmlaunch acpi write DIRECTORY PROFILE");
		return ERROR_USAGE;
	}
	for (size_t i = 1; i < args->words; i++) {
		if (is_profile(args->word[i]))
			show_profile(args, args->word[i], &out, err);
		else
			show_file(args->word[i], &out, err);
	}
	fwrite(out.data ? out.data : "", 1, out.len, stdout);
	return *err ? error_kind(*err) : 0;
}
