package carbon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"carbon-setup/assets"
)

func TestParseJavaVersion(t *testing.T) {
	for _, c := range []struct {
		output  string
		version string
		major   int
	}{
		{"java version \"1.6.0_45\"\nJava(TM) SE Runtime Environment (build 1.6.0_45-b06)\nJava HotSpot(TM) 64-Bit Server VM\n", "1.6.0_45", 6},
		{"java version \"1.7.0_80\"\n", "1.7.0_80", 7},
		{"java version \"1.7.0\"\nJava(TM) SE Runtime Environment (build pxa6470sr9)\nIBM J9 VM (build 2.6, JRE 1.7.0 Linux amd64-64)\n", "1.7.0", 7},
		{"openjdk version \"1.8.0_504\"\nOpenJDK Runtime Environment\n", "1.8.0_504", 8},
		{"openjdk version \"1.8.0_331\"\nIBM Semeru Runtime Open Edition\nEclipse OpenJ9 VM\n", "1.8.0_331", 8},
		{"java version \"9-ea\"\n", "9-ea", 9},
		{"openjdk version \"11.0.2\" 2019-01-15\nOpenJDK Runtime Environment 18.9 (build 11.0.2+9)\n", "11.0.2", 11},
		{"openjdk version \"17\" 2021-09-14\n", "17", 17},
		{"openjdk version \"17.0.15\" 2025-04-15\r\nOpenJDK Runtime Environment\r\n", "17.0.15", 17},
		{"Picked up JAVA_TOOL_OPTIONS: -Dfile.encoding=UTF8\nopenjdk version \"21.0.1\" 2023-10-17 LTS\n", "21.0.1", 21},
		{"Picked up _JAVA_OPTIONS: version \"6\"\njava version \"1.8.0_111\"\n", "1.8.0_111", 8},
		{"OpenJDK 64-Bit Server VM warning: ignoring option MaxPermSize=256m\njava version \"1.8.0_111\"\n", "1.8.0_111", 8},
		{"java full version \"1.6.0-internal\"\n", "1.6.0-internal", 6},
		{"bash: java: command not found\n", "", 0},
		{"", "", 0},
	} {
		got := parseJavaVersion(c.output)
		if got != c.version || javaMajor(got) != c.major {
			t.Errorf("%.40q: %q, Java %d, want %q, Java %d", c.output, got, javaMajor(got), c.version, c.major)
		}
	}
}

// jdk makes a folder that looks like a JDK; release is the content of its release file, "" for none.
func jdk(t *testing.T, release string) string {
	t.Helper()
	dir := filepath.Join(resolved(t, t.TempDir()), "jdk")
	put(t, dir, map[string]string{"bin/" + javaBinary(): "#!/bin/sh\necho 'openjdk version \"1.8.0_1\"' >&2\n"})
	if err := os.Chmod(filepath.Join(dir, "bin", javaBinary()), 0o755); err != nil {
		t.Fatal(err)
	}
	if release != "" {
		put(t, dir, map[string]string{"release": release})
	}
	return dir
}

