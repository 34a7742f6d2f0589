package main

import (
	"os/exec"
	"strings"
	"testing"
)

// layers says what a package of ours may import of ours; what is not listed is forbidden. Arrows point down only.
var layers = map[string][]string{
	"assets":                     {},
	"internal/secret":            {},
	"internal/severity":          {},
	"internal/edit":              {},
	"internal/diagnose":          {"internal/secret", "internal/severity"},
	"internal/apply":             {"internal/secret"},
	"internal/answers":           {"internal/secret"},
	"internal/carbon":            {"internal/edit"},
	"internal/keystore":          {"internal/secret", "internal/severity"},
	"internal/vault":             {"internal/secret", "internal/severity"},
	"internal/remote":            {"internal/secret"},
	"internal/database":          {"internal/remote", "internal/secret", "internal/severity"},
	"internal/directory":         {"internal/remote", "internal/secret", "internal/severity"},
	"internal/live":              {"internal/remote", "internal/secret"},
	"internal/steps":             {"internal/carbon", "internal/edit", "internal/keystore", "internal/vault", "internal/database", "internal/directory", "internal/live", "internal/remote", "internal/diagnose", "internal/apply", "internal/answers", "internal/secret", "internal/severity"},
	"internal/audit":             {"internal/steps", "internal/carbon", "internal/answers"},
	"internal/wizard":            {"internal/wizard", "internal/steps", "internal/keystore", "internal/apply", "internal/carbon", "internal/answers", "internal/secret"},
	"internal/wizard/wizardtest": {"assets", "internal/apply", "internal/carbon"},
	"cmd/carbon-setup":           {"assets", "internal", "cmd/carbon-setup"},
}

const module = "carbon-setup/"

func TestLayersPointDown(t *testing.T) {
	for pkg, deps := range goList(t, "{{.ImportPath}} {{join .Imports \" \"}}", "./...") {
		layer, ok := layerOf(strings.TrimPrefix(pkg, module))
		if !ok {
			t.Errorf("%s belongs to no layer: add it to layers", pkg)
			continue
		}
		for _, dep := range deps {
			own, isOurs := strings.CutPrefix(dep, module)
			if isOurs && !allowed(own, layers[layer]) {
				t.Errorf("%s imports %s: %s may import only %v", pkg, dep, layer, layers[layer])
			}
		}
	}
}

func TestLayersOnlyTheFrontEndsDraw(t *testing.T) {
	for pkg, deps := range goList(t, "{{.ImportPath}} {{join .Deps \" \"}}", "./internal/...", "./assets/...") {
		if strings.HasPrefix(pkg, module+"internal/wizard") {
			continue
		}
		for _, dep := range deps {
			if strings.HasPrefix(dep, "charm.land/") || strings.HasPrefix(dep, "github.com/charmbracelet/") {
				t.Errorf("%s depends on %s: only the wizard and the command draw", pkg, dep)
			}
		}
	}
}

func layerOf(pkg string) (string, bool) {
	for p := pkg; p != "." && p != ""; {
		if _, ok := layers[p]; ok {
			return p, true
		}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return "", false
		}
		p = p[:i]
	}
	return "", false
}

func allowed(dep string, may []string) bool {
	for _, m := range may {
		if dep == m || strings.HasPrefix(dep, m+"/") {
			return true
		}
	}
	return false
}

// goList returns the first word of each line of go list with the words that follow it.
func goList(t *testing.T, format string, patterns ...string) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-f", format}, patterns...)...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	lines := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) > 0 {
			lines[words[0]] = words[1:]
		}
	}
	if len(lines) < 5 {
		t.Fatalf("go list names only %d packages:\n%s", len(lines), out)
	}
	return lines
}
