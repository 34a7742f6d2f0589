package diagnose

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// diagnosed reads one log.
func diagnosed(t testing.TB, text string) *Report {
	t.Helper()
	d := New()
	if err := d.Read(t.Context(), "wso2carbon.log", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return d.Report()
}

func ids(r *Report) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, f.ID)
	}
	return strings.Join(all, " ")
}

func sampleOf(t testing.TB, id string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "samples", id+".log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// healthy is what a server writes when all is well, with the words of many messages in it.
const healthy = `TID: [0] [AM] [2015-03-01 10:00:00,000]  INFO {org.wso2.carbon.core.init.CarbonServerManager} -  Starting up {org.wso2.carbon.core.init.CarbonServerManager}
`

func TestEverySignatureFiresOnItsSampleAndOnNoOther(t *testing.T) {
	for _, s := range Signatures() {
		t.Run(s.ID, func(t *testing.T) {
			sample := sampleOf(t, s.ID)
			for name, text := range map[string]string{"alone": sample, "below a healthy line": healthy + sample, "CRLF": strings.ReplaceAll(sample, "\n", "\r\n")} {
				r := diagnosed(t, text)
				if got := ids(r); got != s.ID {
					t.Errorf("%s: found %q", name, got)
				}
				if len(r.Findings) == 1 && r.Findings[0].Count > 2 {
					t.Errorf("%s: told %d times", name, r.Findings[0].Count)
				}
			}
		})
	}
}

func TestSamplesBelongToSignatures(t *testing.T) {
	known := map[string]bool{}
	for _, s := range Signatures() {
		known[s.ID] = true
	}
	files, err := filepath.Glob("testdata/samples/*.log")
	if err != nil || len(files) != len(known) {
		t.Errorf("%d samples for %d signatures (%v)", len(files), len(known), err)
	}
}

func TestSignaturesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Signatures() {
		if !strings.HasPrefix(s.ID, fmt.Sprintf("D-%d.", s.Guideline)) || s.Guideline < 1 || s.Guideline > 16 {
			t.Errorf("%s is not an id of guideline %d", s.ID, s.Guideline)
		}
		if seen[s.ID] {
			t.Errorf("%s is there twice", s.ID)
		}
		seen[s.ID] = true
		for what, text := range map[string]string{"Title": s.Title, "Why": s.Why, "Fix": s.Fix} {
			if !strings.HasSuffix(text, ".") || strings.ContainsAny(text, "\n\t") {
				t.Errorf("%s: %s is no sentence: %q", s.ID, what, text)
			}
		}
		if s.Source == "" || s.Severity < Note || s.Severity > Error || len(s.Anchors) == 0 {
			t.Errorf("%s lacks a source, severity or anchor", s.ID)
		}
		for _, a := range s.Anchors {
			if len(a) < 8 {
				t.Errorf("%s: the anchor %q spares the pattern too little", s.ID, a)
			}
		}
		if regexp.MustCompile(s.Pattern).MatchString("") {
			t.Errorf("%s matches everything", s.ID)
		}
	}
}

// TestNothingFromLinesThatMentionIt lays the words of every message into lines of a healthy log.
func TestNothingFromLinesThatMentionIt(t *testing.T) {
	for _, s := range Signatures() {
		for line := range strings.Lines(sampleOf(t, s.ID)) {
			line = strings.TrimSpace(line)
			if h := parseHeader([]byte(line)); h.level != noLevel {
				line = string(h.rest)
			}
			if !s.Loose {
				if r := diagnosed(t, healthy+line+"\n  "+line+"\n"); !strings.HasPrefix(line, "Exception in thread") && len(r.Findings) > 0 {
					t.Errorf("%s found in a second line of INFO: %q", ids(r), line)
				}
			}
			for _, level := range []string{" INFO", "DEBUG", "TRACE"} {
				for _, form := range []string{
					"TID: [0] [AM] [2015-03-01 10:11:12,345] %s {org.example.Docs} -  indexed: %s {org.example.Docs}\n",
					"[2015-03-01 10:11:12,345] %s - Docs %s\n",
					"2015-03-01T10:11:12.345Z [main] %s Docs - %s\n",
				} {
					text := fmt.Sprintf(form, level, line)
					if r := diagnosed(t, text); len(r.Findings)+r.UnknownCount() > 0 {
						t.Errorf("%s found in %q", ids(r), text)
					}
				}
			}
		}
	}
}

