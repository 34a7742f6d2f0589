// Command carbon-setup takes a freshly unpacked WSO2 Carbon 4.2.0 server to a production-ready install.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
)

// version is set by the linker.
var version = "dev"

func main() {
	// A command lives for some ten milliseconds and needs little: collecting garbage five times as seldom saves a fifth of its time.
	debug.SetGCPercent(500)
	os.Exit(run(context.Background(), os.Args[1:], &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, lookup: os.LookupEnv, version: version,
	}))
}

// app is what every command works with: the streams, the environment, and the flags that all share.
type app struct {
	in       *os.File
	out, err io.Writer
	getenv   func(string) string
	lookup   func(string) (string, bool)
	version  string

	home string
	json bool
	sets []string // answers of the command line: KEY=VALUE
}

// run executes one command line and returns its exit code. It is the only place where errors become codes.
func run(ctx context.Context, args []string, a *app) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	var done *doneError
	if err == nil || errors.As(err, &done) && done.quiet {
		return codeOf(err)
	}
	return a.fail(err)
}
