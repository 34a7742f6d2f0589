package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

func (a *app) answersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "answers", Short: "A commented answers file, filled with the values the install has now", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.answersTemplate(cmd.Context()) },
	}
}

func (a *app) answersTemplate(ctx context.Context) error {
	var in *carbon.Install
	header := []string{"Answers for carbon-setup: remove the # before what you want to set.", "A section that is missing leaves its guideline as it is."}
	if _, err := a.findHome(); err == nil {
		in, err = a.open(ctx)
		if err != nil {
			return err
		}
		header = append(header, fmt.Sprintf("The values are those of %s (%s %s).", in.Home, in.Product, in.Version))
	}
	present, names := presentValues(in)
	_, err := a.out.Write(answers.Template(steps.Schema(), header, present, names))
	return err
}

// presentValues returns lookups of the values in force; without an install there are none.
func presentValues(in *carbon.Install) (present func(string) (value, source string), names func(string) []string) {
	fields := map[string]steps.Field{}
	if in != nil {
		w, empty := steps.NewWorkspace(in), answers.NewSet(steps.Schema())
		for _, s := range steps.All() {
			if ok, _ := s.Applies(w); !ok {
				continue
			}
			for _, f := range s.Fields(w, empty) {
				fields[f.Key] = f
			}
		}
	}
	present = func(key string) (value, source string) {
		f, ok := fields[key]
		if !ok || f.Kind == answers.Secret || f.Now.Text == "" {
			return "", ""
		}
		return f.Now.Text, f.Now.Place.String()
	}
	return present, func(string) []string { return nil }
}
