package main

import (
	"fmt"
	"strings"

	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"
)

const rootLong = `carbon-setup takes a freshly unpacked WSO2 Carbon 4.2.0 server (API Manager 1.8, ESB 4.8, BAM 2.5,
Identity Server 5.0 ...) to a production-ready install: one step per guideline of WSO2's production
deployment guidelines. Nothing is written before you say apply; every change can be taken back.

Without a command the wizard opens.`

const exitCodesHelp = `
Exit codes:
    0  done; plan and audit: nothing to change
    1  unexpected error
    2  plan, audit, diagnose and compare: changes, findings or differences (not an error)
    3  applied, but a check or verification warned
    4  wrong usage or answers (every fault is listed)
    5  not an install, unsupported version, or generated from deployment.toml
    6  preflight failed (rights, space, read-only, server running)
    7  locked by another run
    8  apply failed and was rolled back completely
    9  apply failed, rollback incomplete: needs a human
   10  stale plan (files changed since review, or --expect-plan differs)
   75  interrupted, can be resumed
  130  left by the operator, nothing written
`

// rootCommand builds the command line. Errors of usage become *usageError.
func (a *app) rootCommand() *cobra.Command {
	s := &setupFlags{}
	root := &cobra.Command{
		Use:                        "carbon-setup",
		Short:                      "A production-ready WSO2 Carbon 4.2.0 install, guideline by guideline",
		Long:                       rootLong,
		Args:                       noArguments,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		PersistentPreRunE:          func(cmd *cobra.Command, _ []string) error { return a.homeNamed(cmd) },
		RunE:                       func(cmd *cobra.Command, _ []string) error { return a.setup(cmd.Context(), s) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{flagFault(err), "See: " + cmd.CommandPath() + " --help"}
	})
	root.SetUsageTemplate(root.UsageTemplate() + exitCodesHelp)
	root.PersistentFlags().StringVar(&a.home, "home", "", "the install (default: $CARBON_HOME, then the install that contains the working directory)")
	s.register(root)
	a.setFlag(root)
	root.AddCommand(
		a.setupCommand(), a.planCommand(), a.applyCommand(), a.auditCommand(), a.verifyCommand(), a.diagnoseCommand(), a.compareCommand(), a.restoreCommand(),
		a.runsCommand(), a.answersCommand(), a.demoCommand(), a.versionCommand(), a.manCommand(),
	)
	return root
}

// homeNamed refuses an empty --home: it comes from a script whose variable is not set, and another install must not be taken in its stead.
func (a *app) homeNamed(cmd *cobra.Command) error {
	if a.home == "" && cmd.Flags().Changed("home") {
		return &usageError{"--home is empty", "Give the folder that holds bin and repository. In a script, see whether the variable behind --home is set."}
	}
	return nil
}

// noArguments refuses words after a command, and names the command that was perhaps meant.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("%q is not a command or argument of %s", args[0], cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return &usageError{message, "Did you mean: " + strings.Join(near, ", ") + "?"}
	}
	return &usageError{message, "See: " + cmd.CommandPath() + " --help"}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "The version of this program", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, "carbon-setup", a.version)
			return err
		},
	}
}

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "The manual page, for man -l -", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := mango.NewManPage(1, cmd.Root())
			if err != nil {
				return fmt.Errorf("the manual page cannot be made: %w", err)
			}
			page = page.WithSection("Exit codes", strings.TrimPrefix(exitCodesHelp, "\nExit codes:\n"))
			_, err = fmt.Fprint(a.out, page.Build(roff.NewDocument()))
			return err
		},
	}
}

// requireFlag returns a *usageError that names the flag when value is empty.
func requireFlag(flag, value, why string) error {
	if value != "" {
		return nil
	}
	return &usageError{fmt.Sprintf("--%s is missing: %s", flag, why), ""}
}

// flagFault says what is wrong with a flag, without the words of the function that parsed it.
func flagFault(err error) string {
	text, _, _ := strings.Cut(err.Error(), ": strconv.")
	return text
}
