package steps

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
)

// law checks a home as it is in the midst of a run: every secured element has a ciphertext in the file that secret-conf.properties names, and that decrypts to
// the value with the key that secret-conf.properties names. keys are other keys that it may be for, as well; values are those of the aliases before and after.
func law(t testing.TB, home string, passwords []string, keys []*rsa.PrivateKey, values ...map[string]string) string {
	t.Helper()
	secured := securedNodes(t, home)
	if len(secured) == 0 {
		return ""
	}
	conf := javaProperties(t, home, carbon.SecretConf)
	if conf["secretRepositories"] != "file" {
		return fmt.Sprintf("%d elements are secured, and the vault is off", len(secured))
	}
	for _, password := range passwords {
		if key, err := readVaultKey(filepath.Join(home, conf["keystore.identity.location"]), conf["keystore.identity.alias"], password); err == nil {
			keys = append([]*rsa.PrivateKey{key}, keys...)
			break
		}
	}
	texts := javaProperties(t, home, conf["secretRepositories.file.location"])
	for _, n := range secured {
		text, ok := texts[n.alias]
		if !ok {
			return fmt.Sprintf("%s names %s, which has no ciphertext", n.file, n.alias)
		}
		opens := func(key *rsa.PrivateKey) bool {
			value, err := decryptOne(key, text)
			return err == nil && slices.ContainsFunc(values, func(v map[string]string) bool { return v[n.alias] == value })
		}
		if !slices.ContainsFunc(keys, opens) {
			return fmt.Sprintf("%s names %s, whose ciphertext no key opens", n.file, n.alias)
		}
	}
	return ""
}

// order is a run whose every moment is looked at.
type order struct {
	name, answers string
	start         func(t testing.TB, which string) string
	passwords     []string
	// window: the ciphertexts and the key are not changed in one moment. Between the two, every ciphertext is for the new key, which is on the disk, while
	// secret-conf.properties names the old one.
	window bool
	kill   bool
}

func orders() []order {
	const second = "keystore: {from: self_signed, names: [esb.example.com], alias: second, password: {env: GIVEN_PW}, encryption: same, change_encryption_key: true}\n"
	return []order{
		{kill: true, name: "on", answers: vaultStays, start: ownHome, passwords: []string{ksPassword}},
		{name: "on, with keys and passwords of the run", answers: proofVault, start: sampleHome, passwords: []string{ksPassword}},
		{kill: true, name: "another password", answers: "admin: {username: ops, password: {env: ADMIN_PW}}\n", start: vaultedHome, passwords: []string{ksPassword}},
		{kill: true, name: "off", answers: vaultOff, start: vaultedHome, passwords: []string{ksPassword}},
		{name: "another key", answers: second, start: vaultedHome, passwords: []string{ksPassword, givenPassword}, window: true},
		{kill: true, name: "another key, the vault spoken of", answers: second + vaultStays, start: vaultedHome, passwords: []string{ksPassword, givenPassword}, window: true},
		{name: "another password of the keystore", answers: "keystore: {from: self_signed, names: [esb.example.com], alias: esb, password: {env: GIVEN_PW}, encryption: own}\n", start: vaultedHome, passwords: []string{ksPassword, givenPassword}},
	}
}

// ends are the values and keys before and after a run.
type ends struct {
	values []map[string]string
	keys   []*rsa.PrivateKey
}

func (o order) ends(t testing.TB, plan *apply.Plan, home string) ends {
	t.Helper()
	after := twinOf(t, home)
	applyNow(t, after, plan)
	var e ends
	for _, h := range []string{home, after} {
		conf := javaProperties(t, h, carbon.SecretConf)
		for _, password := range o.passwords {
			key, err := readVaultKey(filepath.Join(h, conf["keystore.identity.location"]), conf["keystore.identity.alias"], password)
			if err != nil || conf["secretRepositories"] == "" {
				continue
			}
			e.values = append(e.values, decrypted(t, h, password))
			if o.window {
				e.keys = append(e.keys, key)
			}
		}
	}
	if len(e.values) == 0 {
		t.Fatal("neither before nor after is there a vault")
	}
	return e
}

// TestVaultOrder applies the changes of plans one at a time, and undoes them one at a time in the order of a restore.
func TestVaultOrder(t *testing.T) {
	for _, o := range orders() {
		t.Run(o.name, func(t *testing.T) {
			proofAnswers(t, "")
			home := o.start(t, "servlet")
			if o.name == "another password" {
				t.Setenv("ADMIN_PW", newAdmin)
			}
			plan := buildPlan(t, home, o.answers).Plan
			e := o.ends(t, plan, home)
			look := func(when string) {
				t.Helper()
				if fault := law(t, home, o.passwords, e.keys, e.values...); fault != "" {
					t.Errorf("%s: %s", when, fault)
				}
			}
			look("before")
			for i := range plan.Changes {
				applyNow(t, home, &apply.Plan{Changes: plan.Changes[i : i+1]})
				look("after " + plan.Changes[i].Path)
			}
			if o.window {
				swapsTogether(t, plan)
			}
			for _, c := range slices.Backward(plan.Changes) {
				if c.Op == apply.Create {
					removeFile(t, home, c.Path)
				} else {
					setFile(t, home, c.Path, string(c.Before))
				}
				look("with " + c.Path + " undone")
			}
		})
	}
}

