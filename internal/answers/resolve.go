package answers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"carbon-setup/internal/secret"
)

// maxSecret is the size that the file of a secret may have.
const maxSecret = 64 << 10

// pipeWait is how long a secret may take to come through a pipe.
const pipeWait = 10 * time.Second

// Resolver finds the texts of secrets.
type Resolver struct {
	Getenv func(string) (string, bool)
	Dir    string                                                         // of the answers file: relative paths in {file: } and Path values start here
	Prompt func(ctx context.Context, label string) (secret.Secret, error) // nil = no terminal: {prompt: true} is a fault; the zero Secret = not now, none
}

// Resolve fills in every secret of the set that is not known yet: right-trims one newline, warns when group or world can read a
// secret file. Relative paths, of secret files and of Path values, become absolute, so that the set keeps its meaning when it is
// saved elsewhere; those that begin with ~ or $ stay as they are. Faults as *FaultsError, all at once; the operator is asked for
// secrets only when there are none. An error of ctx or of Prompt is returned as it is, wrapped.
func (r Resolver) Resolve(ctx context.Context, s *Set) (warnings []Fault, err error) {
	w := &resolving{Resolver: r, ctx: ctx, set: s}
	if w.Getenv == nil {
		w.Getenv = os.LookupEnv
	}
	var ask []Spec
	for _, spec := range s.present() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v := s.values[spec.Key]
		switch {
		case spec.Kind == Path:
			v.Text = w.absolute(v.Text)
		case spec.Kind != Secret || v.Secret.IsSet():
			continue
		case v.Ref.Prompt:
			ask = append(ask, spec)
		case v.Ref.File != "":
			v.Ref.File = w.absolute(v.Ref.File)
			v.Secret = w.file(spec, v)
		case v.Ref.Env != "":
			v.Secret = w.environment(spec, v)
		default:
			w.fault(spec, v, "The secret was not given.", howToRefer)
		}
		s.values[spec.Key] = v
	}
	for _, spec := range ask {
		if err := w.prompt(spec, len(w.faults) == 0); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sortFaults(w.warnings)
	return w.warnings, faultsError(w.faults)
}

// present returns the Specs of the answers that are there, with concrete keys, in schema order.
func (s *Set) present() []Spec {
	var specs []Spec
	s.each(s.tree, "", func(spec Spec, _ Value) { specs = append(specs, spec) })
	return specs
}

// each calls visit for every answer in schema order.
func (s *Set) each(b *branch, key string, visit func(Spec, Value)) {
	for _, c := range b.children {
		names := []string{c.name}
		if c.name == "*" {
			names = s.Names(key)
		}
		for _, name := range names {
			path := join(key, name)
			if c.spec == nil {
				s.each(c, path, visit)
			} else if v, ok := s.values[path]; ok {
				spec := *c.spec
				spec.Key = path
				visit(spec, v)
			}
		}
	}
}

// resolving is one call of Resolve.
type resolving struct {
	Resolver
	ctx      context.Context
	set      *Set
	faults   []Fault
	warnings []Fault
}

func (w *resolving) fault(spec Spec, v Value, message, fix string) {
	w.faults = append(w.faults, Fault{At: v.At, Key: spec.Key, Message: message, Fix: fix})
}

func (w *resolving) warn(spec Spec, v Value, message, fix string) {
	w.warnings = append(w.warnings, Fault{At: v.At, Key: spec.Key, Message: message, Fix: fix})
}

func (w *resolving) environment(spec Spec, v Value) secret.Secret {
	text, ok := w.Getenv(v.Ref.Env)
	text = trimNewline(text)
	switch {
	case !ok:
		w.fault(spec, v, fmt.Sprintf("The environment variable %s is not set.", v.Ref.Env), "Set and export it before you start carbon-setup; sudo passes it on with --preserve-env="+v.Ref.Env+".")
	case text == "":
		w.fault(spec, v, fmt.Sprintf("The environment variable %s is set, but empty.", v.Ref.Env), "Give it the secret as its value.")
	case !utf8.ValidString(text):
		w.fault(spec, v, fmt.Sprintf("The environment variable %s does not hold UTF-8 text.", v.Ref.Env), "Use a UTF-8 locale, or another secret.")
	default:
		w.look(spec, v, text, "the environment variable "+v.Ref.Env)
		return secret.New(text)
	}
	return secret.Secret{}
}

