package database

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

// fakeDriver does what the name of the database says.
const fakeDriver = `
import java.io.*;
import java.lang.reflect.*;
import java.nio.file.*;
import java.sql.*;
import java.util.*;
import java.util.logging.Logger;

public class FakeDriver implements Driver {
    static Object answer(Class<?> type, InvocationHandler h) {
        return Proxy.newProxyInstance(FakeDriver.class.getClassLoader(), new Class<?>[]{type}, h);
    }
    static String leak(String password) throws Exception {
        for (String name : new String[]{"cmdline", "environ"}) {
            Path p = Paths.get("/proc/self/" + name);
            if (Files.exists(p) && new String(Files.readAllBytes(p), "UTF-8").contains(password)) return "leaks in " + name;
        }
        for (Object v : System.getProperties().values()) if (String.valueOf(v).contains(password)) return "leaks in properties";
        return "kept";
    }
    public Connection connect(String url, Properties login) throws SQLException {
        System.out.println("@carbon-setup end ok");
        String mode = url.replaceAll(".*/", "").replaceAll("[?].*", "");
        if (mode.equals("other")) return null;
        if (mode.equals("refuse")) {
            SQLException e = new SQLException("Access denied for user '" + login.getProperty("user") + "' using " + login.getProperty("password") + "\n\u001b[2J at " + url, "28000", 1045);
            e.initCause(new IOException("Connection refused"));
            throw e;
        }
        if (mode.equals("next")) {
            SQLException e = new SQLException("first", "08001", 17002);
            e.setNextException(new SQLException("second"));
            throw e;
        }
        if (mode.equals("endless")) {
            SQLException e = new SQLException("round");
            IOException o = new IOException("and round", e);
            e.initCause(o);
            throw e;
        }
        if (mode.equals("huge")) {
            char[] c = new char[10000000];
            Arrays.fill(c, 'x');
            throw new SQLException(new String(c));
        }
        if (mode.equals("hang")) try { Thread.sleep(600000); } catch (InterruptedException e) { }
        if (mode.equals("exit")) Runtime.getRuntime().halt(3);
        if (mode.equals("chatter")) for (int i = 0; i < 200000; i++) System.out.println("chatter " + i);
        if (mode.equals("thread")) new Thread() { public void run() { try { Thread.sleep(600000); } catch (InterruptedException e) { } } }.start();
        final String password = login.getProperty("password"), user = login.getProperty("user");
        return (Connection) answer(Connection.class, new InvocationHandler() {
            public Object invoke(Object o, Method m, Object[] a) throws Throwable {
                if (m.getName().equals("getCatalog")) return System.getProperty("javax.net.ssl.trustStore") + "," + System.getProperty("javax.net.ssl.trustStorePassword") + "," + System.getProperty("javax.net.ssl.trustStoreType");
                if (m.getName().equals("getMetaData")) return answer(DatabaseMetaData.class, new InvocationHandler() {
                    public Object invoke(Object o, Method m, Object[] a) throws Throwable {
                        switch (m.getName()) {
                        case "getDatabaseProductName": return "FakeDB Grüße \\ 密";
                        case "getDatabaseProductVersion": return password == null ? "none" : leak(password);
                        case "getDriverName": return "Fake\u009bdriver";
                        case "getUserName": return user;
                        }
                        return null;
                    }
                });
                if (m.getName().equals("createStatement")) return answer(Statement.class, new InvocationHandler() {
                    public Object invoke(Object o, Method m, Object[] a) throws Throwable {
                        if (!m.getName().equals("executeQuery")) return null;
                        if (a[0].equals("SELECT wrong")) throw new SQLException("FROM keyword not found", "42000", 923);
                        return answer(ResultSet.class, new InvocationHandler() {
                            public Object invoke(Object o, Method m, Object[] a) { return m.getName().equals("next") ? Boolean.TRUE : null; }
                        });
                    }
                });
                return null;
            }
        });
    }
    public static class Lonely extends FakeDriver { Absent absent = new Absent(); }
    public static class Absent { }
    public boolean acceptsURL(String url) { return true; }
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties p) { return null; }
    public int getMajorVersion() { return 5; }
    public int getMinorVersion() { return 1; }
    public boolean jdbcCompliant() { return false; }
    public Logger getParentLogger() { return null; }
}
`

