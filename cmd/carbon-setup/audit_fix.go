package main

import (
	"bytes"
	"fmt"
	"strings"

	"carbon-setup/internal/audit"
	"carbon-setup/internal/steps"
)

// printFix prints the answers that would cure the findings.
func (a *app) printFix(work *steps.Workspace, au *audit.Audit) error {
	var b bytes.Buffer
	cure := steps.CureFor(work, au.Findings())
	fmt.Fprintf(&b, "## Answers that cure the findings of an audit of %s (%s %s).\n", au.Home, au.Product, au.Version)
	fmt.Fprintf(&b, "## Secrets come from the variables that are named here; see carbon-setup answers for other ways. Look first: carbon-setup plan --answers FILE\n")
	for _, o := range cure.Open {
		fmt.Fprintf(&b, "## To fill in for guideline %d (%s): %s\n", o.Info.Guideline, o.Info.Title, strings.Join(o.Keys, ", "))
	}
	for _, info := range cure.ByHand {
		fmt.Fprintf(&b, "## Guideline %d (%s) has findings that answers cannot cure; the audit says what to do.\n", info.Guideline, info.Title)
	}
	if len(cure.Left) > 0 {
		fmt.Fprintf(&b, "## Answers do not cure %s; the audit says what to do.\n", strings.Join(cure.Left, ", "))
	}
	b.Write(cure.Set.Marshal())
	_, err := a.out.Write(b.Bytes())
	return err
}
