// Command screens makes the pictures of the README: it drives the real program on a terminal emulator through a whole visit, from the hub to
// the applied run, and draws what a person would see. A screen that does not come is an error, so the pictures cannot lie.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"carbon-setup/assets"
	"carbon-setup/cmd/carbon-setup/internal/terminal"
)

const (
	columns, rows = 80, 24
	// settle is longer than the quiet time that screens wait for which appear by themselves.
	settle = 600 * time.Millisecond
)

func main() {
	binary := flag.String("binary", "bin/carbon-setup", "the program")
	out := flag.String("out", "docs/screens", "folder for the pictures")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, *binary, *out); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		cancel()
		os.Exit(1) //nolint:forbidigo,gocritic // this is a main, and the context has been canceled
	}
}

// scene is a picture: what to type on the screen before, what must then be seen, and what the picture shows.
type scene struct {
	keys, see   string
	name, title string // "" = no picture
}

const (
	enter, escape, wipe = "\r", "\x1b", "\x15"
	password            = "Correct-Horse-42"
)

var scenes = []scene{
	{"", "Review and apply", "hub", "The hub: all sixteen guidelines and how the install stands"},
	{"\r", "User name", "", ""},
	{wipe + "opsadmin" + enter + password + enter + password, "Password, again", "step", "A guideline: questions with the present value and where it stands"},
	{enter, "Key of the server", "", ""},
	{escape, "Guidelines", "", ""},
	{"\x1b[H" + "jjj", "Guidelines", "", ""},
	{enter, "Management host name", "", ""},
	{wipe + "api_internal" + enter, "not allowed", "problem", "A value that cannot be used: what is wrong and what to do"},
	{wipe + "api.example.com" + enter + wipe + "console.example.com" + enter, "accepted", "", ""},
	{escape, "Guidelines", "", ""},
	{"r", "Will change", "review", "The review: what will change, file by file, before anything is written"},
	{"d", "hunk", "diff", "The difference, hunk by hunk, each with its guideline and reason; secrets masked"},
	{escape, "Will change", "", ""},
	{"a", "apply", "", ""},
}

func run(ctx context.Context, binary, out string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "screens-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:forbidigo // a folder of our own
	home := filepath.Join(dir, "api-server")
	if err := assets.Unpack(ctx, home, assets.API); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binary, "--home", home)
	cmd.Env = []string{"TERM=xterm-256color", "LANG=C.UTF-8", "HOME=" + dir, "PATH=/nonexistent", "USER=root"}
	t, err := terminal.Start(cmd, columns, rows)
	if err != nil {
		return err
	}
	defer t.Close()
	for _, s := range scenes {
		if err := play(ctx, t, s, out); err != nil {
			return err
		}
	}
	return nil
}

func play(ctx context.Context, t *terminal.Terminal, s scene, out string) error {
	t.Quiet(ctx, settle)
	for _, k := range s.keys {
		if err := t.Type(string(k)); err != nil {
			return err
		}
		t.Quiet(ctx, 30*time.Millisecond)
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := t.WaitFor(limited, s.see); err != nil {
		return fmt.Errorf("after %q: %w", s.keys, err)
	}
	t.Quiet(ctx, 200*time.Millisecond)
	if s.name == "" {
		return nil
	}
	return renameio.WriteFile(filepath.Join(out, s.name+".svg"), []byte(svg(t, columns, rows, s.title)), 0o644)
}
