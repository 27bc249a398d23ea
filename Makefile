# Everything is built under $(BUILD). `make example` and `make test` install what they need on Debian;
# V=1 shows the commands. A variant is the same build in another folder: see asan and gc-stress.

BUILD    ?= build
CC       ?= cc
LUA      ?= lua5.4
LTO      ?= $(if $(findstring clang,$(CC)),,-flto=auto -ffat-lto-objects)
OPT      ?= -O3 -g -fno-plt $(LTO)
WERROR   ?= -Werror
SANITIZE ?=
DEFINES  ?=
EXAMPLE  ?= async.lua

LUA_PC   := $(shell for p in lua5.4 lua-5.4 lua54; do pkg-config --exists $$p 2>/dev/null && echo $$p && break; done)
LUA_INC  ?= $(if $(LUA_PC),$(shell pkg-config --cflags $(LUA_PC)),-I/usr/include/lua5.4)
UV_INC   ?= $(shell pkg-config --cflags libuv 2>/dev/null)
UV_LIBS  ?= $(or $(shell pkg-config --libs libuv 2>/dev/null),-luv -lpthread)

WARN     := -Wall -Wextra -Wpedantic -Wshadow $(WERROR)
ALL_C    := -std=c11 -D_GNU_SOURCE $(OPT) -fPIC -fvisibility=hidden $(WARN) $(SANITIZE) $(DEFINES) -Icsrc $(UV_INC) $(CFLAGS)
LINK      = $(CC) $(OPT) $(SANITIZE) $(LDFLAGS)

PREFIX   ?= /usr/local
INSTALL_LMOD ?= $(PREFIX)/share/lua/5.4
INSTALL_CMOD ?= $(PREFIX)/lib/lua/5.4

