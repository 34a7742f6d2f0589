package answers

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// parse reads text with the full schema and returns what an operator would see: the faults, or else the warnings.
func parse(t *testing.T, text string) (*Set, string) {
	t.Helper()
	set, warnings, err := Parse("a.yaml", []byte(text), fullSchema())
	var faults *FaultsError
	switch {
	case errors.As(err, &faults):
		if set != nil || warnings != nil {
			t.Error("a set or warnings come with faults")
		}
		return nil, err.Error()
	case err != nil:
		t.Fatal(err)
	}
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = w.String()
	}
	return set, strings.Join(lines, "\n")
}

const fullFile = `version: 1
admin:      {username: opsadmin, password: {env: ADMIN_PW}}
truststore: {password: {env: TS_PW}, import: [root-ca.pem], remove_default: true}
jvm:        {heap_initial: 512m, heap_max: 2048m, permgen_max: 1024m}
hostname:   {name: esb.example.com, management: mgt.example.com}
jmx:        {enabled: true, registry_port: 9999, server_port: 11111, hostname: esb.example.com}
ports:      {offset: 0}
proxy:
  reverse:  {http_port: 80, https_port: 443, name: esb.example.com}
  forward:  {host: proxy.example.com, port: 3128, bypass: [localhost, 127.0.0.1], username: "", password: {env: PROXY_PW}}
datasources:
  WSO2_CARBON_DB:
    type: postgresql            # mysql | mariadb | postgresql | oracle | sqlserver
    host: db1
    port: 5432
    database: carbon            # Oracle: service or sid instead
    username: carbon
    password: {env: DB_PW}
    driver: /opt/drivers/postgresql.jar
    parameters: {}              # JDBC URL options
    schema: create              # create | verify | skip
user_store: {type: jdbc}        # jdbc | ldap | ldap-readonly | active-directory, with their keys
logs:       {rotation: size, max_size: 10MB, max_backups: 20, level: INFO}
vault:      {enabled: true, password_file: once}           # none | once (password-tmp) | persist
cluster:    {enabled: false}
backup:     {schedule: daily, directory: /var/backups/carbon, keep: 14}
`

func TestParseReadsEverySection(t *testing.T) {
	t.Parallel()
	set, said := parse(t, fullFile)
	if said != "" {
		t.Fatal(said)
	}
	for key, want := range map[string]string{
		"admin.username": "opsadmin", "jvm.heap_max": "2048m", "jmx.enabled": "true", "ports.offset": "0",
		"proxy.reverse.https_port": "443", "proxy.forward.bypass": "localhost, 127.0.0.1", "proxy.forward.username": "",
		"datasources.WSO2_CARBON_DB.port": "5432", "datasources.WSO2_CARBON_DB.driver": "/opt/drivers/postgresql.jar",
		"logs.max_size": "10MB", "vault.password_file": "once", "cluster.enabled": "false",
	} {
		if v, ok := set.Lookup(key); !ok || v.Text != want {
			t.Errorf("%s = %q, %v; want %q", key, v.Text, ok, want)
		}
	}
	if v, _ := set.Lookup("admin.password"); v.Ref.Env != "ADMIN_PW" || v.Secret.IsSet() || v.At != (Position{"a.yaml", 2, 44}) {
		t.Errorf("admin.password = %+v", v)
	}
	if v, _ := set.Lookup("datasources.WSO2_CARBON_DB.host"); v.At.String() != "a.yaml:14:11" {
		t.Errorf("the host stands at %s", v.At)
	}
	want := "admin truststore jvm hostname jmx ports proxy datasources user_store logs vault cluster backup"
	if got := strings.Join(set.Sections(), " "); got != want {
		t.Errorf("sections %s, want %s", got, want)
	}
}

