package edit

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestScriptOption(t *testing.T) {
	scripts := map[string]*Script{
		"am": mustScript(t, "bin/wso2server.sh", amScript), "bam": mustScript(t, "bin/wso2server.sh", bamScript),
		"bat": mustScript(t, `bin/wso2server.bat`, batchScript), "later": mustScript(t, "x.sh", laterScript),
	}
	for _, c := range []struct {
		script, prefix, want string
		found, expands       bool
	}{
		{"am", "-Xms", "256m", true, false},
		{"am", "-Xmx", "1024m", true, false},
		{"am", "-XX:MaxPermSize=", "256m", true, false},
		{"am", "-XX:+HeapDumpOnOutOfMemoryError", "", true, false},
		{"am", "-XX:HeapDumpPath=", "$CARBON_HOME/heap dump.hprof", true, true},
		{"am", "-Dconf.location=", "$CARBON_HOME/repository/conf", true, true},
		{"am", "-Dcom.sun.jndi.ldap.connect.pool.timeout=", "3000", true, false},
		{"am", "-DapplyPatches", "", true, false},
		{"am", "-Djava.rmi.server.hostname=", "", false, false},
		{"am", "-Xdebug", "", false, false},
		{"bam", "-javaagent:", "$CARBON_HOME/plugins/agent.jar", true, true},
		{"bam", "-Xmx", "1024m", true, false},
		{"bat", "-Xms", "256m", true, false},
		{"bat", "-XX:MaxPermSize=", "256m", true, false},
		{"bat", "-Dcarbon.home=", "%CARBON_HOME%", true, true},
		{"bat", "-Dicatch=", "true", true, false},
		{"bat", "-Dfile.encoding=", "UTF8", true, false},
		{"bat", "-Dnope=", "", false, false},
		{"later", "-Xmx", "", false, false},
		{"later", "-Dfile.encoding=", "UTF8", true, false},
	} {
		o, ok := scripts[c.script].Option(c.prefix)
		if ok != c.found || o.Value != c.want || o.Expands != c.expands {
			t.Errorf("%s: %s = %+v, %v", c.script, c.prefix, o, ok)
		}
		if ok {
			line := strings.Split(string(scripts[c.script].Bytes()), "\n")[o.Line-1]
			if !strings.Contains(line, c.prefix) || o.Prefix != c.prefix {
				t.Errorf("%s: %s is not on line %d", c.script, c.prefix, o.Line)
			}
		}
	}
	last := mustScript(t, "x.sh", "java -Xmx1g -Xmx2g $JAVA_OPTS -Xmx\"3g\" "+MainClass)
	if o, _ := last.Option("-Xmx"); o.Value != "3g" {
		t.Errorf("not the last of duplicates: %+v", o)
	}
}

// scriptEdit is one call: set, or remove when value is "-".
type scriptEdit struct{ prefix, value string }

