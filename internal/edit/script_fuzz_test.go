package edit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func FuzzScript(f *testing.F) {
	for _, s := range []string{ // short ones, because the engine is slow to shorten long ones
		"# x\n\"$JAVACMD\" \\\n -Xms1m -Xmx1g \\\n $JAVA_OPTS \\\n -Dc=\"$H\"\\\n " + MainClass + " $*\n", "java \"-Da=1\" '-Xmx1g' $JAVA_OPTS " + MainClass,
		"A=-Xmx1g\nexec java $A \\\n -Db=`x` " + MainClass + " > x", "cat <<E; (java -D\"a=1 2\"'3' " + MainClass + ")\nit's\nE\n",
	} {
		f.Add(s, false, "-Da=", "a|b $c", "-Xmx")
		f.Add(s, false, "-Xss", "1m", "-D")
	}
	f.Add("set O=-Xmx1g %JAVA_OPTS% -Da=\"x y\"\r\n:a\r\n\"%J%\\java\" %O% "+MainClass+" %*\r\n", true, "-Da=", `C:\a b\`, "-Xmx")
	f.Add("set A=-Xmx1g ^&\r\n@java %A% %% \"-Da=%~dp0\\\" "+MainClass+" %*", true, "-Da=", "x", "-Xmx")
	f.Add("setlocal EnableDelayedExpansion\nset A=-Xmx1g\nset A=%A% -Db=!x!\njava %a% -Dc= "+MainClass, true, "-Da=", "%PATH%^", "-Xmx")
	f.Fuzz(func(t *testing.T, data string, batch bool, prefix, value, gone string) {
		name := "x.sh"
		if batch {
			name = "x.bat"
		}
		s, err := ParseScript(name, []byte(data))
		if err != nil {
			wantError(t, err)
			return
		}
		if splices, err := s.Commit(); err != nil || len(splices) > 0 || string(s.Bytes()) != data {
			t.Fatalf("no edit: %v, %v", splices, err)
		}
		before := slices.Clone(s.words)
		if err := s.SetOption(prefix, value); err != nil {
			wantError(t, err)
			if s.Pending() {
				t.Fatal("a refused edit waits for Commit")
			}
			return
		}
		added := len(s.added) > 0
		if o, ok := s.Option(prefix); !ok || o.Value != value {
			t.Fatalf("before Commit: %+v, %v", o, ok)
		}
		splices, err := s.Commit()
		if err != nil {
			wantError(t, err)
			if s.Pending() || string(s.Bytes()) != data {
				t.Fatal("a failed Commit left something")
			}
			return
		}
		if o, ok := s.Option(prefix); !ok || o.Value != value || o.Expands {
			t.Fatalf("after Commit: %+v, %v", o, ok)
		}
		if string(spliced([]byte(data), splices)) != string(s.Bytes()) {
			t.Fatal("the splices give something else")
		}
		checkOthers(t, before, s.words, prefix, value, added)
		if added {
			_ = s.RemoveOption(prefix)
			if _, err := s.Commit(); err != nil || string(s.Bytes()) != data {
				t.Fatalf("adding and removing left %v\n%s", err, lineDiff(data, string(s.Bytes())))
			}
		}
		_ = s.RemoveOption(gone)
		if _, err := s.Commit(); err != nil {
			wantError(t, err)
		} else if _, ok := s.Option(gone); ok {
			t.Fatal("a removed option is still there")
		}
	})
}

func wantError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.What == "" || e.Fix == "" {
		t.Fatalf("%v", err)
	}
}

// checkOthers proves that every word but those with the prefix is as before.
func checkOthers(t *testing.T, before, after []scriptWord, prefix, value string, added bool) {
	t.Helper()
	var want, got []string
	for i, w := range before {
		if i > 0 && i < len(before)-1 && strings.HasPrefix(w.marked, prefix) {
			w.marked = prefix + value
		}
		want = append(want, w.marked)
	}
	skipped := 0
	for i, w := range after {
		if added && i > 0 && i < len(after)-1 && w.marked == prefix+value {
			skipped++
			continue
		}
		got = append(got, w.marked)
	}
	if !slices.Equal(got, want) || added && skipped != 1 {
		t.Fatalf("words\n%q\nwant\n%q", got, want)
	}
}

func BenchmarkScript(b *testing.B) {
	for _, c := range []struct{ name, data string }{{"server.sh", amScript}, {"server.bat", batchScript}} {
		for _, n := range []int{1, 10, 100} {
			pad := strings.Repeat("# a comment of some length\n", 100*n)
			if strings.HasSuffix(c.name, ".bat") {
				pad = strings.Repeat("rem a comment of some length\r\n", 100*n)
			}
			data := c.data + pad
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					s := mustScript(b, c.name, data)
					_ = s.SetOption("-Xmx", "2048m")
					_ = s.SetOption("-Dhttp.nonProxyHosts=", "localhost|*.example.com")
					if _, err := s.Commit(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestLargeScripts parses and edits files of shapes that are slow when the time is not linear: then this test does not end.
func TestLargeScripts(t *testing.T) {
	for _, piece := range []string{
		"a=$b\n", "a=1 b=$a\n", "$(x)", "((x)) ", "\"$a\" ", "'a' ", "`a` ", "${a:-${b}} ", "\\\n", "# x\n", "-Dx=1 ", "-Dx=1 \\\n", "<<E ", "<<E\nx\nE\n", "<<E\n", "echo \"", "(", ")", "$", "((", "${",
		"set A=%A% -Xmx1g\n", "set A=%B%\n", "%a% ", "!a! ", "^", "%", "\"\"", "\\", MainClass + "\n", "java " + MainClass + "\n",
	} {
		for _, name := range []string{"x.sh", "x.bat"} {
			body := strings.Repeat(piece, MaxFileSize/128/len(piece))
			for _, data := range []string{body + "\njava -Dx=1 $JAVA_OPTS %A% " + MainClass + "\n", "java -Dx=1 " + body + " $JAVA_OPTS " + MainClass + "\n"} {
				s, err := ParseScript(name, []byte(data))
				if err != nil {
					wantError(t, err)
					continue
				}
				if err := s.SetOption("-Dy=", "a b"); err != nil {
					wantError(t, err)
				}
				_ = s.RemoveOption("-Dx=")
				if _, err := s.Commit(); err != nil {
					wantError(t, err)
				}
			}
		}
	}
}
