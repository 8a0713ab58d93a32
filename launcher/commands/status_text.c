/* What `vmlaunch status` says of what a machine has of its host, from what it says for scripts. */
#include "status_text.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

static uint64_t number_in(json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

/* Bytes to a tenth of a unit: "1.5 GiB". The caller owns it. */
static char *about_bytes(uint64_t bytes)
{
	return bytes >= 1U << 30 ? xasprintf("%.1f GiB", (double)bytes / (1U << 30))
				 : xasprintf("%.1f MiB", (double)bytes / (1U << 20));
}

static char *seconds_text(uint64_t ms)
{
	return xasprintf("%lu:%02lu.%lu", (unsigned long)(ms / 60000),
			 (unsigned long)(ms / 1000 % 60), (unsigned long)(ms / 100 % 10));
}

static void print_use(json_object *use)
{
	own_free char *all = seconds_text(number_in(use, "cpu-ms"));
	own_free char *guest = seconds_text(number_in(use, "guest-cpu-ms"));
	own_free char *bytes = about_bytes(number_in(use, "guest-bytes"));
	own_free char *resident = about_bytes(number_in(use, "resident-bytes"));
	own_free char *huge = about_bytes(number_in(use, "huge-bytes"));
	own_free char *swapped = about_bytes(number_in(use, "swapped-bytes"));
	size_t vcpus = number_in(use, "vcpus");

	printf("  processors  used for %s", all);
	if (vcpus)
		printf(", for %s of it by the guest's %zu", guest, vcpus);
	printf("\n  memory      ");
	if (number_in(use, "guest-bytes"))
		printf("%s for the guest; ", bytes);
	printf("QEMU has %s of the host's", resident);
	if (number_in(use, "huge-bytes"))
		printf(", and %s in huge pages", huge);
	if (number_in(use, "swapped-bytes"))
		printf(", and %s is swapped out", swapped);
	puts("");
}

static void print_function(json_object *o)
{
	const char *back = json_member_text(o, "goes-back-to");
	const char *power = json_member_text(o, "power-state");
	const char *runtime = json_member_text(o, "runtime-status");
	const char *driver = json_member_text(o, "driver");
	const char *problem = json_member_text(o, "problem");
	own_free char *has = *driver ? text_quote(driver, 40) : xstrdup("no driver");

	printf("  device      %s  ", json_member_text(o, "address"));
	if (*problem)
		printf("%s", problem);
	else
		printf("%s, %s; %s has it", *power ? power : "power not known",
		       *runtime ? runtime : "runtime power not known", has);
	printf("%s%s%s\n", *back ? "; goes back to " : "", back, "");
}

static void print_companion(json_object *o)
{
	own_free char *log = text_word(json_member_text(o, "log"));
	uint64_t pid = number_in(o, "pid");

	if (pid)
		printf("  beside it   %s (%d)\n", json_member_text(o, "name"), (int)pid);
	else
		printf("  beside it   %s does not run (log: %s)\n", json_member_text(o, "name"),
		       log);
}

static void print_each(json_object *list, void (*print)(json_object *))
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print(json_object_array_get_idx(list, i));
}

void status_print_use(json_object *status)
{
	print_use(json_object_object_get(status, "use"));
	print_each(json_object_object_get(status, "functions"), print_function);
	print_each(json_object_object_get(status, "companions"), print_companion);
}
