# carbon-setup. `make help` lists what there is.

GO        ?= go
BIN       := bin/carbon-setup
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
BENCHTIME ?= 1s
FUZZTIME  ?= 20s
PKG       ?= ./...

.DEFAULT_GOAL := help
.PHONY: help build demo test bench fuzz lint format screens deps ci clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## one static binary: bin/carbon-setup
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/carbon-setup

demo: build ## the wizard on a throw-away sample install; without a terminal: plan, apply and audit of it
	$(BIN) demo

test: deps ## everything, with the race detector
	$(GO) test ./internal/edit # every value of every file; under the race detector every eighth
	CGO_ENABLED=1 $(GO) test -race -timeout 30m $(PKG)

bench: build ## all benchmarks
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem -timeout 60m $(PKG)

fuzz: ## every fuzz target for FUZZTIME each
	.ci/fuzz $(FUZZTIME)

lint: ## formatting, vet, linters, architecture, known vulnerabilities
	.ci/lint

format: ## gofumpt over the tree
	.ci/tool gofumpt -l -w cmd internal assets

screens: build ## the pictures of the README, from the real program in a terminal emulator
	$(GO) run ./cmd/carbon-setup/internal/screens -binary $(BIN) -out docs/screens

deps: ## what the tests need besides Go: installed on Debian when root, named otherwise
	.ci/deps

ci: lint test ## what .ci/run does

clean: ## remove what was built
	rm -rf bin
