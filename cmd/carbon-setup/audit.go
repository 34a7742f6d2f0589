package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carbon-setup/internal/audit"
	"carbon-setup/internal/steps"
)

// auditFlags are those of the command audit.
type auditFlags struct {
	reports []string
	waivers string
	fix     bool
}

func (a *app) auditCommand() *cobra.Command {
	f := &auditFlags{}
	cmd := &cobra.Command{
		Use: "audit", Short: "How the install stands against every guideline; reads only", Args: noArguments,
		Long: `audit reads the install and says for each of the sixteen guidelines what is so, what is wrong with file and line, why it
matters and what to do. It writes nothing but the reports that it is asked for, needs no root and no terminal.

Each rule has an id that stays the same (CS-6.1: guideline 6, first rule), and each guideline a score.
` + audit.ScoreRule + `

A report takes its form from its name: .md (Markdown), .html (one file, offline), .sarif and .xml (JUnit) for a build server,
.json (the records of --json), .txt.

A file of waivers says which findings are accepted, why and until when; they are shown, but are no findings:

  version: 1
  waivers:
    local-registry:
      finding: CS-6.1
      file: repository/conf/datasources/master-datasources.xml   # a pattern; may be left out
      says: WSO2_CARBON_DB                                       # words of the message; may be left out
      reason: Each node has a registry of its own; the shared one is mounted.
      by: ops                                                    # may be left out
      until: 2027-03-31

--fix-answers prints the answers that would cure the findings, instead of the audit.`,
		Example: `  carbon-setup audit --home /opt/wso2am-1.8.0 --waivers waivers.yaml --report audit.html --report audit.sarif
  carbon-setup audit --fix-answers > answers.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.audit(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	cmd.Flags().StringArrayVar(&f.reports, "report", nil, "write the audit to this file as well: .md, .html, .sarif, .xml (JUnit), .json, .txt; may be given again")
	cmd.Flags().StringVar(&f.waivers, "waivers", "", "the file of the findings that are accepted")
	cmd.Flags().BoolVar(&f.fix, "fix-answers", false, "print the answers that would cure the findings")
	return cmd
}

func (a *app) audit(ctx context.Context, f *auditFlags) error {
	if err := f.usable(a.json); err != nil {
		return err
	}
	waivers, err := readWaivers(f.waivers)
	if err != nil {
		return err
	}
	in, err := a.open(ctx)
	if err != nil {
		return err
	}
	work := steps.NewWorkspace(in)
	results := steps.RunAudit(ctx, work)
	if err := ctx.Err(); err != nil {
		return err
	}
	au := audit.New(in, results, waivers, time.Now(), "carbon-setup "+a.version)
	code := exitDone
	if au.Count().Findings > 0 {
		code = exitChanges
	}
	for _, path := range f.reports {
		if err := a.writeAudit(path, au, code); err != nil {
			return err
		}
	}
	if f.fix {
		err = a.printFix(work, au)
	} else {
		err = a.printAudit(au, code)
	}
	if err != nil {
		return err
	}
	return done(code)
}

// usable refuses flags that do not go together, and a report whose form is not known, before anything is read.
func (f *auditFlags) usable(json bool) error {
	if f.fix && json {
		return &usageError{"--fix-answers and --json do not go together: the answers are YAML", "Leave one of them out."}
	}
	for _, path := range f.reports {
		if path == "" {
			return &usageError{"--report is empty", "In a script, see whether the variable behind it is set."}
		}
		if reportForm(path) == "" {
			return &usageError{path + ": the form of a report is told by the end of its name, and " + filepath.Ext(path) + " is none", "Use .md, .html, .sarif, .xml (JUnit), .json or .txt."}
		}
	}
	return nil
}

// reportForm is the form that the name of a report asks for; a name without an ending is Markdown.
func reportForm(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case "", ".md", ".markdown":
		return "md"
	case ".html", ".htm":
		return "html"
	case ".sarif":
		return "sarif"
	case ".xml":
		return "junit"
	case ".txt", ".log":
		return "text"
	case ".json", ".jsonl":
		if strings.HasSuffix(strings.ToLower(path), ".sarif.json") {
			return "sarif"
		}
		return "json"
	}
	return ""
}

func (a *app) writeAudit(path string, au *audit.Audit, code int) error {
	var data []byte
	var err error
	switch reportForm(path) {
	case "html":
		data, err = au.HTML()
	case "sarif":
		data, err = au.SARIF()
	case "junit":
		data, err = au.JUnit()
	case "text":
		var b bytes.Buffer
		err = au.WriteText(&b)
		data = b.Bytes()
	case "json":
		var b bytes.Buffer
		err = emitAudit(&b, au, code)
		data = b.Bytes()
	default:
		data = au.Markdown()
	}
	if err != nil {
		return fmt.Errorf("%s: the report cannot be made: %w", path, err)
	}
	return writeNew(path, data)
}

func readWaivers(path string) ([]audit.Waiver, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readLimited(path, "waivers", "carbon-setup audit --help shows one.")
	if err != nil {
		return nil, err
	}
	return audit.ParseWaivers(path, data)
}

func (a *app) printAudit(au *audit.Audit, code int) error {
	if !a.json {
		return au.WriteText(a.out)
	}
	for _, note := range au.Notes {
		fmt.Fprintf(a.err, "note: %s\n", note)
	}
	return emitAudit(a.out, au, code)
}
