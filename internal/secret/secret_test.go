package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"

	"carbon-setup/internal/secret"
)

const hidden = "hunter2-Grüße"

// holder reaches a Secret in every way that a struct can hold one.
type holder struct {
	Public  secret.Secret
	private secret.Secret
	pointer *secret.Secret
	list    []secret.Secret
	keyed   map[string]secret.Secret
	any     any
}

func holders() []any {
	s := secret.New(hidden)
	h := holder{Public: s, private: s, pointer: &s, list: []secret.Secret{s}, keyed: map[string]secret.Secret{"k": s}, any: s}
	return []any{s, &s, h, &h, []any{h}, map[string]any{"h": h}, [1]secret.Secret{s}, struct{ s secret.Secret }{s}}
}

// leaks reports whether text tells the secret: as it is, in hex, as a list of byte values, quoted.
func leaks(text string) bool {
	for _, form := range []string{hidden, "hunter2", fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("% x", hidden), "104 117 110"} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestNoVerbPrintsASecret(t *testing.T) {
	t.Parallel()
	for verb := rune('A'); verb <= 'z'; verb++ {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "20", ".3", "+#", "# "} {
			format := "%" + flags + string(verb)
			for i, v := range holders() {
				if got := fmt.Sprintf(format, v); leaks(got) {
					t.Fatalf("Sprintf(%q, holder %d) = %s", format, i, got)
				}
			}
		}
	}
}

func TestMistakenFormatsPrintNoSecret(t *testing.T) {
	t.Parallel()
	for i, v := range holders() {
		for _, format := range []string{"no verb", "%[2]s %s", "%[9]d", "%*d", "%.*s", "%", "%!", "%[x]d"} {
			if got := fmt.Sprintf(format, v, v); leaks(got) {
				t.Errorf("holder %d as %s: %s", i, format, got)
			}
		}
		if got := fmt.Sprint(v) + fmt.Sprintln(v, v); leaks(got) {
			t.Errorf("holder %d: %s", i, got)
		}
	}
}

func TestSecretPrintsAsShown(t *testing.T) {
	t.Parallel()
	s := secret.New(hidden)
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%v", s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s), fmt.Sprintf("%x", s), s.String(), s.GoString()} {
		if got != secret.Shown {
			t.Errorf("got %q, want %q", got, secret.Shown)
		}
	}
	if got := fmt.Sprint(secret.New("")) + fmt.Sprint(secret.Secret{}); got != secret.Shown+secret.Shown {
		t.Errorf("an empty or unset secret shows its emptiness: %q", got)
	}
}

func TestErrorsPrintNoSecret(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("log in as %v with %s: %w", "admin", secret.New(hidden), errors.New("refused"))
	if want := "log in as admin with [secret]: refused"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestEncodersRefuseASecret(t *testing.T) {
	t.Parallel()
	s := secret.New(hidden)
	type doc struct{ Password secret.Secret }
	encoders := map[string]func(v any) (string, error){
		"json": func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"yaml": func(v any) (string, error) { b, err := yaml.Marshal(v); return string(b), err },
		"xml":  func(v any) (string, error) { b, err := xml.Marshal(v); return string(b), err },
		"gob": func(v any) (string, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.String(), err
		},
	}
	for name, encode := range encoders {
		for _, v := range []any{s, &s, doc{s}, &doc{s}} {
			got, err := encode(v)
			if err == nil {
				t.Errorf("%s encoded %T as %q", name, v, got)
				continue
			}
			if leaks(got) || leaks(err.Error()) {
				t.Errorf("%s of %T leaks: %q, %v", name, v, got, err)
			}
		}
	}
}

func TestLoggersPrintNoSecret(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		log := slog.New(h)
		for _, v := range holders() {
			log.Info("try", "value", v, slog.Any("group", slog.GroupValue(slog.Any("inner", v))))
			log.With("bound", v).Warn("again")
		}
	}
	if leaks(b.String()) {
		t.Errorf("a log leaks: %s", b.String())
	}
	if !strings.Contains(b.String(), secret.Shown) {
		t.Error("nothing was logged for a secret")
	}
}

func TestTemplatesPrintNoSecret(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := template.Must(template.New("").Parse(`{{.}} {{.Public}} {{printf "%s" .Public}}`)).Execute(&b, holder{Public: secret.New(hidden), private: secret.New(hidden)}); err != nil {
		t.Fatal(err)
	}
	if leaks(b.String()) {
		t.Errorf("a template leaks: %s", b.String())
	}
}

func TestSecretCannotBeComparedByAccident(t *testing.T) {
	t.Parallel()
	if reflect.TypeFor[secret.Secret]().Comparable() {
		t.Error("== on a Secret compiles: it would compare in a time that tells how much is right")
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	unset, empty, a := secret.Secret{}, secret.New(""), secret.New("a")
	for _, c := range []struct {
		x, y secret.Secret
		want bool
	}{
		{unset, unset, true},
		{unset, empty, false},
		{empty, empty, true},
		{empty, unset, false},
		{a, secret.New("a"), true},
		{a, secret.New("b"), false},
		{a, secret.New("aa"), false},
		{a, empty, false},
	} {
		if got := c.x.Equal(c.y); got != c.want {
			t.Errorf("Equal(%q, %q) = %v", c.x.Reveal(), c.y.Reveal(), got)
		}
	}
}

func TestRevealAndIsSet(t *testing.T) {
	t.Parallel()
	if s := secret.New(hidden); s.Reveal() != hidden || !s.IsSet() {
		t.Errorf("New(%q): reveals %q, set %v", hidden, s.Reveal(), s.IsSet())
	}
	if s := secret.New(""); s.Reveal() != "" || !s.IsSet() {
		t.Error("the empty secret is not set")
	}
	var s secret.Secret
	if s.Reveal() != "" || s.IsSet() {
		t.Error("the zero Secret is set")
	}
}

func TestSecretIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := secret.New(hidden)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c := s
			if !c.Equal(s) || c.Reveal() != hidden {
				t.Error("a copy differs")
			}
		})
	}
	wg.Wait()
}