// TestJava finds Java in every place where it may be set.
func TestJava(t *testing.T) {
	six := jdk(t, "")
	eight := jdk(t, "JAVA_VERSION=\"1.8.0_402\"\nOS_NAME=\"Linux\"\n")
	eleven := jdk(t, "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"11.0.2\"\r\n")
	asked := func(_ context.Context, home string) (string, error) {
		if home != six {
			t.Errorf("java -version is run in %s, which has a release file", home)
		}
		return "java version \"1.6.0_45\"\n", nil
	}
	empty := resolved(t, t.TempDir())
	const shebang = "#!/bin/sh\n"
	for _, c := range []struct {
		name   string
		script string
		env    map[string]string
		etc    map[string]string // HOME stands for the home
		want   Java
	}{
		{"nowhere", shebang, nil, nil, Java{Problem: "No Java was found: JAVA_HOME is not set, and there is no java on the PATH."}},
		{
			"the environment", shebang,
			map[string]string{"JAVA_HOME": six},
			nil,
			Java{Home: six, Version: "1.6.0_45", Major: 6, Source: "the environment variable JAVA_HOME"},
		},
		{
			"the script before the environment", shebang + "# JDK\nexport JAVA_HOME=\"" + eight + "\"\n",
			map[string]string{"JAVA_HOME": six},
			nil,
			Java{Home: eight, Version: "1.8.0_402", Major: 8, Source: "bin/wso2server.sh:3"},
		},
		{
			"a default in the script after the environment", shebang + `[ -z "$JAVA_HOME" ] && JAVA_HOME=` + eight + "\n",
			map[string]string{"JAVA_HOME": six},
			nil,
			Java{Home: six, Version: "1.6.0_45", Major: 6, Source: "the environment variable JAVA_HOME"},
		},
		{
			"a default in the script", shebang + `[ -z "$JAVA_HOME" ] && JAVA_HOME=` + eight + "\n", nil, nil,
			Java{Home: eight, Version: "1.8.0_402", Major: 8, Source: "bin/wso2server.sh:2"},
		},
		{"a unit", shebang, nil, map[string]string{
			"systemd/system/am.service": "[Service]\nUser=wso2\nEnvironment=\"JAVA_HOME=" + eleven + "\" \"X=y\"\nExecStart=HOME/bin/wso2server.sh start\n",
		}, Java{Home: eleven, Version: "11.0.2", Major: 11, Source: "ETC/systemd/system/am.service"}},
		{"the environment file of a unit", shebang, nil, map[string]string{
			"systemd/system/am.service": "[Service]\nEnvironmentFile=-ETC/default/am\nExecStart=/bin/sh HOME/bin/wso2server.sh\n",
			"default/am":                "# for am\nJAVA_HOME='" + eight + "'\n",
		}, Java{Home: eight, Version: "1.8.0_402", Major: 8, Source: "ETC/default/am"}},
		{"an init script", shebang, nil, map[string]string{
			"init.d/wso2am": "#!/bin/sh\nexport JAVA_HOME=\"" + eight + "\"\nstartcmd='HOME/bin/wso2server.sh start > /dev/null &'\n",
		}, Java{Home: eight, Version: "1.8.0_402", Major: 8, Source: "ETC/init.d/wso2am"}},
		{"the service of another home", shebang, nil, map[string]string{
			"init.d/wso2am": "#!/bin/sh\nexport JAVA_HOME=\"" + eight + "\"\nstartcmd='/opt/another/bin/wso2server.sh start > /dev/null &'\n",
		}, Java{Problem: "No Java was found: JAVA_HOME is not set, and there is no java on the PATH."}},
		{
			"the PATH", shebang,
			map[string]string{"PATH": "relative" + string(os.PathListSeparator) + "/nowhere" + string(os.PathListSeparator) + filepath.Join(eight, "bin")},
			nil,
			Java{Home: eight, Version: "1.8.0_402", Major: 8, Source: "java on the PATH", OnPath: true},
		},
		{
			"a folder that is not there", shebang,
			map[string]string{"JAVA_HOME": "/nowhere/jdk"},
			nil,
			Java{
				Home: "/nowhere/jdk", Source: "the environment variable JAVA_HOME",
				Problem: "JAVA_HOME is /nowhere/jdk by the environment variable JAVA_HOME, but there is no such folder.",
			},
		},
		{
			"a folder without java", "export JAVA_HOME=" + empty + "\n", nil, nil,
			Java{
				Home: empty, Source: "bin/wso2server.sh:1",
				Problem: "JAVA_HOME is " + empty + " by bin/wso2server.sh:1, but there is no " + empty + "/bin/java.",
			},
		},
	} {
		if runtime.GOOS == "windows" {
			break
		}
		o := quiet(t)
		o.Etc = resolved(t, o.Etc)
		o.Java = asked
		am := filepath.Join(resolved(t, t.TempDir()), "am")
		home(t, am)
		put(t, am, map[string]string{ServerSH: c.script})
		for name, text := range c.etc {
			put(t, o.Etc, map[string]string{name: strings.NewReplacer("HOME/", am+"/", "ETC", o.Etc).Replace(text)})
		}
		o.Getenv = env(c.env)
		in, err := Open(t.Context(), am, o)
		if err != nil {
			t.Fatal(err)
		}
		c.want.Source = strings.ReplaceAll(c.want.Source, "ETC", o.Etc)
		if in.Java != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, in.Java, c.want)
		}
	}
}

