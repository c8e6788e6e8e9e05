# Every tests/unit/t_NAME.c is a program.  A line "wrap: fsync linkat" in its
# head comment makes the linker hand these calls to the test (--wrap).

UNIT	= $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/t_*.c))
wraps	= $(shell sed -n 's,^ \* wrap: ,,p' tests/unit/$(1).c)

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(DIRS:%=$(O)/%.a)
	$(say) "  LD  $@"
	$(Q)$(CC) $(HARDLD) $(LDFLAGS) \
	    $(patsubst %,-Wl$(comma)--wrap=%,$(call wraps,$*)) -o $@ $< \
	    -Wl,--start-group $(DIRS:%=$(O)/%.a) -Wl,--end-group \
	    -lcmocka -lcdb -lmd -lbsd -levent_core -lgsasl -lcrypt -ljson-c \
	    -lssl -lcrypto -lunbound -lidn2 -lpthread

comma	:= ,

unit-tests: test-packages $(UNIT:%=$(O)/tests/unit/%)

test-packages: $(O)/peers/usr/sbin/xinetd $(O)/peers/servers \
    $(O)/peers/callers
	$(call need,$(BUILD_PKGS) $(RUN_PKGS) $(TEST_PKGS))

# Debian lets xinetd and openbsd-inetd exclude each other: only unpacked.
$(O)/peers/usr/sbin/xinetd:
	@rm -rf $(O)/peers && mkdir -p $(O)/peers/deb
	cd $(O)/peers/deb && { apt-get -q download xinetd || \
	    { apt-get -q update && apt-get -q download xinetd; }; }
	dpkg --fsys-tarfile $(O)/peers/deb/xinetd_*.deb | \
	    tar -x -C $(O)/peers ./usr/sbin/xinetd

# So are the mail servers that tests exchange mail with.
PEER_DEBS = postfix exim4-daemon-light exim4-base opensmtpd dovecot-core \
	  dovecot-lmtpd

$(O)/peers/servers: tests/peers/fetch tests/module.mk
	@mkdir -p $(O)/peers
	sh tests/peers/fetch $(O)/peers $(PEER_DEBS)
	@touch $@

# And the programs that call sendmail, which want one that is installed.
CALLER_DEBS = cron at anacron bsd-mailx alpine logwatch procmail maildrop \
	  courier-authlib sudo git-email libmailtools-perl php8.2-cli

$(O)/peers/callers: tests/peers/fetch tests/module.mk
	@mkdir -p $(O)/peers
	sh tests/peers/fetch $(O)/peers $(CALLER_DEBS)
	@touch $@

test: all unit-tests
	O=$(O) SAN=$(SAN) sh tests/run $(O) $(UNIT)

# The long form of the tests that kill: every point, not a sample.
proof-kill: all test-packages
	PROOF=1 O=$(O) SAN=$(SAN) /usr/bin/python3 -m pytest -q \
	    -p no:cacheprovider tests/blackbox/test_kill.py

# The tests with a ledger of outgoing mail, with 20 000 messages each.
proof-outbound: all test-packages $(O)/tests/bench/sink
	PROOF=1 O=$(O) SAN=$(SAN) /usr/bin/python3 -m pytest -q -s \
	    -p no:cacheprovider tests/blackbox/test_ledger.py

# Power cuts: the suite on a disk that records its writes, and what that disk
# could have kept.  PROOF_STATES=N looks at more of them.
CRASH	= blocklog commitorder
CRASH_PKGS = libfuse3-dev e2fsprogs
PROOF_PKGS = $(CRASH_PKGS) xfsprogs btrfs-progs
LIBS_tests/crash/blocklog = -lfuse3

$(O)/tests/crash/%: $(O)/tests/crash/%.o $(O)/common.a
	$(say) "  LD  $@"
	$(Q)$(CC) $(HARDLD) $(LDFLAGS) -o $@ $< $(O)/common.a -lbsd \
	    $(LIBS_tests/crash/$*)

$(O)/tests/crash/blocklog.o: | crash-packages
crash-packages:
	$(call need,$(CRASH_PKGS))

test: $(CRASH:%=$(O)/tests/crash/%)

proof-powercut: all test-packages $(CRASH:%=$(O)/tests/crash/%)
	$(call need,$(PROOF_PKGS))
	O=$(O) SAN=$(SAN) PROOF_STATES="$(PROOF_STATES)" sh tests/crash/proof

# What each order of waiting for the disk keeps, on each file system.
commit-orders: $(CRASH:%=$(O)/tests/crash/%)
	$(call need,$(PROOF_PKGS))
	O=$(O) tests/crash/orders

lint:
	$(call need,$(BUILD_PKGS) $(LINT_PKGS))
	@sh tests/lint

.PHONY: unit-tests test-packages proof-kill proof-outbound crash-packages \
	proof-powercut commit-orders

# Figures, never a test: a busy machine must not fail a build.  Bounded by
# QUICK=1, ROWS="...", SERVERS="...", ROUNDS=N; see tests/bench/run --help.
# What the caller gives make stands in the environment of run.
BENCH	= plainserver keep mkbox mkqueue smtpload popload sessions jobload tlsserver \
	  tlsload guesses sink resolves
BENCH_MODULES = client arrivals family cgroup
LIBS_tests/bench/tlsserver = -lssl -lcrypto
LIBS_tests/bench/tlsload = -lssl -lcrypto
LIBS_tests/bench/guesses = -lm
LIBS_tests/bench/mkqueue = $(O)/queue.a $(O)/common.a
LIBS_tests/bench/resolves = -lcdb

$(O)/tests/bench/%: $(O)/tests/bench/%.o \
    $(BENCH_MODULES:%=$(O)/tests/bench/%.o) $(O)/common.a
	$(say) "  LD  $@"
	$(Q)$(CC) $(HARDLD) $(LDFLAGS) -o $@ $< \
	    $(BENCH_MODULES:%=$(O)/tests/bench/%.o) $(O)/common.a -lbsd \
	    $(LIBS_tests/bench/$*)

# It writes what queued reads.
$(O)/tests/bench/mkqueue: $(O)/queue.a

# Clients that tests use, too.
test: $(O)/tests/bench/tlsload $(O)/tests/bench/guesses \
    $(O)/tests/bench/sink $(O)/tests/bench/mkqueue

bench: all $(BENCH:%=$(O)/tests/bench/%) $(O)/peers/usr/sbin/xinetd
	$(call need,$(RUN_PKGS))
	sh tests/bench/run $(O)

# A queue of COUNT messages; some minutes, and 5 KiB of disk for each.
bench-million: all $(O)/tests/bench/mkqueue
	$(call need,$(RUN_PKGS))
	sh tests/bench/million $(O)

# COUNT accounts in COUNT / 100 domains, and as many aliases; a minute.
bench-accounts: all $(O)/tests/bench/resolves
	sh tests/bench/accounts $(O)

.PHONY: bench-million bench-accounts