// TestParseTakesTextsAsWritten: what YAML makes of a plain text does not matter where a text is meant.
func TestParseTakesTextsAsWritten(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"12345": "12345", "0777": "0777", "0o17": "0o17", "1e3": "1e3", "1_000": "1_000", ".5": ".5", "12:30": "12:30", "0x1F": "0x1F",
		"2026-11-22": "2026-11-22", "2026-11-22T10:00:00Z": "2026-11-22T10:00:00Z", ".inf": ".inf", ".nan": ".nan", "-1": "-1", "+1": "+1",
		"1.0": "1.0", "1.10": "1.10", "99999999999999999999999": "99999999999999999999999", "a b  c": "a b  c", "a#b": "a#b",
		"http://x:80/a?b=c&d#e": "http://x:80/a?b=c&d#e", "-x": "-x", "?x": "?x", ":x": ":x", "a:b": "a:b", "o'neill": "o'neill",
		`say "hi"`: `say "hi"`, "a, b": "a, b", "a]": "a]", "a}b": "a}b", "a{b": "a{b", "Grüße": "Grüße", "日本": "日本", "a\u00a0b": "a\u00a0b",
		"yEs": "yEs", "nO": "nO", "nULL": "nULL", "=": "=", "<": "<", "<<x": "<<x", "a<<b": "a<<b", `C:\dir`: `C:\dir`, "%a%"[1:]: "a%", "x # no": "x",
		`""`: "", `''`: "", `"yes"`: "yes", `'no'`: "no", `"null"`: "null", `'~'`: "~", `" a "`: " a ", `'it''s'`: "it's", `'a\nb'`: `a\nb`,
		`"a\nb"`: "a\nb", `"\x41\u00fc\U0001F600\ud83d\ude00"`: "Aü😀😀", `"\"\\\/\t\r\0\a\b\e\f\v\N\_\L\P\ "`: "\"\\/\t\r\x00\a\b\x1b\f\v\u0085\u00a0\u2028\u2029 ",
		`"# no comment"`: "# no comment", `"a: b, [c] {d}"`: "a: b, [c] {d}", `'a # b'   # c`: "a # b",
		"|\n  one": "one", "|\n  one\n": "one", "|-\n  one\n": "one", "|\n  one\n\n\n": "one",
		"|\n  a\n   b\n\n  c\n": "a\n b\n\nc", ">\n  a\n  b\n\n  c\n": "a b\nc", ">-\n  a\n   b\n  c\n": "a\n b\nc",
		"|\n  # no comment\n  a: b\n": "# no comment\na: b", "| # a comment\n  a\n": "a", "|\n\n  a\n": "\na", "|\n  a\tb\n": "a\tb",
		"|\n  \"a\n": `"a`, "|\n": "", ">\n\n  a\n\n\n  b\n": "\na\n\nb",
	} {
		for style, text := range map[string]string{
			"block": "version: 1\njmx:\n hostname: " + written + "\n", "unended": "version: 1\njmx:\n hostname: " + written,
			"windows": strings.ReplaceAll("version: 1\njmx:\n hostname: "+written+"\n# end\n", "\n", "\r\n"),
			"marked":  "\xef\xbb\xbfversion: 1\njmx:\n hostname:   " + written + "\n \nports: {}\n",
		} {
			set, said := parse(t, text)
			if set == nil {
				t.Errorf("%s %q: %s", style, written, said)
				continue
			}
			v, _ := set.Lookup("jmx.hostname")
			if v.Text != want {
				t.Errorf("%s %q: got %q, want %q", style, written, v.Text, want)
			}
			if v.At.Line != 3 {
				t.Errorf("%s %q stands at %s", style, written, v.At)
			}
		}
	}
}

func TestParseKeepsLineEndsWhereToldTo(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"|+\n  one\n": "one", "|+\n  one\n\n": "one\n", "|+\n  one\n\n\n# end": "one\n\n", ">+\n  a\n  b\n\n": "a b\n", "|+\n": "", "|+\n\n\n": "\n", "|+\n\nports: {}": "",
	} {
		set, said := parse(t, "version: 1\njmx:\n hostname: "+written)
		if set == nil {
			t.Errorf("%q: %s", written, said)
		} else if got := set.Text("jmx.hostname"); got != want {
			t.Errorf("%q: got %q, want %q", written, got, want)
		}
	}
}

