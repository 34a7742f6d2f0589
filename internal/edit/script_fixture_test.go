package edit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The scripts below are ours. They have the shape of those of Carbon 4.2.0 products as far as an editor can trip over it.

const scriptHead = `#!/bin/sh
# Starts the server: java org.wso2.carbon.bootstrap.Bootstrap
cygwin=false;
case "` + "`uname`" + `" in
CYGWIN*) cygwin=true;;
esac

PRG="$0"
while [ -h "$PRG" ]; do
  ls=` + "`ls -ld \"$PRG\"`" + `
  link=` + "`expr \"$ls\" : '.*-> \\(.*\\)$'`" + `
  PRG="$link"
done
PRGDIR=` + "`dirname \"$PRG\"`" + `
[ -z "$CARBON_HOME" ] && CARBON_HOME=` + "`cd \"$PRGDIR/..\" ; pwd`" + `
if $cygwin; then
  CARBON_HOME="` + "`(cd \"$CARBON_HOME\"; pwd)`" + `"
fi
cat > /dev/null <<USAGE
Don't take this for a command: $JAVACMD -Xmx1m org.wso2.carbon.bootstrap.Bootstrap
USAGE
[ -z "$JAVACMD" ] && JAVACMD="$JAVA_HOME/bin/java"

for c in $*
do
    if [ "$c" = "--start" ] || [ "$c" = "start" ]; then
          CMD="start"
    elif [ "$c" = "debug" ]; then
          JAVA_OPTS="-Xdebug -Xrunjdwp:transport=dt_socket,server=y"
    fi
done
if [ "$CMD" = "start" ]; then
  export CARBON_HOME=$CARBON_HOME
  nohup bash "$CARBON_HOME/bin/wso2server.sh" > /dev/null 2>&1 &
  exit 0
fi
cd "$CARBON_HOME"
# To watch it from afar:
#   -Djava.rmi.server.hostname="your.IP.goes.here"
status=121
while [ "$status" = "121" ]
do
`

const scriptTail = `    status=$?
done
`

// amScript is that of an API Manager.
const amScript = scriptHead + `    $JAVACMD \
    -Xbootclasspath/a:"$CARBON_XBOOTCLASSPATH" \
    -Xms256m -Xmx1024m -XX:MaxPermSize=256m \
    -XX:+HeapDumpOnOutOfMemoryError \
    -XX:HeapDumpPath="$CARBON_HOME/heap dump.hprof" \
    $JAVA_OPTS \
    -Dcom.sun.management.jmxremote \
    -classpath "$CARBON_CLASSPATH" \
    -Dcarbon.registry.root=/ \
    -Dcarbon.home="$CARBON_HOME" \
    -Dconf.location="$CARBON_HOME/repository/conf"\
    -Dcom.sun.jndi.ldap.connect.pool.timeout=3000  \
    -Dfile.encoding=UTF8 \
    -DapplyPatches \
    org.wso2.carbon.bootstrap.Bootstrap $*
` + scriptTail

// bamScript is that of a Business Activity Monitor: with an agent, without patches.
const bamScript = scriptHead + `    $JAVACMD \
    -Xbootclasspath/a:"$CARBON_XBOOTCLASSPATH" \
    -Xms256m -Xmx1024m -XX:MaxPermSize=256m \
    -XX:+HeapDumpOnOutOfMemoryError \
    -XX:HeapDumpPath="$CARBON_HOME/heap.hprof" \
    -javaagent:"$CARBON_HOME/plugins/agent.jar" \
    $JAVA_OPTS \
    -Dcom.sun.management.jmxremote \
    -Dfile.encoding=UTF8 \
    org.wso2.carbon.bootstrap.Bootstrap $*
` + scriptTail

// laterScript is that of Carbon 4.4, which has the memory options in a variable.
const laterScript = scriptHead + `    if [ -z "$JVM_MEM_OPTS" ]; then
       JVM_MEM_OPTS="-Xms256m -Xmx1024m"
       [ "$old" = "" ] || JVM_MEM_OPTS="$JVM_MEM_OPTS -XX:MaxPermSize=256m"
    fi
    $JAVACMD \
    -Xbootclasspath/a:"$CARBON_XBOOTCLASSPATH" \
    $JVM_MEM_OPTS \
    -XX:+HeapDumpOnOutOfMemoryError \
    $JAVA_OPTS \
    -Dfile.encoding=UTF8 \
    org.wso2.carbon.bootstrap.Bootstrap $*
` + scriptTail

// batchScript is a wso2server.bat. It has CR LF line ends.
var batchScript = strings.ReplaceAll(`@echo off
REM "%JAVA_HOME%\bin\java" -Xms1m org.wso2.carbon.bootstrap.Bootstrap
rem don't
setlocal EnableDelayedExpansion
set CARBON_CLASSPATH=
FOR %%C in ("%CARBON_HOME%\bin\*.jar") DO set CARBON_CLASSPATH=!CARBON_CLASSPATH!;".\bin\%%~nC%%~xC"
if not "%JAVA_OPTS%"=="" echo Your JAVA_OPTS are used.
set CMD=RUN %*
set CMD_LINE_ARGS=-Xbootclasspath/a:%CARBON_XBOOTCLASSPATH% -Xms256m -Xmx1024m -XX:MaxPermSize=256m -XX:HeapDumpPath="%CARBON_HOME%\logs\heap.hprof"  -classpath %CARBON_CLASSPATH% %JAVA_OPTS% -Dcarbon.home="%CARBON_HOME%" -Djava.opts="%JAVA_OPTS%" -Dicatch="true" -Dfile.encoding=UTF8 -DapplyPatches

:runJava
echo JAVA_HOME environment variable is set to %JAVA_HOME%
"%JAVA_HOME%\bin\java" %CMD_LINE_ARGS% org.wso2.carbon.bootstrap.Bootstrap %CMD%
if "%ERRORLEVEL%"=="121" goto runJava
`, "\n", "\r\n")

func mustScript(t testing.TB, name, data string) *Script {
	t.Helper()
	s, err := ParseScript(name, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustCommit(t testing.TB, s *Script) []Splice {
	t.Helper()
	before := string(s.Bytes())
	splices, err := s.Commit()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(spliced([]byte(before), splices)); got != string(s.Bytes()) {
		t.Fatalf("the splices give another script than the document:\n%s", got)
	}
	for i := 1; i < len(splices); i++ {
		if splices[i].Start < splices[i-1].End {
			t.Fatalf("splices overlap: %+v", splices)
		}
	}
	if !strings.HasSuffix(s.Name(), ".bat") {
		bashReads(t, s.Bytes())
	}
	return splices
}

// bashReads fails the test when `bash -n` finds fault with a script.
func bashReads(t testing.TB, script []byte) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("no bash on this machine")
		return
	}
	path := filepath.Join(t.TempDir(), "script.sh")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), bash, "-n", path).CombinedOutput(); err != nil {
		t.Fatalf("bash -n: %v\n%s\n%s", err, out, script)
	}
}

// lineDiff returns the lines that are only in the one or the other, as "-old" and "+new".
func lineDiff(before, after string) string {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var d strings.Builder
	for _, l := range a {
		d.WriteString("-" + l)
	}
	for _, l := range b {
		d.WriteString("+" + l)
	}
	return d.String()
}
