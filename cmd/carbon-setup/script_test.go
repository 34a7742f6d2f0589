package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"carbon-setup/assets"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

func TestMain(m *testing.M) {
	testscript.Main(directoryMain{m}, map[string]func(){"carbon-setup": main, "livecarbon": standInMain})
}

// TestScripts runs the command as an operator would; testdata/script has one file per subject.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sample":    sampleCmd,
			"tree":      treeCmd,
			"sametree":  sameTreeCmd,
			"code":      codeCmd,
			"records":   recordsCmd,
			"many":      manyCmd,
			"manyhosts": manyHostsCmd,
			"firstrun":  firstRunCmd,
			"freeports": freePortsCmd,
			"await":     awaitCmd,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("JAVA_HOME", "")
			env.Setenv("TERM", "xterm")
			return nil
		},
	})
}

// sample DIR [apimanager|servlet]: unpacks a sample install.
func sampleCmd(ts *testscript.TestScript, _ bool, args []string) {
	which := assets.API
	if len(args) == 2 && args[1] == "servlet" {
		which = assets.Servlet
	}
	ts.Check(assets.Unpack(context.Background(), ts.MkAbs(args[0]), which))
}

// tree DIR FILE: writes names, modes, times, links and hashes of everything below DIR, our own state apart, to FILE.
func treeCmd(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(listTree(ts, ts.MkAbs(args[0]))), 0o600))
}

// firstrun FILE NAME: the id of the first run in the records of runs becomes the variable NAME.
func firstRunCmd(ts *testscript.TestScript, _ bool, args []string) {
	var r runRecord
	first, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	ts.Check(json.Unmarshal([]byte(first), &r))
	ts.Setenv(args[1], r.Run)
}

// sametree DIR FILE: DIR is as FILE says; negated: it is not.
func sameTreeCmd(ts *testscript.TestScript, neg bool, args []string) {
	got, want := listTree(ts, ts.MkAbs(args[0])), ts.ReadFile(args[1])
	switch {
	case !neg && got != want:
		ts.Fatalf("the tree differs:\n%s", firstDifference(want, got))
	case neg && got == want:
		ts.Fatalf("the tree is the same")
	}
}

func listTree(ts *testscript.TestScript, root string) string {
	var lines []string
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if rel == ".carbon-setup" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %v", rel, info.Mode())
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			line += fmt.Sprintf(" %d %s", info.ModTime().UnixNano(), hex.EncodeToString(sum[:]))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + target
		}
		lines = append(lines, line)
		return nil
	}))
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("want %s\ngot  %s", w[i], strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""))
		}
	}
	return "more than wanted: " + strings.Join(g[len(w):], "\n")
}

// many FILE N: an answers file with N sections that there are not.
func manyCmd(ts *testscript.TestScript, _ bool, args []string) {
	writeMany(ts, args, "version: 1\n", func(i int) string { return fmt.Sprintf("nosuch%05d: {a: 1}\n", i) })
}

// manyhosts FILE N: an answers file with N hosts in a list, none of which can be used.
func manyHostsCmd(ts *testscript.TestScript, _ bool, args []string) {
	head := "version: 1\nproxy:\n  forward:\n    host: proxy.example.com\n    port: 3128\n    bypass:\n"
	writeMany(ts, args, head, func(i int) string { return fmt.Sprintf("      - 'no|host %d'\n", i) })
}

func writeMany(ts *testscript.TestScript, args []string, head string, line func(int) string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		b.WriteString(line(i))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// code N COMMAND...: the command ends with exit code N.
func codeCmd(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// records FILE: every line is a JSON object with "schema":1 and a type of the contract.
func recordsCmd(ts *testscript.TestScript, _ bool, args []string) {
	types := map[string]bool{"change": true, "action": true, "check": true, "finding": true, "result": true, "error": true, "run": true, "difference": true, "comparison": true}
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var r struct {
			Schema int    `json:"schema"`
			Type   string `json:"type"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Schema != 1 || !types[r.Type] {
			ts.Fatalf("not a record of the contract: %s(%v)", line, err)
		}
		n++
	}
	if n == 0 {
		ts.Fatalf("no records")
	}
}
