/* The typed profile: layers, places, and all that can be wrong with one, told in one run. */
#include "profile_text.h"

/* ------------------------------------------------------------------ layers */

static void an_empty_profile_is_all_defaults(void **state)
{
	own_profile struct profile *p = parse("", NULL, NO_SETS);

	(void)state;
	assert_string_equal(p->vm.name.v, "p");
	assert_true(p->vm.memory.v == 4ULL << 30);
	assert_true(p->firmware.uefi.v);
	assert_true(p->cpu.cores.automatic);
	assert_int_equal(p->shutdown.quit.v, 75000);
	assert_string_equal(p->qemu.binary.v, "qemu-system-x86_64");
	assert_int_equal(p->disk.n, 0);
	origin_is(p, p->vm.memory.at, "default");
}

static void values_know_their_place(void **state)
{
	own_profile struct profile *p = parse("[vm]\n  memory =  8G\n", NULL, NO_SETS);

	(void)state;
	assert_true(p->vm.memory.v == 8ULL << 30);
	origin_is(p, p->vm.memory.at, "p.ini:2:13");
}

static const char layered[] = "[vm]\nmemory = 2G\n[cpu]\ncores = 2\nthreads = 2\n"
			      "[variant big]\nvm.memory = 8G\ncpu.cores = 8\n"
			      "[variant small]\nvm.memory = 1G\n";

static void file_alone(void **state)
{
	own_profile struct profile *p = parse(layered, NULL, NO_SETS);

	(void)state;
	assert_true(p->vm.memory.v == 2ULL << 30);
	assert_int_equal(p->cpu.cores.v, 2);
}

static void a_variant_overrides_the_file(void **state)
{
	own_profile struct profile *p = parse(layered, "big", NO_SETS);

	(void)state;
	assert_true(p->vm.memory.v == 8ULL << 30);
	assert_int_equal(p->cpu.cores.v, 8);
	assert_int_equal(p->cpu.threads.v, 2);
	origin_is(p, p->vm.memory.at, "p.ini:7:13");
	origin_is(p, p->cpu.threads.at, "p.ini:5:11");
}

static void set_overrides_both(void **state)
{
	own_profile struct profile *p =
		parse(layered, "big", SETS("vm.memory=3G", "vm.name=x", "vm.memory=4G"));

	(void)state;
	assert_true(p->vm.memory.v == 4ULL << 30); /* the last one counts */
	assert_string_equal(p->vm.name.v, "x");
	assert_int_equal(p->cpu.cores.v, 8);
	origin_is(p, p->vm.memory.at, "--set vm.memory=4G");
}

static void lists_are_appended_to(void **state)
{
	own_profile struct profile *p = parse("[qemu]\narg = -a\narg = -b\nenv = A=1\n"
					      "[variant v]\nqemu.arg = -c\n",
					      "v", SETS("qemu.arg=-d", "qemu.env=B=x=y"));

	(void)state;
	assert_int_equal(p->qemu.arg.n, 4);
	assert_string_equal(p->qemu.arg.v[0], "-a");
	assert_string_equal(p->qemu.arg.v[1], "-b");
	assert_string_equal(p->qemu.arg.v[2], "-c");
	assert_string_equal(p->qemu.arg.v[3], "-d");
	assert_int_equal(p->qemu.env.n, 2);
	assert_string_equal(p->qemu.env.v[1], "B=x=y");
	origin_is(p, p->qemu.arg.at[1], "p.ini:3:7");
	origin_is(p, p->qemu.arg.at[3], "--set qemu.arg=-d");
}

static void an_order_replaces(void **state)
{
	static const char text[] = "[boot]\norder = network/a network/b\n[network a]\n[network b]\n"
				   "[variant v]\nboot.order = network/b\n"
				   "[variant w]\nboot.order = auto\n";
	own_profile struct profile *file = parse(text, NULL, NO_SETS);
	own_profile struct profile *v = parse(text, "v", NO_SETS), *w = parse(text, "w", NO_SETS);

	(void)state;
	assert_int_equal(file->boot.order.n, 2);
	assert_int_equal(v->boot.order.n, 1);
	assert_ptr_equal(v->boot.order.v[0].item, v->network.v[1]);
	assert_string_equal(v->boot.order.v[0].item->name, "b");
	assert_int_equal(w->boot.order.n, 0);
}

