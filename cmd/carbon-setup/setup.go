package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/wizard/flow"
)

type setupFlags struct {
	file, color         string
	dryRun, plain, slow bool
}

func (f *setupFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "answers", "", "begin with the answers of this file")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "walk through everything; nothing is written, not even the session")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "plain lines instead of a full screen: for screen readers, serial lines and scripts")
	cmd.Flags().StringVar(&f.color, "color", "auto", "auto, always or never")
	cmd.Flags().BoolVar(&f.slow, "slow", false, "draw less often, for a slow line")
}

func (a *app) setupCommand() *cobra.Command {
	f := &setupFlags{}
	cmd := &cobra.Command{
		Use: "setup", Short: "The wizard, guideline by guideline (the default command)", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.setup(cmd.Context(), f) },
	}
	f.register(cmd)
	a.setFlag(cmd)
	return cmd
}

// frontEnd is how the wizard talks to the operator.
type frontEnd int

const (
	noFrontEnd frontEnd = iota
	fullScreen
	plainLines
)

// chooseFrontEnd decides before any program starts: a full screen needs a terminal on both sides, plain lines need somebody to read and answer.
func (a *app) chooseFrontEnd(plain bool) frontEnd {
	switch {
	case plain || a.getenv("ACCESSIBLE") != "":
		return plainLines
	case !isTerminal(a.in) || !isTerminal(a.out):
		return noFrontEnd
	case a.getenv("TERM") == "dumb" || a.getenv("TERM") == "":
		return plainLines
	}
	return fullScreen
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && f != nil && term.IsTerminal(int(f.Fd()))
}

func (a *app) setup(ctx context.Context, f *setupFlags) error {
	if f.color != "auto" && f.color != "always" && f.color != "never" {
		return &usageError{fmt.Sprintf("--color: %q is not known", f.color), "Use auto, always or never."}
	}
	front := a.chooseFrontEnd(f.plain)
	if front == noFrontEnd {
		return &usageError{
			"the wizard needs a terminal, and standard input or output is none",
			"Without a terminal use: carbon-setup audit | plan | apply | answers. Over ssh: ssh -t. For line-by-line input: --plain.",
		}
	}
	home, err := a.findHome()
	if err != nil {
		return err
	}
	var set *answers.Set
	if f.file != "" || len(a.sets) > 0 {
		if set, err = a.readAnswers(ctx, f.file); err != nil {
			return err
		}
	}
	engine, err := flow.Open(ctx, flow.Config{
		Home: home, DryRun: f.dryRun, Version: a.version, Who: apply.CurrentWho(a.version),
		Answers: set, AnswersFile: f.file, Getenv: a.lookup, WriteFile: writeAnswers, Carbon: carbon.Options{Getenv: a.getenv},
	})
	if err != nil {
		return err
	}
	return a.wizard(ctx, engine, front, f)
}

// writeAnswers writes the answers file that the operator asked for.
func writeAnswers(path string, data []byte, replace bool) error {
	if info, err := os.Lstat(path); err == nil {
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			return fmt.Errorf("%s is a link", path)
		case !replace:
			return &os.PathError{Op: "write", Path: path, Err: os.ErrExist}
		}
	}
	return writeNew(path, data)
}