func (w *resolving) file(spec Spec, v Value) secret.Secret {
	path, err := Expand(v.Ref.File, w.Getenv)
	if err != nil {
		w.fault(spec, v, fmt.Sprintf("The path %s cannot be used: %v.", v.Ref.File, err), "Set the variable, or write the whole path.")
		return secret.Secret{}
	}
	data, mode, err := readInTime(w.ctx, path)
	var bad *secretFileError
	switch {
	case errors.As(err, &bad):
		w.fault(spec, v, fmt.Sprintf("The file %s %s.", path, bad.message), bad.fix)
		return secret.Secret{}
	case err != nil:
		if w.ctx.Err() == nil {
			w.fault(spec, v, fmt.Sprintf("The file %s cannot be read: %s.", path, reason(err)), readFix(err))
		}
		return secret.Secret{}
	}
	if mode.IsRegular() && mode.Perm()&0o077 != 0 {
		w.warn(spec, v, fmt.Sprintf("The file %s can be read or written by %s (mode %04o).", path, others(mode), mode.Perm()), "Run: chmod 600 "+shellWord(path))
	}
	w.look(spec, v, data, "the file "+path)
	return secret.New(data)
}

// look warns about what is allowed in a secret but most often a mistake.
func (w *resolving) look(spec Spec, v Value, text, where string) {
	switch {
	case strings.ContainsAny(text, "\r\n"):
		w.warn(spec, v, capital(where)+" holds more than one line; all of them are taken as the secret.", "Check that nothing but the secret is there.")
	case strings.TrimSpace(text) != text:
		w.warn(spec, v, "The secret in "+where+" begins or ends with a blank, which is taken as part of it.", "Take the blank out if it is not meant.")
	}
}

func (w *resolving) prompt(spec Spec, ask bool) error {
	v := w.set.values[spec.Key]
	if w.Prompt == nil {
		w.fault(spec, v, "The secret is to be asked for, but there is no terminal to ask at.", "Write {env: NAME} or {file: PATH}, or run carbon-setup at a terminal.")
		return nil
	}
	if !ask {
		return nil
	}
	label := spec.Label
	if label == "" {
		label = leaf(spec.Key)
	}
	typed, err := w.Prompt(w.ctx, fmt.Sprintf("%s (%s)", label, spec.Key))
	if err != nil {
		return fmt.Errorf("ask for %s: %w", spec.Key, err)
	}
	switch {
	case !typed.IsSet():
		return nil
	case typed.Reveal() == "":
		w.fault(spec, v, "The secret was left empty.", "Type the secret when it is asked for.")
		return nil
	}
	v.Secret = typed
	w.set.values[spec.Key] = v
	return nil
}

// absolute makes a path start in Dir, unless ~ or $ says where it starts.
func (w *resolving) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) || path[0] == '~' || path[0] == '$' {
		return path
	}
	if dir, err := filepath.Abs(w.Dir); err == nil {
		return filepath.Join(dir, path)
	}
	return path
}

var variable = regexp.MustCompile(`\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)`)

// Expand puts the home folder in place of a leading ~ and the values of environment variables in place of $NAME and ${NAME}.
// A variable that is not set is an error: a path with a piece missing is another path.
func Expand(path string, getenv func(string) (string, bool)) (string, error) {
	var missing []string
	look := func(name string) string {
		text, ok := getenv(name)
		if (!ok || text == "") && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return text
	}
	rest, home := strings.CutPrefix(path, "~")
	home = home && (rest == "" || rest[0] == '/')
	if !home {
		rest = path
	}
	expanded := variable.ReplaceAllStringFunc(rest, func(match string) string { return look(strings.Trim(match, "${}")) })
	if home {
		expanded = look("HOME") + expanded
	}
	switch len(missing) {
	case 0:
		return expanded, nil
	case 1:
		return "", fmt.Errorf("%s is not set", missing[0])
	}
	return "", fmt.Errorf("%s are not set", listed(missing, "and"))
}