static void items_by_name(void **state)
{
	own_profile struct profile *p = NULL;
	const struct disk *disk;
	own_free char *with = NULL, *without = NULL;

	put(state, "a.img", "");
	put(state, "b.img", "");
	put(state, "c.img", "");
	p = parse("[disk b]\npath = b.img\n[disk]\npath = a.img\nread-only = yes\n"
		  "[network]\n[variant v]\ndisk/new.path = c.img\ndisk/b.enabled = no\n",
		  "v", SETS("disk.read-only=no", "disk/b.media=cdrom"));
	assert_int_equal(p->disk.n, 3);
	assert_string_equal(p->disk.v[0]->name, "b");
	assert_string_equal(p->disk.v[1]->name, "");
	assert_string_equal(p->disk.v[2]->name, "new");
	disk = (const struct disk *)p->disk.v[0];
	assert_false(disk->item.enabled.v);
	assert_int_equal(disk->media.v, MEDIA_CDROM);
	disk = (const struct disk *)p->disk.v[1];
	assert_false(disk->read_only.v);
	with = item_text(p->disk.v[0]);
	without = item_text(p->disk.v[1]);
	assert_string_equal(with, "disk b");
	assert_string_equal(without, "disk");
	assert_int_equal(p->network.n, 1);
}

static void a_name_may_hold_dots(void **state)
{
	own_profile struct profile *p =
		parse("[network a.b]\n", NULL, SETS("network/a.b.model=e1000e"));

	(void)state;
	assert_int_equal(p->network.n, 1);
	assert_int_equal(((struct network *)p->network.v[0])->model.v, MODEL_E1000E);
}

/* ------------------------------------------------------------------ what is wrong */

static void unknown_names(void **state)
{
	(void)state;
	wrong("[zebra]\nx = 1\n[cpuu]\n[gadget]\nfoo = 1\n",
	      "p.ini:1:1: unknown section 'zebra'; 'vmlaunch keys' lists all\n"
	      "p.ini:3:1: unknown section 'cpuu'; did you mean cpu?\n"
	      "p.ini:4:1: unknown section 'gadget'; 'vmlaunch keys' lists all\n");
	wrong("[vm]\nmemroy = 1G\ncolour = red\n[firmware]\nsecureboot = yes\n[varient x]\n",
	      "p.ini:2:1: section vm has no key 'memroy'; did you mean memory?\n"
	      "p.ini:3:1: section vm has no key 'colour'; 'vmlaunch keys' lists all\n"
	      "p.ini:5:1: section firmware has no key 'secureboot'; did you mean secure-boot?\n"
	      "p.ini:6:1: unknown section 'varient'; did you mean variant?\n");
}

static void duplicates(void **state)
{
	(void)state;
	wrong("[vm]\nmemory = 1G\nname = a\nmemory = 1G\n[cpu]\n[vm]\nguest = linux\n",
	      "p.ini:4:1: vm.memory stands in line 2 already\n"
	      "p.ini:6:1: [vm] stands in line 1 already\n");
	wrong("[network a]\nmodel = virtio\n[network b]\nmodel = virtio\n[network a]\n"
	      "model = e1000e\n",
	      "p.ini:5:1: [network a] stands in line 1 already\n"
	      "p.ini:6:1: network a.model stands in line 2 already\n");
	wrong("[boot]\norder = auto\norder = auto\n",
	      "p.ini:3:1: boot.order stands in line 2 already\n");
	wrong("[variant a]\n[variant a]\n", "p.ini:2:1: [variant a] stands in line 1 already\n");
	wrong_with("[variant a]\nvm.memory = 1G\nvm.memory = 2G\n", "a", NO_SETS,
		   "p.ini:3:1: vm.memory stands in line 2 already\n");
}

/* The second is told though the first could not be read. */
static void a_duplicate_of_a_bad_value(void **state)
{
	(void)state;
	wrong("[vm]\nmemory = much\nmemory = 1G\n",
	      "p.ini:2:10: vm.memory: 'much' is not a size: a whole number with K, M, G or T, such "
	      "as 16G\n"
	      "p.ini:3:1: vm.memory stands in line 2 already\n");
}