// healthyLog writes size bytes of what a server writes when all is well.
func healthyLog(size int) string {
	lines := []string{
		" INFO {org.wso2.carbon.core.init.CarbonServerManager} -  Server           :  WSO2 API Manager-1.8.0",
		" INFO {org.wso2.carbon.core.init.JMXServerManager} -  JMX Service URL  : service:jmx:rmi://localhost:11111/jndi/rmi://localhost:9999/jmxrmi",
		" INFO {org.wso2.carbon.tomcat.ext.transport.ServletTransportManager} -  Starting the connector on port 9443, keystore wso2carbon.jks",
		" INFO {org.wso2.carbon.core.services.util.CarbonAuthenticationUtil} -  'opsadmin@carbon.super [-1234]' logged in at [2015-03-01 10:11:12,345+0000]",
		" WARN {org.wso2.carbon.user.core.common.DefaultRealm} -  The realm was initialized from the database, not from user-mgt.xml",
		" WARN {org.apache.synapse.transport.passthru.SourceHandler} -  Connection time out after request is read: http-incoming-17",
		"DEBUG {org.wso2.carbon.user.core.ldap.LDAPConnectionContext} -  no certificate was expired; Address already in use was not seen",
		" INFO {org.apache.synapse.mediators.builtin.LogMediator} -  STATUS = ERROR in the payload, Access denied for user 'x' by the back end",
		" INFO {org.wso2.carbon.registry.core.jdbc.EmbeddedRegistryService} -  Configured Registry in 142ms",
		" INFO {org.wso2.carbon.core.internal.StartupFinalizerServiceComponent} -  WSO2 Carbon started in 41 sec",
	}
	var b strings.Builder
	at := time.Date(2015, 3, 1, 10, 0, 0, 0, time.UTC)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "TID: [0] [AM] [%s] %s {x}\n", at.Format("2006-01-02 15:04:05,000"), lines[i%len(lines)])
		if i%97 == 0 {
			b.WriteString("a second line of the message before: no database, no space, no key\n")
		}
		at = at.Add(137 * time.Millisecond)
	}
	return b.String()
}

func TestHealthyLogHasNoFinding(t *testing.T) {
	if r := diagnosed(t, healthyLog(4<<20)); len(r.Findings)+r.UnknownCount() > 0 {
		t.Errorf("found %s and %d unknown: %+v", ids(r), r.UnknownCount(), r.Unknown)
	}
}

