package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
)

func (a *app) compareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compare [HOME] OTHER", Short: "What differs between two nodes: what has to, and what must not",
		Long: `compare reads two homes and says which values of their configuration differ.
Intended is what each node has of its own: host name, ports, address in the
cluster, TLS certificate. Unintended is everything else, and what two nodes
must not have in common. Files are compared by their values, not as text;
comments and blanks do not count. Secrets are compared and never shown, also
those in a secure vault whose password the home holds. Drivers, patches and
other code are compared by content. What is deployed on the nodes is not
compared. It writes nothing.

Both homes have to be folders of this machine. Copy that of the other node,
without logs, temporary files and databases. The copy holds keys and
passwords, so it lies in a folder that nobody else may enter:

  install -d -m 700 /root/am02 && mkdir /root/am02/home
  rsync -a --exclude=/repository/logs --exclude=/tmp --exclude=/work \
        --exclude=/repository/database --exclude=/.carbon-setup \
        root@am02:/opt/wso2am-1.8.0/ /root/am02/home/
or
  ssh root@am02 tar -C /opt/wso2am-1.8.0 -cf - --exclude=./repository/logs \
        --exclude=./tmp --exclude=./work --exclude=./repository/database \
        --exclude=./.carbon-setup . | tar -C /root/am02/home -xf -

Remove it afterwards.

It ends with 0 when nothing differs that should not, with 2 when something
does or cannot be told.`,
		Example: "  carbon-setup compare --home /opt/wso2am-1.8.0 /root/am02/home",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.compare(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

// differenceRecord is a difference for --json.
type differenceRecord struct {
	header
	Kind   steps.DifferenceKind `json:"kind"`
	File   string               `json:"file"`
	Name   string               `json:"name"`
	A      sideRecord           `json:"a"`
	B      sideRecord           `json:"b"`
	Reason string               `json:"reason"`
}

type sideRecord struct {
	Line  int    `json:"line"`
	Value string `json:"value"`
}

// comparisonRecord is a comparison as a whole for --json.
type comparisonRecord struct {
	header
	A             string `json:"a"`
	B             string `json:"b"`
	Files         int    `json:"files"`
	Intended      int    `json:"intended"`
	Unintended    int    `json:"unintended"`
	Unknown       int    `json:"unknown"`
	EncryptionKey string `json:"encryption_key"`
}

func (a *app) compare(ctx context.Context, args []string) error {
	first, second, err := a.twoHomes(args)
	if err != nil {
		return err
	}
	var homes [2]*carbon.Install
	for i, dir := range []string{first, second} {
		if homes[i], err = carbon.Open(ctx, dir, carbon.Options{Getenv: a.getenv}); err != nil {
			return err
		}
	}
	if homes[0].Home == homes[1].Home {
		return &usageError{homes[0].Home + ": both are the same home", "Give that of another node, or a copy of it. See: carbon-setup compare --help"}
	}
	found, err := steps.CompareHomes(ctx, homes[0], homes[1])
	if err != nil {
		return err
	}
	code := exitDone
	if found.Count(steps.Unintended)+found.Count(steps.NotComparable) > 0 {
		code = exitChanges
	}
	if a.json {
		err = a.emitComparison(homes, found, code)
	} else {
		err = printComparison(a.out, homes, found)
	}
	if err != nil {
		return err
	}
	return done(code)
}

// twoHomes takes the homes from the arguments, and the first from --home, CARBON_HOME or the working directory when there is one argument alone.
func (a *app) twoHomes(args []string) (first, second string, err error) {
	for _, arg := range args {
		if arg == "" {
			return "", "", &usageError{"an argument of compare is empty", "In a script, see whether the variable behind it is set."}
		}
	}
	switch len(args) {
	case 1:
		first, err = a.findHome()
		return first, args[0], err
	case 2:
		if a.home != "" {
			return "", "", &usageError{"compare takes two homes, and --home is one of them", "Give --home and one folder, or two folders."}
		}
		return args[0], args[1], nil
	}
	return "", "", &usageError{"compare takes two homes", "carbon-setup compare --home /opt/wso2am-1.8.0 /root/am02/home. See: carbon-setup compare --help"}
}

func (a *app) emitComparison(homes [2]*carbon.Install, found steps.Comparison, code int) error {
	for _, d := range found.Differences {
		err := a.emit(differenceRecord{record("difference"), d.Kind, d.File, d.Name, sideRecord(d.A), sideRecord(d.B), d.Reason})
		if err != nil {
			return err
		}
	}
	err := a.emit(comparisonRecord{
		header: record("comparison"), A: homes[0].Home, B: homes[1].Home, Files: found.Compared, Intended: found.Count(steps.Intended),
		Unintended: found.Count(steps.Unintended), Unknown: found.Count(steps.NotComparable), EncryptionKey: found.EncryptionKey,
	})
	if err != nil {
		return err
	}
	return a.emit(resultRecord{header: record("result"), ExitCode: code})
}

// printComparison writes what must not differ before what may.
func printComparison(w io.Writer, homes [2]*carbon.Install, found steps.Comparison) error {
	var b strings.Builder
	for i, in := range homes {
		fmt.Fprintf(&b, "%c  %s  (%s)\n", 'A'+i, in.Home, in.Title())
	}
	for _, group := range []struct {
		kind        steps.DifferenceKind
		title, none string
	}{
		{steps.Unintended, "Not intended", "Nothing differs that should be alike."},
		{steps.NotComparable, "Cannot be told", ""},
		{steps.Intended, "Intended", "Nothing differs that each node has of its own."},
	} {
		n := found.Count(group.kind)
		switch {
		case n > 0:
			fmt.Fprintf(&b, "\n%s: %d\n", group.title, n)
			printDifferences(&b, found.Differences, group.kind)
		case group.none != "":
			fmt.Fprintf(&b, "\n%s\n", group.none)
		}
	}
	if found.EncryptionKey != "" {
		fmt.Fprintf(&b, "\nThe encryption key is the same on both: %s\n", found.EncryptionKey)
	}
	fmt.Fprintf(&b, "\n%d files compared: %d not intended, %d cannot be told, %d intended.\n", found.Compared, found.Count(steps.Unintended),
		found.Count(steps.NotComparable), found.Count(steps.Intended))
	_, err := io.WriteString(w, b.String())
	return err
}

// printDifferences writes those of one kind, file by file; a reason stands once below those in a row that share it.
func printDifferences(b *strings.Builder, all []steps.Difference, kind steps.DifferenceKind) {
	var own []steps.Difference
	for _, d := range all {
		if d.Kind == kind {
			own = append(own, d)
		}
	}
	file := ""
	for i, d := range own {
		if d.File != file {
			file = d.File
			fmt.Fprintf(b, "  %s\n", file)
		}
		if d.Name != "" {
			fmt.Fprintf(b, "    %s\n", d.Name)
		}
		for j, side := range []steps.DifferenceSide{d.A, d.B} {
			line := ""
			if side.Line > 0 {
				line = fmt.Sprintf(":%d", side.Line)
			}
			fmt.Fprintf(b, "      %c%-6s %s\n", 'A'+j, line, side.Value)
		}
		if d.Reason != "" && (i+1 == len(own) || own[i+1].Reason != d.Reason || own[i+1].File != d.File) {
			for _, line := range wordLines(d.Reason, 80-6) {
				fmt.Fprintf(b, "      %s\n", line)
			}
		}
	}
}

// wordLines breaks a sentence into lines of a width between its words.
func wordLines(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
