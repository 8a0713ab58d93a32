/* Which distribution an os-release is of, and what its packages are called. */
#include "scratch.h"

#include "base/distribution.h"

static enum distribution read_here(void **state)
{
	struct root root;
	enum distribution found;

	assert_true(root_init(&root, *state, NULL));
	found = distribution_read(&root);
	root_done(&root);
	return found;
}

static void by_os_release(void **state)
{
	static const struct {
		const char *text;
		enum distribution want;
	} row[] = {
		{"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n",
		 DISTRIBUTION_DEBIAN},
		{"NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n",
		 DISTRIBUTION_DEBIAN},
		{"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", DISTRIBUTION_DEBIAN},
		{"ID=fedora\nVERSION_ID=43\n", DISTRIBUTION_FEDORA},
		{"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", DISTRIBUTION_FEDORA},
		{"ID_LIKE=\"fedora\"\nID='nobara'", DISTRIBUTION_FEDORA},
		{"NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n", DISTRIBUTION_ARCH},
		{"ID=cachyos\nID_LIKE=arch\n", DISTRIBUTION_ARCH},
		{"ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", DISTRIBUTION_SUSE},
		{"ID=\"opensuse-slowroll\"\nID_LIKE=\"opensuse-tumbleweed suse\"\n",
		 DISTRIBUTION_SUSE},
		{"NAME=Gentoo\nID=gentoo\n", DISTRIBUTION_GENTOO},
		{"BUG_REPORT_URL=\"https://example.org/?ID=debian\"\nID=nixos\n",
		 DISTRIBUTION_NIXOS},
		{"ID=void\nVARIANT_ID=arch\n", DISTRIBUTION_UNKNOWN},
		{"ID=\nID_LIKE\n", DISTRIBUTION_UNKNOWN},
		{"", DISTRIBUTION_UNKNOWN},
	};

	assert_int_equal(read_here(state), DISTRIBUTION_UNKNOWN);
	put(state, "usr/lib/os-release", "ID=gentoo\n");
	assert_int_equal(read_here(state), DISTRIBUTION_GENTOO);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put(state, "etc/os-release", row[i].text);
		if (read_here(state) != row[i].want)
			fail_msg("not as it should be: %s", row[i].text);
	}
}

#define assert_install(distribution, package, want)                                          \
	do {                                                                                 \
		own_free char *got_ = distribution_install(distribution, PACKAGE_##package); \
		assert_string_equal(got_, want);                                             \
	} while (0)

static void how_it_is_installed(void **state)
{
	(void)state;
	assert_install(DISTRIBUTION_DEBIAN, QEMU,
		       "install QEMU (sudo apt install qemu-system-x86)");
	assert_install(DISTRIBUTION_ARCH, QEMU, "install QEMU (sudo pacman -S qemu-desktop)");
	assert_install(DISTRIBUTION_NIXOS, QEMU,
		       "install QEMU (pkgs.qemu in environment.systemPackages)");
	assert_install(DISTRIBUTION_NIXOS, PKEXEC,
		       "install pkexec (security.polkit.enable = true)");
	assert_install(DISTRIBUTION_FEDORA, SPICE,
		       "install QEMU's part for it (sudo dnf install qemu-ui-spice-core "
		       "qemu-audio-spice qemu-char-spice)");
	assert_install(DISTRIBUTION_GENTOO, SPICE,
		       "install QEMU's part for it (USE=spice for app-emulation/qemu)");
	assert_install(DISTRIBUTION_UNKNOWN, VIRT_VIEWER,
		       "install remote-viewer (virt-viewer on Debian and Ubuntu, Fedora, Arch, "
		       "openSUSE, NixOS; app-emulation/virt-viewer on Gentoo)");
	assert_install(DISTRIBUTION_FEDORA, LOOKING_GLASS,
		       "install Looking Glass' client (built from its source: "
		       "https://looking-glass.io/docs)");
	assert_install(DISTRIBUTION_UNKNOWN, LOOKING_GLASS,
		       "install Looking Glass' client (looking-glass from the AUR on Arch; "
		       "looking-glass-client on NixOS; else built from its source: "
		       "https://looking-glass.io/docs)");
	/* Each package on each: it has a name, or another way. */
	for (size_t d = 0; d < DISTRIBUTIONS; d++)
		for (size_t p = 0; p < PACKAGES; p++) {
			own_free char *text =
				distribution_install((enum distribution)d, (enum package)p);

			assert_null(strstr(text, "()"));
			assert_null(strstr(text, "(="));
			assert_null(strstr(text, "null"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(by_os_release),
		cmocka_unit_test(how_it_is_installed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
