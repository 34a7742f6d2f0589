package edit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// loadProperties loads every file named in the list with java.util.Properties and prints key and value in UTF-16, in hexadecimal.
const loadProperties = `
import java.io.*;
import java.nio.file.*;
import java.util.*;

public class LoadProperties {
    static String hex(String s) {
        StringBuilder b = new StringBuilder();
        for (char c : s.toCharArray()) b.append(String.format("%04x", (int) c));
        return b.toString();
    }
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, "US-ASCII");
        byte[] all = Files.readAllBytes(Paths.get(args[0]));
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(all));
        while (in.available() > 0) {
            byte[] file = new byte[in.readInt()];
            in.readFully(file);
            Properties p = new Properties();
            try {
                p.load(new ByteArrayInputStream(file));
            } catch (IllegalArgumentException e) {
                out.println("refused");
                continue;
            }
            TreeMap<String, String> sorted = new TreeMap<>();
            for (String key : p.stringPropertyNames()) sorted.put(hex(key), hex(p.getProperty(key)));
            for (Map.Entry<String, String> e : sorted.entrySet()) out.print(" " + e.getKey() + "=" + e.getValue());
            out.println();
        }
        out.flush();
    }
}
`

// askJava returns what java.util.Properties makes of each of the files: a line of sorted pairs, or "refused".
func askJava(t *testing.T, files [][]byte) []string {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		t.Log("no java on this machine: only our second reader is compared with")
		return nil
	}
	dir := t.TempDir()
	program, list := filepath.Join(dir, "LoadProperties.java"), filepath.Join(dir, "files")
	var all bytes.Buffer
	for _, f := range files {
		all.Write([]byte{byte(len(f) >> 24), byte(len(f) >> 16), byte(len(f) >> 8), byte(len(f))})
		all.Write(f)
	}
	if err := os.WriteFile(program, []byte(loadProperties), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), java, program, list).Output()
	if err != nil {
		t.Log("java cannot run a source file here (older than 11?): only our second reader is compared with:", err)
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// javaLine writes pairs the way the Java program does.
func javaLine(pairs []javaPair) string {
	lastValue := map[string]string{}
	for _, p := range pairs {
		lastValue[fmt.Sprintf("%x", p.key)] = fmt.Sprintf("%x", p.value)
	}
	keys := make([]string, 0, len(lastValue))
	for k := range lastValue {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(" " + k + "=" + lastValue[k])
	}
	return b.String()
}

// randomProperties returns small files made of the pieces that matter.
func randomProperties(n int) [][]byte {
	pieces := strings.Split("a|b|ab|=|:| |\t|\f|\\|\\|\n|\n|\r|\r\n|\\\n|\\\r\n|\\\n  |#|!|u|\\u0061|\\u00|\\ud83d|\\ude00|\xe9|\x00|1|a=|\nb=", "|")
	r := rand.New(rand.NewPCG(1, 2))
	var files [][]byte
	for range n {
		var b bytes.Buffer
		for range 1 + r.IntN(14) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		files = append(files, b.Bytes())
	}
	return files
}

// TestPropertiesLikeJava compares the editor and the second reader with java.util.Properties: on the table, on a real install, on
// random files, and on all of them with a value set.
func TestPropertiesLikeJava(t *testing.T) {
	files := randomProperties(4000)
	for _, c := range propertyFiles {
		files = append(files, []byte(c.data))
	}
	for _, data := range corpusFiles(t, ".properties", "wrapper.conf") {
		files = append(files, data)
	}
	var edited [][]byte
	var want []string
	values := []string{"x", "", " x ", "=x", "\\", "é€😀\n\x00", "# !", "a\\u0041"}
	for i, f := range files {
		p, err := ParseProperties("x", f)
		if err != nil {
			continue
		}
		entries := p.Entries()
		key, value := "new "+strconv.Itoa(i), values[i%len(values)]
		if len(entries) > 0 && i%3 > 0 {
			key = entries[i%len(entries)].Key
		}
		if p.Set(key, value, "") != nil {
			continue
		}
		if _, err := p.Commit(); err != nil {
			t.Errorf("%q: setting %q to %q: %v", f, key, value, err)
			continue
		}
		edited = append(edited, p.Bytes())
		want = append(want, fmt.Sprintf("%x=%x", toJava(key), toJava(value)))
	}
	answers := askJava(t, append(files[:len(files):len(files)], edited...))
	if answers == nil {
		return
	}
	if len(answers) != len(files)+len(edited) {
		t.Fatalf("%d answers for %d files", len(answers), len(files)+len(edited))
	}
	t.Logf("compared %d files and %d edited ones", len(files), len(edited))
	for i, f := range files {
		compareWithJava(t, f, answers[i])
	}
	for i, f := range edited {
		answer := answers[len(files)+i]
		compareWithJava(t, f, answer)
		if !strings.Contains(answer+" ", " "+want[i]+" ") {
			t.Errorf("%q: Java does not find %s", f, want[i])
		}
	}
}

func compareWithJava(t *testing.T, file []byte, answer string) {
	t.Helper()
	pairs, err := readJavaProperties(file)
	if (err != nil) != (answer == "refused") || err == nil && javaLine(pairs) != answer {
		if _, err := ParseProperties("x", file); err != nil && strings.Contains(err.Error(), "backslash alone") {
			return // refused, because versions of Java disagree
		}
		t.Errorf("%q: Java reads %s, the second reader %s (%v)", file, answer, javaLine(pairs), err)
	}
	p, err := ParseProperties("x", file)
	if err != nil {
		return
	}
	if answer == "refused" {
		t.Errorf("%q: Java refuses, the editor does not", file)
	}
	var own []javaPair
	for _, e := range p.Entries() {
		own = append(own, javaPair{wtf16(e.Key), wtf16(e.Value)})
	}
	if javaLine(own) != answer {
		t.Errorf("%q: Java reads %s, the editor %s", file, answer, javaLine(own))
	}
}

// wtf16 is toJava for texts with half surrogates, which the editor keeps in three bytes.
func wtf16(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 {
			r := rune(s[0]&0xf)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f)
			b.Write([]byte{byte(r >> 8), byte(r)})
			s = s[3:]
			continue
		}
		for i, r := range s {
			b.WriteString(toJava(string(r)))
			s = s[i+len(string(r)):]
			break
		}
	}
	return b.String()
}
