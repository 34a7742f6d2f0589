package apply

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
)

// Unified returns the diff as `git apply` takes it (a/ b/ prefixes, CR kept); the reasons follow each @@ as its section text.
// A diff with masked secrets is for reading: git would look for the mask in the file.
func (d FileDiff) Unified() string {
	var out strings.Builder
	fmt.Fprintf(&out, "diff --git %s %s\n", gitPath("a/"+d.Path), gitPath("b/"+d.Path))
	switch d.Op {
	case Create:
		fmt.Fprintf(&out, "new file mode %s\n", gitMode(d.Mode))
	case Remove:
		fmt.Fprintf(&out, "deleted file mode %s\n", gitMode(d.Mode))
	case Modify:
	}
	from, to := fileLabel("a/"+d.Path), fileLabel("b/"+d.Path)
	if d.Op == Create {
		from = "/dev/null"
	}
	if d.Op == Remove {
		to = "/dev/null"
	}
	if d.Binary {
		fmt.Fprintf(&out, "Binary files %s and %s differ\n", from, to)
		return out.String()
	}
	if len(d.Hunks) == 0 {
		return out.String()
	}
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
	for i := range d.Hunks {
		d.Hunks[i].write(&out)
	}
	return out.String()
}

func (h *Hunk) write(out *strings.Builder) {
	fmt.Fprintf(out, "@@ -%s +%s @@", hunkRange(h.OldStart, h.OldLines), hunkRange(h.NewStart, h.NewLines))
	if section := h.section(); section != "" {
		out.WriteByte(' ')
		out.WriteString(section)
	}
	out.WriteByte('\n')
	for _, l := range h.Lines {
		out.WriteByte(l.Op)
		out.WriteString(l.Text)
		if l.CR {
			out.WriteByte('\r')
		}
		out.WriteByte('\n')
		if l.NoEOL {
			out.WriteString("\\ No newline at end of file\n")
		}
	}
}

// section says who asked for the hunk and why, on one line: "guideline 1, 4: reason; reason".
func (h *Hunk) section() string {
	rows := make([]string, len(h.Guidelines))
	for i, g := range h.Guidelines {
		rows[i] = strconv.Itoa(g)
	}
	var parts []string
	if len(rows) > 0 {
		parts = append(parts, "guideline "+strings.Join(rows, ", "))
	}
	if len(h.Reasons) > 0 {
		parts = append(parts, strings.Join(h.Reasons, "; "))
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.Join(parts, ": "))
}

func hunkRange(start, lines int) string {
	if lines == 1 {
		return strconv.Itoa(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}

// gitMode is one of the two modes that git knows for a file.
func gitMode(mode fs.FileMode) string {
	if mode&0o111 != 0 {
		return "100755"
	}
	return "100644"
}

// fileLabel is a path as it stands after --- and +++: a name with a blank is ended by a tab, which patch needs to see its end.
func fileLabel(path string) string {
	quoted := gitPath(path)
	if quoted == path && strings.Contains(path, " ") {
		return quoted + "\t"
	}
	return quoted
}

// gitPath quotes a path the way git does when it holds a quote, a backslash, a control character or a byte beyond ASCII.
func gitPath(path string) string {
	plain := true
	for i := range len(path) {
		if c := path[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			plain = false
		}
	}
	if plain {
		return path
	}
	var out strings.Builder
	out.WriteByte('"')
	for i := range len(path) {
		switch c := path[i]; {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&out, "\\%03o", c)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}