func TestParseKeepsFlowTextsAsWritten(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"0777": "0777", "a b": "a b", "http://x/y": "http://x/y", "o'neill": "o'neill", "-x": "-x", `"a, b"`: "a, b", `'a]}'`: "a]}", "a#b": "a#b",
		"1.2.3.4": "1.2.3.4", "Grüße": "Grüße", `"\u00fc"`: "ü", "x-y_z": "x-y_z", "a@b": "a@b",
	} {
		set, said := parse(t, "version: 1\njmx: { hostname: "+written+", enabled: true }\ntruststore: {import: ["+written+",  "+written+" ]}")
		if set == nil {
			t.Errorf("%q: %s", written, said)
			continue
		}
		if got := set.Text("jmx.hostname"); got != want {
			t.Errorf("%q: got %q", written, got)
		}
		if got := set.List("truststore.import"); len(got) != 2 || got[0] != want || got[1] != want {
			t.Errorf("%q: got %q", written, got)
		}
	}
}

func TestParseValues(t *testing.T) {
	t.Parallel()
	set, said := parse(t, `version: "1"
jvm: {heap_max: 2G}
jmx: {enabled: "false", registry_port: '42', server_port: -1}
truststore: {import: root.pem}
proxy: {}
datasources:
  A: {type: mysql, host: h, parameters: {useSSL: false, n: 007, "a.b": "", k: true}}
  B: {type: "oracle", host: h, driver: ~/x.jar}
`)
	if said != "" {
		t.Fatal(said)
	}
	for key, want := range map[string]string{
		"jvm.heap_max": "2g", "jmx.enabled": "false", "jmx.registry_port": "42", "jmx.server_port": "-1",
		"truststore.import": "root.pem", "datasources.A.parameters": "", "datasources.B.type": "oracle", "datasources.B.driver": "~/x.jar",
	} {
		if v, ok := set.Lookup(key); !ok || v.Text != want {
			t.Errorf("%s = %q, %v", key, v.Text, ok)
		}
	}
	if b, ok := set.Bool("jmx.enabled"); b || !ok {
		t.Error("jmx.enabled is not false")
	}
	if n, ok := set.Int("jmx.server_port"); n != -1 || !ok {
		t.Error("jmx.server_port is not -1")
	}
	v, _ := set.Lookup("datasources.A.parameters")
	if want := map[string]string{"useSSL": "false", "n": "007", "a.b": "", "k": "true"}; !maps.Equal(v.Map, want) {
		t.Errorf("parameters %v", v.Map)
	}
	if got := set.Names("datasources"); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("names %v", got)
	}
	if !set.HasSection("proxy") || set.HasSection("proxy.reverse") || set.HasSection("hostname") {
		t.Error("sections differ")
	}
}

func TestParseRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"version: 1\nports: {offset: \xfc}":                  "a.yaml:2:17: The file is not UTF-8 text: here stands the byte 0xfc. Save it as UTF-8.",
		"\xff\xfev\x00e\x00r\x00":                            "a.yaml:1:1: The file is written in UTF-16. Save it as UTF-8.",
		"\xfe\xff\x00v":                                      "a.yaml:1:1: The file is written in UTF-16. Save it as UTF-8.",
		"version: 1\na: \x1b[31m":                            `a.yaml:2:4: The control character U+001B stands here. Take it out, or write it in double quotes as "\u001B".`,
		"version: 1\nü: \u0085":                              `a.yaml:2:4: The control character U+0085 stands here. Take it out, or write it in double quotes as "\u0085".`,
		"\xef\xbb\xbf\xef\xbb\xbfversion: 1":                 `a.yaml:1:1: The control character U+FEFF stands here. Take it out, or write it in double quotes as "\uFEFF".`,
		strings.Repeat("# x\n", 1<<18) + "#":                 "a.yaml:1:1: The file has 1048577 bytes; an answers file has a few thousand and may have 1 MiB at the most. Check that it is the file you meant.",
		"version: 1\njmx: {hostname: \"" + `\ud83d` + "x\"}": `a.yaml:2:18: This escape is none that YAML knows. Write \\ for a backslash in double quotes, or put the text in single quotes, where a backslash is just that.`,
	} {
		if _, said := parse(t, text); said != want {
			t.Errorf("%.40q: %s\nwant: %s", text, said, want)
		}
	}
	_, said := parse(t, strings.Repeat("\x01", 5000))
	if n := strings.Count(said, "\n"); n != mostFaults || !strings.HasSuffix(said, "\nand at least 50 more") {
		t.Errorf("%d faults for a binary file, and in the end %q", n, said[strings.LastIndexByte(said, '\n')+1:])
	}
}