func TestManyAreToldOnce(t *testing.T) {
	line := "[2015-03-0%d 10:11:12,345] ERROR - ConnectionPool java.sql.SQLException: Access denied for user 'c'@'h'\n"
	d := New()
	for _, file := range []string{"3", "1", "2"} { // rotated files come in any order
		text := healthy + strings.ReplaceAll(line, "%d", file) + strings.ReplaceAll(line, "%d", file)
		if err := d.Read(t.Context(), "log."+file, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	f := d.Report().Findings
	if len(f) != 1 || f[0].Count != 6 {
		t.Fatalf("%+v", f)
	}
	if want := (Occurrence{"log.1", 2, "2015-03-01 10:11:12,345"}); f[0].First != want {
		t.Errorf("first %v, want %v", f[0].First, want)
	}
	if want := (Occurrence{"log.3", 3, "2015-03-03 10:11:12,345"}); f[0].Last != want {
		t.Errorf("last %v, want %v", f[0].Last, want)
	}
}

func TestCausesBelongToTheirException(t *testing.T) {
	text := `[2015-03-01 10:11:12,345] ERROR - Activator Cannot start User Manager Core bundle
org.wso2.carbon.user.core.UserStoreException: Cannot initialize the realm.
	at org.example.A.b(A.java:1)
Caused by: java.sql.SQLException: com.mysql.jdbc.Driver cannot be found by jdbc-pool_7.0.34.wso2v2
	at org.example.A.c(A.java:2)
	... 3 more
[2015-03-01 10:11:13,345] ERROR - Activator Something else went wrong in task 17
java.lang.IllegalStateException: task 17
	at org.example.A.b(A.java:1)
Caused by: java.lang.IllegalArgumentException: deep
	... 3 more
[2015-03-01 10:11:14,345] ERROR - Activator Something else went wrong in task 18
`
	r := diagnosed(t, text)
	if got := ids(r); got != "D-6.1" {
		t.Fatalf("found %q: the realm follows from the driver", got)
	}
	f := r.Findings[0]
	if f.First.Line != 4 || f.HeadLine != 1 || !strings.Contains(f.Head, "Cannot start User Manager") {
		t.Errorf("%+v", f)
	}
	if len(r.Unknown) != 1 || r.Unknown[0].Count != 2 || !strings.Contains(r.Unknown[0].Cause, "deep") {
		t.Errorf("%+v", r.Unknown)
	}
}

func TestTraceBelowInfoCountsAndItsMentionDoesNot(t *testing.T) {
	head := "[2015-03-01 10:11:12,345]  INFO - Poller will try again\njava.io.IOException: Invalid keystore format\n"
	if r := diagnosed(t, head); len(r.Findings) != 0 {
		t.Errorf("found %s without a trace", ids(r))
	}
	if r := diagnosed(t, head+"\tat org.example.A.b(A.java:1)\n"); ids(r) != "D-2.7" {
		t.Errorf("found %q with a trace", ids(r))
	}
}

func TestWorstFirst(t *testing.T) {
	r := diagnosed(t, sampleOf(t, "D-2.10")+sampleOf(t, "D-9.1")+sampleOf(t, "D-7.1")+sampleOf(t, "D-2.2"))
	if got := ids(r); got != "D-7.1 D-2.2 D-2.10 D-9.1" {
		t.Error(got)
	}
}

func TestUnknownErrorsAreCounted(t *testing.T) {
	var b strings.Builder
	for _, word := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		fmt.Fprintf(&b, "[2015-03-01 10:11:12,345] FATAL - Class %s failed\n", word)
	}
	r := diagnosed(t, b.String())
	if len(r.Unknown) != maxUnknown || r.UnknownCount() != 7 || len(r.Findings) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestNoSecretIsQuoted(t *testing.T) {
	for _, text := range []string{
		"[2015-03-01 10:11:12,345] ERROR - X URLSyntaxException: amqp://admin:hunter2@clientID/carbon\n",
		"[2015-03-01 10:11:12,345] ERROR - X Communications link failure jdbc:mysql://h/db?user=u&password=hunter2&x=y\n",
		"[2015-03-01 10:11:12,345] ERROR - X ORA-12505 jdbc:oracle:thin:scott/hunter2@h:1521:X\n",
		"[2015-03-01 10:11:12,345] ERROR - X an unknown fault <Password>hunter2</Password>\n",
		"[2015-03-01 10:11:12,345] ERROR - X refused Authorization: Basic hunter2hunter2=\n",
		"[2015-03-01 10:11:12,345] ERROR - X keystorePass=hunter2\njava.lang.E: x\nCaused by: password=hunter2\n",
		"Unrecognized VM option 'x' -Djavax.net.ssl.keyStorePassword=hunter2\n",
	} {
		r := diagnosed(t, text)
		if len(r.Findings)+len(r.Unknown) == 0 {
			t.Errorf("nothing found in %q", text)
		}
		if shown := fmt.Sprintf("%+v", *r); strings.Contains(shown, "hunter2") {
			for _, f := range r.Findings {
				t.Errorf("%q shows %q %q", text, f.Text, f.Head)
			}
			for _, u := range r.Unknown {
				if strings.Contains(u.Text+u.Cause, "hunter2") {
					t.Errorf("%q shows %q %q", text, u.Text, u.Cause)
				}
			}
		}
	}
}

func TestControlCharactersAreSpelledOut(t *testing.T) {
	r := diagnosed(t, "[2015-03-01 10:11:12,345] ERROR - X \x1b[31mNo space left on device\x07\u202e\xff\x00\n")
	if want := `ERROR - X \x1b[31mNo space left on device\x07\u202e\xff\x00`; len(r.Findings) != 1 || !strings.HasSuffix(r.Findings[0].Text, want) {
		t.Errorf("%+v", r.Findings)
	}
}

func TestLongLinesShowTheirMessage(t *testing.T) {
	r := diagnosed(t, "[2015-03-01 10:11:12,345] ERROR - X "+strings.Repeat("é ", 2000)+"Cannot recover No space left on device "+strings.Repeat("y", 1<<20)+"\nnext\n")
	if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Text, "No space left") || len(r.Findings[0].Text) > 2*maxShown || r.Lines != 2 {
		t.Errorf("%d lines, %+v", r.Lines, r.Findings)
	}
}

func TestMessageFarBehindIsFoundAndShown(t *testing.T) {
	for _, pad := range []int{300, 5000, 40000} {
		text := "[2015-03-01 10:11:12,345] ERROR - X password=hunter2 " + strings.Repeat("z", pad) + " No space left on device password=hunter2\n"
		r := diagnosed(t, text)
		if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Text, "No space left on device password=[secret]") {
			t.Errorf("%d: %+v", pad, r.Findings)
		}
	}
}

// TestHostileLinesAreBounded gives lines that are full of what is looked for.
func TestHostileLinesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("[2015-03-01 10:11:12,345] ERROR - X ")
	for b.Len() < 60<<10 {
		for _, s := range Signatures() {
			b.WriteString(strings.Join(s.Anchors, " ") + " ")
		}
	}
	start := time.Now()
	diagnosed(t, strings.Repeat(b.String()+"\n", 5))
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%s for five lines", took)
	}
}

