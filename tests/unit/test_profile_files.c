/* The files that a profile names: where they are looked for, what they must be, and whose. */
#include "profile_text.h"

#include <fcntl.h>

static void relative_paths(void **state)
{
	own_free char *file = in_dir(state, "deep/a.img"), *here = in_dir(state, "b.img");
	own_free char *real_file = NULL, *real_here = NULL;
	own_profile struct profile *p = NULL;
	struct error *err = NULL;

	put(state, "deep/a.img", "");
	put(state, "b.img", "");
	put(state, "deep/p.ini", "[disk a]\npath = a.img\n[disk b]\npath = nowhere.img\n");
	real_file = realpath(file, NULL);
	real_here = realpath(here, NULL);
	p = profile_load("deep/p.ini", NULL, SETS("disk/b.path=b.img"), &err);
	assert_null(err);
	assert_string_equal(((struct disk *)p->disk.v[0])->path.v, real_file);
	assert_string_equal(((struct disk *)p->disk.v[1])->path.v, real_here);
}

static void a_path_may_hold_any_byte(void **state)
{
	own_profile struct profile *p = NULL;

	put(state, "a, \"b\" \xc3\xa4\xff\n=.img", "");
	p = parse("[disk]\npath = \"a, \\\"b\\\" \xc3\xa4\\xff\\n=.img\"\n", NULL, NO_SETS);
	assert_true(strstr(((struct disk *)p->disk.v[0])->path.v, "/a, \"b\" \xc3\xa4\xff\n=.img"));
}

static void missing_files(void **state)
{
	own_free char *here = realpath(*state, NULL), *want = NULL;

	put(state, "d/x", "");
	want = xasprintf(
		"p.ini:2:10: boot.kernel: %s/k: no such file\n"
		"p.ini:3:10: boot.initrd: %s/no/such/i: no such file; there is no "
		"directory %s/no\n"
		"p.ini:5:8: disk a.path: %s/d: is a directory; a file is needed\n"
		"p.ini:7:8: disk b.path: /dev/null: is neither a file nor a block device\n"
		"p.ini:9:8: disk c.path: %s/d/x/y: Not a directory\n"
		"p.ini:11:10: console.serial: %s/logs/s: no such file; there is no "
		"directory %s/logs\n"
		"p.ini:12:14: console.debug-port: %s/d: is a directory; a file is needed\n",
		here, here, here, here, here, here, here, here);
	wrong("[boot]\nkernel = k\ninitrd = no/such/i\n[disk a]\npath = d\n[disk b]\n"
	      "path = /dev/null\n[disk c]\npath = d/x/y\n[console]\nserial = logs/s\n"
	      "debug-port = d\n",
	      want);
}

static void what_has_a_disk_made(void **state)
{
	own_free char *here = realpath(*state, NULL), *want = NULL;

	want = xasprintf(
		"p.ini:2:8: disk a.path: %s/a b.qcow2: no such file; create = 64G has one of 64 GiB "
		"made at the start\n"
		"p.ini:7:8: disk c.path: %s/read: no such file\n"
		"p.ini:10:8: disk d.path: %s/cd.iso: no such file\n"
		"p.ini:13:8: disk e.path: /dev/none-such: there is no such device now; "
		"/dev/disk/by-id has names that stay\n",
		here, here, here);
	wrong("[disk a]\npath = a b.qcow2\n[disk b]\npath = x\ncreate = 1G\n[disk c]\npath = "
	      "read\nread-only = yes\n[disk d]\npath = cd.iso\nmedia = cdrom\n[disk e]\npath = /dev/none-such\n",
	      want);
}

static void a_kernel_is_a_file(void **state)
{
	own_free char *want = xasprintf("p.ini:2:10: boot.kernel: /dev/null: is no regular file\n");

	(void)state;
	wrong("[boot]\nkernel = /dev/null\n", want);
}