LIB_SRC  := $(sort $(wildcard $(foreach d,base ndr proto rpc auth,csrc/$(d)/*.c)))
LUA_SRC  := $(sort $(wildcard csrc/lua/*.c))
SPEC_SRC := $(sort $(wildcard spec/c/*.c spec/conformance/*.c))
EX_SRC   := $(sort $(wildcard examples/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
LUA_OBJ  := $(LUA_SRC:%.c=$(BUILD)/obj/%.o)
SPEC_OBJ := $(SPEC_SRC:%.c=$(BUILD)/obj/%.o)
LIB      := $(BUILD)/lib/libasyncrpc.a
CORE     := $(BUILD)/lua/asyncrpc/core.so
SPEC     := $(BUILD)/spec-c
EXAMPLES := $(EX_SRC:examples/%.c=$(BUILD)/examples/%)

# What a script of ours needs to find the modules of this tree, built or not.
export LUA_PATH  := lua/?.lua;lua/?/init.lua;;
export LUA_CPATH := $(BUILD)/lua/?.so;;
export BUILD LUA EXAMPLE CC
Q := $(if $(V),,@)
AGAIN = $(MAKE) --no-print-directory

.PHONY: all lib core spec-c example test test-c interop asan tsan load valgrind gc-stress lint rows bench fuzz fuzz-plants fuzz-corpora mutants install rock clean \
        run-example run-test run-tsan run-load run-interop bench-cost bench-check run-bench-times run-bench-streams run-bench-cost run-bench-check run-bench-marshal run-bench-memory

all: $(LIB) $(CORE) $(EXAMPLES)
	@:
lib: $(LIB)
core: $(CORE)
spec-c: $(SPEC)

# ---- building

$(LIB): $(LIB_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# nodelete: what a checker reports after the interpreter closed its modules keeps its names.
$(CORE): $(LIB_OBJ) $(LUA_OBJ)
	@mkdir -p $(@D)
	$(Q)$(LINK) -shared -Wl,-z,nodelete -o $@ $^ $(UV_LIBS)

$(SPEC): $(SPEC_OBJ) $(LIB)
	$(Q)$(LINK) -o $@ $^ $(UV_LIBS)

$(BUILD)/examples/%: examples/%.c $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_C) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(LIB) $(UV_LIBS)

$(BUILD)/obj/spec/conformance/%.o: EXTRA := -Ispec/c
$(BUILD)/obj/csrc/lua/%.o: EXTRA := $(LUA_INC)
$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_C) $(EXTRA) -MMD -MP -c -o $@ $<

# Objects made with other flags are made anew.
FLAGS := $(CC) $(ALL_C) $(LUA_INC)
$(BUILD)/flags: $(if $(filter-out "$(file <$(BUILD)/flags)","$(FLAGS)"),always)
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS)' >$@
.PHONY: always

-include $(LIB_OBJ:.o=.d) $(LUA_OBJ:.o=.d) $(SPEC_OBJ:.o=.d) $(EXAMPLES:=.d)

# ---- running; each first sees to what it needs, then starts make again so that pkg-config is asked anew

example:
	@bin/setup build && $(AGAIN) run-example
run-example: all
	$(Q)$(LUA) examples/$(EXAMPLE)

test:
	@bin/setup build test && $(AGAIN) run-test
run-test: all $(SPEC)
	$(Q)bin/test

test-c: $(SPEC)
	$(Q)$(SPEC)

interop:
	@bin/setup build test interop && $(AGAIN) run-interop
run-interop: all
	$(Q)bin/test interop

ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan:
	@bin/setup build test && ARPC_VARIANT=asan $(AGAIN) BUILD=build/asan SANITIZE="$(ASAN)" OPT="-O1 -g" run-test

# The functions that threads may call, and they alone.
TSAN := -fsanitize=thread -fno-omit-frame-pointer
tsan:
	@bin/setup build test && $(AGAIN) BUILD=build/tsan SANITIZE="$(TSAN)" OPT="-O1 -g" LTO= run-tsan
run-tsan: $(SPEC)
	$(Q)TSAN_OPTIONS=suppressions=spec/support/tsan.supp:halt_on_error=1:second_deadlock_stack=1 \
	  ARPC_SCALE=$${ARPC_SCALE:-10} $(SPEC) -t 120 threads:

# What make test does for a moment only, for 10 s.
load:
	@bin/setup build test && ARPC_LOAD=1 $(AGAIN) run-load
run-load: all
	$(Q)bin/test spec/unit/threads_spec.lua

valgrind:
	@bin/setup build test valgrind && ARPC_VARIANT=valgrind ARPC_SCALE=$${ARPC_SCALE:-20} $(AGAIN) run-test

gc-stress:
	@bin/setup build test && ARPC_VARIANT=gc-stress ARPC_SCALE=$${ARPC_SCALE:-20} $(AGAIN) BUILD=build/gcstress DEFINES=-DARPC_GC_STRESS run-test

lint:
	@bin/setup build lint && $(AGAIN) all && bin/lint

rows:
	@bin/rows

SECONDS ?= 60
fuzz:
	@bin/setup build fuzz && bin/fuzz run $(SECONDS) $(TARGET)
fuzz-plants:
	@bin/setup build fuzz && bin/fuzz plants $(TARGET)
fuzz-corpora:
	@bin/setup build fuzz && bin/fuzz keep $(SECONDS) $(TARGET)

mutants:
	@bin/setup build test && bin/mutants $(MUTANT)

# ---- measuring: times beside raw libuv of the same run; costs that do not depend on the machine's mood

BENCHES := $(addprefix $(BUILD)/bench/,raw_server raw_client raw_later raw_stream server client stream) $(BUILD)/lua/benchlua.so

$(BUILD)/bench/raw_%: bench/raw_%.c bench/raw.h bench/raw_records.h bench/bench.h bench/chunks.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_C) $(LDFLAGS) -o $@ $< $(UV_LIBS)
$(BUILD)/bench/%: bench/%.c bench/address.h bench/bench.h bench/chunks.h $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_C) $(LDFLAGS) -o $@ $< $(LIB) $(UV_LIBS)
$(BUILD)/lua/benchlua.so: bench/benchlua.c bench/bench.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_C) $(LUA_INC) $(LDFLAGS) -shared -o $@ $<

run-bench-times run-bench-streams run-bench-cost run-bench-check: all $(BENCHES)
	$(Q)$(LUA) bench/run.lua $(@:run-bench-%=%)
run-bench-marshal: all
	$(Q)$(LUA) bench/marshal.lua
run-bench-memory: all $(BENCHES)
	$(Q)$(LUA) bench/memory.lua
bench:
	@bin/setup build bench && $(AGAIN) run-bench-times run-bench-memory run-bench-marshal
bench-cost bench-check:
	@bin/setup build bench && $(AGAIN) run-$@

# ---- installing

install: $(CORE)
	install -d "$(DESTDIR)$(INSTALL_CMOD)/asyncrpc"
	install -m 755 $(CORE) "$(DESTDIR)$(INSTALL_CMOD)/asyncrpc/core.so"
	@cd lua && find . -name '*.lua' -exec sh -c \
	  'for f; do install -d "$(DESTDIR)$(INSTALL_LMOD)/$${f%/*}" && install -m 644 "$$f" "$(DESTDIR)$(INSTALL_LMOD)/$$f"; done' sh {} +

rock:
	@bin/setup build rock && bin/rock

clean:
	rm -rf build
