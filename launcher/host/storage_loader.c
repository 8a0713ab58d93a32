/* The partition from which the firmware started this host. Often nothing has it mounted, and no
 * file names it: systemd mounts an EFI system partition on demand, others only for updates. A host
 * whose loader is gone is noticed at its next start.
 *
 * The firmware's own word is the variable BootCurrent (UEFI 2.10, 3.3), the number of a load option
 * (3.1.3), whose device path (10.3) may hold the partition (10.3.5.1). Loaders of systemd's Boot
 * Loader Interface say it too, in LoaderDevicePartUUID. The kernel shows both in efivarfs, each
 * behind 4 bytes of attributes.
 */
#include "storage_parts.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/uuid.h"

#define EFIVARS "/sys/firmware/efi/efivars"
#define GUID_OF_UEFI "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define GUID_OF_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define VARIABLE_MOST (64U << 10)
#define ATTRIBUTES 4

/* Of a load option: attributes, the device path's length, a name that ends with a zero of 2 bytes.
 */
#define OPTION_HEADER 6
#define NODE_HEADER 4
#define NODE_MEDIA 4
#define NODE_HARD_DRIVE 1
#define NODE_HARD_DRIVE_BYTES 42
#define NODE_SIGNATURE 24
#define NODE_SIGNATURE_TYPE 41
#define SIGNATURE_GUID 2

struct variable_bytes {
	char *data; /* behind the attributes */
	size_t len;
};

static char *read_variable(struct variable_bytes *variable, const struct root *root,
			   const char *name, const char *vendor)
{
	own_free char *path = xasprintf(EFIVARS "/%s-%s", name, vendor);
	own_fd int fd = root_open(root, path, O_RDONLY);
	size_t len = 0;
	char *all = fd < 0 ? NULL : fd_read_all(fd, VARIABLE_MOST, &len);

	*variable = (struct variable_bytes){0};
	if (all && len > ATTRIBUTES)
		*variable = (struct variable_bytes){all + ATTRIBUTES, len - ATTRIBUTES};
	return all;
}

static unsigned number_at(const char *p)
{
	return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8;
}

/* The first three fields of a GUID have their low byte first. */
static void format_guid(const char *p, char text[UUID_TEXT])
{
	static const unsigned char order[UUID_BYTES] = {3, 2, 1,  0,  5,  4,  7,  6,
							8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t id[UUID_BYTES];

	for (size_t i = 0; i < UUID_BYTES; i++)
		id[i] = (uint8_t)p[order[i]];
	uuid_format(id, text);
}

/* The partition of a load option's device path; false where it names none by GUID. */
static bool partition_of_option(const struct variable_bytes *option, char text[UUID_TEXT])
{
	size_t at = OPTION_HEADER, end;

	while (at + 2 <= option->len && number_at(option->data + at))
		at += 2;
	at += 2;
	if (at >= option->len)
		return false;
	end = at + number_at(option->data + 4);
	if (end > option->len)
		end = option->len;
	while (at + NODE_HEADER <= end) {
		const char *node = option->data + at;
		size_t len = number_at(node + 2);

		if (len < NODE_HEADER || len > end - at)
			return false;
		if (node[0] == NODE_MEDIA && node[1] == NODE_HARD_DRIVE &&
		    len >= NODE_HARD_DRIVE_BYTES && node[NODE_SIGNATURE_TYPE] == SIGNATURE_GUID) {
			format_guid(node + NODE_SIGNATURE, text);
			return true;
		}
		at += len;
	}
	return false;
}

static void add_loader(struct storage *storage, const struct root *root, const char *partition)
{
	own_free char *spec = xasprintf("PARTUUID=%s", partition);
	struct block *block = storage_by_spec(storage, root, spec);

	if (block)
		storage_add_use(block, STORAGE_LOADER, "");
}

static void take_boot_current(struct storage *storage, const struct root *root)
{
	struct variable_bytes current, option;
	own_free char *held = read_variable(&current, root, "BootCurrent", GUID_OF_UEFI);
	own_free char *name = NULL, *text = NULL;
	char partition[UUID_TEXT];

	if (!held || current.len < 2)
		return;
	name = xasprintf("Boot%04X", number_at(current.data));
	text = read_variable(&option, root, name, GUID_OF_UEFI);
	if (text && partition_of_option(&option, partition))
		add_loader(storage, root, partition);
}

/* UTF-16 of plain letters. */
static void take_boot_loader(struct storage *storage, const struct root *root)
{
	struct variable_bytes variable;
	own_free char *held =
		read_variable(&variable, root, "LoaderDevicePartUUID", GUID_OF_LOADER);
	char partition[UUID_TEXT] = "";
	uint8_t id[UUID_BYTES];

	for (size_t i = 0; held && i < UUID_TEXT - 1 && 2 * i + 1 < variable.len; i++)
		partition[i] = variable.data[2 * i];
	if (uuid_parse(partition, id))
		add_loader(storage, root, partition);
}

void storage_read_loader(struct storage *storage, const struct root *root)
{
	take_boot_current(storage, root);
	take_boot_loader(storage, root);
}
