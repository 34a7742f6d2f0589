package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"carbon-setup/assets"
)

func (a *app) demoCommand() *cobra.Command {
	f := &setupFlags{}
	var keep string
	cmd := &cobra.Command{
		Use: "demo", Short: "The wizard on a throw-away sample install", Args: noArguments,
		Long: `demo unpacks a small sample install into a temporary folder and opens the wizard on it. Without a terminal it shows the plan of the sample's
answers, applies them, audits the result, undoes it, and removes the folder.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), f, keep) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&keep, "keep", "", "unpack into this empty folder and leave it there")
	return cmd
}

func (a *app) demo(ctx context.Context, f *setupFlags, keep string) (err error) {
	dir := keep
	if dir == "" {
		dir, err = os.MkdirTemp("", "carbon-setup-demo-")
		if err != nil {
			return fmt.Errorf("the sample install has no place: %w", err)
		}
		defer os.RemoveAll(dir) //nolint:forbidigo // a folder that was made for this demonstration
	}
	a.home = filepath.Join(dir, "carbon-sample")
	if err := assets.Unpack(ctx, a.home, assets.API); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "A sample install is in %s.\n", a.home)
	if a.chooseFrontEnd(f.plain) != noFrontEnd {
		return a.setup(ctx, f)
	}
	return a.demoUnattended(ctx, dir)
}

// demoUnattended shows on the sample what apply does on the next node.
func (a *app) demoUnattended(ctx context.Context, dir string) error {
	file := filepath.Join(dir, "answers.yaml")
	if err := writeNew(file, assets.Answers); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, "admin.pw"), []byte(rand.Text()+"\n")); err != nil {
		return err
	}
	a.title("plan")
	if err := a.expect(a.plan(ctx, file), exitDone, exitChanges); err != nil {
		return err
	}
	a.title("apply")
	if err := a.expect(a.apply(ctx, &applyFlags{file: file, yes: true}), exitDone, exitWarned); err != nil {
		return err
	}
	a.title("audit")
	return a.expect(a.audit(ctx, &auditFlags{}), exitDone, exitChanges)
}

func (a *app) title(command string) {
	fmt.Fprintf(a.out, "\n== carbon-setup %s\n\n", command)
}

// expect turns the codes that are no failure here into success.
func (a *app) expect(err error, codes ...int) error {
	got := codeOf(err)
	for _, c := range codes {
		if got == c {
			return nil
		}
	}
	return err
}
