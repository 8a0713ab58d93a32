/* Between new.c, which looks at the host, asks and makes files, and new_text.c, which writes. */
#ifndef COMMANDS_NEW_H
#define COMMANDS_NEW_H

#include "host/facts.h"
#include "host/guest_gpu.h"
#include "host/names.h"

/* All that a new profile is written from: plain data. */
struct new_machine {
	/* What was said or asked. */
	const char *file;    /* the profile's name without its directory */
	bool windows;	     /* else Linux */
	const char *disk;    /* path of the image, from the profile's directory */
	const char *iso;     /* of the installer, likewise; NULL: none */
	const char *drivers; /* of the drivers, likewise; NULL: none */
	const char *kit;     /* of the guest kit, likewise; NULL: none */
	/* What the host has. */
	const struct facts *facts;
	const struct guest_gpu *gpu;
	const struct id_name *name; /* of the GPU, may be without a word */
	unsigned width, height;	    /* of the panel; 0: unknown */
	bool client;		    /* Looking Glass' */
	const char *spice;	    /* how to get SPICE's part of QEMU; NULL: it is there */
	const char *install_client; /* how to get Looking Glass' client */
};

/* The profile's text, which the caller owns. */
char *new_text(const struct new_machine *m);

/* Bytes of memory for the guest: half of the host's, in whole GiB, as far as the host has them
 * free. */
uint64_t new_memory(const struct memory_facts *memory);

#endif