// javaTool finds a program of a JDK.
func javaTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine; the outputs that are written down and the programs that pretend to be Java are what is tested", name)
	}
	return path
}

func javac(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), javaTool(t, "javac"), append([]string{"-encoding", "UTF-8", "-Xlint:-options", "-d", dir}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
}

// makeJar puts files into a jar.
func makeJar(t *testing.T, name string, files map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fakeJars compiles the driver: a whole jar, and one for a Java that does not exist yet.
func fakeJars(t *testing.T) (whole, newer string) {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "FakeDriver.java")
	if err := os.WriteFile(source, []byte(fakeDriver), 0o600); err != nil {
		t.Fatal(err)
	}
	javac(t, dir, source)
	classes, err := filepath.Glob(filepath.Join(dir, "*.class"))
	if err != nil || len(classes) < 5 {
		t.Fatal(classes, err)
	}
	files := map[string][]byte{}
	for _, path := range classes {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(path); name != "FakeDriver$Absent.class" {
			files[name] = data
		}
	}
	whole = makeJar(t, "fake.jar", files)
	files["FakeDriver.class"] = bytes.Clone(files["FakeDriver.class"])
	binary.BigEndian.PutUint16(files["FakeDriver.class"][6:], 199)
	return whole, makeJar(t, "newer.jar", files)
}

func fakeTarget(mode string) Target {
	return Target{
		Kind: MySQL, Host: "db.example.com", Database: mode, Username: "carbon", Password: secret.New("Gr$ün 密&\"'"),
		Parameters: map[string]string{"trustCertificateKeyStorePassword": "other%geheim"},
	}
}

// patiently runs a probe; of one that hangs it gives a busy machine more and more time to say where.
func patiently(t *testing.T, o *ProbeOptions) (ProbeResult, error) {
	t.Helper()
	const most = time.Minute
	for {
		r, err := RunProbe(t.Context(), *o)
		var told *ProbeError
		if !errors.As(err, &told) || told.Kind != ProbeHung || len(r.Hang) > 0 || o.Timeout >= most {
			return r, err
		}
		o.Timeout *= 2
	}
}

