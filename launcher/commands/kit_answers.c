/* autounattend.xml: what Windows' installer asks, answered. Settings, their passes and their types
 * are Microsoft's (learn.microsoft.com, "Unattended Windows Setup Reference"); a table of those
 * that are used here, each with its page, is tests/golden/kit/settings, and a test holds this to
 * it.
 *
 * A pass is a time: windowsPE before anything is installed, specialize at the first start,
 * oobeSystem before the first logon.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/xml_write.h"
#include "kit.h"

/* Drives that an image of ours or a CD can be, once Windows has given letters. */
static const char LETTERS[] = "CDEFGHIJK";

/* Where virtio-win's CD has the drivers that a disk and a network card need. */
static const char *const DRIVERS[] = {"viostor", "vioscsi", "NetKVM"};

static void begin_component(struct xml_writer *w, const char *name)
{
	xml_begin(w, "component");
	xml_attribute(w, "name", name);
	xml_attribute(w, "processorArchitecture", "amd64");
	/* Of all of Windows' own components. */
	xml_attribute(w, "publicKeyToken", "31bf3856ad364e35");
	xml_attribute(w, "language", "neutral");
	xml_attribute(w, "versionScope", "nonSxS");
}

static void begin_pass(struct xml_writer *w, const char *pass)
{
	xml_begin(w, "settings");
	xml_attribute(w, "pass", pass);
}

/* One of a list. */
static void begin_item(struct xml_writer *w, const char *name)
{
	xml_begin(w, name);
	xml_attribute(w, "wcm:action", "add");
}

static void put_number(struct xml_writer *w, const char *name, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	xml_leaf(w, name, text);
}

static void put_languages(struct xml_writer *w, const struct kit *kit)
{
	xml_leaf(w, "InputLocale", kit->locale);
	xml_leaf(w, "SystemLocale", kit->locale);
	xml_leaf(w, "UILanguage", kit->ui);
	xml_leaf(w, "UserLocale", kit->locale);
}

/* Runs a script of the kit's, wherever that is. */
static char *run_script(const char *script)
{
	return xasprintf(
		"cmd.exe /c \"for %%d in (C D E F G H I J K) do if exist %%d:\\vmlaunch\\%s call %%d:\\vmlaunch\\%s\"",
		script, script);
}

/* ------------------------------------------------------------------ windowsPE */

static void put_driver_paths(struct xml_writer *w)
{
	unsigned n = 0;

	begin_component(w, "Microsoft-Windows-PnpCustomizationsWinPE");
	xml_begin(w, "DriverPaths");
	for (const char *letter = LETTERS; *letter; letter++)
		for (size_t i = 0; i < ARRAY_SIZE(DRIVERS); i++) {
			own_free char *path = xasprintf("%c:\\%s\\w11\\amd64", *letter, DRIVERS[i]);
			own_free char *key = xasprintf("%u", ++n);

			begin_item(w, "PathAndCredentials");
			xml_attribute(w, "wcm:keyValue", key);
			xml_leaf(w, "Path", path);
			xml_end(w);
		}
	xml_end(w);
	xml_end(w);
}

/* Not by DiskConfiguration, which numbers disks as Windows happens to find them (a stick may be the
 * first), and wipes what it is given: kit/disk.cmd makes the partitions, on a blank disk alone.
 */
static void put_image(struct xml_writer *w, const struct kit *kit)
{
	xml_begin(w, "ImageInstall");
	xml_begin(w, "OSImage");
	if (kit->edition) {
		xml_begin(w, "InstallFrom");
		begin_item(w, "MetaData");
		xml_leaf(w, "Key", "/IMAGE/NAME");
		xml_leaf(w, "Value", kit->edition);
		xml_end(w);
		xml_end(w);
	}
	if (kit->blank)
		xml_leaf(w, "InstallToAvailablePartition", "true");
	xml_leaf(w, "WillShowUI", "OnError");
	xml_end(w);
	xml_end(w);
}

static void put_command(struct xml_writer *w, unsigned *order, const char *what, const char *path)
{
	begin_item(w, "RunSynchronousCommand");
	xml_leaf(w, "Description", what);
	put_number(w, "Order", ++*order);
	xml_leaf(w, "Path", path);
	xml_end(w);
}

/* What the machine has is checked for; only what it goes without is not. */
static void put_commands(struct xml_writer *w, const struct kit *kit)
{
#define BYPASS(what) \
	"reg.exe add HKLM\\SYSTEM\\Setup\\LabConfig /v Bypass" what "Check /t REG_DWORD /d 1 /f"
	unsigned order = 0;

	if (kit->tpm && kit->secure_boot && !kit->blank)
		return;
	xml_begin(w, "RunSynchronous");
	if (!kit->tpm)
		put_command(w, &order, "The machine has no TPM", BYPASS("TPM"));
	if (!kit->secure_boot)
		put_command(w, &order, "The machine has no Secure Boot", BYPASS("SecureBoot"));
	if (kit->blank) {
		own_free char *path = run_script("disk.cmd");

		put_command(w, &order, "Partitions of the blank disk", path);
	}
	xml_end(w);
#undef BYPASS
}

