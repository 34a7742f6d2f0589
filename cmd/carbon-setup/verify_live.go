package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live"
	"carbon-setup/internal/steps"
)

// liveHelp is what verify --help says of --live.
const liveHelp = `

With --live the running server is asked as well: whether it listens on its ports and no longer on former ones; whether its HTTPS ports serve the
certificate of the configured keystore, valid, for the host name, verified by the truststore, and refuse SSLv3 and weak ciphers; whether
admin/admin and what a broken vault leaves as passwords are refused; where JMX sends clients; whether the tables are there; what its log says
since the last start. Run it on the machine of the server, as its user or as root.

The new administrator is tried with the password of --answers, or with --login NAME, which asks for the password. A password goes to a
verified server only. Log-ins that fail can lock accounts: at most three are tried for one account, fewer where the server locks early.`

// liveFlags are those of verify --live.
type liveFlags struct {
	on       bool
	login    string
	password string
}

func (f *liveFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.on, "live", false, "ask the running server, too")
	cmd.Flags().StringVar(&f.login, "login", "", "with --live: the account that has to be let in; its password is asked for")
	cmd.Flags().StringVar(&f.password, "login-password", "", "where its password is instead: env:NAME or file:PATH")
}

// check refuses flags that mean nothing together.
func (f *liveFlags) check(cmd *cobra.Command) error {
	switch {
	case !f.on && (cmd.Flags().Changed("login") || cmd.Flags().Changed("login-password")):
		return &usageError{"--login asks the running server, which only --live does", "Add --live."}
	case f.login == "" && cmd.Flags().Changed("login"):
		return &usageError{"--login is empty", "Give the name of the account. In a script, see whether the variable behind it is set."}
	case f.login == "" && f.password != "":
		return &usageError{"--login-password without --login", "Give the name of the account as --login."}
	}
	return nil
}

// liveAccount finds the password of --login.
func (a *app) liveAccount(ctx context.Context, f *liveFlags) (live.Login, error) {
	if f.login == "" {
		return live.Login{}, nil
	}
	ref, ok := passwordRef(f.password)
	if !ok {
		return live.Login{}, &usageError{
			"--login-password takes no password: every user of the machine and the history of the shell would have it",
			"Name where it is: env:NAME or file:PATH; or leave it out to be asked.",
		}
	}
	prompt := a.prompter()
	if ref.Prompt && prompt == nil {
		return live.Login{}, &usageError{"there is no terminal to ask for the password of --login", "Name where it is: --login-password env:NAME or file:PATH."}
	}
	const key = "admin.password" // #nosec G101 -- a key of the answers
	set := answers.NewSet(steps.Schema())
	set.Put(key, answers.Value{Ref: ref, At: answers.Position{File: "--login-password"}})
	warnings, err := answers.Resolver{Getenv: a.lookup, Prompt: prompt}.Resolve(ctx, set)
	a.warnFaults(warnings)
	if err != nil {
		return live.Login{}, err
	}
	return live.Login{User: f.login, Password: set.Secret(key)}, nil
}

// passwordRef reads where a password is.
func passwordRef(text string) (answers.Ref, bool) {
	kind, of, _ := strings.Cut(text, ":")
	switch {
	case text == "" || text == "prompt":
		return answers.Ref{Prompt: true}, true
	case kind == "env" && of != "":
		return answers.Ref{Env: of}, true
	case kind == "file" && of != "":
		return answers.Ref{File: of}, true
	}
	return answers.Ref{}, false
}

// verifyLive asks the running server and tells every result as it comes.
func (a *app) verifyLive(ctx context.Context, in *carbon.Install, set *answers.Set, login live.Login, tell func(steps.Result) error) error {
	ctx, stop := leavable(ctx)
	defer stop()
	for _, check := range steps.LiveChecks(steps.NewWorkspace(in), set, steps.LiveOptions{Login: login}) {
		if err := runLive(ctx, check, tell); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func runLive(ctx context.Context, check steps.LiveCheck, tell func(steps.Result) error) error {
	limited, cancel := context.WithTimeout(ctx, check.Timeout)
	defer cancel()
	results := check.Run(limited)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, r := range results {
		if err := tell(r); err != nil {
			return err
		}
	}
	return nil
}