// secretFileError says why a file that can be read is not taken for a secret.
type secretFileError struct{ message, fix string }

func (e *secretFileError) Error() string { return e.message }

// readSecret returns the content of the file without the line end at its end. A pipe is read, too, for a shell gives one for
// <(command), but not longer than pipeWait.
func readSecret(ctx context.Context, path string) (string, fs.FileMode, error) {
	// O_NONBLOCK: a pipe that nobody writes to would hold up the open itself.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:forbidigo // it only reads, and the operator names the file
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return "", mode, &secretFileError{"is a folder", "Name the file in it that holds the secret."}
	case !mode.IsRegular() && mode&fs.ModeNamedPipe == 0:
		return "", mode, &secretFileError{"is a device or a socket", "Name a file that holds the secret."}
	case mode.IsRegular() && info.Size() > maxSecret:
		return "", mode, errTooLarge
	}
	if mode&fs.ModeNamedPipe != 0 {
		_ = f.SetReadDeadline(time.Now().Add(pipeWait)) // where it is not supported, reading waits
		stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", mode, err
	}
	text, err := secretText(data)
	return text, mode, err
}

// patience is how long a file system has to answer.
const patience = 15 * time.Second

var errNoAnswer = &secretFileError{"cannot be looked at: its file system does not answer", "Try again when it does, or put the secret into a file on another file system."}

// readInTime does not wait for a file system that has stopped answering: that reading is left behind, and ends with the process.
func readInTime(ctx context.Context, path string) (text string, mode fs.FileMode, err error) {
	type content struct {
		text string
		mode fs.FileMode
		err  error
	}
	got := make(chan content, 1)
	go func() {
		text, mode, err := readSecret(ctx, path)
		got <- content{text, mode, err}
	}()
	late := time.NewTimer(max(patience, 2*pipeWait)) // a pipe has its own time
	defer late.Stop()
	select {
	case c := <-got:
		return c.text, c.mode, c.err
	case <-ctx.Done():
		return "", 0, ctx.Err()
	case <-late.C:
		return "", 0, errNoAnswer
	}
}

var errTooLarge = &secretFileError{"is larger than 64 KiB, which no secret is", "Name the file that holds the secret and nothing else."}

// secretText judges the content of a secret file.
func secretText(data []byte) (string, error) {
	text := trimNewline(string(data))
	switch {
	case len(data) > maxSecret:
		return "", errTooLarge
	case strings.ContainsRune(text, 0):
		return "", &secretFileError{"is not a text file: it holds NUL bytes", "Save the secret as UTF-8 text."}
	case !utf8.ValidString(text):
		return "", &secretFileError{"is not UTF-8 text", "Save it as UTF-8."}
	case strings.HasPrefix(text, "\ufeff"):
		return "", &secretFileError{"begins with a byte order mark, which would become part of the secret", "Save it as UTF-8 without one."}
	case text == "":
		return "", &secretFileError{"is empty", "Write the secret into it."}
	}
	return text, nil
}

// reason puts an error of the file system into the words that a sentence ends with.
func reason(err error) string {
	var failed *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "permission is denied"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing came through the pipe in time"
	case errors.As(err, &failed):
		return failed.Err.Error()
	}
	return err.Error()
}

func readFix(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "Let the user who runs carbon-setup read it, and every folder above it be entered."
	}
	return "Check the path; a relative one starts in the folder of the answers file."
}

func others(mode fs.FileMode) string {
	switch group, world := mode.Perm()&0o070 != 0, mode.Perm()&0o007 != 0; {
	case group && world:
		return "its group and by everybody"
	case world:
		return "everybody"
	}
	return "its group"
}

// shellWord quotes a path for a command line.
func shellWord(path string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`).MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
