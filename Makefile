# `make` alone lists what there is. Everything here is `go` and a POSIX shell; further
# tools are pinned and run with `go run`.

GO          ?= go
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME    ?= 10s
SOAKTIME    ?= 10m
LOADTIME    ?= 60s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.1
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# Budgets in KiB; raising one is a decision, with its reason in runtime/RATIONALE.md.
MAX_BINARY  := 40960
MAX_GUEST   := 1024
# Compressed, as in a zip.
MAX_LAMBDA  := 7168
# The race detector is for packages that hold locks; over everything it costs minutes.
RACE        := ./ingest/awswire ./runtime/awsapi ./rules/matcher/... ./runtime/archive ./runtime/dispatch/... ./runtime/engine/... ./runtime/sandbox/... ./runtime/store/... ./runtime/server/... ./runtime/doors/... ./runtime/service/... ./runtime/agent ./runtime/spool

BUILD := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X github.com/tocsin-engine/tocsin/runtime/cli.version=$(VERSION) -X main.version=$(VERSION)'

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## the demo: a make-believe shop, its rules and targets, in this terminal
	@bin/tocsin demo

build: plugins bootstrap ## the program, as bin/tocsin, and what bootstrap makes
	@$(BUILD) -o bin/tocsin ./runtime/cmd/tocsin

bootstrap: ## the program of Lambda functions, as bin/bootstrap-linux-{amd64,arm64}
	@for arch in amd64 arm64; do \
	  GOOS=linux GOARCH=$$arch $(BUILD) -tags packedguests,lambda.norpc -o bin/bootstrap-linux-$$arch ./runtime/cmd/bootstrap || exit 1; done

plugins: ## the shipped targets, as WASM in plugins/dist
	@.ci/plugins

test: plugins ## all tests, with what they need
	@.ci/tools
	$(GO) test ./...

race: plugins ## the tests of the packages with locks, under the race detector
	@.ci/race $(RACE)

check: build ## formatting, vet, linter, go.mod, races, other platforms, size budget
	@.ci/check '$(STATICCHECK)' $(MAX_BINARY) $(MAX_GUEST) $(MAX_LAMBDA)

lint: ## golangci-lint, the whole list (slow: it is compiled first)
	$(GO) run $(GOLANGCI) run ./...

bench: build ## the matcher's workloads as one table, then every benchmark
	@bin/tocsin bench
	$(GO) test -run '^$$' -bench . -benchmem ./...

load: build ## 10,000 connections and 1,000 requests a second over every door, for LOADTIME (60s)
	TOCSIN_LOAD=$(CURDIR)/bin/tocsin TOCSIN_LOAD_TIME=$(LOADTIME) $(GO) test -count=1 -run '^TestLoad$$' -v ./runtime/server

fuzz: plugins ## every fuzz target for FUZZTIME (10s)
	@.ci/fuzz $(FUZZTIME)

soak: plugins ## break it in every way KILLS (100) and CUTS (20) times, then the hammer tests for SOAKTIME (10m)
	@KILLS=$(KILLS) CUTS=$(CUTS) .ci/soak $(SOAKTIME) $(RACE)

clean: ## remove what was built
	rm -rf bin .tocsin
	find plugins/dist -type f ! -name README.md -delete 2>/dev/null || true

.PHONY: help run build bootstrap plugins test race check lint bench load fuzz soak clean