func applyEdits(t testing.TB, s *Script, edits []scriptEdit) {
	t.Helper()
	for _, e := range edits {
		err := s.RemoveOption(e.prefix)
		if e.value != "-" {
			err = s.SetOption(e.prefix, e.value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestScriptEdits(t *testing.T) {
	memory := "-    -Xms256m -Xmx1024m -XX:MaxPermSize=256m \\\n"
	for _, c := range []struct {
		name, script string
		edits        []scriptEdit
		want         string
	}{
		{"the guideline's memory", amScript, []scriptEdit{{"-Xms", "512m"}, {"-Xmx", "2048m"}, {"-XX:MaxPermSize=", "1024m"}}, memory + "+    -Xms512m -Xmx2048m -XX:MaxPermSize=1024m \\\n"},
		{"in the other product", bamScript, []scriptEdit{{"-Xmx", "2048m"}}, memory + "+    -Xms256m -Xmx2048m -XX:MaxPermSize=256m \\\n"},
		{"the same values", amScript, []scriptEdit{{"-Xms", "256m"}, {"-DapplyPatches", ""}}, ""},
		{"there and back", amScript, []scriptEdit{{"-Xms", "1m"}, {"-Xms", "256m"}}, ""},
		{"a memory option that is missing", amScript, []scriptEdit{{"-Xss", "1m"}}, memory + "+    -Xms256m -Xmx1024m -XX:MaxPermSize=256m -Xss1m \\\n"},
		{"one out, one in", amScript, []scriptEdit{{"-XX:MaxPermSize=", "-"}, {"-XX:MaxMetaspaceSize=", "1g"}}, memory + "+    -Xms256m -Xmx1024m -XX:MaxMetaspaceSize=1g \\\n"},
		{"the first of a line out", amScript, []scriptEdit{{"-Xms", "-"}}, memory + "+    -Xmx1024m -XX:MaxPermSize=256m \\\n"},
		{"the first two of a line out", amScript, []scriptEdit{{"-Xm", "-"}}, memory + "+    -XX:MaxPermSize=256m \\\n"},
		{"first and last out", amScript, []scriptEdit{{"-XX:Max", "-"}, {"-Xms", "-"}}, memory + "+    -Xmx1024m \\\n"},
		{"a whole line out, one by one", amScript, []scriptEdit{{"-Xms", "-"}, {"-Xmx", "-"}, {"-XX:MaxPermSize=", "-"}}, memory},
		{"a line without a blank before the backslash out", amScript, []scriptEdit{{"-Dconf.location=", "-"}}, `-    -Dconf.location="$CARBON_HOME/repository/conf"\` + "\n"},
		{"a value in quotes keeps them", amScript, []scriptEdit{{"-Dcarbon.home=", "/opt"}}, "-    -Dcarbon.home=\"$CARBON_HOME\" \\\n+    -Dcarbon.home=\"/opt\" \\\n"},
		{"two blanks before the backslash stay", amScript, []scriptEdit{{"-Dcom.sun.jndi.ldap.connect.pool.timeout=", "5"}}, "-    -Dcom.sun.jndi.ldap.connect.pool.timeout=3000  \\\n+    -Dcom.sun.jndi.ldap.connect.pool.timeout=5  \\\n"},
		{"no blank before the backslash stays", amScript, []scriptEdit{{"-Dconf.location=", "/x"}}, "-    -Dconf.location=\"$CARBON_HOME/repository/conf\"\\\n+    -Dconf.location=\"/x\"\\\n"},
		{
			"properties in front of the operator's own options", amScript,
			[]scriptEdit{{"-Dhttp.proxyHost=", "proxy.example.com"}, {"-Dhttp.nonProxyHosts=", "localhost|*.corp"}},
			"+    -Dhttp.proxyHost=proxy.example.com \\\n+    -Dhttp.nonProxyHosts=\"localhost|*.corp\" \\\n",
		},
		{"set again before Commit", amScript, []scriptEdit{{"-Da=", "1"}, {"-Da=", "2"}, {"-Db=", "1"}, {"-Db=", "-"}}, "+    -Da=2 \\\n"},
		{"without JAVA_OPTS, before the main class", "exec java \\\n  -Xmx1g \\\n  " + MainClass + " $*\n", []scriptEdit{{"-Da=", "1"}}, "+  -Da=1 \\\n"},
		{"all on one line", "exec java -Xmx1g  $JAVA_OPTS " + MainClass + "\n", []scriptEdit{{"-Da=", "1"}}, "-exec java -Xmx1g  $JAVA_OPTS " + MainClass + "\n+exec java -Xmx1g -Da=1  $JAVA_OPTS " + MainClass + "\n"},
		{"a new one where the one before goes", "java \\\n -Da=1 $JAVA_OPTS \\\n " + MainClass + "\n", []scriptEdit{{"-Da=", "-"}, {"-Db=", "2"}}, "- -Da=1 $JAVA_OPTS \\\n+ -Db=2 \\\n+ $JAVA_OPTS \\\n"},
		{"the word in quotes", `java "-Da=1 2" ` + MainClass + "\n", []scriptEdit{{"-Da=", `3"4`}}, `-java "-Da=1 2" ` + MainClass + "\n" + `+java "-Da=3\"4" ` + MainClass + "\n"},
		{"the word in single quotes", `java '-Da=1 2' ` + MainClass + "\n", []scriptEdit{{"-Da=", `$x`}}, `-java '-Da=1 2' ` + MainClass + "\n" + `+java '-Da=$x' ` + MainClass + "\n"},
		{"single quotes that do not do", `java '-Da=1 2' ` + MainClass + "\n", []scriptEdit{{"-Da=", `it's`}}, `-java '-Da=1 2' ` + MainClass + "\n" + `+java '-Da='"it's" ` + MainClass + "\n"},
		{"quotes around the name", `java -D"a="1 ` + MainClass + "\n", []scriptEdit{{"-Da=", `x y`}}, `-java -D"a="1 ` + MainClass + "\n" + `+java -D"a=x y" ` + MainClass + "\n"},
		{"a value in pieces", `java -Da="1"'2'3 ` + MainClass + "\n", []scriptEdit{{"-Da=", `4`}}, `-java -Da="1"'2'3 ` + MainClass + "\n+java -Da=4 " + MainClass + "\n"},
		{"all duplicates", "java -Xmx1g -Xmx2g -Xmx3g " + MainClass + "\n", []scriptEdit{{"-Xmx", "2g"}}, "-java -Xmx1g -Xmx2g -Xmx3g " + MainClass + "\n+java -Xmx2g -Xmx2g -Xmx2g " + MainClass + "\n"},
		{"an empty value", "java -Da=1 " + MainClass + "\n", []scriptEdit{{"-Da=", ""}}, "-java -Da=1 " + MainClass + "\n+java -Da= " + MainClass + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustScript(t, "bin/wso2server.sh", c.script)
			applyEdits(t, s, c.edits)
			splices := mustCommit(t, s)
			if got := lineDiff(c.script, string(s.Bytes())); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if (c.want == "") != (len(splices) == 0) {
				t.Errorf("%d splices", len(splices))
			}
		})
	}
}

func TestBatchEdits(t *testing.T) {
	for _, c := range []struct {
		name     string
		edits    []scriptEdit
		old, new string
	}{
		{"memory", []scriptEdit{{"-Xms", "512m"}, {"-XX:MaxPermSize=", "1024m"}}, "-Xms256m -Xmx1024m -XX:MaxPermSize=256m", "-Xms512m -Xmx1024m -XX:MaxPermSize=1024m"},
		{"a missing memory option", []scriptEdit{{"-Xss", "1m"}}, "MaxPermSize=256m ", "MaxPermSize=256m -Xss1m "},
		{"one out", []scriptEdit{{"-Xmx", "-"}}, " -Xmx1024m", ""},
		{"the first out", []scriptEdit{{"-Xbootclasspath/a:", "-"}}, "-Xbootclasspath/a:%CARBON_XBOOTCLASSPATH% ", ""},
		{"the last out", []scriptEdit{{"-DapplyPatches", "-"}}, " -DapplyPatches", ""},
		{"a property, in front of the operator's own options", []scriptEdit{{"-Da=", "1"}, {"-Db=", "x y"}}, "%CARBON_CLASSPATH% %JAVA_OPTS%", `%CARBON_CLASSPATH% -Da=1 -Db="x y" %JAVA_OPTS%`},
		{"special characters", []scriptEdit{{"-Da=", "&|<>^(%PATH%)*"}}, "H% %JAVA_OPTS%", `H% -Da="&|<>^(%%PATH%%)*" %JAVA_OPTS%`},
		{"a backslash at the end", []scriptEdit{{"-Da=", `C:\my dir\`}}, "H% %JAVA_OPTS%", `H% -Da="C:\my dir\\" %JAVA_OPTS%`},
		{"a path without blanks", []scriptEdit{{"-Da=", `C:\dir\`}}, "H% %JAVA_OPTS%", `H% -Da=C:\dir\ %JAVA_OPTS%`},
		{"a value in quotes keeps them", []scriptEdit{{"-Dicatch=", "false"}}, `"true"`, `"false"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustScript(t, "wso2server.bat", batchScript)
			applyEdits(t, s, c.edits)
			mustCommit(t, s)
			if want := strings.Replace(batchScript, c.old, c.new, 1); string(s.Bytes()) != want {
				t.Errorf("got\n%s", lineDiff(want, string(s.Bytes())))
			}
			for _, e := range c.edits {
				if o, ok := s.Option(e.prefix); ok != (e.value != "-") || ok && o.Value != e.value {
					t.Errorf("%s = %+v, %v", e.prefix, o, ok)
				}
			}
		})
	}
}

// TestRemovingRestores adds options, one after the other and all at once, and takes them away again.
func TestRemovingRestores(t *testing.T) {
	added := []scriptEdit{{"-Dhttp.proxyHost=", "p"}, {"-Dhttp.nonProxyHosts=", "a|*.b"}, {"-Xss", "1m"}, {"-XX:NewSize=", "1m"}, {"-Djava.rmi.server.hostname=", "10.0.0.1"}, {"-server", ""}}
	scripts := map[string]string{
		"am.sh": amScript, "bam.sh": bamScript, "server.bat": batchScript,
		"line.sh":  "java -Xmx1g\t $JAVA_OPTS  " + MainClass + " $*\n",
		"tight.sh": "java \\\n    -Xmx1g\\\n    $JAVA_OPTS\\\n    " + MainClass + " $*\n",
		"bare.sh":  "java " + MainClass,
		"first.sh": "$JAVACMD \\\n$JAVA_OPTS \\\n" + MainClass + "\n",
		"set.bat":  "set OPTS=%JAVA_OPTS%\njava %OPTS% -Da=1 " + MainClass + "\n",
		"none.bat": "java  " + MainClass + "\r\n",
	}
	for name, data := range scripts {
		s := mustScript(t, name, data)
		for _, e := range added {
			applyEdits(t, s, []scriptEdit{e})
			mustCommit(t, s)
			if o, ok := s.Option(e.prefix); !ok || o.Value != e.value {
				t.Errorf("%s: %s = %+v, %v", name, e.prefix, o, ok)
			}
		}
		for _, e := range added {
			_ = s.RemoveOption(e.prefix)
			mustCommit(t, s)
		}
		if string(s.Bytes()) != data {
			t.Errorf("%s, one by one:\n%s", name, lineDiff(data, string(s.Bytes())))
		}
		s = mustScript(t, name, data)
		applyEdits(t, s, added)
		mustCommit(t, s)
		slices.Reverse(added)
		for _, e := range added {
			_ = s.RemoveOption(e.prefix)
		}
		mustCommit(t, s)
		if string(s.Bytes()) != data {
			t.Errorf("%s, all at once:\n%s", name, lineDiff(data, string(s.Bytes())))
		}
	}
}

func TestScriptSecretsAndReasons(t *testing.T) {
	s := mustScript(t, "x.sh", "java -Da=old $JAVA_OPTS "+MainClass)
	_ = s.SetOption("-Da=", "n$w", Secret(), Because("because"))
	_ = s.SetOption("-Db=", "s3", Secret())
	splices := mustCommit(t, s)
	if len(splices) != 2 || !splices[0].OldSecret || splices[0].Reason != "because" || splices[1].OldSecret {
		t.Fatalf("%+v", splices)
	}
	for i, want := range []string{`"n\$w"`, "s3"} {
		r := splices[i].Secrets[0]
		if got := string(splices[i].New[r.Start:r.End]); got != want {
			t.Errorf("marks %q", got)
		}
	}
	_ = s.RemoveOption("-Da=", Secret())
	if splices := mustCommit(t, s); len(splices) != 1 || !splices[0].OldSecret {
		t.Errorf("%+v", splices)
	}
}

func TestScriptRefused(t *testing.T) {
	for _, c := range []struct{ name, file, data, want string }{
		{"no script", "x.sh", "hello\n", "x.sh: no java command line was found: looked for a command that runs $JAVACMD or java"},
		{"only said", "x.sh", "echo java " + MainClass + "\n", "x.sh: no java command line was found"},
		{"only in a comment", "x.sh", "# java " + MainClass + "\n", "x.sh: no java command line was found"},
		{"another main class", "x.sh", "java org.example.Main\n", "x.sh: no java command line was found"},
		{"CR LF", "x.sh", "java \\\r\n -Xmx1g \\\r\n " + MainClass + "\r\n", "x.sh:1: the lines end as on Windows (CR LF), and no shell runs the script like that"},
		{"a comment in the command", "x.sh", "java \\\n # -Xmx1g \\\n -Xms1g \\\n " + MainClass + "\n", "x.sh:3: the command with the main class"},
		{"a blank behind the backslash", "x.sh", "java \\ \n -Xms1g \\\n " + MainClass + "\n", "x.sh:2: the command with the main class"},
		{"two of them", "x.sh", "java " + MainClass + "\n\njava " + MainClass + "\n", "x.sh:3: the script has more than one java command line; the first is on line 1"},
		{"a redirection", "x.sh", "java > log \\\n" + MainClass + "\n", "x.sh:1: a redirection stands among the options"},
		{"open double quote", "x.sh", "a=1\nb=\"x\njava " + MainClass + "\n", "x.sh:2: the file cannot be read as a shell script: in the word that begins here, a double quote is not closed"},
		{"open single quote", "x.sh", "b='x\njava " + MainClass + "\n", "x.sh:1: "},
		{"open substitution", "x.sh", "b=$(x\njava " + MainClass + "\n", "x.sh:1: "},
		{"open backquote", "x.sh", "b=`x\njava " + MainClass + "\n", "x.sh:1: "},
		{"deep", "x.sh", strings.Repeat("$(", 100000), "x.sh:1: the file cannot be read as a shell script: in the word that begins here, substitutions are nested too deeply"},
		{"NUL", "x.sh", "java\n\x00", "x.sh:2: the file holds a NUL byte"},
		{"too large", "x.sh", strings.Repeat("#\n", MaxFileSize/2+1), "x.sh: the file has 8388610 bytes"},
		{"no batch file", "x.bat", "hello\n", "x.bat: no java command line was found"},
		{"batch, only said", "x.BAT", "@echo java " + MainClass + "\nrem java " + MainClass + "\n:: java " + MainClass, "x.BAT: no java command line was found"},
		{"batch, two of them", "x.bat", "java " + MainClass + "\r\njava " + MainClass + "\r\n", "x.bat:2: the script has more than one java command line; the first is on line 1"},
		{"batch, a line goes on", "x.bat", "set A=-Xmx1g ^\njava %A% " + MainClass, "x.bat:1: the line sets A, which holds java options, and goes on"},
		{"batch, a set in quotes", "x.bat", "set \"A=-Xmx1g\"\njava %A% " + MainClass, "x.bat:1: the line sets A, which holds java options, in quotes"},
		{"batch, set twice", "x.bat", "set A=-Xmx1g\nset A=-Xmx2g\njava %A% " + MainClass, "x.bat:2: the line sets A, which holds java options, for a second time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseScript(c.file, []byte(c.data))
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), c.want) || e.Fix == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestScriptValuesRefused(t *testing.T) {
	shell, batch := mustScript(t, "x.sh", amScript), mustScript(t, "x.bat", batchScript)
	plain := mustScript(t, "x.bat", "java %JAVA_OPTS% "+MainClass+"\r\n")
	for _, c := range []struct {
		script *Script
		value  string
		want   string
	}{
		{shell, "a\nb", "x.sh:43: the value for -Da= cannot be written into this script: it holds a line break"},
		{shell, "a\rb", "line break"},
		{shell, "a\x07b", "control character"},
		{shell, "a\x00b", "control character"},
		{shell, "\x7f", "control character"},
		{shell, "münchen", "not ASCII"},
		{shell, "\xff", "not ASCII"},
		{batch, "a\r\nb", "x.bat:13: the value for -Da= cannot be written into this script: it holds a line break"},
		{batch, `a"b`, "double quote"},
		{batch, "a!b", "exclamation mark"},
		{batch, "é", "not ASCII"},
		{plain, "a!b", ""},
		{plain, "a^b", ""},
	} {
		err := c.script.SetOption("-Da=", c.value)
		var e *Error
		switch {
		case c.want == "" && err == nil:
			mustCommit(t, c.script)
		case c.want == "" || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || c.script.Pending():
			t.Errorf("%q: %v", c.value, err)
		}
	}
	for _, prefix := range []string{"", "Xms", "-", "-D a=", "-Da=b=", "-D\"a\"=", "-Da;"} {
		if err := shell.SetOption(prefix, "1"); err == nil {
			t.Errorf("the prefix %q was accepted", prefix)
		}
	}
	long := mustScript(t, "x.bat", batchScript)
	_ = long.SetOption("-Da=", strings.Repeat("x", maxBatchLine))
	if _, err := long.Commit(); err == nil || !strings.Contains(err.Error(), "x.bat:9: the line would be") || long.Pending() || string(long.Bytes()) != batchScript {
		t.Errorf("a line too long for cmd.exe: %v", err)
	}
}

func TestScriptVariables(t *testing.T) {
	later := mustScript(t, "x.sh", laterScript)
	if got := later.Assigned("-Xmx"); len(got) != 1 || got[0].Value != "1024m" || got[0].Line != lineAt([]byte(laterScript), strings.Index(laterScript, "-Xmx1024m")) {
		t.Errorf("%+v", got)
	}
	err := later.SetOption("-Xmx", "2g")
	if err == nil || !strings.Contains(err.Error(), "x.sh:44: the script sets -Xmx in the variable JVM_MEM_OPTS") || later.Pending() {
		t.Errorf("%v", err)
	}
	if err := later.SetOption("-XX:MaxPermSize=", "1g"); err == nil || !strings.Contains(err.Error(), "x.sh:45:") {
		t.Errorf("%v", err)
	}
	if err := later.SetOption("-Da=", "1"); err != nil {
		t.Error(err)
	}
	mustCommit(t, later)

	for _, c := range []struct{ name, data, prefix, want string }{
		{"overridden", "JAVA_OPTS=\"-Xmx4g $JAVA_OPTS\"\njava -Xmx1g $JAVA_OPTS " + MainClass, "-Xmx", "x.sh:1: the script sets -Xmx in the variable JAVA_OPTS"},
		{"by way of another variable", "export MEM='-Xmx4g'\nJAVA_OPTS=$MEM\njava $JAVA_OPTS " + MainClass, "-Xmx", "x.sh:1: the script sets -Xmx in the variable MEM"},
		{"not after ours", "MEM=-Xmx4g\njava $MEM -Xmx1g " + MainClass, "-Xmx", ""},
		{"not on the command line", "MEM=-Xmx4g\njava -Xmx1g " + MainClass, "-Xmx", ""},
		{"itself", "A=\"$A -Xmx1g\" B=$A A=$B\njava $A " + MainClass, "-Xss", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mustScript(t, "x.sh", c.data).SetOption(c.prefix, "2g")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
				t.Errorf("%v", err)
			}
		})
	}

	batch := mustScript(t, "x.bat", "set JAVA_OPTS=-Xmx4g %JAVA_OPTS%\r\nset A=-Xmx1g\r\nset a=%a% -Xms1g\r\njava %A% %java_opts% "+MainClass+"\r\n")
	if o, ok := batch.Option("-Xmx"); !ok || o.Value != "1g" || o.Line != 2 {
		t.Errorf("%+v", o)
	}
	if o, ok := batch.Option("-Xms"); !ok || o.Value != "1g" || o.Line != 3 {
		t.Errorf("%+v", o)
	}
	if err := batch.SetOption("-Xmx", "2g"); err == nil || !strings.HasPrefix(err.Error(), "x.bat:1: the script sets -Xmx in the variable JAVA_OPTS") {
		t.Errorf("%v", err)
	}
	if err := batch.SetOption("-Xms", "2g"); err != nil {
		t.Error(err)
	}
	mustCommit(t, batch)
	if want := "set a=%a% -Xms2g\r\n"; !strings.Contains(string(batch.Bytes()), want) {
		t.Errorf("%s", batch.Bytes())
	}
}

// TestScriptJudge proves that the second reader can say no: scripts that it reads otherwise than the editor are not edited.
func TestScriptJudge(t *testing.T) {
	s := mustScript(t, "x.sh", amScript)
	words := make([]string, len(s.words))
	for i, w := range s.words {
		words[i] = w.marked
	}
	if err := s.confirm([]byte(amScript), words); err != nil {
		t.Error(err)
	}
	for _, after := range []string{
		strings.Replace(amScript, "-Xms256m", "-Xms257m", 1), strings.Replace(amScript, "-Xms256m ", "", 1),
		strings.Replace(amScript, "-Xms256m", "-Xms256m -Da=b", 1), strings.Replace(amScript, "-Xms256m ", "-Xms256m", 1),
		strings.Replace(amScript, `"$CARBON_CLASSPATH"`, `"\$CARBON_CLASSPATH"`, 1),
		strings.Replace(amScript, "jmxremote \\\n", "jmxremote \n", 1), strings.Replace(amScript, "-Xms256m", "#", 1),
	} {
		if s.confirm([]byte(after), words) == nil {
			t.Errorf("accepted:\n%s", lineDiff(amScript, after))
		}
	}
	for _, odd := range []string{"java -Da=`echo 1 2` " + MainClass, "echo '\njava -Da=1 " + MainClass + "\n'\njava " + MainClass} {
		s = mustScript(t, "x.sh", odd)
		_ = s.SetOption("-Db=", "1")
		if _, err := s.Commit(); err == nil || s.Pending() || string(s.Bytes()) != odd {
			t.Errorf("%v, %s", err, s.Bytes())
		}
	}
}

// TestScriptEveryOption changes and removes every option of every script, one at a time, those of a real install included.
func TestScriptEveryOption(t *testing.T) {
	scripts := map[string][]byte{"am.sh": []byte(amScript), "bam.sh": []byte(bamScript), "server.bat": []byte(batchScript)}
	for path, data := range corpusFiles(t, "bin/wso2server.sh", "bin/wso2server.bat") {
		scripts[path] = data
	}
	edits := 0
	for name, data := range scripts {
		s := mustScript(t, name, string(data))
		if splices, err := s.Commit(); err != nil || len(splices) > 0 || string(s.Bytes()) != string(data) {
			t.Errorf("%s: no edit gave %v, %v", name, splices, err)
		}
		for i, w := range s.words {
			prefix, _, ok := strings.Cut(w.marked, "=")
			if !s.matches(i, "-") || !ok || !optionPrefix.MatchString(prefix+"=") {
				continue
			}
			edits++
			oneOption(t, name, string(data), i, prefix+"=")
		}
	}
	t.Logf("%d options changed one at a time", edits)
}

func oneOption(t *testing.T, name, data string, i int, prefix string) {
	t.Helper()
	for _, value := range []string{"a new, longer value", "-"} {
		s := mustScript(t, name, data)
		before := s.words
		applyEdits(t, s, []scriptEdit{{prefix, value}})
		splices := mustCommit(t, s)
		if len(splices) != 1 || splices[0].End > before[i].end && value != "-" || splices[0].Start < before[i].start && value != "-" {
			t.Errorf("%s: %s: %+v", name, prefix, splices)
		}
		after := s.words
		if value == "-" {
			after = slices.Insert(slices.Clone(after), i, before[i])
		} else if after[i].marked != prefix+value {
			t.Errorf("%s: %s became %q", name, prefix, after[i].marked)
		}
		for j := range before {
			if j != i && before[j].marked != after[j].marked {
				t.Errorf("%s: %s changed %q to %q", name, prefix, before[j].marked, after[j].marked)
			}
		}
	}
}

// TestShellSurroundings puts shell syntax that can mislead a scanner in front of the java command line.
func TestShellSurroundings(t *testing.T) {
	for _, text := range []string{
		"x=$((1<<2)); y=$(( (1+2) * 3 ))", "((i=1<<2))", "cat <<-EOF\n\tdon't\n\t\tEOF", "cat <<'E O' > /dev/null\nit's $(\nE O", "cat <<A <<B\n'\nA\n\"\nB",
		"cat <<\"E\"\n`\nE", "cat <<E\nno end needed\nE\n", `echo "${a:-'it'}" ${b:-'x}'} ${c:-"}"}`, `echo $'it\'s' $"it's"`, `echo "$(echo "a)" 'b)' \) "c $(echo ')')")"`,
		"echo `echo \\`x\\` \"'\"`", "case x in a|b) echo \"'\";; *) ;; esac", "cat <<<\"it's\"", "exec 3>&1 4<&0 2>&1", "echo x >&2 & wait", "# it's `", "a=b#c'd'",
		`echo \# \' \" "\"" "\\" '\'`, "echo \"`# it's`\"", "f() { echo \"$@\" $1 $# $? $$ $- $! ${#a[@]}; }", "if [ \"$a\" = \"'\" ]; then :; fi", "a=\"\nmulti 'line\n\"", "[[ $a =~ ^(x|y)$ ]] || true",
		"echo java \\\n  " + MainClass, ": 'java " + MainClass + "'", "a=\"${b%\"${c}\"}\"", "echo \"${x:-\"a'b\"}\"", "echo \"$\" $ a$",
	} {
		for _, head := range []string{"", "nohup ", "exec ", "X=1 Y='a b' ", "if true; then ", "( "} {
			tail := map[string]string{"if true; then ": "; fi", "( ": " )"}[head]
			data := text + "\n" + head + "\"$JAVA_HOME/bin/java\" -Da=1 ${JAVA_OPTS} \\\n  " + MainClass + ` "$@" > out 2>&1` + tail + "\n"
			s, err := ParseScript("x.sh", []byte(data))
			if err != nil {
				t.Errorf("%s: %v", data, err)
				continue
			}
			_ = s.SetOption("-Da=", "$2")
			_ = s.SetOption("-Db=", "3")
			if o, ok := s.Option("-Da="); !ok || o.Value != "$2" || o.Expands || o.Line == 0 {
				t.Errorf("before Commit: %+v, %v", o, ok)
			}
			if o, ok := s.Option("-Db="); !ok || o.Value != "3" || o.Line != 0 {
				t.Errorf("before Commit: %+v, %v", o, ok)
			}
			if _, err := s.Commit(); err != nil {
				t.Errorf("%s: %v", data, err)
				continue
			}
			if want := strings.Replace(data, `-Da=1 $`, `-Da="\$2" -Db=3 $`, 1); string(s.Bytes()) != want {
				t.Errorf("%s", lineDiff(want, string(s.Bytes())))
			}
			if head == "" {
				bashReads(t, s.Bytes())
			}
		}
	}
}