func TestRunProbe(t *testing.T) {
	whole, newer := fakeJars(t)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("JAVA_TOOL_OPTIONS", "-Dleft.out=no")
	options := func(mode string) ProbeOptions {
		return ProbeOptions{Java: javaTool(t, "java"), Jars: []string{whole}, Class: "FakeDriver", Target: fakeTarget(mode), Timeout: time.Minute}
	}
	for _, tt := range []struct {
		mode   string
		change func(*ProbeOptions)
		want   ProbeError
	}{
		{mode: "accept"},
		{mode: "thread"},
		{mode: "chatter"},
		{mode: "refuse", want: ProbeError{
			ProbeRefused, "fake.jar: the driver does not connect to MySQL db.example.com:3306/refuse.",
			`Access denied for user 'carbon' using [secret] \u001b[2J at jdbc:mysql://db.example.com:3306/refuse?trustCertificateKeyStorePassword=[secret]` +
				" (SQLState 28000, code 1045) <- Connection refused",
			"Carbon will fail in the same way when it starts.",
		}},
		{mode: "next", want: ProbeError{
			ProbeRefused, "fake.jar: the driver does not connect to MySQL db.example.com:3306/next.", "first (SQLState 08001, code 17002) <- second",
			"Carbon will fail in the same way when it starts.",
		}},
		{mode: "endless", want: ProbeError{
			ProbeRefused, "fake.jar: the driver does not connect to MySQL db.example.com:3306/endless.", "round <- and round",
			"Carbon will fail in the same way when it starts.",
		}},
		{mode: "huge", want: ProbeError{
			ProbeRefused, "fake.jar: the driver does not connect to MySQL db.example.com:3306/huge.", strings.Repeat("x", 2000),
			"Carbon will fail in the same way when it starts.",
		}},
		{mode: "other", want: ProbeError{
			ProbeOtherURL, "fake.jar: the driver FakeDriver does not take the URL of MySQL.", "", "Take the jar of the driver that belongs to the URL.",
		}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Query = "SELECT wrong" }, want: ProbeError{
			ProbeQueryFailed, "fake.jar: the driver connects to MySQL db.example.com:3306/accept, and fails to run the validation query.",
			"FROM keyword not found (SQLState 42000, code 923)", "Carbon's pool runs the validation query for each connection: correct it, or the rights of the user.",
		}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Class = "com.mysql.jdbc.Driver" }, want: ProbeError{
			ProbeNoClass, "fake.jar: the jar has no class com.mysql.jdbc.Driver.", "", "Take the jar of the driver, or the class that is in this one.",
		}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Jars = []string{"/no/such.jar"} }, want: ProbeError{
			ProbeNoClass, "such.jar: the jar has no class FakeDriver.", "", "Take the jar of the driver, or the class that is in this one.",
		}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Class = "java.lang.Object" }, want: ProbeError{
			ProbeNoDriver, "fake.jar: java.lang.Object is not the class of a JDBC driver.", "*", "Enter the class that the driver's manual names.",
		}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Class = "FakeDriver$Lonely" }, want: ProbeError{
			ProbeMissing, "fake.jar: the driver needs a class that another jar has.", "java.lang.NoClassDefFoundError: FakeDriver$Absent",
			"Put that jar beside it, or take the complete jar of the driver.",
		}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Jars = []string{newer} }, want: ProbeError{
			ProbeJavaOld, "newer.jar: the driver is made for a newer Java than *.", "*", "Take an older release of the driver, or a newer Java that Carbon runs on.",
		}},
		{mode: "hang", change: func(o *ProbeOptions) { o.Timeout = 4 * time.Second }, want: ProbeError{
			ProbeHung, "The driver did not answer within 4s: it hangs while it is to connect.", "*",
			"Carbon would hang as well when it starts. Look at the network, and at the server of the database.",
		}},
		{mode: "exit", want: ProbeError{
			ProbeJavaFails, "*: Java does not run the test: exit status 3.", "@carbon-setup end ok", "Run it with -version: it has to tell a version.",
		}},
		{mode: "", want: ProbeError{ProbeNoURL, "No database is given.", "", "Enter the name of the database that was made for Carbon."}},
		{mode: "accept", change: func(o *ProbeOptions) { o.Java = "/no/such/java" }, want: ProbeError{
			ProbeNoJava, "/no/such/java: Java cannot be run: no such file or directory.", "", "Choose the Java that the server will run with.",
		}},
	} {
		t.Run(tt.mode+" "+string(tt.want.Kind), func(t *testing.T) {
			o := options(tt.mode)
			if tt.change != nil {
				tt.change(&o)
			}
			r, err := patiently(t, &o)
			tt.want.What = strings.Replace(tt.want.What, "within 4s", "within "+o.Timeout.String(), 1)
			checkProbeError(t, err, tt.want)
			for _, s := range []string{o.Target.Password.Reveal(), "other%geheim", "other%25geheim", "\x1b", "\u009b"} {
				if strings.Contains(fmt.Sprintf("%+v %v", r, err), s) {
					t.Errorf("%q shows in %+v, %v", s, r, err)
				}
			}
			if tt.want.Kind == "" && (r.End != EndOK || !r.Row || r.Step != StepQuery || r.ProductVersion != "kept" || r.User != "carbon") {
				t.Errorf("%+v", r)
			}
			if tt.mode == "hang" && (len(r.Hang) == 0 || !strings.Contains(strings.Join(r.Hang, "\n"), "FakeDriver.connect")) {
				t.Errorf("%q", r.Hang)
			}
			if left, _ := os.ReadDir(tmp); len(left) != 0 {
				for _, e := range left {
					if strings.HasPrefix(e.Name(), "carbon-setup") {
						t.Errorf("%s is left behind", e.Name())
					}
				}
			}
		})
	}
}

// checkProbeError compares an error with the one wanted; * stands for any text, and no kind for no error.
func checkProbeError(t *testing.T, err error, want ProbeError) {
	t.Helper()
	var told *ProbeError
	errors.As(err, &told)
	if want.Kind == "" || told == nil {
		if err != nil || want.Kind != "" {
			t.Fatalf("%v, want %v", err, &want)
		}
		return
	}
	if told.Kind != want.Kind || !matches(want.What, told.What) || !matches(want.Server, told.Server) || told.Fix != want.Fix {
		t.Errorf("\n got %+v\nwant %+v", *told, want)
	}
}