static void wrong_values_have_their_place(void **state)
{
	(void)state;
	wrong("[cpu]\ncores = \"0\"\n[network lan]\n\tmac = x\n",
	      "p.ini:2:9: cpu.cores: '0' is out of range; 1 to 512\n"
	      "p.ini:4:8: network lan.mac: 'x' is not a MAC address such as 52:54:00:12:34:56, or "
	      "auto\n");
	wrong_with(
		"", NULL,
		SETS("cpu.cores=x", "vm.colour=red", "vm.name", "cpu", "=x", ".x=1", "cpu.=1",
		     "disk/.path=1"),
		"--set cpu.cores=x: cpu.cores: 'x' is not a whole number, or auto\n"
		"--set vm.colour=red: section vm has no key 'colour'; 'vmlaunch keys' lists all\n"
		"--set vm.name: no '='; write SECTION[/NAME].KEY=VALUE\n"
		"--set cpu: no '='; write SECTION[/NAME].KEY=VALUE\n"
		"--set =x: '' is not of the form SECTION.KEY or SECTION/NAME.KEY\n"
		"--set .x=1: '.x' is not of the form SECTION.KEY or SECTION/NAME.KEY\n"
		"--set cpu.=1: 'cpu.' is not of the form SECTION.KEY or SECTION/NAME.KEY\n"
		"--set disk/.path=1: 'disk/.path' is not of the form SECTION.KEY or "
		"SECTION/NAME.KEY\n");
}

static void required_keys(void **state)
{
	(void)state;
	wrong("[disk a]\n[disk]\nread-only = yes\n",
	      "p.ini:1:1: [disk a] has no path: image file or block device\n"
	      "p.ini:2:1: [disk] has no path: image file or block device\n");
	wrong_with(
		"", NULL, SETS("disk/x.read-only=yes"),
		"--set disk/x.read-only=yes: [disk x] has no path: image file or block device\n");
	/* One that is wrong is not missing besides. */
	wrong("[disk]\npath =\n", "p.ini:2:7: disk.path: '' is not a path\n");
}

static void names_of_sections(void **state)
{
	(void)state;
	wrong("[vm big]\nmemory = much\n[disk abcdefghijklmnopqrstu]\npath = x\nread-only = what\n",
	      "p.ini:1:1: section vm takes no name, but 'big' stands there\n"
	      "p.ini:3:1: the name 'abcdefghijklmnopqrstu' is longer than 20 characters\n");
	profile_free(parse("[network abcdefghijklmnopqrst]\n", NULL, NO_SETS));
	wrong_with("[variant v]\ndisk/a/b.path = x\n", "v", NO_SETS,
		   "p.ini:2:1: 'a/b' is no name; names are made of letters, digits and '.', '_', "
		   "'-'\n");
	wrong_with("", NULL, SETS("network/a b,c.model=virtio", "vm/x.name=y"),
		   "--set network/a b,c.model=virtio: 'a b,c' is no name; names are made of "
		   "letters, digits and '.', '_', '-'\n"
		   "--set vm/x.name=y: section vm takes no name, but 'x' stands there\n");
}

static void many_items(void **state)
{
	own_buf struct buf text = {0};
	own_profile struct profile *p = NULL;

	(void)state;
	for (int i = 0; i < 64; i++)
		buf_addf(&text, "[network n%d]\nmode = none\nmodel = e1000e\n", i);
	p = parse(text.data, NULL, SETS("network/n63.model=virtio"));
	assert_int_equal(p->network.n, 64);
	assert_int_equal(((struct network *)p->network.v[62])->model.v, MODEL_E1000E);
	buf_adds(&text, "[network last]\nmode = none\n");
	wrong(text.data, "p.ini:193:1: more than 64 network sections\n");
}

static void a_flood_of_sections(void **state)
{
	own_buf struct buf text = {0};
	struct error *err = NULL;

	(void)state;
	for (int i = 0; i < 50000; i++)
		buf_addf(&text, "[a%d]\n", i);
	assert_null(profile_parse("p.ini", text.data, text.len, NULL, NO_SETS, &err));
	assert_int_equal(error_count(err), 1001);
	assert_string_equal(error_message(err, 1000),
			    "p.ini:1001:1: more than 1000 sections; that is no profile");
	error_free(err);
}