// TestParseIsBounded gives Parse the worst that 1 MiB can hold.
func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	const size = maxFile - 64
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	var deep, staircase strings.Builder
	for i := 0; deep.Len() < size; i++ {
		deep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for i := 0; staircase.Len() < size; i++ {
		staircase.WriteString(strings.Repeat(" ", i%7) + "k" + strconv.Itoa(i) + ": {a: b}\n")
	}
	for name, text := range map[string]string{
		"brackets": fill("["), "braces": fill("{a: "), "dashes": fill("- "), "merge": "a: " + fill("<"), "merges": fill("<<: \n"), "quotes": fill(`"`),
		"open quote": `a: "` + fill("x"), "escapes": `a: "` + fill(`\x41`) + `"`, "tabs": `a: "` + fill("\t") + `"`, "tab words": fill("a\t"), "keys": fill("a:\n"),
		"unlike keys": staircase.String(), "deep": deep.String()[:size], "list": "a: [" + fill("a,") + "]", "flow keys": "a: {" + fill("a,") + "}", "list lines": "a:\n" + fill("- a\n"),
		"block": "a: |\n" + fill(" x\n"), "folded": "a: >\n" + fill(" x\n\n"), "ragged": "a: |\n" + fill("  x\n x\n"), "anchors": fill("&a "), "aliases": "a: [" + fill("*a,") + "]", "tags": fill("! "),
		"colons": fill(": "), "plain": fill("x"), "words": fill("x "), "text lines": "a: b\n" + fill(" b\n"), "comments": "version: 1\n" + fill("# x\n"), "empty lines": "version: 1" + fill("\n"),
		"blanks": "version: 1\n" + fill(" "), "questions": fill("? "), "documents": fill("---\n"), "percent": fill("%\n"), "bad utf-8": fill("\xff"), "nuls": fill("\x00"), "wide": "a: \"" + fill("日") + "\"",
		"single": "a: '" + fill("''") + "'", "returns": fill("\r\n"), "bars": fill("|\n"), "entries": "datasources:\n" + fill(" a: {}\n"), "one key": fill("k") + ": 1", "dots": fill("a."), "long keys": fill(strings.Repeat("k", 900) + ": 1\n"),
	} {
		start := time.Now()
		_, _, err := Parse("a.yaml", []byte(text), fullSchema())
		if took := time.Since(start); took > 20*time.Second { // on a busy machine, under the race detector; unbounded are minutes
			t.Errorf("%s takes %v", name, took)
		}
		if err == nil && name != "comments" && name != "empty lines" && name != "blanks" {
			t.Errorf("%s is accepted", name)
		}
		if testing.Verbose() {
			t.Logf("%-12s %8v %.200v", name, time.Since(start).Round(time.Millisecond), err)
		}
	}
}

// TestParseSurvivesThePanicsOfTheParser calls it with what the reading of lines never lets through.
func TestParseSurvivesThePanicsOfTheParser(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"*", "&", "? ", "!!x", "%", "- ? [", "{[: ", "a: &b\n*c: ", "\x00", "<<: *a"} {
		_, _ = parseAST(text)
	}
	s := readSource("a.yaml", []byte("version: 1"))
	s.syntax(errPanic)
	if got := faultsError(s.faults).Error(); !strings.HasPrefix(got, "a.yaml:1:1: The file is not YAML that can be read here.") {
		t.Error(got)
	}
}