// TestJavaOfServer takes the Java of a running server when nothing else tells it.
func TestJavaOfServer(t *testing.T) {
	eight := jdk(t, "JAVA_VERSION=\"1.8.0_402\"\n")
	am := sample(t, assets.API)
	o := quiet(t)
	args := serverArgs(am)
	args[0] = filepath.Join(eight, "bin", javaBinary())
	o.Proc = fakeProc(t, map[int][]string{31: args})
	in, err := Open(t.Context(), am, o)
	if err != nil {
		t.Fatal(err)
	}
	want := Java{Home: eight, Version: "1.8.0_402", Major: 8, Source: "the running server (process 31)"}
	if in.Java != want {
		t.Errorf("got %+v\nwant %+v", in.Java, want)
	}
}

// TestJavaProblems has java -version fail in its ways.
func TestJavaProblems(t *testing.T) {
	home := jdk(t, "")
	bin := filepath.Join(home, "bin", javaBinary())
	for _, c := range []struct {
		out  string
		err  error
		want string
	}{
		{"Error: could not find libjava.so\x1b[31m.\nmore\n", errors.New("exit status 2"), bin + " -version fails: Error: could not find libjava.so?[31m."},
		{"Picked up JAVA_TOOL_OPTIONS: x\n", errors.New("exit status 1"), bin + " -version fails: exit status 1."},
		{"", os.ErrPermission, bin + " -version fails: permission denied."},
		{"hello\n", nil, bin + " -version does not tell a version."},
	} {
		o := quiet(t)
		o.Java = func(context.Context, string) (string, error) { return c.out, c.err }
		j := Java{Home: home, Source: "x"}
		j.readVersion(t.Context(), o)
		if j.Version != "" || j.Major != 0 || j.Problem != c.want {
			t.Errorf("%+v, want %q", j, c.want)
		}
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	slow := Java{Home: home, Source: "x"}
	o := quiet(t)
	o.Java = func(ctx context.Context, _ string) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	slow.readVersion(late, o)
	if want := bin + " -version did not answer within 10 seconds."; slow.Problem != want {
		t.Errorf("%q, want %q", slow.Problem, want)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(bin, 0o644); err != nil {
		t.Fatal(err)
	}
	j := Java{Home: home, Source: "x"}
	j.readVersion(t.Context(), quiet(t))
	if j.Problem != bin+" is not executable." {
		t.Errorf("%+v", j)
	}
}

// TestRunJava runs real programs in the place of java.
func TestRunJava(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	t.Setenv("JAVA_TOOL_OPTIONS", "-Dnoise=1")
	t.Setenv("ADMIN_PW", "s3cret")
	home := jdk(t, "")
	java := func(ctx context.Context, script string) (string, error) {
		if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
		return runJava(ctx, home)
	}
	out, err := java(t.Context(), `echo "openjdk version \"11.0.2\"" >&2; echo "$1 $JAVA_TOOL_OPTIONS$ADMIN_PW"`+"\n")
	if err != nil || parseJavaVersion(out) != "11.0.2" || !strings.Contains(out, "-version \n") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := java(t.Context(), "while :; do echo yes; done | head -c 1000000\n"); err != nil || len(out) != maxJavaOutput {
		t.Errorf("%d bytes are kept, %v", len(out), err)
	}
	if _, err := java(t.Context(), "exit 3\n"); err == nil {
		t.Error("a failing java gives no error")
	}
	// A java that hangs, with a child that keeps the pipe open, ends with the context.
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := java(ctx, "sleep 40 & sleep 40\n"); err == nil {
		t.Error("a java that hangs gives no error")
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v to give up", took)
	}
}

func TestScriptJavaHomes(t *testing.T) {
	for _, c := range []struct {
		script           string
		forced, fallback assignment
	}{
		{"", assignment{}, assignment{}},
		{"JAVA_HOME=/a\n", assignment{"/a", 1}, assignment{}},
		{"#JAVA_HOME=/a\n  export JAVA_HOME='/opt/jdk 8' # ours\n", assignment{"/opt/jdk 8", 2}, assignment{}},
		{"JAVA_HOME=/a\r\nJAVA_HOME=/b\r\n", assignment{"/b", 2}, assignment{}},
		{"JAVA_HOME=/a; export JAVA_HOME\n", assignment{"/a", 1}, assignment{}},
		{"MY_JAVA_HOME=/a\nJAVA_HOME_8=/b\n", assignment{}, assignment{}},
		{"JAVA_HOME=$1\nJAVA_HOME=`x`\nJAVA_HOME=$(x)\nJAVA_HOME=relative\nJAVA_HOME=\"$X/y\"\n", assignment{}, assignment{}},
		{"if [ -z \"$JAVA_HOME\" ]; then\n  JAVA_HOME=/a\nfi\n", assignment{}, assignment{"/a", 2}},
		{"if [ -z \"$JAVA_HOME\" ]; then JAVA_HOME=/a; fi\nJAVA_HOME=/b\n", assignment{"/b", 2}, assignment{}},
		{": ${JAVA_HOME:=/a}\n", assignment{}, assignment{"/a", 1}},
		{": \"${JAVA_HOME:=/a}\"\n", assignment{}, assignment{"/a", 1}},
		{"[[ -z $JAVA_HOME ]] && export JAVA_HOME=\"/a\"\n", assignment{}, assignment{"/a", 1}},
		{"case x in\nDarwin*)\n  JAVA_HOME=/System/${V}/Home\n;;\nesac\nwhile [ -h x ]; do\n  y\ndone\nJAVA_HOME=/z\n", assignment{"/z", 9}, assignment{}},
	} {
		forced, fallback := scriptJavaHomes(c.script)
		if forced != c.forced || fallback != c.fallback {
			t.Errorf("%q:\n got %v, %v\nwant %v, %v", c.script, forced, fallback, c.forced, c.fallback)
		}
	}
	for _, which := range []assets.Sample{assets.API, assets.Servlet} {
		script, err := assets.File(which, ServerSH)
		if err != nil {
			t.Fatal(err)
		}
		if forced, fallback := scriptJavaHomes(string(script)); forced != (assignment{}) || fallback != (assignment{}) {
			t.Errorf("the script as shipped sets JAVA_HOME: %v, %v", forced, fallback)
		}
	}
}

func FuzzScriptJavaHomes(f *testing.F) {
	f.Add("if x; then\nJAVA_HOME=/a\nfi\n: ${JAVA_HOME:=/b}\nexport JAVA_HOME='/c d'\n")
	f.Fuzz(func(t *testing.T, script string) {
		lines := strings.Count(script, "\n") + 1
		forced, fallback := scriptJavaHomes(script)
		for _, a := range []assignment{forced, fallback} {
			if a.value == "" && a.line != 0 || a.value != "" && (a.line < 1 || a.line > lines || !filepath.IsAbs(a.value)) {
				t.Errorf("%+v", a)
			}
		}
	})
}

func FuzzServerHome(f *testing.F) {
	f.Add("java\x00-Dcarbon.home=/a\x00" + bootstrap)
	f.Fuzz(func(t *testing.T, cmdline string) {
		if home, ok := serverHome(strings.Split(cmdline, "\x00")); ok && (home == "" || !strings.Contains(cmdline, carbonHome+home)) {
			t.Errorf("%q", home)
		}
	})
}
