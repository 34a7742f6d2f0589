package steps

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// launchFile is a file of the install that starts the server's JVM: bin/wso2server.sh, bin/wso2server.bat, or bin/yajsw/wrapper.conf, with which
// YAJSW starts it as a Windows service. Its JVM options are read and changed by their prefix: "-Xmx", "-DportOffset=".
type launchFile struct {
	rel     string
	script  *edit.Script     // the two scripts
	wrapper *edit.Properties // wrapper.conf
}

// launchFiles opens those that are there. wso2server.sh has to be: its absence is an error. The two for Windows are left out when they cannot be used, and named.
func launchFiles(w *Workspace) (files []launchFile, left []carbon.Unreadable, err error) {
	sh, err := w.Script(carbon.ServerSH)
	if err != nil {
		return nil, nil, launchError(carbon.ServerSH, err)
	}
	files = append(files, launchFile{rel: carbon.ServerSH, script: sh})
	for _, rel := range []string{carbon.ServerBAT, carbon.WrapperConf} {
		f, err := openLaunchFile(w, rel)
		switch {
		case err == nil:
			files = append(files, f)
		case !errors.Is(err, fs.ErrNotExist):
			left = append(left, carbon.Unreadable{File: rel, Why: whyUnread(err)})
		}
	}
	return files, left, nil
}

func openLaunchFile(w *Workspace, rel string) (launchFile, error) {
	if rel == carbon.WrapperConf {
		p, err := w.Properties(rel)
		return launchFile{rel: rel, wrapper: p}, err
	}
	s, err := w.Script(rel)
	return launchFile{rel: rel, script: s}, err
}

// launchError names the file that a step cannot do without.
func launchError(rel string, err error) error {
	var bad *edit.Error
	if errors.As(err, &bad) {
		return err
	}
	what := whyUnread(err)
	if errors.Is(err, fs.ErrNotExist) {
		what = "is not there"
	}
	return &edit.Error{File: rel, What: what, Fix: "put the file of the distribution back, or make it readable, and try again"}
}

// wrapperOption is the key of one JVM option in wrapper.conf. YAJSW takes every key with this beginning, in whatever numbering and with gaps
// (WrappedJavaProcess.jvmOptions asks for the keys, not for the numbers).
var wrapperOption = regexp.MustCompile(`^wrapper\.java\.additional\.([0-9]{1,6})$`)

// option returns the value of the option in force in the file.
func (f launchFile) option(prefix string) (value string, place carbon.Place, ok bool) {
	if f.script != nil {
		o, ok := f.script.Option(prefix)
		return o.Value, carbon.Place{File: f.rel, Line: o.Line}, ok
	}
	for _, e := range f.entries(prefix) {
		value, place, ok = strings.TrimPrefix(strings.TrimSpace(e.Value), prefix), carbon.Place{File: f.rel, Line: e.Line}, true
	}
	return value, place, ok
}

func (f launchFile) entries(prefix string) []edit.Entry {
	var found []edit.Entry
	for _, e := range f.wrapper.Entries() {
		if wrapperOption.MatchString(e.Key) && strings.HasPrefix(strings.TrimSpace(e.Value), prefix) {
			found = append(found, e)
		}
	}
	return found
}

// set gives the option its value, or adds it.
func (f launchFile) set(prefix, value, reason string) error {
	if f.script != nil {
		return f.script.SetOption(prefix, value, edit.Because(reason))
	}
	found := f.entries(prefix)
	for _, e := range found {
		if err := f.wrapper.Set(e.Key, prefix+value, "", edit.Because(reason)); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return nil
	}
	key, after := f.nextKey()
	return f.wrapper.Set(key, prefix+value, after, edit.Because(reason))
}

// nextKey returns a key with the first number that is higher than all, and the last key of the kind in the file.
func (f launchFile) nextKey() (key, after string) {
	highest := 0
	for _, e := range f.wrapper.Entries() {
		if m := wrapperOption.FindStringSubmatch(e.Key); m != nil {
			n, _ := strconv.Atoi(m[1]) // at most six digits
			highest = max(highest, n)
			after = e.Key
		}
	}
	for {
		highest++
		key = fmt.Sprintf("wrapper.java.additional.%d", highest)
		if _, taken := f.wrapper.Get(key); !taken { // one added a moment ago
			return key, after
		}
		after = key
	}
}

// remove takes the option out wherever the file has it.
func (f launchFile) remove(prefix, reason string) error {
	if f.script != nil {
		if _, ok := f.script.Option(prefix); !ok {
			return nil
		}
		return f.script.RemoveOption(prefix, edit.Because(reason))
	}
	for _, e := range f.entries(prefix) {
		if err := f.wrapper.Remove(e.Key, edit.Because(reason)); err != nil {
			return err
		}
	}
	return nil
}

// javaOption is an option that comes to java by way of a variable.
type javaOption struct {
	text   string // "-Xmx4g"
	value  string // "4g"
	source string // "JAVA_OPTS in this environment has -Xmx4g"
	place  carbon.Place
}

// overriding returns the option with the prefix that wins over the one on the script's own command line: one that the script puts into a
// variable of that line, or one in JAVA_OPTS of the environment. Both scripts have JAVA_OPTS behind their own -X options, and of an option that is given twice
// Java takes the last. The environment looked at is that of carbon-setup; the service that starts the server can have another.
func overriding(w *Workspace, prefix string) (javaOption, bool) {
	if files, _, err := launchFiles(w); err == nil {
		if o, ok := launchFileInUse(w, files).assigned(prefix); ok {
			return o, true
		}
	}
	var found javaOption
	ok := false
	for _, word := range strings.Fields(w.Install.Env.JavaOpts) {
		if value, has := strings.CutPrefix(word, prefix); has {
			found, ok = javaOption{text: word, value: value, source: "JAVA_OPTS in this environment has " + word}, true
		}
	}
	return found, ok
}

// assigned returns the option that the script itself puts into a variable of its command line.
func (f launchFile) assigned(prefix string) (javaOption, bool) {
	if f.script == nil {
		return javaOption{}, false
	}
	all := f.script.Assigned(prefix)
	if len(all) == 0 {
		return javaOption{}, false
	}
	last := all[len(all)-1]
	place := carbon.Place{File: f.rel, Line: last.Line}
	text := prefix + last.Value
	return javaOption{text, last.Value, fmt.Sprintf("A variable set at %s has %s", place, text), place}, true
}
