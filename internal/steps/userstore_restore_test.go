package steps

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
)

// hostileStore has in its values what ends comments, sections and texts in XML.
const hostileStore = `user_store:
  type: ldap-readonly
  url: ldaps://ldap.example.com:636
  bind_dn: 'cn=Käthe ]]\> --\> \<!-- & "x",dc=example,dc=com'
  password: {env: DIR_PW}
  user_base: 'ou=Bücher \+ Häfen,dc=example,dc=com'
  user_list_filter: '(&(objectClass=person)(cn=a--\3e\2a)(l=<b>)(!(o=]]>)))'
  group_base: ou=Groups,dc=example,dc=com
`

// wellFormed reads a document to its end with the parser of Go's library, which knows nothing of our editor, and with libxml2 where xmllint is installed.
func wellFormed(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(string(data)))
	roots, depth := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is not well-formed: %v", path, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
		case xml.EndElement:
			depth--
		case xml.Comment:
			if strings.Contains(string(token), "<!--") {
				t.Errorf("a comment in a comment: %.80s", token)
			}
		}
	}
	if roots != 1 {
		t.Errorf("%d roots", roots)
	}
	if lint, err := exec.LookPath("xmllint"); err == nil {
		if out, err := exec.CommandContext(t.Context(), lint, "--noout", "--nonet", path).CombinedOutput(); err != nil {
			t.Errorf("xmllint: %v\n%s", err, out)
		}
	}
}

// TestUserStoreWellFormed has two other parsers read what every kind of store makes of user-mgt.xml, and one of them the values.
func TestUserStoreWellFormed(t *testing.T) {
	for name, yaml := range map[string]string{"jdbc": databaseStore, "read": readOnlyStore, "write": writableStore, "domain": domainStore, "hostile": hostileStore} {
		t.Run(name, func(t *testing.T) {
			homesOfAll(t, func(t *testing.T, _, home string) {
				planTwice(t, home, userStoreAnswers(t, yaml))
				wellFormed(t, filepath.Join(home, carbon.UserMgtXML))
				stores, _, _ := realmOf(t, home)
				if len(stores) != 1 {
					t.Fatalf("%d live stores", len(stores))
				}
				if values := stores[0].values(); name == "hostile" &&
					(values["ConnectionName"] != `cn=Käthe ]]\> --\> \<!-- & "x",dc=example,dc=com` || values["UserNameListFilter"] != `(&(objectClass=person)(cn=a--\3e\2a)(l=<b>)(!(o=]]>)))`) {
					t.Errorf("%q", values)
				}
			})
		})
	}
}

// fileState is what a restore has to give back.
type fileState struct {
	text     string
	mode     fs.FileMode
	modified time.Time
}

func statesOf(t *testing.T, home string) map[string]fileState {
	t.Helper()
	all := map[string]fileState{}
	err := filepath.WalkDir(filepath.Join(home, "repository", "conf"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		all[path] = fileState{string(data), info.Mode(), info.ModTime()}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUserStoreRestore: after every kind of store the files have their bytes, modes and times again.
func TestUserStoreRestore(t *testing.T) {
	for name, yaml := range map[string]string{"jdbc": "user_store: {type: jdbc, password_regex: '^(?=.*[a-z])[\\S]{5,60}$'}\n", "read": readOnlyStore, "write": writableStore, "domain": domainStore} {
		t.Run(name, func(t *testing.T) {
			home := sampleHome(t, "servlet")
			file := filepath.Join(home, carbon.UserMgtXML)
			if err := os.Chmod(file, 0o640); err != nil {
				t.Fatal(err)
			}
			old := time.Date(2014, 11, 3, 4, 5, 6, 789_000_000, time.UTC)
			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
			before := statesOf(t, home)
			if _, err := apply.Apply(t.Context(), buildPlan(t, home, userStoreAnswers(t, yaml)).Plan, testOptions()); err != nil {
				t.Fatal(err)
			}
			if now := statesOf(t, home)[file]; now.text == before[file].text || now.mode != before[file].mode {
				t.Fatalf("the run changed nothing, or the mode: %v", now.mode)
			}
			if _, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: testOptions()}); err != nil {
				t.Fatal(err)
			}
			after := statesOf(t, home)
			if len(after) != len(before) {
				t.Errorf("%d files, there were %d", len(after), len(before))
			}
			for path, was := range before {
				if now := after[path]; now.text != was.text || now.mode != was.mode || !now.modified.Equal(was.modified) {
					t.Errorf("%s: same bytes %t, mode %v (was %v), time %v (was %v)", path, now.text == was.text, now.mode, was.mode, now.modified, was.modified)
				}
			}
		})
	}
}
