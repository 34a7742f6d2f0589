package answers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

// secretFiles makes a folder with files of every sort and returns its path.
func secretFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	write("plain", "hunter2", 0o600)
	write("lf", "hunter2\n", 0o600)
	write("crlf", "hunter2\r\n", 0o400)
	write("two", "hunter2\n\n", 0o600)
	write("cr", "hunter2\r", 0o600)
	write("blank", " hunter2 \n", 0o600)
	write("group", "hunter2", 0o640)
	write("world", "hunter2", 0o604)
	write("all", "hunter2", 0o644)
	write("with 'quote", "hunter2", 0o666)
	write("empty", "", 0o600)
	write("newline", "\r\n", 0o600)
	write("nul", "hunter2\x00\n", 0o600)
	write("latin1", "hunter2\xfc", 0o600)
	write("bom", "\ufeffhunter2", 0o600)
	write("64k", strings.Repeat("x", maxSecret), 0o600)
	write("large", strings.Repeat("x", maxSecret+1), 0o600)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("lf", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// resolveOne resolves admin.password with the given reference and returns what is said, with DIR for the folder.
func resolveOne(t *testing.T, r Resolver, ref Ref) (secret.Secret, string) {
	t.Helper()
	s := NewSet(fullSchema())
	s.Put("admin.password", Value{Ref: ref, At: Position{"a.yaml", 3, 9}})
	warnings, err := r.Resolve(t.Context(), s)
	var said []string
	for _, w := range warnings {
		said = append(said, "warning "+w.String())
	}
	if err != nil {
		var faults *FaultsError
		if !errors.As(err, &faults) {
			t.Errorf("%T: %v", err, err)
		}
		said = append(said, err.Error())
	}
	text := strings.Join(said, "\n")
	if strings.Contains(text, "hunter2") {
		t.Errorf("the secret is told: %s", text)
	}
	if r.Dir != "" {
		text = strings.ReplaceAll(text, r.Dir, "DIR")
	}
	return s.Secret("admin.password"), text
}

func TestResolveFiles(t *testing.T) {
	t.Parallel()
	dir := secretFiles(t)
	const at = "a.yaml:3:9: admin.password: The file "
	for file, c := range map[string]struct{ secret, said string }{
		"plain":           {"hunter2", ""},
		"lf":              {"hunter2", ""},
		"link":            {"hunter2", ""},
		"crlf":            {"hunter2", ""},
		dir + "/plain":    {"hunter2", ""},
		"folder/../plain": {"hunter2", ""},
		"64k":             {strings.Repeat("x", maxSecret), ""},
		"two":             {"hunter2\n", "warning a.yaml:3:9: admin.password: The file DIR/two holds more than one line; all of them are taken as the secret. Check that nothing but the secret is there."},
		"cr":              {"hunter2\r", "warning a.yaml:3:9: admin.password: The file DIR/cr holds more than one line; all of them are taken as the secret. Check that nothing but the secret is there."},
		"blank":           {" hunter2 ", "warning a.yaml:3:9: admin.password: The secret in the file DIR/blank begins or ends with a blank, which is taken as part of it. Take the blank out if it is not meant."},
		"group":           {"hunter2", "warning " + at + "DIR/group can be read or written by its group (mode 0640). Run: chmod 600 DIR/group"},
		"world":           {"hunter2", "warning " + at + "DIR/world can be read or written by everybody (mode 0604). Run: chmod 600 DIR/world"},
		"all":             {"hunter2", "warning " + at + "DIR/all can be read or written by its group and by everybody (mode 0644). Run: chmod 600 DIR/all"},
		"with 'quote":     {"hunter2", "warning " + at + `DIR/with 'quote can be read or written by its group and by everybody (mode 0666). Run: chmod 600 'DIR/with '\''quote'`},
		"empty":           {"", at + "DIR/empty is empty. Write the secret into it."},
		"newline":         {"", at + "DIR/newline is empty. Write the secret into it."},
		"nul":             {"", at + "DIR/nul is not a text file: it holds NUL bytes. Save the secret as UTF-8 text."},
		"latin1":          {"", at + "DIR/latin1 is not UTF-8 text. Save it as UTF-8."},
		"bom":             {"", at + "DIR/bom begins with a byte order mark, which would become part of the secret. Save it as UTF-8 without one."},
		"large":           {"", at + "DIR/large is larger than 64 KiB, which no secret is. Name the file that holds the secret and nothing else."},
		"folder":          {"", at + "DIR/folder is a folder. Name the file in it that holds the secret."},
		"absent":          {"", at + "DIR/absent cannot be read: it does not exist. Check the path; a relative one starts in the folder of the answers file."},
		"plain/x":         {"", at + "DIR/plain/x cannot be read: not a directory. Check the path; a relative one starts in the folder of the answers file."},
		"/dev/null":       {"", at + "/dev/null is a device or a socket. Name a file that holds the secret."},
		"$NOWHERE/x":      {"", "a.yaml:3:9: admin.password: The path $NOWHERE/x cannot be used: NOWHERE is not set. Set the variable, or write the whole path."},
		"$D/plain":        {"hunter2", ""},
		"${D}/plain":      {"hunter2", ""},
		"~/plain":         {"hunter2", ""},
	} {
		getenv := func(name string) (string, bool) {
			text, ok := map[string]string{"D": dir, "HOME": dir}[name]
			return text, ok
		}
		got, said := resolveOne(t, Resolver{Dir: dir, Getenv: getenv}, Ref{File: file})
		if got.Reveal() != c.secret || got.IsSet() != (c.secret != "") || said != c.said {
			t.Errorf("%s: %d bytes, %s\nwant %s", file, len(got.Reveal()), said, c.said)
		}
	}
}

func TestResolveFileWithoutRights(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		// Root may read everything: what is left to see is that the words are right.
		err := &os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}
		if reason(err) != "permission is denied" || !strings.Contains(readFix(err), "Let the user") {
			t.Errorf("%s %s", reason(err), readFix(err))
		}
		return
	}
	dir := secretFiles(t)
	if err := os.Chmod(filepath.Join(dir, "plain"), 0); err != nil {
		t.Fatal(err)
	}
	if _, said := resolveOne(t, Resolver{Dir: dir}, Ref{File: "plain"}); !strings.Contains(said, "permission is denied") {
		t.Error(said)
	}
}

