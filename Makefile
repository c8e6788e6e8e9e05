# One make, no recursion.  Each directory's module.mk names its modules, its
# programs and what those link; everything else is derived here.
#
#	make			build everything under obj/
#	make run		build, start a private suite on loopback, show it
#	make test		unit tests (cmocka) and black-box tests (pytest)
#	make SAN=1 test		the same under ASan and UBSan
#	make lint		format, sizes, manual pages, scripts, house rules
#	make bench		speed beside other servers; QUICK=1 is short
#	make bench-million	what a queue of a million messages costs
#	make bench-accounts	what 100 000 accounts cost
#	make install DESTDIR=	also PREFIX, SYSCONFDIR, LIBEXECDIR; uninstall
#	make V=1		with the commands shown
#
# Packages that a target needs and that are missing are installed when make
# runs as root, and named in one apt-get line otherwise.

DIRS	= common smtpd pop3d queue delivery
O	= obj
ifdef SAN
O	= obj-san
endif

PREFIX		?= /usr
SYSCONFDIR	?= /etc
LIBEXECDIR	?= $(PREFIX)/libexec/postrider
MANDIR		?= $(PREFIX)/share/man
DOCDIR		?= $(PREFIX)/share/doc/postrider
VERSION		= 0.1.0

CFLAGS	?= -O2 -g
STRICT	= -std=c17 -D_GNU_SOURCE -I. -DVERSION='"$(VERSION)"' \
	  -DLIBEXECDIR='"$(LIBEXECDIR)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
	  -include common/compat.h \
	  -Wall -Wextra -Werror -Wshadow -Wvla \
	  -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	  -Wpointer-arith -Wcast-qual -Wconversion -Wformat=2
ifdef SAN
HARDEN	= -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	  -fno-omit-frame-pointer
HARDLD	= -fsanitize=address,undefined
else
HARDEN	= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE \
	  -fcf-protection -fstack-clash-protection
HARDLD	= -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
endif

BUILD_PKGS = gcc make libc6-dev libcdb-dev libbsd-dev libevent-dev \
	     libgsasl-dev libcrypt-dev libjson-c-dev libssl-dev libunbound-dev \
	     libidn2-dev libunistring-dev
RUN_PKGS   = openbsd-inetd dns-root-data
LINT_PKGS  = pmccabe mandoc shellcheck clang-format
TEST_PKGS  = libcmocka-dev python3-pytest python3-pytest-xdist procps \
	     strace swaks curl msmtp mpop fetchmail s-nail mutt systemd \
	     libtirpc3 libwrap0 libselinux1 openssl getmail6 gsasl \
	     libnet-ssleay-perl iproute2 nftables knot git perl
need	   = @sh etc/packages $(1)

# V=1 shows the commands.
ifdef V
say	= @:
Q	=
else
say	= @echo
Q	= @
endif

all:

PROGS	=
SCRIPTS	=
include $(patsubst %,%/module.mk,$(DIRS)) tests/module.mk

