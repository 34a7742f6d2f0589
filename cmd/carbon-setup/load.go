package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
)

// findHome returns --home, else $CARBON_HOME, else the install that contains the working directory.
func (a *app) findHome() (string, error) {
	if a.home != "" {
		return a.home, nil
	}
	if env := a.getenv("CARBON_HOME"); env != "" {
		return env, nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("the working directory cannot be told: %w", err)
	}
	if home, ok := carbon.Find(wd); ok {
		return home, nil
	}
	return "", &carbon.RefusedError{
		Kind: carbon.NotAnInstall, Path: wd,
		Found: "The working directory is in no Carbon install, and neither --home nor CARBON_HOME names one.",
		Fix:   "Give the folder that holds bin and repository: carbon-setup --home /opt/wso2am-1.8.0",
	}
}

// open opens the install that the command line names.
func (a *app) open(ctx context.Context) (*carbon.Install, error) {
	home, err := a.findHome()
	if err != nil {
		return nil, err
	}
	in, err := carbon.Open(ctx, home, carbon.Options{Getenv: a.getenv})
	if err != nil {
		return nil, err
	}
	for _, m := range in.Missing {
		fmt.Fprintf(a.err, "note: %s: %s\n", m.File, m.Why)
	}
	return in, nil
}

// readAnswers parses an answers file with what --set puts in the place of its answers, and finds the secrets. --set may stand alone. Warnings go to stderr.
func (a *app) readAnswers(ctx context.Context, path string) (*answers.Set, error) {
	data, err := []byte("version: 1\n"), error(nil)
	if path != "" || len(a.sets) == 0 {
		if err := requireFlag("answers", path, "the file that says what to do. carbon-setup answers prints a template"); err != nil {
			return nil, err
		}
		if data, err = readLimited(path, "answers", "carbon-setup answers prints a template."); err != nil {
			return nil, err
		}
	}
	set, warnings, err := answers.ParseWith(path, data, steps.Schema(), "--set", a.sets)
	a.warnFaults(warnings)
	if err != nil {
		return nil, err
	}
	r := answers.Resolver{Getenv: a.lookup, Dir: filepath.Dir(path), Prompt: a.prompter()}
	warnings, err = r.Resolve(ctx, set)
	a.warnFaults(warnings)
	return set, err
}

// setFlag registers --set, for the commands that take answers.
func (a *app) setFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&a.sets, "set", nil, "an answer in place of the file's, such as hostname.name=am02.example.com; may be given again. A secret by env:NAME, file:PATH or prompt only")
}

// maxAnswers is more than any answers file needs, in bytes; answers.Parse refuses smaller ones with a better reason.
const maxAnswers = 4 << 20

func readLimited(path, what, fix string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &usageError{fmt.Sprintf("%s: the %s file cannot be read: %v", path, what, unwrapPath(err)), "Check the path and the rights."}
	case !info.Mode().IsRegular():
		return nil, &usageError{path + ": not a regular file", "Give a YAML file. " + fix}
	case info.Size() > maxAnswers:
		return nil, &usageError{fmt.Sprintf("%s: %d bytes are too many for a file of %s", path, info.Size(), what), fix}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("%s: the %s file cannot be read: %v", path, what, unwrapPath(err)), "Check the path and the rights."}
	}
	return data, nil
}

// unwrapPath drops the operation and path that os errors repeat.
func unwrapPath(err error) error {
	if p, ok := err.(*os.PathError); ok { //nolint:errorlint // only the outermost layer is dropped
		return p.Err
	}
	return err
}

func (a *app) warnFaults(faults []answers.Fault) {
	told, more := answers.First(faults)
	for _, f := range told {
		where := ""
		if f.At.File != "" {
			where = f.At.String() + ": "
		}
		fmt.Fprintf(a.err, "warning: %s%s\n", where, sentence(f.Key, f.Message, f.Fix))
	}
	if more > 0 {
		fmt.Fprintf(a.err, "warning: %s\n", answers.AndMore(more))
	}
}

// prompter asks for secrets on the terminal; nil when there is none, and with --json, which never prompts.
func (a *app) prompter() func(context.Context, string) (secret.Secret, error) {
	if a.json || a.in == nil || !term.IsTerminal(int(a.in.Fd())) {
		return nil
	}
	return func(_ context.Context, label string) (secret.Secret, error) {
		fmt.Fprintf(a.err, "%s: ", label)
		text, err := term.ReadPassword(int(a.in.Fd()))
		fmt.Fprintln(a.err)
		if err != nil {
			return secret.Secret{}, fmt.Errorf("%s: the secret could not be read from the terminal: %w", label, err)
		}
		return secret.New(string(text)), nil
	}
}