static void put_installer(struct xml_writer *w, const struct kit *kit)
{
	begin_pass(w, "windowsPE");
	begin_component(w, "Microsoft-Windows-International-Core-WinPE");
	xml_begin(w, "SetupUILanguage");
	xml_leaf(w, "UILanguage", kit->ui);
	xml_end(w);
	put_languages(w, kit);
	xml_end(w);
	if (kit->drivers)
		put_driver_paths(w);
	begin_component(w, "Microsoft-Windows-Setup");
	put_image(w, kit);
	put_commands(w, kit);
	xml_begin(w, "UserData");
	xml_leaf(w, "AcceptEula", "true");
	if (kit->edition) {
		xml_begin(w, "ProductKey");
		xml_leaf(w, "WillShowUI", "OnError");
		xml_end(w);
	}
	xml_end(w);
	xml_end(w);
	xml_end(w);
}

/* ------------------------------------------------------------------ specialize */

static void put_computer(struct xml_writer *w, const struct kit *kit)
{
	begin_pass(w, "specialize");
	begin_component(w, "Microsoft-Windows-Shell-Setup");
	xml_leaf(w, "ComputerName", kit->computer);
	xml_end(w);
	begin_component(w, "Microsoft-Windows-TerminalServices-LocalSessionManager");
	xml_leaf(w, "fDenyTSConnections", "false");
	xml_end(w);
	begin_component(w, "Networking-MPSSVC-Svc");
	xml_begin(w, "FirewallGroups");
	begin_item(w, "FirewallGroup");
	xml_attribute(w, "wcm:keyValue", "RemoteDesktop");
	xml_leaf(w, "Active", "true");
	/* The group "Remote Desktop" in any language. */
	xml_leaf(w, "Group", "@FirewallAPI.dll,-28752");
	xml_leaf(w, "Profile", "all");
	xml_end(w);
	xml_end(w);
	xml_end(w);
	xml_end(w);
}

/* ------------------------------------------------------------------ oobeSystem */

static void put_password(struct xml_writer *w, const struct kit *kit)
{
	xml_begin(w, "Password");
	xml_leaf(w, "Value", kit->password);
	xml_leaf(w, "PlainText", "true");
	xml_end(w);
}

/* One account on this machine, which logs on by itself once, for what is to be installed. */
static void put_account(struct xml_writer *w, const struct kit *kit)
{
	xml_begin(w, "UserAccounts");
	xml_begin(w, "LocalAccounts");
	begin_item(w, "LocalAccount");
	put_password(w, kit);
	xml_leaf(w, "Group", "Administrators");
	xml_leaf(w, "Name", kit->user);
	xml_end(w);
	xml_end(w);
	xml_end(w);
	xml_begin(w, "AutoLogon");
	put_password(w, kit);
	xml_leaf(w, "Enabled", "true");
	put_number(w, "LogonCount", 1);
	xml_leaf(w, "Username", kit->user);
	xml_end(w);
}

static void put_screen(struct xml_writer *w, const struct kit *kit)
{
	if (!kit->width)
		return;
	xml_begin(w, "Display");
	put_number(w, "ColorDepth", 32);
	put_number(w, "HorizontalResolution", kit->width);
	put_number(w, "VerticalResolution", kit->height);
	xml_end(w);
}

static void put_first_logon(struct xml_writer *w)
{
	own_free char *command = run_script("logon.cmd");

	xml_begin(w, "FirstLogonCommands");
	begin_item(w, "SynchronousCommand");
	xml_leaf(w, "CommandLine", command);
	xml_leaf(w, "Description", "Drivers and agents of the guest's side");
	put_number(w, "Order", 1);
	xml_end(w);
	xml_end(w);
}

static void put_welcome(struct xml_writer *w, const struct kit *kit)
{
	begin_pass(w, "oobeSystem");
	begin_component(w, "Microsoft-Windows-International-Core");
	put_languages(w, kit);
	xml_end(w);
	begin_component(w, "Microsoft-Windows-Shell-Setup");
	xml_begin(w, "OOBE");
	xml_leaf(w, "HideEULAPage", "true");
	xml_leaf(w, "HideOEMRegistrationScreen", "true");
	xml_leaf(w, "HideOnlineAccountScreens", "true");
	xml_leaf(w, "HideWirelessSetupInOOBE", "true");
	/* 3: none of the settings by which Windows sends what it sees. */
	put_number(w, "ProtectYourPC", 3);
	xml_end(w);
	put_account(w, kit);
	put_screen(w, kit);
	put_first_logon(w);
	xml_end(w);
	xml_end(w);
}

char *kit_answers(const struct kit *kit)
{
	own_xml_writer struct xml_writer w = {0};

	xml_begin(&w, "unattend");
	xml_attribute(&w, "xmlns", "urn:schemas-microsoft-com:unattend");
	xml_attribute(&w, "xmlns:wcm", "http://schemas.microsoft.com/WMIConfig/2002/State");
	put_installer(&w, kit);
	put_computer(&w, kit);
	put_welcome(&w, kit);
	return xml_done(&w);
}