// swapsTogether checks that nothing lies between the ciphertexts and secret-conf.properties, and that the new keystore is there before both.
func swapsTogether(t *testing.T, plan *apply.Plan) {
	t.Helper()
	files := planFiles(plan)
	i := slices.Index(files, carbon.CipherText)
	if i < 0 || files[i+1] != carbon.SecretConf || slices.Index(files, "repository/resources/security/second.jks") > i {
		t.Errorf("the files are swapped in the order %v", files)
	}
}

// errGone is what every operation returns once the process is gone.
var errGone = errors.New("gone")

// dying is the operating system, from which the process disappears after a number of changes.
type dying struct {
	left  int
	last  string
	count int
}

func (d *dying) Open(home string) (apply.Tree, error) {
	tree, err := apply.Real().Open(home)
	return &dyingTree{tree, d}, err
}

type dyingTree struct {
	apply.Tree
	d *dying
}

func (t *dyingTree) do(what string, call func() error) error {
	if t.d.left == 0 {
		return errGone
	}
	t.d.left--
	t.d.count++
	t.d.last = what
	return call()
}

func (t *dyingTree) WriteNew(name string, perm fs.FileMode, data []byte) error {
	return t.do("write "+name, func() error { return t.Tree.WriteNew(name, perm, data) })
}

func (t *dyingTree) Append(name string, perm fs.FileMode, data []byte) error {
	return t.do("append "+name, func() error { return t.Tree.Append(name, perm, data) })
}

func (t *dyingTree) Mkdir(name string, perm fs.FileMode) error {
	return t.do("mkdir "+name, func() error { return t.Tree.Mkdir(name, perm) })
}

func (t *dyingTree) Rename(from, to string) error {
	return t.do("rename "+from+" "+to, func() error { return t.Tree.Rename(from, to) })
}

func (t *dyingTree) Link(from, to string) error {
	return t.do("link "+from+" "+to, func() error { return t.Tree.Link(from, to) })
}

func (t *dyingTree) Remove(name string) error {
	return t.do("remove "+name, func() error { return t.Tree.Remove(name) })
}

func (t *dyingTree) Sync(string) error {
	if t.d.left == 0 {
		return errGone
	}
	return nil // what a power cut does is the business of internal/apply
}

// TestVaultKilled kills the real transaction after every change that it makes to the disk. Nobody has recovered anything when the home is looked at; then
// the next start does, and the home is the old or the new one.
func TestVaultKilled(t *testing.T) {
	if testing.Short() {
		t.Log("every seventh operation")
	}
	for _, o := range orders() {
		if !o.kill {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			proofAnswers(t, "")
			start := o.start(t, "servlet")
			if o.name == "another password" {
				t.Setenv("ADMIN_PW", newAdmin)
			}
			plan := buildPlan(t, start, o.answers).Plan
			e := o.ends(t, plan, start)
			options := func(d apply.System) apply.Options {
				return apply.Options{System: d, Now: time.Now, Who: apply.Who{User: "test"}}
			}
			after := twinOf(t, start)
			applyNow(t, after, plan)
			step := 1
			if testing.Short() {
				step = 7
			}
			swapped, home := 0, ""
			for n := 1; ; n += step {
				if home == "" {
					home = twinOf(t, start)
				}
				p := *plan
				p.Home = home
				d := &dying{left: n}
				_, err := apply.Apply(t.Context(), &p, options(d))
				if err == nil && d.left > 0 {
					break
				}
				if len(theirs(homeDiffers(t, start, home))) > 0 {
					swapped++
					if fault := law(t, home, o.passwords, e.keys, e.values...); fault != "" {
						t.Fatalf("gone after %q: %s", d.last, fault)
					}
				}
				if _, err := apply.Recover(t.Context(), home, options(apply.Real())); err != nil {
					t.Fatalf("gone after %q: the recovery says %v", d.last, err)
				}
				if was := theirs(homeDiffers(t, start, home)); len(was) > 0 {
					if is := theirs(homeDiffers(t, after, home)); len(is) > 0 {
						t.Fatalf("gone after %q: neither the old install, for %v, nor the new one, for %v", d.last, was, is)
					}
					home = "" // the new one: the next begins with a copy of the old one
				}
			}
			if swapped == 0 {
				t.Error("no kill has hit the install between old and new")
			}
		})
	}
}

// theirs leaves out what is ours.
func theirs(files []string) []string {
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(f, apply.StateDir+"/") })
}
