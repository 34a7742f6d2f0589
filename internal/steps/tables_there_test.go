package steps

import (
	"context"
	"strings"
	"testing"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/database"
	"carbon-setup/internal/secret"
)

// TestTablesThatHaveGone: when the install leads to the databases already, a plan has nothing to do with them, and the checks tell that the tables have gone.
func TestTablesThatHaveGone(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		home, first, second := sampleHome(t, "api"), s.database(t), s.database(t)
		yaml := s.answers(t, first, second, "")
		if _, err := apply.Apply(t.Context(), buildPlan(t, home, yaml).Plan, testOptions()); err != nil {
			t.Fatal(err)
		}
		asked := func(yaml string) []Result {
			var all []Result
			for _, c := range TableChecks(openInstall(t, home), answersOf(t, yaml)) {
				all = append(all, c.Run(t.Context()))
			}
			return all
		}
		for _, r := range asked(yaml) {
			if r.Status != OK {
				t.Errorf("right after the apply: %+v", r)
			}
		}
		s.server.Exec(t, second, "DROP TABLE AM_WORKFLOWS")
		s.dropAll(t, first)
		if p := buildPlan(t, home, yaml).Plan; !p.Empty() {
			t.Errorf("the plan makes %v", actionLines(p))
		}
		all := asked(yaml)
		if len(all) != 2 || all[0].Status != Fail || all[1].Status != Fail {
			t.Fatalf("%s", resultLines(all))
		}
		if !strings.Contains(all[0].Message, "No table of dbscripts/"+s.script) || !strings.Contains(all[0].Fix, "dbscripts/"+s.script) || !strings.Contains(all[0].Fix, "'"+first+"'") {
			t.Errorf("%+v", all[0])
		}
		if !strings.Contains(all[1].Message, "AM_WORKFLOWS") {
			t.Errorf("%+v", all[1])
		}
		noSecret(t, resultLines(all), secret.New(dbPassword))
		if all := asked(strings.ReplaceAll(strings.ReplaceAll(yaml, "{type: same,", "{type: same, schema: skip,"), "driver:", "schema: skip, driver:")); len(all) != 0 {
			t.Errorf("with skip they are looked for: %s", resultLines(all))
		}
	})
}

// dropAll empties a database.
func (s *realServer) dropAll(t testing.TB, name string) {
	t.Helper()
	if s.kind == database.PostgreSQL {
		s.server.Exec(t, name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC")
		return
	}
	s.server.Exec(t, "", "DROP DATABASE "+name)
	s.server.Exec(t, "", "CREATE DATABASE "+name)
}

// deadServer counts how often it is asked, and is never reached.
type deadServer struct{ tested, opened int }

func (d *deadServer) ways() *databaseTests {
	dead := func() *database.Error {
		return &database.Error{Stage: database.Connect, Kind: database.Filtered, What: "db1.example.com does not answer."}
	}
	return &databaseTests{
		test: func(_ context.Context, _ database.Target, _ database.TestOptions, tell func(database.StageResult)) []database.StageResult {
			d.tested++
			var all []database.StageResult
			for _, stage := range database.Stages() {
				r := database.StageResult{Stage: stage, Status: database.Skipped}
				switch stage {
				case database.Resolve:
					r.Status = database.OK
				case database.Connect:
					r.Status, r.Err = database.Fail, dead()
				default:
				}
				if all = append(all, r); tell != nil {
					tell(r)
				}
			}
			return all
		},
		open: func(context.Context, database.Target, database.TestOptions) (tableConn, error) {
			d.opened++
			return nil, dead()
		},
	}
}

// TestDeadServerIsAskedOnce: further datasources on a server that nobody reaches do not wait for it again, and are told as not tested.
func TestDeadServerIsAskedOnce(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	home := sampleHome(t, "api")
	yaml := "datasources:\n" +
		"  WSO2_CARBON_DB: {type: postgresql, host: db1.example.com, database: reg, username: carbon, password: {env: DB_PW}, driver: " + pgDriver(t) + "}\n" +
		"  WSO2AM_DB: {type: same, database: am}\n"
	set, dead := answersOf(t, yaml), &deadServer{}
	var all []Result
	for _, c := range (datasources{tests: dead.ways()}).Checks(openHome(t, home), set) {
		all = append(all, c.Run(t.Context()))
	}
	last := all[len(all)-1]
	if dead.tested != 1 || last.Of != "WSO2AM_DB" || last.Status != Unknown || !strings.Contains(last.Message, "that of WSO2_CARBON_DB, which could not be reached") {
		t.Errorf("asked %d times:\n%s", dead.tested, resultLines(all))
	}

	leads := leadTo(t, home, yaml)
	all = nil
	w := openHome(t, leads)
	for _, c := range (datasources{tests: dead.ways()}).tableChecks(w, All(), answersOf(t, yaml)) {
		all = append(all, c.Run(t.Context()))
	}
	if dead.opened != 1 || len(all) != 2 || all[0].Status != Unknown || all[1].Status != Unknown || !strings.Contains(all[0].Message, "does not answer") || !strings.Contains(all[1].Message, "its server is that of WSO2_CARBON_DB") {
		t.Errorf("opened %d times:\n%s", dead.opened, resultLines(all))
	}
}

// leadTo writes what the answers plan without their actions, as after a run.
func leadTo(t testing.TB, home, yaml string) string {
	t.Helper()
	p := buildPlan(t, home, yaml).Plan
	p.Actions = nil
	if _, err := apply.Apply(t.Context(), p, testOptions()); err != nil {
		t.Fatal(err)
	}
	return home
}
