# make demo   deploy an example as yourself, and show it running
# make test   run all tests
# make install   build, and install below PREFIX: the program, its commands' old
#             names, manual pages, completion for bash, zsh and fish
# make fuzz   read what others could have written, at random, for some seconds
# The first two install what is missing first (see tools/setup.sh).

GO = go

.PHONY: build install demo demo-stop test torture services fuzz bench mutate check

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/nixproc ./cmd/nixproc
	@# The same bytes in every clone, since images have it in them.
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/nixproc-init ./cmd/nixproc-init

PREFIX = /usr/local
install: build
	@sh tools/install.sh bin/nixproc "$(DESTDIR)$(PREFIX)"

demo:
	@sh tools/setup.sh demo
	@$(MAKE) --no-print-directory build
	@sh tools/demo.sh start

demo-stop:
	@sh tools/demo.sh stop

test:
	@sh tools/setup.sh test
	NIXPROC_SYSVINIT_ROOT="$$(cd tests/.sysvinit 2>/dev/null && test -x usr/sbin/init && pwd)" $(GO) test -parallel 6 -timeout 10m ./...

# A switch is killed, made to fail and to hang at every point that there is, and
# interrupted a thousand times, under each manager; make test tries some points.
# It takes hours: TORTURE=sysvinit,docker is for some managers, TIMES=20 for some
# points, which are others each time.
TORTURE = all
TIMES =
torture:
	@sh tools/setup.sh test
	NIXPROC_TEST_TORTURE=$(TORTURE) NIXPROC_TEST_TORTURE_TIMES=$(TIMES) $(GO) test -count=1 -v -timeout 12h -run 'Anywhere$$' ./tests

# The suites of tests/services under each manager that is installed, as root and not:
# tests, upgrades and crashes; and all modules of Dysnomia. make test takes a cut.
services:
	@sh tools/setup.sh test
	NIXPROC_TEST_SERVICES=all $(GO) test -count=1 -v -timeout 15m -run 'TestServices$$|TestDysnomiaModules$$' ./tests

# Any values at all for whatever reads what others wrote, FUZZTIME for each of
# the targets; make test runs the seeds alone. Now and then the go command calls it
# a failure that the time is up.
FUZZTIME = 10s
fuzz:
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sort | while IFS=: read -r file target; do \
		package=$$(dirname "$$file") target=$${target#func }; \
		if $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" >"$$log" 2>&1 || grep -q '^    context deadline exceeded$$' "$$log"; \
		then echo "$$package $$target: $$(grep -o 'execs: [0-9]*' "$$log" | tail -n 1)"; \
		else cat "$$log"; exit 1; fi; \
	done

# What .ci/run checks besides the tests.
check:
	@test -z "$$(gofmt -l cmd lib nixeval nixproc tests)" || { gofmt -d cmd lib nixeval nixproc tests; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...

# make bench OLD=DIR compares with a checkout of the framework that this one
# replaces, whose commands are on PATH.
bench:
	@sh tools/setup.sh demo
	$(GO) run ./tests/bench $(if $(OLD),-old "$(OLD)") $(BENCHFLAGS)

# Breaks one rule of the product at a time; a named test has to notice.
mutate:
	@sh tools/setup.sh test
	$(GO) run ./tests/mutate $(MUTATEFLAGS)
