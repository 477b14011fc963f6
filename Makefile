# Every way to work on Gatehouse is one line here. Each target installs what it needs, says what it does, and may be
# repeated at no cost.
.DEFAULT_GOAL := build
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
build_preset = @test -f build/$(1)/build.ninja || cmake --preset $(1) --log-level=WARNING
compile = cmake --build build/$(1) --target $(2)

.PHONY: help
help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

.PHONY: setup
setup:  ## install the packages that building and running need (Debian 12, root or sudo)
	@tools/setup

.PHONY: setup-test
setup-test:  ## those, and what tests, lint, sanitizers, fuzzers and benchmarks need
	@tools/setup test

.PHONY: build
build: setup  ## the release binary, build/release/gatehouse
	$(call build_preset,release)
	@$(call compile,release,gatehouse)

.PHONY: run
run: build  ## build and serve; ARGS="-f manifests --workers 2" passes flags
	@build/release/gatehouse run $(ARGS)

.PHONY: test
test: setup-test build  ## every test; the last line counts them
	$(call build_preset,debug)
	@$(call compile,debug,all)
	@tools/run_tests.py build/debug --gatehouse build/release/gatehouse

.PHONY: unit
unit: setup-test  ## unit and should-not-compile tests only
	$(call build_preset,debug)
	@$(call compile,debug,all)
	@tools/run_tests.py build/debug

.PHONY: asan
asan: setup-test  ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call build_preset,asan)
	@$(call compile,asan,all)
	@tools/run_tests.py build/asan --gatehouse build/asan/gatehouse --without compile_fail

.PHONY: tsan
tsan: setup-test  ## the tests of rooms with threads, and end to end, under ThreadSanitizer
	$(call build_preset,tsan)
	@$(call compile,tsan,gatehouse threaded_tests)
	@tools/run_tests.py build/tsan --gatehouse build/tsan/gatehouse --without compile_fail --label threads

.PHONY: fuzz
fuzz: setup-test  ## every fuzz target for SECONDS_EACH (20) from its corpus
	@cmake --preset asan --log-level=WARNING >/dev/null
	@$(call compile,asan,fuzzers)
	@tools/run_fuzz.py build/asan --seconds $(or $(SECONDS_EACH),20)

.PHONY: bench
bench: setup-test build  ## compare with nginx and haproxy; see bench/README.md
	@bench/run $(ARGS)

.PHONY: bench-routes
bench-routes: setup-test build  ## what 10, 1,000 and 10,000 routes cost, and reloads under load
	@bench/routes $(ARGS)

.PHONY: soak
soak: setup-test build  ## an hour of 5,000 streams, reloads, faults and slow readers; ARGS="--minutes 15"
	@bench/soak $(ARGS)

.PHONY: profile
profile: setup-test  ## count what runs, which release builds are laid out by; after changes to the data path
	@tools/profile

.PHONY: lint
lint: setup-test  ## format, tidy on changed files (LINT_ALL=1: all), rooms, sizes, words, headers alone
	$(call build_preset,debug)
	@tools/lint build/debug

.PHONY: format
format: setup-test  ## rewrite our C++ files as clang-format says
	@git ls-files -co --exclude-standard '*.cc' '*.h' | xargs clang-format-19 -i

.PHONY: clean
clean:  ## remove build/
	@rm -rf build
