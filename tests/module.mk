# Every tests/unit/t_NAME.c is a program.  A line "wrap: fsync linkat" in its
# head comment makes the linker hand these calls to the test (--wrap).

UNIT	= $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/t_*.c))
wraps	= $(shell sed -n 's,^ \* wrap: ,,p' tests/unit/$(1).c)

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(DIRS:%=$(O)/%.a)
	$(say) "  LD  $@"
	$(Q)$(CC) $(HARDLD) $(LDFLAGS) \
	    $(patsubst %,-Wl$(comma)--wrap=%,$(call wraps,$*)) -o $@ $< \
	    -Wl,--start-group $(DIRS:%=$(O)/%.a) -Wl,--end-group \
	    -lcmocka -lcdb -lbsd -levent_core -lgsasl -lcrypt -ljson-c \
	    -lpthread

comma	:= ,

unit-tests: test-packages $(UNIT:%=$(O)/tests/unit/%)

test-packages:
	$(call need,$(BUILD_PKGS) $(RUN_PKGS) $(TEST_PKGS))

test: all unit-tests
	O=$(O) SAN=$(SAN) sh tests/run $(O) $(UNIT)

lint:
	$(call need,$(LINT_PKGS))
	@sh tests/lint

.PHONY: unit-tests test-packages

# Figures, never a test: a busy machine must not fail a build.
BENCH	= plainserver load

$(O)/tests/bench/%: $(O)/tests/bench/%.o $(O)/common.a
	$(say) "  LD  $@"
	$(Q)$(CC) $(HARDLD) $(LDFLAGS) -o $@ $< $(O)/common.a -lbsd

bench: all $(BENCH:%=$(O)/tests/bench/%)
	$(call need,$(RUN_PKGS))
	sh tests/bench/run $(O)