static void variants_are_checked_unchosen(void **state)
{
	static const char text[] = "[variant a]\nvm.memory = much\nvm.colour = x\nmemory = 1G\n"
				   "[variant b]\ncpuu.cores = 1\n";
	static const char want[] =
		"p.ini:2:13: vm.memory: 'much' is not a size: a whole number with K, M, G or T, "
		"such as 16G\n"
		"p.ini:3:1: section vm has no key 'colour'; 'vmlaunch keys' lists all\n"
		"p.ini:4:1: 'memory' is not of the form SECTION.KEY or SECTION/NAME.KEY\n"
		"p.ini:6:1: unknown section 'cpuu'; did you mean cpu?\n";

	(void)state;
	wrong(text, want);
	wrong_with(text, "b", NO_SETS, want);
}

static void an_unchosen_variant_changes_nothing(void **state)
{
	own_profile struct profile *p = parse(
		"[variant a]\nvm.memory = 1G\ndisk/x.path = y\nqemu.arg = -x\n", NULL, NO_SETS);

	(void)state;
	assert_true(p->vm.memory.v == 4ULL << 30);
	assert_int_equal(p->disk.n, 0);
	assert_int_equal(p->qemu.arg.n, 0);
}

static void unknown_variants(void **state)
{
	(void)state;
	wrong_with("[variant gaming]\n", "gamign", NO_SETS,
		   "p.ini: no [variant gamign]; did you mean gaming?\n");
	wrong_with("", "x", NO_SETS, "p.ini: no [variant x]; the profile has no variants\n");
	wrong_with("[variant gaming]\n", "x", NO_SETS, "p.ini: no [variant x]; it has gaming\n");
	wrong("[variant]\nvm.memory = 1G\n", "p.ini:1:1: a variant needs a name: [variant NAME]\n");
}

static void the_order_names_what_is_there(void **state)
{
	(void)state;
	wrong("[boot]\norder = network/a network disk/x network/a\n[network a]\n",
	      "p.ini:2:9: boot.order: 'network' names no section of the profile\n"
	      "p.ini:2:9: boot.order: 'disk/x' names no section of the profile\n"
	      "p.ini:2:9: boot.order: 'network/a' stands twice\n");
	wrong("[boot]\norder = network/ network gpu\n[network]\n",
	      "p.ini:2:9: boot.order: 'gpu' is none of disk/NAME, network/NAME, pci/NAME and usb/NAME\n");
	wrong("[boot]\norder = usb/y pci/y pciy\n[network]\n",
	      "p.ini:2:9: boot.order: 'pciy' is none of disk/NAME, network/NAME, pci/NAME and usb/NAME\n");
	wrong("[boot]\norder = usb/y pci/y\n",
	      "p.ini:2:9: boot.order: 'usb/y' names no section of the profile\n"
	      "p.ini:2:9: boot.order: 'pci/y' names no section of the profile\n");
	wrong("[boot]\norder = network/ network\n[network]\n",
	      "p.ini:2:9: boot.order: 'network' stands twice\n");
	profile_free(parse("[boot]\norder = network network/a\n[network]\n[network a]\n", NULL,
			   NO_SETS));
}

static void a_flood_of_names_in_the_order(void **state)
{
	own_buf struct buf text = {0};

	(void)state;
	buf_adds(&text, "[boot]\norder =");
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, " disk/x");
	wrong(text.data, "p.ini:2:9: boot.order: more than 256 names\n");
}

static void keys_that_belong_together(void **state)
{
	put(state, "f", "");
	wrong("[firmware]\ncode = f\n[boot]\ninitrd = f\nappend = x\n",
	      "p.ini:2:8: firmware.code and firmware.vars belong together: give both or neither\n"
	      "p.ini:4:10: boot.initrd needs boot.kernel\n"
	      "p.ini:5:10: boot.append needs boot.kernel\n");
	wrong("[firmware]\nvars = f\nuefi = no\nsecure-boot = yes\n[vm]\nmemory = 16385K\n",
	      "p.ini:2:8: firmware.code and firmware.vars belong together: give both or neither\n"
	      "p.ini:4:15: firmware.secure-boot needs firmware.uefi = yes\n"
	      "p.ini:6:10: vm.memory: not a multiple of 2M\n");
	profile_free(parse("[firmware]\ncode = f\nvars = f\n", NULL, NO_SETS));
}