# An area's archive holds every module of it: all files but the programs'.
modules	= $(filter-out $(PROGS),$(patsubst %.c,%,$(wildcard $(1)/*.c)))

define area
$(O)/$(1).a: $(patsubst %,$(O)/%.o,$(call modules,$(1)))
	@rm -f $$@
	$$(Q)$(AR) rcs $$@ $$^
endef
$(foreach d,$(DIRS),$(eval $(call area,$(d))))

# A program is its main file, its area's archive and common's.
define program
$(O)/$(1): $(O)/$(1).o $(O)/$(patsubst %/,%,$(dir $(1))).a $(O)/common.a
	$$(say) "  LD  $$@"
	$$(Q)$(CC) $(HARDLD) $(LDFLAGS) -o $$@ $$< \
	    $(O)/$(patsubst %/,%,$(dir $(1))).a $(O)/common.a $(LIBS_$(1))
programs: $(O)/$(1)
endef
$(foreach p,$(PROGS),$(eval $(call program,$(p))))

$(O)/%.o: %.c | packages
	@mkdir -p $(@D)
	$(say) "  CC  $<"
	$(Q)$(CC) $(STRICT) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<

all: programs

# What has a place of the installation built in is built again for another.
$(O)/common/options_list.o $(O)/queue/postrider.o \
    $(O)/queue/compile_host.o: $(O)/places
$(O)/places: FORCE
	@mkdir -p $(O)
	@echo '$(LIBEXECDIR) $(SYSCONFDIR)' | cmp -s - $@ || \
	    echo '$(LIBEXECDIR) $(SYSCONFDIR)' >$@
FORCE:

# The programs as the suite runs them: one directory, names without areas.
all: $(O)/libexec/.done
$(O)/libexec/.done: $(PROGS:%=$(O)/%) $(SCRIPTS)
	@mkdir -p $(O)/libexec
	@for p in $(PROGS); do ln -f "$(O)/$$p" $(O)/libexec/; done
	@for s in $(SCRIPTS); do cp "$$s" $(O)/libexec/ && \
	    chmod 755 "$(O)/libexec/$${s##*/}"; done
	@touch $@

packages:
	$(call need,$(BUILD_PKGS))

run: all
	$(call need,$(RUN_PKGS))
	$(O)/libexec/postrider lab run

SBIN	= common/postriderd queue/sendmail
BIN	= queue/postrider
EXEC	= $(filter-out $(SBIN) $(BIN),$(PROGS))
UNIT_FILE = $(DOCDIR)/postrider.service
SAMPLE	= $(SYSCONFDIR)/postrider/postrider.conf.sample
PAGES	= $(wildcard $(DIRS:%=%/*.[1578]))

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(SYSCONFDIR)/postrider \
	    $(DESTDIR)$(DOCDIR)
	for p in $(SBIN); do \
	    install -s $(O)/$$p $(DESTDIR)$(PREFIX)/sbin/ || exit 1; done
	for p in $(BIN); do \
	    install -s $(O)/$$p $(DESTDIR)$(PREFIX)/bin/ || exit 1; done
	for p in $(EXEC); do \
	    install -s $(O)/$$p $(DESTDIR)$(LIBEXECDIR)/ || exit 1; done
	for p in $(SCRIPTS); do \
	    install $$p $(DESTDIR)$(LIBEXECDIR)/ || exit 1; done
	for n in newaliases rmail; do \
	    ln -sf sendmail $(DESTDIR)$(PREFIX)/sbin/$$n; done
	install -d $(DESTDIR)$(PREFIX)/lib
	ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/lib/sendmail
	ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/bin/mailq
	for m in $(PAGES); do d=$(DESTDIR)$(MANDIR)/man$${m##*.}; \
	    install -d $$d && install -m 644 $$m $$d/ || exit 1; done
	sed -e 's,^#libexec-dir .*,#libexec-dir $(LIBEXECDIR),' \
	    -e 's,^\(#tls-[a-z-]* \)/etc/postrider/,\1$(SYSCONFDIR)/postrider/,' \
	    etc/postrider.conf >$(DESTDIR)$(SAMPLE)
	chmod 644 $(DESTDIR)$(SAMPLE)
	sed 's,^ExecStart=.*/,ExecStart=$(PREFIX)/sbin/,' \
	    etc/postrider.service >$(DESTDIR)$(UNIT_FILE)
	chmod 644 $(DESTDIR)$(UNIT_FILE)

# What install has put; configuration, mail and state stay.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/lib/sendmail
	for p in $(notdir $(SBIN)) newaliases rmail; do \
	    rm -f $(DESTDIR)$(PREFIX)/sbin/$$p; done
	for p in $(notdir $(BIN)) mailq; do \
	    rm -f $(DESTDIR)$(PREFIX)/bin/$$p; done
	for p in $(notdir $(EXEC) $(SCRIPTS)); do \
	    rm -f $(DESTDIR)$(LIBEXECDIR)/$$p; done
	for m in $(notdir $(PAGES)); do \
	    rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$$m; done
	rm -f $(DESTDIR)$(SAMPLE) $(DESTDIR)$(UNIT_FILE)
	for d in $(LIBEXECDIR) $(DOCDIR) $(SYSCONFDIR)/postrider; do \
	    rmdir $(DESTDIR)$$d 2>/dev/null || :; done

clean:
	rm -rf obj obj-san

# Objects stay, also those that only one program wanted.
.SECONDARY:

.PHONY: all programs packages run test lint bench install \
	uninstall FORCE clean
-include $(shell find $(O) -path $(O)/peers -prune -o -name '*.d' -print 2>/dev/null)