// endless gives n bytes of one line.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.n)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.n -= n
	return n, nil
}

func TestLineWithoutEndTakesNoMemory(t *testing.T) {
	d := New()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := d.Read(t.Context(), "x", io.MultiReader(strings.NewReader("[2015-03-01 10:11:12,345] ERROR - "), &endless{64 << 20})); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("%d bytes for 64 MB", took)
	}
	if r := d.Report(); r.Lines != 1 || r.UnknownCount() != 1 {
		t.Errorf("%+v", r)
	}
}

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGzip(t *testing.T) {
	data := packed(t, strings.Repeat(sampleOf(t, "D-2.1"), 50))
	d := New()
	if err := d.Read(t.Context(), "x.gz", bytes.NewReader(data)); err != nil || ids(d.Report()) != "D-2.1" || d.Report().Findings[0].Count != 50 {
		t.Errorf("%v %s", err, ids(d.Report()))
	}
	d = New()
	if err := d.Read(t.Context(), "x.gz", bytes.NewReader(data[:len(data)-6])); !errors.Is(err, io.ErrUnexpectedEOF) || ids(d.Report()) != "D-2.1" {
		t.Errorf("cut short: %v %s", err, ids(d.Report()))
	}
	data[len(data)-8] ^= 1
	if err := New().Read(t.Context(), "x.gz", bytes.NewReader(data)); !errors.Is(err, gzip.ErrChecksum) {
		t.Errorf("damaged: %v", err)
	}
}

func TestReadEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New().Read(ctx, "x", strings.NewReader("a\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	for _, text := range []string{"", "\n", "\x00\xff\x1f", "\x1f"} {
		if err := New().Read(t.Context(), "x", strings.NewReader(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParseHeader(t *testing.T) {
	for _, tt := range []struct {
		line  string
		level level
		time  string
	}{
		{"TID: [0] [AM] [2015-03-01 10:11:12,345] ERROR {a.B} -  m {a.B}", bad, "2015-03-01 10:11:12,345"},
		{"TID: [-1234] [] [2015-03-01 10:11:12,345]  WARN {a.B} -  m", warn, "2015-03-01 10:11:12,345"},
		{"[2015-03-01 10:11:12,345]  INFO - B m", info, "2015-03-01 10:11:12,345"},
		{"[2015-03-01 10:11:12,345] [example.com] FATAL - B m", fatal, "2015-03-01 10:11:12,345"},
		{"2015-03-01 10:11:12,345 [-] [main] DEBUG B m ERROR", debug, "2015-03-01 10:11:12,345"},
		{"10:11:12.345 [main] ERROR x", bad, "10:11:12.345"},
		{"2015-03-01T10:11:12Z ERROR x", bad, "2015-03-01T10:11:12"},
		{"SEVERE: x", bad, ""},
		{"[ERROR] x", bad, ""},
		{"ERROR 1709 (HY000) at line 31: x", noLevel, ""},
		{"log4j:WARN x", noLevel, ""},
		{"at noon 10:11:12 ERROR", noLevel, ""},
		{"[2015-03-01 10:11:12,345] INFORMATION ERRORS", noLevel, ""},
		{"\tat a.ERROR 10:11:12", noLevel, ""},
		{"", noLevel, ""},
		{"[", noLevel, ""},
	} {
		if h := parseHeader([]byte(tt.line)); h.level != tt.level || h.time != tt.time {
			t.Errorf("%q: level %d, time %q", tt.line, h.level, h.time)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range Signatures() {
		f.Add([]byte(sampleOf(f, s.ID)))
	}
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add(packed(f, healthy))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := New()
		_ = d.Read(t.Context(), "x", bytes.NewReader(data)) // damaged gzip is an error, never a panic
		r := d.Report()
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, found := range r.Findings {
			if found.Count < 1 || found.First.Line < 1 || found.Text == "" || visible(found.Text) != found.Text && len(found.Text) < maxShown {
				t.Fatalf("%+v", found)
			}
			if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) && found.Last.Line > lines {
				t.Fatalf("line %d of %d", found.Last.Line, lines)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const size = 50 << 20
	bad := sampleOf(b, "D-2.5") + strings.Replace(sampleOf(b, "D-16.2"), "No space left on device", "an unknown fault", 1)
	for _, bench := range []struct{ name, text string }{
		{"healthy", healthyLog(size)},
		{"errors", strings.Repeat(bad, size/len(bad))},
		{"binary", strings.Repeat("\x00\xff\x80PK\x03\x04 random: words\nE\x1b", size/24)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				if err := New().Read(b.Context(), "x", strings.NewReader(bench.text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
