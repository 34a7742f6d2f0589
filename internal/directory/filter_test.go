package directory

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{"alice": "alice", "a*b": `a\2ab`, "(x)": `\28x\29`, `a\b`: `a\5cb`, "a\x00b": `a\00b`, "é": `\c3\a9`} {
		if got := EscapeFilter(in); got != want {
			t.Errorf("filter %q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"alice": "alice", "Smith, J": `Smith\, J`, " x ": `\ x\ `, "#1": `\#1`, `a"b`: `a\"b`, "a+b;c<d>e": `a\+b\;c\<d\>e`, `a\b`: `a\\b`} {
		if got := EscapeDN(in); got != want {
			t.Errorf("DN %q: %q, want %q", in, got, want)
		}
	}
}

// TestWhatCarbonMakes of filters and patterns, as its classes do with String.replace and MessageFormat.format.
func TestWhatCarbonMakes(t *testing.T) {
	if got := CarbonFilter("(|(uid=?)(mail=?))", "a*"); got != "(|(uid=a*)(mail=a*))" {
		t.Error(got)
	}
	for pattern, want := range map[string]string{
		"uid={0},ou=Users": "uid=bob,ou=Users", "uid={0},o=L''Exemple": "uid=bob,o=L'Exemple", "uid={0},o=L'Exemple,c={0}": "uid=bob,o=LExemple,c={0}", "": "",
	} {
		if got := CarbonDN(pattern, "bob"); got != want {
			t.Errorf("%q: %q, want %q", pattern, got, want)
		}
	}
	if got := Bases(" ou=a # ou=b##"); strings.Join(got, "|") != "ou=a|ou=b" {
		t.Errorf("%q", got)
	}
	if got := Unescaped(`a(b)*\`); got != `* ( ) \` {
		t.Error(got)
	}
}

func TestSameDN(t *testing.T) {
	if !sameDN("CN=Alice,DC=Example", "cn=alice, dc=example") || sameDN("cn=a,dc=x", "cn=b,dc=x") || sameDN("", "") {
		t.Error("sameDN")
	}
	if !within("cn=a,ou=b,dc=x", "OU=b,DC=x") || !within("dc=x", "dc=x") || within("dc=x", "ou=b,dc=x") {
		t.Error("within")
	}
}

// FuzzFilter: a filter without faults stays one with every name in it, and is for that name alone.
func FuzzFilter(f *testing.F) {
	f.Add("(&(objectClass=person)(uid=?))", "alice")
	f.Add("(|(uid=?)(!(mail=?)))", "*)(uid=*")
	f.Add("((((((((", "\x00")
	f.Add("(cn:dn:2.5.13.2:=?)", `\`)
	f.Add("(a=*?*)", "é")
	f.Fuzz(func(t *testing.T, filter, name string) {
		for _, fault := range filterFaults("f", filter, true) {
			if fault.What == "" || fault.Severity == 0 {
				t.Errorf("%+v", fault)
			}
		}
		if len(name) > 200 || checkFilter(filter) != nil || !strings.Contains(filter, "?") || strings.Contains(filter, `\`) {
			return
		}
		made, err := ldap.CompileFilter(safeFilter(filter, name))
		if err != nil {
			if strings.ContainsAny(filter, ":?=") && !strings.Contains(filter, "=?") {
				return // the ? stands where an attribute belongs
			}
			t.Fatalf("%q with %q: %v", filter, name, err)
		}
		plain, err := ldap.CompileFilter(safeFilter(filter, "x"))
		if err == nil && strings.Contains(filter, "=?)") && shape(made.Bytes()) != shape(plain.Bytes()) && !strings.Contains(filter, "*") {
			t.Errorf("%q: the name %q changes the filter", filter, name)
		}
	})
}

// shape is a filter without its values.
func shape(data []byte) string {
	var b strings.Builder
	var walk func([]byte)
	walk = func(d []byte) {
		for len(d) > 1 {
			tag, size, head := d[0], int(d[1]), 2
			if size >= 0x80 {
				n := size & 0x7f
				size = 0
				for _, c := range d[2 : 2+n] {
					size = size<<8 | int(c)
				}
				head += n
			}
			b.WriteByte('(')
			b.WriteByte(tag)
			if tag&0x20 != 0 {
				walk(d[head : head+size])
			}
			b.WriteByte(')')
			d = d[head+size:]
		}
	}
	walk(data)
	return b.String()
}

// FuzzDN: every name fits into a DN, and comes out of it again.
func FuzzDN(f *testing.F) {
	for _, s := range []string{"alice", "Smith, J", " x ", "#1", `a\`, `"`, "uid=x,dc=y", "é", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_ = checkDN(name)
		_ = Store{Kind: ReadWrite, UserSearchBase: name, UserDNPattern: name, GroupSearchBase: name}.Faults()
		_ = Server{URL: name}.Faults()
		if name == "" || len(name) > 200 || strings.ToValidUTF8(name, "") != name {
			return
		}
		parsed, err := parseDN("uid=" + EscapeDN(name) + ",dc=x")
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got := parsed.RDNs[0].Attributes[0].Value; len(parsed.RDNs) != 2 || got != name {
			t.Errorf("%q became %q", name, got)
		}
	})
}

// FuzzGuard: what gets through is whole, small and sound, whatever a server sends.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0})
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add([]byte("HTTP/1.1 200 OK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := newGuard(&canned{r: bytes.NewReader(data)}, &canned{})
		passed, err := io.ReadAll(g)
		if err == nil && len(passed) != len(data) {
			t.Errorf("%d of %d bytes without an error", len(passed), len(data))
		}
		n := 0
		if !bytes.HasPrefix(data, passed) || !sound(passed, 0, &n) {
			t.Errorf("%x became %x", data, passed)
		}
	})
}

// canned is a connection that says what it was given.
type canned struct {
	net.Conn
	r io.Reader
}

func (c *canned) Read(p []byte) (int, error) { return c.r.Read(p) }
func (c *canned) Close() error               { return nil }