static void names_from_the_file(void **state)
{
	own_profile struct profile *p = NULL;
	struct error *err = NULL;

	(void)state;
	p = profile_parse("some/where/win11.v2.ini", "", 0, NULL, NO_SETS, &err);
	assert_string_equal(p->vm.name.v, "win11.v2");
	profile_free(p);
	p = profile_parse("plain", "", 0, NULL, NO_SETS, &err);
	assert_string_equal(p->vm.name.v, "plain");
	profile_free(p);
	p = profile_parse("my vm.ini", "[vm]\nname = ok\n", 15, NULL, NO_SETS, &err);
	assert_string_equal(p->vm.name.v, "ok");
	assert_null(profile_parse("my vm.ini", "", 0, NULL, NO_SETS, &err));
	assert_messages(err,
			"my vm.ini: the file's name makes no machine name, so give vm.name: 'my "
			"vm' is not a name of 1 to 48 letters, digits, '.', '_' or '-', "
			"beginning with a letter, a digit or '_'\n");
}

/* Grammar, names, values, relations and files, in one go. */
static void all_errors_in_one_run(void **state)
{
	own_free char *here = realpath(*state, NULL), *want = NULL;
	own_free char *disk = xasprintf("%s/none.img", here);

	want = xasprintf(
		"p.ini:1:2: 'x' is neither [section] nor key = value\n"
		"p.ini:3:1: section vm has no key 'memroy'; did you mean memory?\n"
		"p.ini:4:9: vm.guest: 'widnows' is none of other | linux | windows; did you "
		"mean windows?\n"
		"--set vm.name=: vm.name: '' is not a name of 1 to 48 letters, digits, '.', "
		"'_' or '-', beginning with a letter, a digit or '_', or auto\n"
		"p.ini:8:10: boot.initrd needs boot.kernel\n"
		"p.ini:8:10: boot.initrd: %s/initrd: no such file\n"
		"p.ini:6:8: disk.path: %s: no such file; create = 64G has one of 64 GiB made at "
		"the start\n",
		here, disk);
	wrong_with("x\n[vm]\nmemroy = 1G\nguest = widnows\n[disk]\npath = none.img\n[boot]\n"
		   "initrd = initrd\n",
		   NULL, SETS("vm.name="), want);
}

static void odd_bytes_do_not_reach_the_terminal(void **state)
{
	(void)state;
	wrong("[vm]\nguest = \"\\x1b[31m\\xff\"\n[boot]\norder = \"disk/\\x1b\"\n",
	      "p.ini:2:9: vm.guest: '\\x1b[31m\\xff' is none of other | linux | windows\n"
	      "p.ini:4:9: boot.order: 'disk/\\x1b' names no section of the profile\n");
}

static void files_that_are_no_profile(void **state)
{
	own_free char *big = xcalloc(1, (1 << 20) + 1);
	struct error *err = NULL;

	memset(big, '\n', 1 << 20);
	put(state, "fits.ini", big);
	put_bytes(state, "big.ini", big, (1 << 20) + 1);
	profile_free(profile_load("fits.ini", NULL, NO_SETS, &err));
	assert_null(err);
	assert_null(profile_load("big.ini", NULL, NO_SETS, &err));
	assert_null(profile_load("none.ini", NULL, NO_SETS, &err));
	assert_null(profile_load(".", NULL, NO_SETS, &err));
	assert_null(profile_load("/dev/null", NULL, NO_SETS, &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_messages(err, "big.ini: larger than 1 MiB; that is no profile\n"
			     "cannot read profile none.ini: No such file or directory\n"
			     "cannot read profile .: Is a directory\n"
			     "/dev/null: not a regular file; that is no profile\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(an_empty_profile_is_all_defaults),
		in_place(values_know_their_place),
		in_place(file_alone),
		in_place(a_variant_overrides_the_file),
		in_place(set_overrides_both),
		in_place(lists_are_appended_to),
		in_place(an_order_replaces),
		in_place(items_by_name),
		in_place(a_name_may_hold_dots),
		in_place(unknown_names),
		in_place(duplicates),
		in_place(a_duplicate_of_a_bad_value),
		in_place(wrong_values_have_their_place),
		in_place(required_keys),
		in_place(names_of_sections),
		in_place(many_items),
		in_place(a_flood_of_sections),
		in_place(variants_are_checked_unchosen),
		in_place(an_unchosen_variant_changes_nothing),
		in_place(unknown_variants),
		in_place(the_order_names_what_is_there),
		in_place(a_flood_of_names_in_the_order),
		in_place(keys_that_belong_together),
		in_place(names_from_the_file),
		in_place(all_errors_in_one_run),
		in_place(odd_bytes_do_not_reach_the_terminal),
		in_place(files_that_are_no_profile),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
