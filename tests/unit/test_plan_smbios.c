/* Composing what the machine says of its make. */
#include "plan_world.h"

/* Processor and memory of a machine that has a maker's name. */
#define PARTS "type=4,manufacturer=,version=\ntype=17,manufacturer=\n"

static void records_are(struct world *w, const char *text, const char *want)
{
	own_plan struct plan *plan = planned(w, text);

	values_are(plan, "-smbios", "", want);
}

static void nothing_said(void **state)
{
	struct world w = world();

	(void)state;
	records_are(&w, "", "");
	w.facts.dmi[DMI_PRODUCT] = S("ROG Strix G614JI");
	records_are(&w, "[smbios]\ncopy-host = no\n", "");
}

/* Each key, in the record and under the name where it belongs. What QEMU would fill stays empty. */
static void each_key(void **state)
{
	static const struct {
		const char *key, *want;
	} row[] = {
		{"bios-vendor", "type=0,vendor=x\n"},
		{"bios-version", "type=0,version=x\n"},
		{"bios-date", "type=0,date=x\n"},
		{"manufacturer", "type=1,manufacturer=x,product=,version=\n"},
		{"product", "type=1,manufacturer=,product=x,version=\n"},
		{"version", "type=1,manufacturer=,product=,version=x\n"},
		{"serial", "type=1,manufacturer=,product=,version=,serial=x\n"},
		{"sku", "type=1,manufacturer=,product=,version=,sku=x\n"},
		{"family", "type=1,manufacturer=,product=,version=,family=x\n"},
		{"board-manufacturer", "type=2,manufacturer=x,product=,version=\n"},
		{"board-product", "type=2,manufacturer=,product=x,version=\n"},
		{"board-version", "type=2,manufacturer=,product=,version=x\n"},
		{"board-serial", "type=2,manufacturer=,product=,version=,serial=x\n"},
		{"chassis-manufacturer", "type=3,manufacturer=x,version=\n"},
		{"chassis-version", "type=3,manufacturer=,version=x\n"},
		{"chassis-serial", "type=3,manufacturer=,version=,serial=x\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct world w = world();
		own_free char *profile = xasprintf("[smbios]\n%s = x\n", row[i].key);
		bool bios = text_starts(row[i].key, "bios-");
		own_free char *want = xasprintf("%s%s", row[i].want, bios ? "" : PARTS);

		records_are(&w, profile, want);
	}
}

static void strings(void **state)
{
	struct world w = world();
	own_plan struct plan *plan = planned(&w, "[smbios]\nproduct = \"G6, 14\"\nfamily = a=b\n");

	(void)state;
	values_are(plan, "-smbios", "",
		   "type=1,manufacturer=,product=G6,, 14,version=,family=a=b\n" PARTS);
	assert_string_equal(find(plan, "-smbios", NULL)->cause.why, "the system");
	misread("[smbios]\nproduct = \"\"\n",
		"p.ini:2:11: smbios.product: '' is not 1 to 64 printable characters\n");
	misread("[smbios]\nproduct = \"a\\nb\"\n",
		"p.ini:2:11: smbios.product: 'a\\x0ab' is not 1 to 64 printable characters\n");
}

static void the_hosts_own(void **state)
{
	struct world w = world();
	static const char *const value[DMI_FIELDS] = {
		[DMI_MANUFACTURER] = "ASUSTeK COMPUTER INC.",
		[DMI_PRODUCT] = "ROG Strix G614JI, 2023",
		[DMI_VERSION] = "1.0",
		[DMI_SKU] = "sku",
		[DMI_FAMILY] = "ROG Strix",
		[DMI_BOARD_MANUFACTURER] = "ASUS",
		[DMI_BOARD_PRODUCT] = "G614JI",
		[DMI_BOARD_VERSION] = "",
		[DMI_CHASSIS_MANUFACTURER] = "ASUS case",
		[DMI_CHASSIS_VERSION] = "2.0",
		[DMI_CHASSIS_TYPE] = "10",
		[DMI_BIOS_VENDOR] = "American Megatrends",
		[DMI_BIOS_VERSION] = "G614JI.320",
		[DMI_BIOS_DATE] = "05/24/2024",
	};

	(void)state;
	for (size_t i = 0; i < DMI_FIELDS; i++)
		w.facts.dmi[i] = S(value[i]);
	/* What is empty there is empty, and not QEMU's name; serial numbers are nobody's business.
	 */
	records_are(&w, "[smbios]\ncopy-host = yes\n",
		    "type=0,vendor=American Megatrends,version=G614JI.320,date=05/24/2024\n"
		    "type=1,manufacturer=ASUSTeK COMPUTER INC.,product=ROG Strix G614JI,, "
		    "2023,version=1.0,sku=sku,family=ROG Strix\n"
		    "type=2,manufacturer=ASUS,product=G614JI,version=\n"
		    "type=3,manufacturer=ASUS case,version=2.0\n" PARTS);
	/* What the profile says comes first. */
	records_are(&w,
		    "[smbios]\ncopy-host = yes\nproduct = Mine\nserial = 1\nboard-version = 9\n",
		    "type=0,vendor=American Megatrends,version=G614JI.320,date=05/24/2024\n"
		    "type=1,manufacturer=ASUSTeK COMPUTER INC.,product=Mine,version=1.0,serial=1,"
		    "sku=sku,family=ROG Strix\n"
		    "type=2,manufacturer=ASUS,product=G614JI,version=9\n"
		    "type=3,manufacturer=ASUS case,version=2.0\n" PARTS);
}

static void a_host_that_says_nothing(void **state)
{
	struct world w = world();

	(void)state;
	records_are(&w, "[smbios]\ncopy-host = yes\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(each_key),
		cmocka_unit_test(strings),
		cmocka_unit_test(the_hosts_own),
		cmocka_unit_test(a_host_that_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