func TestResolvePipes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said := resolveOne(t, Resolver{Dir: dir}, Ref{File: "pipe"}); !strings.Contains(said, "DIR/pipe is empty") {
		t.Error(said)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0) // a reader and a writer: opening it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s := NewSet(fullSchema())
	s.Put("admin.password", Value{Ref: Ref{File: path}})
	if _, err := (Resolver{}).Resolve(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a pipe that stays silent: %v", err)
	}
}

func TestResolveReadsAPipeOfTheShell(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	go func() {
		time.Sleep(20 * time.Millisecond)
		_, _ = w.WriteString("hunter2\n")
		_ = w.Close()
	}()
	got, said := resolveOne(t, Resolver{}, Ref{File: fmt.Sprintf("/dev/fd/%d", r.Fd())})
	if got.Reveal() != "hunter2" || said != "" {
		t.Errorf("%q %s", got.Reveal(), said)
	}
}

func TestResolveEnvironment(t *testing.T) {
	t.Parallel()
	getenv := func(name string) (string, bool) {
		text, ok := map[string]string{"A": "hunter2", "NL": "hunter2\n", "EMPTY": "", "END": "\n", "BAD": "hunter2\xff", "BLANK": "hunter2 "}[name]
		return text, ok
	}
	for name, c := range map[string]struct{ secret, said string }{
		"A":     {"hunter2", ""},
		"NL":    {"hunter2", ""},
		"BLANK": {"hunter2 ", "warning a.yaml:3:9: admin.password: The secret in the environment variable BLANK begins or ends with a blank, which is taken as part of it. Take the blank out if it is not meant."},
		"EMPTY": {"", "a.yaml:3:9: admin.password: The environment variable EMPTY is set, but empty. Give it the secret as its value."},
		"END":   {"", "a.yaml:3:9: admin.password: The environment variable END is set, but empty. Give it the secret as its value."},
		"BAD":   {"", "a.yaml:3:9: admin.password: The environment variable BAD does not hold UTF-8 text. Use a UTF-8 locale, or another secret."},
		"NONE":  {"", "a.yaml:3:9: admin.password: The environment variable NONE is not set. Set and export it before you start carbon-setup; sudo passes it on with --preserve-env=NONE."},
	} {
		got, said := resolveOne(t, Resolver{Getenv: getenv}, Ref{Env: name})
		if got.Reveal() != c.secret || said != c.said {
			t.Errorf("%s: %q, %s\nwant %s", name, got.Reveal(), said, c.said)
		}
	}
}

func TestResolveAsksTheOperator(t *testing.T) {
	t.Parallel()
	asked := ""
	r := Resolver{Prompt: func(_ context.Context, label string) (secret.Secret, error) {
		asked += label
		return secret.New("hunter2"), nil
	}}
	if got, said := resolveOne(t, r, Ref{Prompt: true}); got.Reveal() != "hunter2" || said != "" || asked != "Administrator's password (admin.password)" {
		t.Errorf("%q %s %s", got.Reveal(), said, asked)
	}
	r.Prompt = func(context.Context, string) (secret.Secret, error) { return secret.New(""), nil }
	if _, said := resolveOne(t, r, Ref{Prompt: true}); said != "a.yaml:3:9: admin.password: The secret was left empty. Type the secret when it is asked for." {
		t.Error(said)
	}
	r.Prompt = func(context.Context, string) (secret.Secret, error) { return secret.Secret{}, nil }
	if got, said := resolveOne(t, r, Ref{Prompt: true}); said != "" || got.IsSet() {
		t.Error(said)
	}
	if _, said := resolveOne(t, Resolver{}, Ref{Prompt: true}); said != "a.yaml:3:9: admin.password: The secret is to be asked for, but there is no terminal to ask at. Write {env: NAME} or {file: PATH}, or run carbon-setup at a terminal." {
		t.Error(said)
	}
	left := errors.New("left")
	s := NewSet(fullSchema())
	s.Put("admin.password", Value{Ref: Ref{Prompt: true}})
	r.Prompt = func(context.Context, string) (secret.Secret, error) { return secret.Secret{}, left }
	if _, err := r.Resolve(t.Context(), s); !errors.Is(err, left) {
		t.Errorf("the error of the prompt is lost: %v", err)
	}
}

func TestResolveHeedsItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := NewSet(fullSchema())
	s.Put("admin.password", Value{Ref: Ref{Prompt: true}})
	r := Resolver{Prompt: func(ctx context.Context, _ string) (secret.Secret, error) {
		cancel()
		<-ctx.Done()
		return secret.Secret{}, ctx.Err()
	}}
	if _, err := r.Resolve(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r.Prompt = func(context.Context, string) (secret.Secret, error) { return secret.New("x"), nil }
	if _, err := r.Resolve(ctx, s); !errors.Is(err, context.Canceled) || s.Secret("admin.password").IsSet() {
		t.Errorf("got %v", err)
	}
}

func TestResolveTellsAllFaultsAndAsksOnlyWithoutThem(t *testing.T) {
	t.Parallel()
	set, said := parse(t, `version: 1
admin: {username: ops, password: {prompt: true}}
truststore: {password: {env: NONE}}
proxy: {forward: {host: h, port: 1, password: {file: absent}}}
datasources: {A: {type: mysql, host: h, password: {env: NEITHER}}}
`)
	if said != "" {
		t.Fatal(said)
	}
	r := Resolver{
		Getenv: func(string) (string, bool) { return "", false },
		Prompt: func(context.Context, string) (secret.Secret, error) {
			t.Error("asked although the run fails anyway")
			return secret.New("x"), nil
		},
	}
	_, err := r.Resolve(t.Context(), set)
	var faults *FaultsError
	if !errors.As(err, &faults) || len(faults.Faults) != 3 {
		t.Fatalf("got %v", err)
	}
	for i, at := range []Position{{"a.yaml", 3, 24}, {"a.yaml", 4, 47}, {"a.yaml", 5, 51}} {
		if f := faults.Faults[i]; f.At != at || f.Key == "" {
			t.Errorf("fault %d: %+v, want %s", i, f, at)
		}
	}
}

func TestResolveKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := NewSet(fullSchema())
	s.Put("admin.password", Value{Secret: secret.New("typed"), Ref: Ref{Env: "NONE"}})
	s.Put("truststore.password", Value{})
	if _, err := (Resolver{}).Resolve(t.Context(), s); err == nil || err.Error() != "truststore.password: The secret was not given. Write {env: NAME}, {file: PATH} or {prompt: true}." {
		t.Errorf("got %v", err)
	}
	if s.Secret("admin.password").Reveal() != "typed" {
		t.Error("a typed secret is resolved anew")
	}
}

func TestResolveMakesPathsAbsolute(t *testing.T) {
	t.Parallel()
	dir := secretFiles(t)
	s := NewSet(fullSchema())
	for key, path := range map[string]string{"A": "x.jar", "B": "/x.jar", "C": "~/x.jar", "D": "$HOME/x.jar", "E": "../x.jar", "F": ""} {
		s.Put("datasources."+key+".driver", Value{Text: path})
	}
	s.Put("admin.password", Value{Ref: Ref{File: "plain"}})
	for range 2 { // the second time nothing moves any more
		if _, err := (Resolver{Dir: dir}).Resolve(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{"A": dir + "/x.jar", "B": "/x.jar", "C": "~/x.jar", "D": "$HOME/x.jar", "E": filepath.Dir(dir) + "/x.jar", "F": ""} {
			if got := s.Text("datasources." + key + ".driver"); got != want {
				t.Errorf("%s: %s, want %s", key, got, want)
			}
		}
		if v, _ := s.Lookup("admin.password"); v.Ref.File != dir+"/plain" {
			t.Errorf("the secret's file is %s", v.Ref.File)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	getenv := func(name string) (string, bool) {
		text, ok := map[string]string{"HOME": "/home/ops", "D": "/d", "NULL": "", "X": "$D"}[name]
		return text, ok
	}
	for path, want := range map[string]string{
		"": "", "/a/b": "/a/b", "~": "/home/ops", "~/x": "/home/ops/x", "~ops/x": "~ops/x", "a~": "a~", "$D/x": "/d/x", "${D}x": "/dx", "$X": "$D", "$": "$", "a$1": "a$1", "${D": "${D", "~/$D": "/home/ops//d",
	} {
		if got, err := Expand(path, getenv); got != want || err != nil {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
	for path, want := range map[string]string{"$NO/x": "NO is not set", "$NULL/x": "NULL is not set", "$NO${NEITHER}$NO": "NO and NEITHER are not set"} {
		if got, err := Expand(path, getenv); got != "" || err == nil || err.Error() != want {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
}
