/* The guest kit: a small FAT image that `vmlaunch new --iso` makes for Windows' installer, with the
 * answers to its questions (autounattend.xml), two scripts, and what the user put beside the
 * profile to be installed at the first logon. Nothing of it is fetched, and nothing of others' is
 * ours to give.
 *
 * kit_answers.c writes the answers (a pure function), kit_words.c makes words of the host's into
 * Windows', kit_image.c makes the file.
 */
#ifndef COMMANDS_KIT_H
#define COMMANDS_KIT_H

#include <stdbool.h>

#include "base/distribution.h"
#include "base/error.h"

/* What the answers are made of: plain data. */
struct kit {
	const char *ui;		/* language of the installer's own words, such as "en-US" */
	const char *locale;	/* of keyboard, dates and numbers */
	const char *user;	/* who is made, by kit_user() */
	const char *password;	/* whose, in clear */
	const char *computer;	/* by kit_computer() */
	const char *edition;	/* such as "Windows 11 Pro"; NULL: the installer asks */
	bool drivers;		/* a CD with virtio-win's files is in a drive */
	bool blank;		/* its disk was made with the kit: partitions may be made there */
	bool tpm, secure_boot;	/* the machine has it */
	unsigned width, height; /* of the first screen; 0: Windows' choice */
};

/* The file autounattend.xml, which the caller owns. */
char *kit_answers(const struct kit *kit);

/* "de-DE" of a locale's name such as "de_DE.UTF-8"; NULL where that has no language and country.
 * The caller owns it.
 */
char *kit_locale(const char *name);

/* The language that the label of Microsoft's ISO files tells, "de-DE" of "CCCOMA_X64FRE_DE-DE_DV9";
 * NULL: none. The caller owns it.
 */
char *kit_language(const char *label);

/* The name of a Windows account for this user of the host, and a computer's for this machine, which
 * may not be the same; the caller owns them.
 */
char *kit_user(const char *name);
char *kit_computer(const char *machine, const char *user);

/* A password that is easily typed, of some 60 bits; the caller owns it. NULL with an error. */
char *kit_password(struct error **err);

/* Makes the image at path, which must not be there, readable for its user alone. Of dir it takes
 * installers by the names that kit/logon.cmd knows. False with an error, and nothing is left then.
 */
bool kit_image(const char *path, const struct kit *kit, const char *dir,
	       enum distribution distribution, struct error **err);

#endif