static void a_render_node_is_a_character_device(void **state)
{
	own_free char *here = realpath(*state, NULL), *want = NULL;

	put(state, "f", "");
	want = xasprintf("p.ini:2:15: display.render-node: %s/f: is no character device\n", here);
	wrong("[display]\nrender-node = f\n", want);
	wrong("[display]\nrender-node = /dev/none\n",
	      "p.ini:2:15: display.render-node: /dev/none: no such file\n");
	profile_free(parse("[display]\nrender-node = /dev/null\n", NULL, NO_SETS));
	profile_free(parse("[display]\nrender-node = auto\n", NULL, NO_SETS));
}

/* Root may do anything: be somebody who may not, until leave(). */
static void become_nobody(void **state)
{
	if (getuid() != 0)
		return;
	assert_int_equal(chown(*state, 65534, 65534), 0);
	assert_int_equal(setresuid(65534, 65534, 0), 0);
}

static void one_file_for_two_disks(void **state)
{
	own_free char *here = realpath(*state, NULL), *name = in_dir(state, "a.img");
	own_free char *link_name = in_dir(state, "link"), *hard = in_dir(state, "hard");
	own_free char *want = NULL;

	put(state, "a.img", "");
	assert_int_equal(symlink("a.img", link_name), 0);
	assert_int_equal(link(name, hard), 0);
	want = xasprintf(
		"p.ini:5:8: disk b.path: %s/link: is the file of [disk a] already, and a guest "
		"would write to it by two disks; set read-only = yes for both if that is "
		"meant\n"
		"p.ini:7:8: disk.path: %s/hard: is the file of [disk a] already, and a guest "
		"would write to it by two disks; set read-only = yes for both if that is "
		"meant\n",
		here, here);
	wrong("[disk a]\npath = a.img\n[disk b]\nread-only = yes\npath = link\n[disk]\npath = "
	      "hard\nmedia = cdrom\n",
	      want);
	profile_free(parse("[disk a]\npath = a.img\nread-only = yes\n[disk b]\npath = hard\n"
			   "media = cdrom\n[disk c]\npath = link\nenabled = no\n",
			   NULL, NO_SETS));
}

static void rights_on_files(void **state)
{
	own_free char *here = realpath(*state, NULL), *want = NULL;

	become_nobody(state);
	put(state, "a.img", "");
	put(state, "b.img", "");
	put(state, "c.log", "");
	put(state, "d/x", "");
	assert_int_equal(chmod("a.img", 0), 0);
	assert_int_equal(chmod("b.img", 0400), 0);
	assert_int_equal(chmod("c.log", 0400), 0);
	assert_int_equal(chmod("d", 0500), 0);
	want = xasprintf(
		"p.ini:2:8: disk a.path: %s/a.img: you may not read it\n"
		"p.ini:4:8: disk b.path: %s/b.img: you may not write to it; set read-only = "
		"yes if that is meant\n"
		"p.ini:6:10: console.serial: %s/d/log: you may not make a file in its "
		"directory\n"
		"p.ini:7:14: console.debug-port: %s/c.log: you may not write to it\n",
		here, here, here, here);
	wrong("[disk a]\npath = a.img\n[disk b]\npath = b.img\n[console]\nserial = d/log\n"
	      "debug-port = c.log\n",
	      want);
	profile_free(parse("[disk b]\npath = b.img\nread-only = yes\n", NULL, NO_SETS));
	profile_free(parse("[disk b]\npath = b.img\nmedia = cdrom\n", NULL, NO_SETS));
	assert_int_equal(chmod("d", 0700), 0);
}

static void disabled_items_need_no_file(void **state)
{
	(void)state;
	profile_free(parse("[disk]\npath = nowhere.img\nenabled = no\n", NULL, NO_SETS));
	profile_free(parse("[disk]\nenabled = no\n", NULL, NO_SETS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(relative_paths),
		in_place(a_path_may_hold_any_byte),
		in_place(missing_files),
		in_place(what_has_a_disk_made),
		in_place(a_kernel_is_a_file),
		in_place(a_render_node_is_a_character_device),
		in_place(one_file_for_two_disks),
		in_place(rights_on_files),
		in_place(disabled_items_need_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
