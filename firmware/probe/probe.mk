# The guest's-eye program, $(BUILD)/probe.efi: a UEFI application for x86_64, built with gnu-efi.
#
# Included from the top Makefile. Everything here has a prefix of its own and ignores CFLAGS and
# LDFLAGS: the program is freestanding, position independent, without a C library, and a sanitizer
# or coverage option meant for the launcher would break it.
#
# HAVE_GNU_EFI is 1 where gnu-efi was found and empty elsewhere. GNU_EFI_INC and GNU_EFI_LIB may be
# given from outside. $(Q) and $(say) are used as the top Makefile defines them, or not at all.

# Debian and Ubuntu keep the library in /usr/lib; Fedora, Arch and others in folders of its own.
GNU_EFI_INC ?= $(patsubst %/efi.h,%,$(firstword $(wildcard \
	$(addsuffix /efi/efi.h,/usr/include /usr/local/include))))
GNU_EFI_LIB ?= $(patsubst %/crt0-efi-x86_64.o,%,$(firstword $(wildcard \
	$(addsuffix /crt0-efi-x86_64.o,/usr/lib /usr/lib64/gnuefi /usr/lib/gnuefi \
	/usr/lib/x86_64-linux-gnu/gnuefi /usr/lib64 /usr/lib/x86_64-linux-gnu \
	/usr/local/lib /usr/local/lib64))))
GNU_EFI_LDS := $(firstword $(wildcard $(GNU_EFI_LIB)/elf_x86_64_efi.lds))
HAVE_GNU_EFI := $(if $(and $(GNU_EFI_INC),$(GNU_EFI_LDS)),1)

# gcc and clang both will do. A CC that is something else (ccache, afl-cc, a scan wrapper) may add
# calls into a run-time library, which there is none of here.
PROBE_CC ?= $(if $(filter cc gcc gcc-% clang clang-% x86_64-%-gcc,$(notdir $(CC))),$(CC),cc)
PROBE_LD ?= $(or $(LD),ld)
PROBE_OBJCOPY ?= $(or $(OBJCOPY),objcopy)

PROBE_DIR := firmware/probe
PROBE_OBJDIR := $(BUILD)/obj/firmware/probe
PROBE_SRC := $(sort $(wildcard $(PROBE_DIR)/*.c))
PROBE_OBJ := $(PROBE_SRC:$(PROBE_DIR)/%.c=$(PROBE_OBJDIR)/%.o)

# -mno-red-zone: interrupts run on our stack. -fshort-wchar: L"" is UTF-16. The -fno-* after
# -ffreestanding take back what distributions switch on by default.
PROBE_CFLAGS := -std=gnu17 -O2 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-ffreestanding -fpic -fshort-wchar -mno-red-zone -fvisibility=hidden \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fcf-protection=none -U_FORTIFY_SOURCE \
	-DGNU_EFI_USE_MS_ABI -isystem $(GNU_EFI_INC) -isystem $(GNU_EFI_INC)/x86_64

# The linker script of gnu-efi makes one writable and executable segment, and newer linkers say so.
PROBE_LDFLAGS = -nostdlib -znocombreloc -shared -Bsymbolic --no-undefined \
	$(shell $(PROBE_LD) --help | grep -o -m1 -e --no-warn-rwx-segments) \
	-T $(GNU_EFI_LDS)
# Only what the loader reads; .dynsym and .rela* are for the start-up code's own relocation.
PROBE_SECTIONS := .text .sdata .data .rodata .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc

ifeq ($(HAVE_GNU_EFI),1)
$(BUILD)/probe.efi: $(PROBE_OBJDIR)/probe.so
	$(call say,EFI,$@)
	$(Q)$(PROBE_OBJCOPY) $(addprefix -j ,$(PROBE_SECTIONS)) --output-target=efi-app-x86_64 $< $@

$(PROBE_OBJDIR)/probe.so: $(PROBE_OBJ)
	$(call say,LD,$@)
	$(Q)$(PROBE_LD) $(PROBE_LDFLAGS) $(GNU_EFI_LIB)/crt0-efi-x86_64.o $(PROBE_OBJ) \
		-L$(GNU_EFI_LIB) -L$(GNU_EFI_LIB)/.. -lgnuefi -lefi -o $@

# Objects depend on this file too: a changed flag must reach them.
$(PROBE_OBJDIR)/%.o: $(PROBE_DIR)/%.c $(PROBE_DIR)/probe.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(PROBE_CC) $(PROBE_CFLAGS) -MMD -MP -c $< -o $@

-include $(PROBE_OBJ:.o=.d)
endif
