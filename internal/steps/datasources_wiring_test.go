package steps

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// TestDatasourcesMountsFollow: what is mounted already follows the answers, path by path, and the nodes go on finding each other by the same cacheId.
func TestDatasourcesMountsFollow(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	home, driver := sampleHome(t, "api"), pgDriver(t)
	mine := func(host, more string) string {
		return "datasources:\n  MINE_DB: {type: postgresql, host: " + host + ", database: mine, username: mine, password: {env: DB_PW}, driver: " + driver + more + "}\n"
	}
	const use = ", jndi: jdbc/WSO2REG_DB, use: [mount]"
	for _, c := range []struct {
		name, answers string
		paths         []string
		cache         string
	}{
		{"one path", mine("db1", use+", mount: [/_system/governance]"), []string{"/_system/governance"}, "mine@jdbc:postgresql://db1:5432/mine"},
		{"a second one, and one beside the system", mine("db1", use+", mount: [/shared, /_system/governance, /_system/config]"), []string{"/_system/config", "/_system/governance", "/shared"}, "mine@jdbc:postgresql://db1:5432/mine"},
		{"the first one gone", mine("db1", use+", mount: [/shared, /_system/config]"), []string{"/_system/config", "/shared"}, "mine@jdbc:postgresql://db1:5432/mine"},
		{"left out: they stay", mine("db1", use), []string{"/_system/config", "/shared"}, "mine@jdbc:postgresql://db1:5432/mine"},
		{"the database elsewhere", mine("db2", use), []string{"/_system/config", "/shared"}, "mine@jdbc:postgresql://db2:5432/mine"},
		{"without its JNDI name", mine("db2", ", use: [mount], mount: [/other]"), []string{"/other"}, "mine@jdbc:postgresql://db2:5432/mine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := verifyLines(t, home, c.answers)
			planTwice(t, home, c.answers)
			root := xmlOf(t, home, carbon.RegistryXML).Root()
			if got := mountPaths(root); !slices.Equal(got, c.paths) {
				t.Errorf("%v are mounted", got)
			}
			for _, e := range mountsOf(root) {
				if path, _ := e.Attr("path"); e.First("targetPath").Text() != path {
					t.Errorf("%s leads to %s", path, e.First("targetPath").Text())
				}
			}
			if got := root.First(mountInstanceAt + "/cacheId").Text(); got != c.cache {
				t.Errorf("cacheId %s", got)
			}
			if n := len(root.Find(mountConfigAt)) + len(root.Find("remoteInstance")); n != 2 {
				t.Errorf("%d blocks", n)
			}
			if root.First(mountConfigAt+"/dataSource").Text() != "jdbc/WSO2REG_DB" {
				t.Error("the datasource is another")
			}
			if !strings.Contains(c.name, "stay") && !strings.Contains(before, " fail") {
				t.Errorf("before, it was told as right:\n%s", before)
			}
			if after := verifyLines(t, home, c.answers); strings.Contains(after, " fail") {
				t.Errorf("verify:\n%s", after)
			}
		})
	}
	t.Run("an instance that is gone", func(t *testing.T) {
		replaceIn(t, home, carbon.RegistryXML, "<dbConfig>sharedregistry</dbConfig>", "<dbConfig>another</dbConfig>")
		out := buildPlan(t, home, mine("db2", use))
		if why := out.Left["datasources"]; !out.Plan.Empty() || !strings.Contains(why, "there is no <remoteInstance> of sharedregistry") {
			t.Errorf("%v change, and it is left out because %q", planFiles(out.Plan), why)
		}
	})
}

func xmlOf(t testing.TB, home, rel string) *edit.XML {
	t.Helper()
	doc, err := openHome(t, home).XML(rel)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func verifyLines(t testing.TB, home, yaml string) string {
	t.Helper()
	return resultLines((datasources{}).Verify(openHome(t, home), answersOf(t, yaml)))
}

// TestDatasourcesUseOfOneThatIsThere: the JNDI name of a datasource that the install has need not be repeated.
func TestDatasourcesUseOfOneThatIsThere(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	home := sampleHome(t, "api")
	planTwice(t, home, "datasources:\n  WSO2AM_DB: {type: postgresql, host: db1, database: am, username: am, password: {env: DB_PW}, driver: "+pgDriver(t)+", use: [users, registry]}\n")
	for file, at := range map[string]string{carbon.UserMgtXML: realmConfig + "/Property[@name='dataSource']", carbon.RegistryXML: "/wso2registry/dbConfig[@name='wso2registry']/dataSource"} {
		if got := xmlOf(t, home, file).First(at).Text(); got != "jdbc/WSO2AM_DB" {
			t.Errorf("%s looks %q up", file, got)
		}
	}
}

// TestDatasourcesDriverBesideTheAnswers: a path that is not absolute starts in the folder of the answers file, wherever the program was started; in the
// wizard, which has no file, it starts in the folder that one is in. The class is looked for in the very file either way.
func TestDatasourcesDriverBesideTheAnswers(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	home, folder, elsewhere := sampleHome(t, "api"), t.TempDir(), t.TempDir()
	driver, err := os.ReadFile(pgDriver(t))
	if err != nil {
		t.Fatal(err)
	}
	setFile(t, folder, "drivers/pg.jar", string(driver))
	setFile(t, elsewhere, "drivers/pg.jar", "not a jar")
	text := "version: 1\n" + pgAnswers("drivers/pg.jar")
	setFile(t, folder, "am.yaml", text)
	t.Chdir(elsewhere)
	a, _, err := answers.Parse(filepath.Join(folder, "am.yaml"), []byte(text), Schema())
	if err == nil {
		_, err = answers.Resolver{Getenv: os.LookupEnv, Dir: folder}.Resolve(t.Context(), a)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := BuildPlan(t.Context(), openInstall(t, home), a)
	if err != nil {
		t.Fatal(err)
	}
	applyNow(t, home, out.Plan)
	if got := readFile(t, home, carbon.ComponentsLib+"/pg.jar"); got != string(driver) {
		t.Errorf("another file was copied, of %d bytes", len(got))
	}
	t.Chdir(folder)
	typed := answersOf(t, pgAnswers("PATH"))
	v, _ := typed.Lookup("datasources.WSO2_CARBON_DB.driver")
	v.Text = "drivers/pg.jar"
	typed.Put("datasources.WSO2_CARBON_DB.driver", v)
	w := openHome(t, home)
	if jar := driverFor(w, wishes(w, typed)[0]); jar.err != nil || jar.full != filepath.Join(folder, "drivers", "pg.jar") {
		t.Errorf("%s, %v: Java, which runs in another folder, would not find it", jar.full, jar.err)
	}
}
