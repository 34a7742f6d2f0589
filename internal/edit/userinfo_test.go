package edit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const brokerURL = "amqp://admin:admin@clientID/test?brokerlist='tcp://localhost:5672'"

func TestUserInfo(t *testing.T) {
	for _, c := range []struct{ user, password, want string }{
		{"opsadmin", "s3cret", "amqp://opsadmin:s3cret@clientID/test?brokerlist='tcp://localhost:5672'"},
		{"admin", "p@ss:w/d?#%[]", "amqp://admin:p%40ss%3Aw%2Fd%3F%23%25%5B%5D@clientID/test?brokerlist='tcp://localhost:5672'"},
		{"a:b", "", "amqp://a%3Ab:@clientID/test?brokerlist='tcp://localhost:5672'"},
		{"ü", "€ '\"\\{}", "amqp://%C3%BC:%E2%82%AC%20%27%22%5C%7B%7D@clientID/test?brokerlist='tcp://localhost:5672'"},
		{"a-b_c.d~e", "A+b$c&d;e=f,g!h*i(j)", "amqp://a-b_c.d~e:A%2Bb%24c%26d%3Be%3Df%2Cg%21h%2Ai%28j%29@clientID/test?brokerlist='tcp://localhost:5672'"},
	} {
		got, err := UserInfo(brokerURL, c.user, c.password)
		if err != nil || got != c.want {
			t.Errorf("%q, %q: %s, %v", c.user, c.password, got, err)
		}
		if user, password, ok := SplitUserInfo(got); !ok || user != c.user || password != c.password {
			t.Errorf("%s splits into %q, %q, %v", got, user, password, ok)
		}
	}
}

func TestSplitUserInfo(t *testing.T) {
	for _, c := range []struct {
		value, user, password string
		ok                    bool
	}{
		{brokerURL, "admin", "admin", true},
		{"amqp://a:b@c", "a", "b", true},
		{"amqp://a:b:c@d/e", "a", "b:c", true},
		{"amqp://a:b@c@d/e", "a", "b@c", true}, // not a URL, but that is what was meant
		{"amqp://a:@c", "a", "", true},
		{"amqp://:b@c", "", "b", true},
		{"amqp://a%3ab:50%25%@c", "a:b", "50%%", true},
		{"amqp://a:%4@c", "a", "%4", true},
		{"amqp://a:%zz%41@c", "a", "%zzA", true},
		{"amqp://a@c/test", "", "", false},
		{"amqp://clientID/test?x='a:b@c'", "", "", false},
		{"amqp://host:5672/a:b@c", "", "", false},
		{"amqp://a/b:c@d", "", "", false},
		{"tcp:localhost", "", "", false},
		{"://a:b@c", "", "", false},
		{"x?u=amqp://a:b@c", "", "", false},
		{"", "", "", false},
	} {
		user, password, ok := SplitUserInfo(c.value)
		if user != c.user || password != c.password || ok != c.ok {
			t.Errorf("%s: %q, %q, %v", c.value, user, password, ok)
		}
		if _, err := UserInfo(c.value, "u", "p"); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrNoUserInfo) {
			t.Errorf("%s: %v", c.value, err)
		}
	}
}

const splitURI = `
import java.net.URI;
import java.nio.file.*;
import java.util.*;

public class SplitURI {
    public static void main(String[] args) throws Exception {
        for (String line : Files.readAllLines(Paths.get(args[0]))) {
            URI uri = new URI(line);
            StringBuilder b = new StringBuilder(uri.getHost() + " ");
            for (String part : uri.getRawUserInfo().split(":", -1))
                b.append(java.net.URLDecoder.decode(part, "UTF-8").chars().mapToObj(c -> String.format("%04x", c)).reduce("", String::concat)).append(':');
            b.append(" ");
            for (char c : uri.getUserInfo().toCharArray()) b.append(String.format("%04x", (int) c));
            System.out.println(b);
        }
    }
}
`

// TestUserInfoLikeJava has java.net.URI read what UserInfo writes.
func TestUserInfoLikeJava(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		t.Log("no java on this machine")
		return
	}
	var urls, want []string
	for i, v := range append([]string{"p@ss", "a:b", "ü€😀", "%41", "é/?#[]@!$&'()*+,;="}, hostileValues...) {
		user := []string{"admin", "o p", "ä@b"}[i%3]
		url, err := UserInfo(brokerURL, user, v)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, url)
		hex := func(s string) string {
			return javaLine([]javaPair{{toJava(s), ""}})[1 : 1+2*len(toJava(s))]
		}
		want = append(want, "clientID "+hex(user)+":"+hex(v)+": "+hex(user+":"+v))
	}
	dir := t.TempDir()
	program, list := filepath.Join(dir, "SplitURI.java"), filepath.Join(dir, "urls")
	for path, text := range map[string]string{program: splitURI, list: strings.Join(urls, "\n")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), java, program, list).Output()
	if err != nil {
		t.Log("java cannot run a source file here (older than 11?):", err)
		return
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("%s: java.net.URI reads %v, want %s", urls[i], got[min(i, len(got)-1)], want[i])
		}
	}
}

func FuzzUserInfo(f *testing.F) {
	f.Add(brokerURL, "admin", "p@ss:word")
	f.Add("amqp://a:b@c@d?x#y", "", "%")
	f.Fuzz(func(t *testing.T, value, user, password string) {
		got, err := UserInfo(value, user, password)
		_, _, ok := SplitUserInfo(value)
		if (err == nil) != ok {
			t.Fatalf("%q: %v, %v", value, err, ok)
		}
		if err != nil {
			return
		}
		gotUser, gotPassword, ok := SplitUserInfo(got)
		if !ok || gotUser != user || gotPassword != password {
			t.Fatalf("%q: %q, %q, %v", got, gotUser, gotPassword, ok)
		}
		from, to, _ := userInfoSpan(value)
		if !strings.HasPrefix(got, value[:from]) || !strings.HasSuffix(got, value[to:]) {
			t.Fatalf("%q became %q", value, got)
		}
		if utf8.ValidString(value) && !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
	})
}