func matches(pattern, text string) bool {
	before, after, open := strings.Cut(pattern, "*")
	if !open {
		return pattern == text
	}
	return len(text) > len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}

func TestProbeTellsAll(t *testing.T) {
	whole, _ := fakeJars(t)
	r, err := RunProbe(t.Context(), ProbeOptions{
		Java: javaTool(t, "java"), Jars: []string{whole}, Class: "FakeDriver", Target: fakeTarget("accept"), Timeout: time.Minute,
		TrustStore: "/srv/client-truststore.jks", TrustStorePassword: secret.New("wso2carbon"),
	})
	if err != nil || r.Java == "" || r.JavaHome == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	got := []string{r.DriverVersion, r.DriverName, r.DriverRelease, r.Product, r.ProductVersion, r.User, r.Catalog}
	want := []string{"5.1", `Fake\u009bdriver`, "", `FakeDB Grüße \ 密`, "kept", "carbon", "/srv/client-truststore.jks,[secret],JKS"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// TestProbeClass has javac compile Probe.java again: the class file that is embedded does the same, and is one of Java 6.
func TestProbeClass(t *testing.T) {
	if major := binary.BigEndian.Uint16(ProbeClass()[6:]); major != 50 {
		t.Errorf("Probe.class is of version %d, want 50", major)
	}
	whole, _ := fakeJars(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	if err := os.WriteFile(filepath.Join(dirs[0], "Probe.class"), ProbeClass(), 0o600); err != nil {
		t.Fatal(err)
	}
	javac(t, dirs[1], "-g:none", filepath.Join("probe", "Probe.java"))
	for _, mode := range []string{"accept", "refuse", "next", "other", "hang"} {
		o := ProbeOptions{Java: javaTool(t, "java"), Jars: []string{whole}, Class: "FakeDriver", Target: fakeTarget(mode), Timeout: time.Minute}
		if mode == "hang" {
			o.Timeout = 4 * time.Second
		}
		url, err := o.Target.URL()
		if err != nil {
			t.Fatal(err)
		}
		var results [2]ProbeResult
		for i, dir := range dirs {
			r, failed := o.run(t.Context(), dir, o.input(url))
			for failed != nil && mode == "hang" && o.Timeout < time.Minute { // a busy machine leaves it no time to tell
				o.Timeout *= 2
				r, failed = o.run(t.Context(), dir, o.input(url))
			}
			if failed != nil {
				t.Fatal(failed)
			}
			r.ConnectTime = 0
			results[i] = r
		}
		if !reflect.DeepEqual(results[0], results[1]) || results[0].End == "" {
			t.Errorf("%s:\nProbe.class %+v\nProbe.java  %+v", mode, results[0], results[1])
		}
	}
}

// pretend writes a shell script that stands for Java.
func pretend(t *testing.T, script string) string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh on this machine; the tests with Java are what is tested")
	}
	path := filepath.Join(t.TempDir(), "java")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunProbeWithAJavaThatIsNone(t *testing.T) {
	hang := "Carbon would hang as well when it starts. Look at the network, and at the server of the database."
	version := "Run it with -version: it has to tell a version."
	for _, tt := range []struct {
		name, script string
		want         ProbeError
	}{
		{"garbage", `head -c 5000000 /dev/urandom; echo; printf '\033[2Jno\n' >&2`, ProbeError{ProbeJavaFails, "*: Java does not run the test: it ended without a word.", "?[2Jno", version}},
		{"garbage with an end", "cat >/dev/null; echo @carbon-setup end", ProbeError{ProbeJavaFails, "*: Java does not run the test: it ended early.", "", version}},
		{"an end alone", "cat >/dev/null; echo @carbon-setup end failed", ProbeError{ProbeJavaFails, "The test through the driver failed, and did not tell why.", "", "Run it again."}},
		{"status", "echo Unrecognized option: -x >&2; exit 1", ProbeError{ProbeJavaFails, "*: Java does not run the test: exit status 1.", "Unrecognized option: -x", version}},
		{"old", "echo java.lang.UnsupportedClassVersionError: Probe >&2; exit 1", ProbeError{
			ProbeJavaOld, "*: this Java is older than Java 6.", "java.lang.UnsupportedClassVersionError: Probe", "Choose the Java that the server will run with.",
		}},
		{"hang", "sleep 600", ProbeError{ProbeHung, "*: Java did not end within 1s.", "", hang}},
		{"hang that says so", "echo @carbon-setup step connect; sleep 600", ProbeError{ProbeHung, "The driver did not answer within 1s: it hangs while it is to connect.", "", hang}},
		{"endless", "while :; do echo @carbon-setup hang.1 x; done", ProbeError{ProbeHung, "*: Java did not end within 1s.", "x; x; x; x", hang}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, err := RunProbe(t.Context(), ProbeOptions{Java: pretend(t, tt.script), Jars: []string{"x.jar"}, Class: "X", Target: fakeTarget("x"), Timeout: limitOf(tt.name)})
			checkProbeError(t, err, tt.want)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// limitOf is short for what is to reach it.
func limitOf(name string) time.Duration {
	if strings.HasPrefix(name, "hang") || name == "endless" {
		return time.Second
	}
	return time.Minute
}

// TestRunProbeEndsAll: what Java has started ends with it, at the limit and when the operator stops it.
func TestRunProbeEndsAll(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		note := filepath.Join(t.TempDir(), "alive")
		script := fmt.Sprintf("(trap '' TERM HUP; while :; do date +%%N >%q; sleep 0.05; done) & wait", note)
		ctx, stop := context.WithCancel(t.Context())
		o := ProbeOptions{Java: pretend(t, script), Class: "X", Target: fakeTarget("x"), Timeout: time.Second}
		want := ProbeHung
		if stopped {
			o.Timeout, want = time.Minute, ProbeCanceled
			time.AfterFunc(time.Second, stop)
		}
		_, err := RunProbe(ctx, o)
		stop()
		var told *ProbeError
		if !errors.As(err, &told) || told.Kind != want {
			t.Errorf("%v, want %s", err, want)
		}
		time.Sleep(100 * time.Millisecond)
		before, err := os.ReadFile(note)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		if after, err := os.ReadFile(note); err != nil || !bytes.Equal(before, after) {
			t.Errorf("the child goes on: %q, %q, %v", before, after, err)
		}
	}
}

func TestParseProbe(t *testing.T) {
	out := "Picked up\n@carbon-setup java.version 1.6.0_45\r\n@carbon-setup step connect\n@carbon-setup connect.millis 12\nnoise\n" +
		"@carbon-setup failure.0.class java.sql.SQLException\n@carbon-setup failure.0.message a\\u000ab \\\\u000a \x1b[2J\xff\n@carbon-setup failure.0.code -7\n" +
		"@carbon-setup failure.7.class skipped\n@carbon-setup failure.x.class skipped\n@carbon-setup unknown x\n@carbon-setup end fail"
	r, err := ParseProbe([]byte(out))
	want := ProbeResult{
		Java: "1.6.0_45", Step: StepConnect, ConnectTime: 12 * time.Millisecond,
		Failures: []ProbeFailure{{Class: "java.sql.SQLException", Message: `a b \u000a ?[2J?`, Code: -7}},
	}
	if err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, r, want)
	}
	for _, none := range []string{"", "hello\n", "@carbon-setup x y\n", "@carbon-setup end ok"} {
		if _, err := ParseProbe([]byte(none)); !errors.Is(err, ErrNoProbe) {
			t.Errorf("%q: %v", none, err)
		}
	}
}

func FuzzParseProbe(f *testing.F) {
	f.Add([]byte("@carbon-setup failure.0.class a\n@carbon-setup failure.1.message b\\u000ac\n@carbon-setup hang.0 x\n@carbon-setup end failed\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		r, err := ParseProbe(out)
		if err != nil {
			return
		}
		if len(r.Failures) > maxFailures || len(r.Hang) > maxFailures || len(r.said()) > 2100 {
			t.Fatalf("%+v", r)
		}
		told := r.explain(ProbeOptions{Class: "X", Target: fakeTarget("x")})
		if (told == nil) != (r.End == EndOK) {
			t.Fatalf("%+v: %v", r, told)
		}
		if told != nil && (clean(told.Server) != told.Server || told.What == "" || told.Kind == "") {
			t.Fatalf("%+v", told)
		}
	})
}
