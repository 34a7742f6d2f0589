package answers

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

func TestMarshal(t *testing.T) {
	t.Parallel()
	set, said := parse(t, fullFile)
	if said != "" {
		t.Fatal(said)
	}
	set.Put("proxy.forward.password", Value{Secret: secret.New("hunter2")})
	set.Put("truststore.password", Value{Secret: secret.New("hunter2"), Ref: Ref{File: "/run/secrets/my pw"}})
	set.Put("datasources.WSO2_CARBON_DB.parameters", Value{Map: map[string]string{"useSSL": "true", "a.b": "x y"}})
	set.PutSection("datasources.EMPTY")
	set.DeleteSection("cluster")
	set.PutSection("cluster")
	golden(t, "marshal.yaml", string(set.Marshal()))
	if got := string(NewSet(fullSchema()).Marshal()); got != "version: 1\n" {
		t.Errorf("an empty set is written as %q", got)
	}
}

// TestMarshalOfParseIsTheSame: what the wizard saves is what it was given.
func TestMarshalOfParseIsTheSame(t *testing.T) {
	t.Parallel()
	set, _ := parse(t, fullFile)
	again, said := parse(t, string(set.Marshal()))
	if said != "" {
		t.Fatal(said)
	}
	same(t, again, set)
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a": "a", "esb.example.com": "esb.example.com", "/opt/x-1.jar": "/opt/x-1.jar", "127.0.0.1": "127.0.0.1", "512m": "512m", "10MB": "10MB", "a_b": "a_b",
		"": `""`, "yes": `"yes"`, "True": `"True"`, "null": `"null"`, "~": `"~"`, "~/x": `"~/x"`, "1": `"1"`, "0777": `"0777"`, "1e3": `"1e3"`, "0x1F": `"0x1F"`, "1_000": `"1_000"`,
		"2026-11-22": `"2026-11-22"`, "12:30": `"12:30"`, "1.5": `"1.5"`, "a b": `"a b"`, "a:b": `"a:b"`, "#": `"#"`, `a"b\c`: `"a\"b\\c"`, "a\nb\t\r": `"a\nb\t\r"`,
		"\x00\u0085\ufeff": `"\u0000\u0085\uFEFF"`, "Grüße": `"Grüße"`, "\U000e0001": `"\U000E0001"`, "-": `"-"`, "=": `"="`, "a,b": `"a,b"`, "[a": `"[a"`,
	} {
		if got := quote(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func presentValues(key string) (value, source string) {
	v := map[string][2]string{
		"hostname.name":                 {"www.wso2.org", "repository/conf/carbon.xml:47"},
		"hostname.management":           {"", "repository/conf/carbon.xml:52"},
		"admin.username":                {"admin", "repository/conf/user-mgt.xml:26"},
		"admin.password":                {"hunter2", "repository/conf/user-mgt.xml:27"},
		"jvm.heap_max":                  {"1024M", "bin/wso2server.sh:286"},
		"jvm.heap_initial":              {"256", "bin/wso2server.sh:286"},
		"ports.offset":                  {"0", ""},
		"logs.level":                    {"TRACE", "repository/conf/log4j.properties:20"},
		"proxy.forward.bypass":          {"localhost,\x1b[31m10.0.0.1", "bin/wso2server.sh:300"},
		"datasources.WSO2AM_DB.host":    {"yes", "repository/conf/datasources/master-datasources.xml:70"},
		"datasources.WSO2AM_DB.driver":  {"a: b #c\nd", "somewhere"},
		"datasources.WSO2AM_DB.type":    {"h2", "repository/conf/datasources/master-datasources.xml:66"},
		"truststore.remove_default":     {"maybe", ""},
		"datasources.WSO2AM_DB.unknown": {"x", "x"},
	}[key]
	return v[0], v[1]
}

func freeNames(section string) []string {
	if section == "datasources" {
		return []string{"WSO2AM_DB", "WSO2_CARBON_DB", "with.dot", "", "WSO2AM_DB", "\xff"}
	}
	return nil
}

func fullTemplate() []byte {
	header := []string{"Answers for WSO2 API Manager 1.8.0 in /opt/wso2am-1.8.0.", "", strings.Repeat("Long words go on and on. ", 10)}
	return Template(fullSchema(), header, presentValues, freeNames)
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	got := string(fullTemplate())
	golden(t, "template.yaml", got)
	if strings.Contains(got, "hunter2") || strings.Contains(got, "\x1b") {
		t.Error("a secret or a control character is in the template")
	}
	for line := range strings.SplitSeq(got, "\n") {
		if len([]rune(line)) > templateWidth {
			t.Errorf("the line is too long: %s", line)
		}
		if line != "" && line != "version: 1" && !strings.HasPrefix(line, "#") {
			t.Errorf("a line is live: %q", line)
		}
	}
}

func TestTemplateNeedsNothing(t *testing.T) {
	t.Parallel()
	bare := Template(fullSchema(), nil, nil, nil)
	for _, text := range []string{string(bare), uncommented(string(bare))} {
		if set, said := parse(t, text); set == nil {
			t.Errorf("%s\n%s", said, text)
		}
	}
	if !strings.Contains(string(bare), "#  NAME:\n") {
		t.Error("no name is shown in a free section")
	}
}

// uncommented takes one # off the beginning of every line.
func uncommented(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "#")
	}
	return strings.Join(lines, "\n")
}

