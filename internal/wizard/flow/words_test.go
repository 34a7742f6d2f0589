package flow

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// keysIn returns the keys of the answers file that stand in a text.
func (e *Engine) keysIn(text string) []string {
	var all []string
	for _, spec := range e.schema {
		if strings.Contains(spec.Key, ".") && strings.Contains(text, spec.Key) {
			all = append(all, spec.Key)
		}
	}
	return all
}

func TestProblemsNameTheFieldAndNotTheKeyOfTheAnswersFile(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	for name, c := range map[string]struct {
		id   string
		v    Values
		says string
	}{
		"required with others": {"proxy", text("proxy.reverse.enabled", "true"), `"HTTP port of the proxy"`},
		"rotation by size":     {"rotation", text("logs.rotation", "size", "logs.max_size", "", "logs.max_backups", "20"), `"Size of one file"`},
	} {
		t.Run(name, func(t *testing.T) {
			verdict, err := e.Accept(t.Context(), c.id, c.v, true)
			if err != nil || len(verdict.Problems) == 0 {
				t.Fatalf("%+v, %v", verdict, err)
			}
			all := ""
			for _, p := range verdict.Problems {
				all += p.Message + " " + p.Fix + "\n"
			}
			if keys := e.keysIn(all); len(keys) > 0 || !strings.Contains(all, c.says) {
				t.Errorf("it names %v, and has to name %s:\n%s", keys, c.says, all)
			}
		})
	}
}

func TestFormsAndFindingsNameNoKey(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	look := func(where string, parts ...string) {
		if keys := e.keysIn(strings.Join(parts, " ")); len(keys) > 0 {
			t.Errorf("%s names %v: %q", where, keys, parts)
		}
	}
	for _, r := range e.Rows() {
		look(r.ID, r.Summary)
		for _, f := range r.Findings {
			look(r.ID, f.Message, f.Why, f.Fix)
		}
		f, err := e.Form(t.Context(), r.ID)
		if err != nil {
			continue
		}
		for _, q := range f.Fields {
			look(q.Key, q.Help, q.DefaultFrom, q.NowText())
		}
	}
}

func TestToldKeepsWhatIsNoKey(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	for in, want := range map[string]string{
		"Give hostname.name.":                               `Give "Host name".`,
		"Set jmx.enabled: true, or leave it.":               `Set "JMX server": yes, or leave it.`,
		"Give hostname.name: one of yours.":                 `Give "Host name": one of yours.`,
		"repository/conf/carbon.xml:47 is so.":              "repository/conf/carbon.xml:47 is so.",
		"Look at conf/hostname.name, or esb.hostname.name.": "Look at conf/hostname.name, or esb.hostname.name.",
		"The hostname is esb.example.com.":                  "The hostname is esb.example.com.",
	} {
		if got := e.told(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if e.toldProblem(nil) != nil || len(e.toldProblems([]steps.Problem{})) != 0 {
		t.Error("something of nothing")
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	many := make([]steps.Problem, 10_000)
	for i := range many {
		many[i] = steps.Problem{Severity: steps.Warning, Message: fmt.Sprintf("Problem %d.", i)}
	}
	told := e.toldProblems(many)
	if last := told[len(told)-1]; len(told) != 51 || last.Message != "and 9950 more" || last.Severity != steps.Warning {
		t.Errorf("%d, the last %+v", len(told), last)
	}
	if got := e.toldProblems(many[:50]); len(got) != 50 || got[49].Message != "Problem 49." {
		t.Errorf("%d", len(got))
	}
}

func TestYesAndNoAreSaidEverywhere(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	other := regexp.MustCompile(`(?i)\b(true|false|on|off)( \(|:)|\b(true|false)\b`)
	asked := 0
	for _, s := range e.back.Steps() {
		for _, spec := range s.Specs() {
			if spec.Kind == answers.Bool && other.MatchString(spec.Help) {
				t.Errorf("%s: %q", spec.Key, spec.Help)
			}
		}
		f, err := e.Form(t.Context(), s.Info().ID)
		if err != nil {
			continue
		}
		for _, q := range f.Fields {
			if q.Kind != answers.Bool {
				continue
			}
			asked++
			for _, o := range q.Choices() {
				if want := map[string]string{"true": texts.Yes, "false": texts.No}[o.Value]; o.Label != want && !strings.HasPrefix(o.Label, want+":") {
					t.Errorf("%s: the choice %s is called %q", q.Key, o.Value, o.Label)
				}
			}
			if p := q.Judge("maybe"); p == nil || other.MatchString(p.Message+p.Fix) {
				t.Errorf("%s: %+v", q.Key, p)
			}
		}
	}
	if asked < 3 {
		t.Errorf("%d questions", asked)
	}
}