func TestTemplateIsAnAnswersFile(t *testing.T) {
	t.Parallel()
	text := string(fullTemplate())
	set, said := parse(t, text)
	if set == nil || said != "" || len(set.Sections()) != 0 {
		t.Fatalf("as it is: %s", said)
	}
	set, said = parse(t, uncommented(text))
	if set == nil || said != "" {
		t.Fatalf("uncommented: %s\n%s", said, uncommented(text))
	}
	for key, want := range map[string]string{
		"hostname.name": "www.wso2.org", "hostname.management": "mgt.example.com", "jvm.heap_max": "1024m", "jvm.heap_initial": "512m", "logs.level": "OFF",
		"datasources.WSO2AM_DB.host": "yes", "datasources.WSO2AM_DB.driver": "a: b #c\nd", "datasources.WSO2_CARBON_DB.host": "db1", "proxy.forward.bypass": "localhost, \x1b[31m10.0.0.1",
		"truststore.import": "root-ca.pem", "truststore.remove_default": "true",
	} {
		if v, ok := set.Lookup(key); !ok || v.Text != want {
			t.Errorf("%s = %q, want %q", key, v.Text, want)
		}
	}
	for key, want := range map[string]string{"admin.password": "ADMIN_PW", "truststore.password": "TRUSTSTORE_PASSWORD", "datasources.WSO2AM_DB.password": "DATASOURCES_WSO2AM_DB_PASSWORD"} {
		if v, _ := set.Lookup(key); v.Ref.Env != want {
			t.Errorf("%s = %+v", key, v)
		}
	}
	for _, spec := range fullSchema() {
		concrete := strings.ReplaceAll(spec.Key, "*", "WSO2AM_DB")
		if _, ok := set.Lookup(concrete); ok != (spec.NotYet == "" && spec.Key != "version") {
			t.Errorf("%s is in the template: %v", concrete, ok)
		}
		if spec.NotYet != "" && !strings.Contains(text, leaf(spec.Key)+": This version ") {
			t.Errorf("%s is not named", spec.Key)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("a", "b", "c")
	f.Add("yes\n", "{env: X}", "#")
	f.Add("[a, b", "|", "- x: y")
	f.Fuzz(func(t *testing.T, value, example, name string) {
		watch(t, []string{value, example, name})
		s := fullSchema()
		for i := range s {
			if s[i].NotYet == "" {
				s[i].Example, s[i].Label, s[i].Help = example, name, value
			} else {
				s[i].NotYet = "no" + value
			}
		}
		text := Template(s, []string{value, name}, func(string) (string, string) { return value, example }, func(string) []string { return []string{name, value} })
		for _, text := range []string{string(text), uncommented(string(text))} {
			if _, warnings, err := Parse("a.yaml", []byte(text), s); err != nil || len(warnings) > 0 {
				t.Fatalf("%v %v\n%s", err, warnings, text)
			}
		}
	})
}

func fullSession() Session {
	set := NewSet(fullSchema())
	set.Put("ports.offset", Value{Text: "1"})
	set.Put("admin.username", Value{Text: "ops"})
	set.Put("admin.password", Value{Secret: secret.New("hunter2")})
	return Session{
		SavedAt: time.Date(2026, 11, 22, 14, 2, 33, 0, time.UTC), From: "10.0.0.7", User: "root", Step: "hostname", Accepted: string(set.Marshal()),
		Drafts:  map[string]string{"hostname.management": "mgt <&>\u2028", "admin.password": "hunter2", "nowhere.x": "hunter2"},
		Skipped: map[string]string{"jmx": "no JMX here"}, Done: []string{"admin"}, LostLink: true,
		RestsOn: map[string]map[string]string{"admin": {"hostname.name": "am01.example.com"}},
	}
}

func TestSessionComesBackAsItWas(t *testing.T) {
	t.Parallel()
	want := fullSession().WithoutSecrets(fullSchema())
	data, err := EncodeSession(want)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "session.json", string(data))
	got, err := DecodeSession(data)
	if err != nil {
		t.Fatal(err)
	}
	want.Version = sessionVersion
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if bytes.Contains(data, []byte("hunter2")) {
		t.Errorf("a secret is in the session: %s", data)
	}
	if set, said := parse(t, got.Accepted); set == nil {
		t.Error(said)
	} else if v, _ := set.Lookup("admin.password"); !v.Ref.Prompt {
		t.Error("a typed secret is not asked for again")
	}
	empty, err := EncodeSession(Session{})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := DecodeSession(empty); err != nil || s.Drafts == nil || s.Skipped == nil {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWithoutSecretsLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	s := fullSession()
	clean := s.WithoutSecrets(fullSchema())
	if len(s.Drafts) != 3 || len(clean.Drafts) != 1 {
		t.Errorf("%v, %v", s.Drafts, clean.Drafts)
	}
	if (Session{}).WithoutSecrets(fullSchema()).Drafts != nil {
		t.Error("drafts appear")
	}
}

// TestSessionHasNoPlaceForASecret walks the type: a field that could hold a Secret, or anything, is a leak to come.
func TestSessionHasNoPlaceForASecret(t *testing.T) {
	t.Parallel()
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		switch {
		case typ == reflect.TypeFor[time.Time]():
			return
		case typ == reflect.TypeFor[secret.Secret](), typ.Kind() == reflect.Interface, typ.Kind() == reflect.Func, typ == reflect.TypeFor[Value](), typ == reflect.TypeFor[Set]():
			t.Errorf("%s is a %s", path, typ)
		case typ.Kind() == reflect.Struct:
			for i := range typ.NumField() {
				if f := typ.Field(i); f.Tag.Get("json") == "" {
					t.Errorf("%s.%s has no name in the file", path, f.Name)
				} else {
					walk(path+"."+f.Name, f.Type)
				}
			}
		case typ.Kind() == reflect.Map:
			walk(path+"[key]", typ.Key())
			walk(path+"[]", typ.Elem())
		case typ.Kind() == reflect.Slice, typ.Kind() == reflect.Pointer, typ.Kind() == reflect.Array:
			walk(path+"[]", typ.Elem())
		}
	}
	walk("Session", reflect.TypeFor[Session]())
}

func TestDecodeSessionRefuses(t *testing.T) {
	t.Parallel()
	data, err := EncodeSession(fullSession())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data string
		said string
	}{
		"empty":    {"", "The saved session is damaged: it is empty. Start over; nothing has been written to the install."},
		"blank":    {" \n", "The saved session is damaged: it is empty. Start over; nothing has been written to the install."},
		"zeros":    {strings.Repeat("\x00", 100), "The saved session is damaged: it cannot be read from byte 1 on. Start over; nothing has been written to the install."},
		"cut off":  {string(data[:len(data)/2]), "The saved session is damaged: it cannot be read from byte "},
		"trailing": {string(data) + "{}", "The saved session is damaged: it cannot be read from byte "},
		"list":     {"[]", "The saved session is damaged: the value at byte 1 is of the wrong kind. Start over; nothing has been written to the install."},
		"null":     {"null", "The saved session is damaged: it does not say its version. Start over; nothing has been written to the install."},
		"no version": {
			`{"step": "jvm"}`, "The saved session is damaged: it does not say its version. Start over; nothing has been written to the install.",
		},
		"kind":   {`{"version": 1, "drafts": {"a": ["hunter2"]}}`, "The saved session is damaged: the value at byte "},
		"field":  {`{"version": 1, "hunter2": 1}`, "The saved session is damaged: it has a field that no session has. Start over; nothing has been written to the install."},
		"newer":  {`{"version": 3, "unheard": [1]}`, "The saved session was written by a newer carbon-setup (format 3; this one reads 2). Go on with that version, or start over; nothing has been written to the install."},
		"time":   {`{"version": 1, "saved_at": "hunter2"}`, "The saved session is damaged: a time in it cannot be read. Start over; nothing has been written to the install."},
		"large":  {`{"version": 1, "user": "` + strings.Repeat("x", maxSession) + `"}`, "The saved session is damaged: it is far too large. Start over; nothing has been written to the install."},
		"number": {`{"version": 1e99}`, "The saved session is damaged: the value at byte "},
	} {
		_, err := DecodeSession([]byte(c.data))
		var failed *SessionError
		if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), c.said) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", name, err, c.said)
			continue
		}
		if failed.Newer != (name == "newer") {
			t.Errorf("%s: newer %v", name, failed.Newer)
		}
	}
	if _, err := EncodeSession(Session{User: strings.Repeat("x", maxSession)}); err == nil {
		t.Error("a session that cannot be read again is written")
	}
	if _, err := EncodeSession(Session{SavedAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("a year that cannot be written is written")
	}
}

func FuzzDecodeSession(f *testing.F) {
	data, err := EncodeSession(fullSession())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := DecodeSession(data)
		if err != nil {
			var failed *SessionError
			if !errors.As(err, &failed) {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		again, err := EncodeSession(s)
		if err != nil {
			t.Skip("a time zone that JSON reads, but does not write")
		}
		if back, err := DecodeSession(again); err != nil || back.Accepted != s.Accepted || !json.Valid(again) {
			t.Errorf("%q: %v", again, err)
		}
	})
}
