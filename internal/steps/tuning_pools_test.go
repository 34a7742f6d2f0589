package steps

import (
	"os"
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// pooledHome is the sample with two datasources on a database server, their pools as a test wants them.
func pooledHome(t *testing.T, url, first, second string) string {
	t.Helper()
	home := sampleHome(t, "api")
	pool := func(name, settings string) string {
		return "<datasource><name>" + name + "</name><jndiConfig><name>jdbc/" + name + "</name></jndiConfig><definition type=\"RDBMS\"><configuration>\n" +
			"<url>" + url + "</url>\n<username>carbon</username>\n<password>x</password>\n<driverClassName>org.postgresql.Driver</driverClassName>\n" + settings +
			"</configuration></definition></datasource>\n"
	}
	setFile(t, home, carbon.MasterDS, "<datasources-configuration>\n<datasources>\n"+pool("WSO2_CARBON_DB", first)+pool("WSO2AM_DB", second)+"</datasources>\n</datasources-configuration>\n")
	return home
}

const (
	onPostgres = "jdbc:postgresql://db1:5432/carbon"
	onOracle   = "jdbc:oracle:thin:@//db1:1521/carbon"
	fullPool   = "<maxActive>50</maxActive>\n<maxWait>60000</maxWait>\n<minIdle>5</minIdle>\n<testOnBorrow>true</testOnBorrow>\n<validationQuery>SELECT 1</validationQuery>\n<validationInterval>30000</validationInterval>\n"
)

func TestTuningPools(t *testing.T) {
	home := pooledHome(t, onPostgres, "<maxActive>20</maxActive>\n<maxWait>-1</maxWait>\n<testOnBorrow>false</testOnBorrow>\n<validationQuery>SELECT 1</validationQuery>\n", "")
	planTwice(t, home, production)
	text := readFile(t, home, carbon.MasterDS)
	for _, want := range []string{
		"<maxActive>50</maxActive>\n<maxWait>-1</maxWait>\n<testOnBorrow>true</testOnBorrow>\n<validationQuery>SELECT 1</validationQuery>\n</configuration>",
		"<driverClassName>org.postgresql.Driver</driverClassName>\n<maxWait>60000</maxWait>\n</configuration>", // 100 connections by default, and nothing to test with
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	planTwice(t, home, "tuning: {profile: production, pool: {max_active: 70, min_idle: 8, test_on_borrow: true, max_wait: 5000, validation_interval: 1000}}\n")
	text = readFile(t, home, carbon.MasterDS)
	for _, want := range []string{"<maxActive>70</maxActive>", "<minIdle>8</minIdle>", "<testOnBorrow>true</testOnBorrow>", "<maxWait>5000</maxWait>", "<validationInterval>1000</validationInterval>"} {
		if n := strings.Count(text, want); n != 2 {
			t.Errorf("%s: %d times in\n%s", want, n, text)
		}
	}
	if got := tuningProblems(t, home, "tuning: {profile: production, pool: {max_active: 5}}\n"); !strings.Contains(got, "minIdle would be 8, more than 5") {
		t.Errorf("%s", got)
	}
}

func TestTuningConnectionsOfTheDatabase(t *testing.T) {
	for _, c := range []struct{ name, url, yaml, want string }{
		{"both fit", onPostgres, "", ""},
		{"two nodes", onPostgres, ", nodes: 2", "2 datasources can open 100 connections to db1:5432, on 2 nodes 200, and PostgreSQL gives 100 unless its configuration says otherwise."},
		{"two nodes of many connections", onPostgres, ", nodes: 2, database: {connections: 300}", ""},
		{"fewer than usual", onPostgres, ", database: {connections: 60}", "and PostgreSQL gives 60."},
		{"larger pools", onPostgres, ", pool: {max_active: 80}", "can open 160 connections to db1:5432"},
		{"MySQL", "jdbc:mysql://db1:3306/carbon", ", pool: {max_active: 80}", "and MySQL gives 151"},
		{"Oracle", onOracle, ", nodes: 9", ""},
		{"Oracle, told", onOracle, ", nodes: 9, database: {connections: 150}", "Raise processes of the database to more than 900, or set tuning.pool.max_active to 8."},
	} {
		got := tuningProblems(t, pooledHome(t, c.url, fullPool, fullPool), "tuning: {profile: production"+c.yaml+"}\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Contains(got, "error") {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// What the answers make of the datasources is what counts.
func TestTuningWithDatasources(t *testing.T) {
	t.Setenv("DB_PW", "geheim")
	home := sampleHome(t, "api")
	driver, err := os.ReadFile(driverOf(t, "postgresql-42.jar", "org.postgresql.Driver", 6))
	if err != nil {
		t.Fatal(err)
	}
	setFile(t, home, carbon.ComponentsLib+"/postgresql-42.jar", string(driver))
	const ds = "datasources:\n  WSO2_CARBON_DB: {type: postgresql, host: db1, database: carbon, username: carbon, password: {env: DB_PW}, schema: skip}\n" +
		"  WSO2AM_DB: {type: same, database: am, schema: skip}\n  WSO2AM_STATS_DB: {type: same, database: stats, schema: skip}\n"
	if got := tuningProblems(t, home, ds+production); !strings.Contains(got, "3 datasources can open 150 connections to db1:5432, and PostgreSQL gives 100") {
		t.Errorf("%s", got)
	}
	var keys []string
	for _, f := range (tuning{}).Fields(openHome(t, home), answersOf(t, ds+production)) {
		keys = append(keys, f.Key)
		if f.Key == keyDatabaseConnections && (f.Default != "100" || !strings.Contains(f.DefaultFrom, "PostgreSQL")) {
			t.Errorf("%+v", f)
		}
	}
	if !slices.Contains(keys, keyTuningNodes) {
		t.Errorf("%v", keys)
	}
	out := planTwice(t, home, ds+"tuning: {profile: production, pool: {max_active: 30}, nodes: 1, database: {connections: 100}}\n")
	if text := readFile(t, home, carbon.MasterDS); strings.Count(text, "<maxActive>30</maxActive>") != 3 {
		t.Errorf("%s", text)
	}
	noSecret(t, diffText(out.Plan)+adviceLines(out.Advice)+problemLines(out.Problems), answersOf(t, ds).Secret("datasources.WSO2_CARBON_DB.password"))
}

// The pools of datasources that the same answers lead to a server, or add, are judged and asked for before anything is written.
func TestTuningOfPoolsThatTheAnswersMake(t *testing.T) {
	t.Setenv("DB_PW", "geheim")
	home := sampleHome(t, "api")
	const moved = "datasources:\n  WSO2_CARBON_DB: {type: postgresql, host: db1, database: carbon, username: carbon, password: {env: DB_PW}, schema: skip}\n"
	const added = "datasources:\n  WSO2_USER_DB: {type: postgresql, host: db1, database: users, username: carbon, password: {env: DB_PW}, jndi: jdbc/WSO2UM_DB, use: [users], schema: skip}\n"
	for _, c := range []struct{ name, yaml, want string }{
		{"led to a server", moved + "tuning: {profile: production, pool: {max_active: 40, min_idle: 8, test_on_borrow: true, max_wait: 60000}}\n", ""},
		{"added", added + "tuning: {profile: production, pool: {max_active: 60, min_idle: 8, test_on_borrow: true, max_wait: 60000}}\n", ""},
		{"more idle than there may be", moved + "tuning: {profile: production, pool: {max_active: 40, min_idle: 41}}\n", "minIdle would be 41, more than 40"},
		{"added, more idle than there may be", added + "tuning: {profile: production, pool: {max_active: 40, min_idle: 41}}\n", "WSO2_USER_DB: minIdle would be 41, more than 40"},
		{"added, larger than the database", added + "tuning: {profile: production, pool: {max_active: 120}}\n", "can open 120 connections to db1:5432"},
		{"all stay in H2", "tuning: {profile: production, pool: {max_active: 40}}\n", "Nothing is written"},
	} {
		got := tuningProblems(t, home, c.yaml)
		if nothing := strings.Contains(got, "no datasource leads to a database server"); nothing != (c.name == "all stay in H2") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	for _, yaml := range []string{moved, added} {
		var keys []string
		for _, f := range (tuning{}).Fields(openHome(t, home), answersOf(t, yaml+production)) {
			keys = append(keys, f.Key)
		}
		if !slices.Contains(keys, "tuning.pool.max_active") || !slices.Contains(keys, "tuning.pool.test_on_borrow") {
			t.Errorf("%s: %v", yaml, keys)
		}
	}
}

func TestTuningAuditOfPools(t *testing.T) {
	var b strings.Builder
	for _, c := range []struct{ name, url, first string }{
		{"as the pages want", onPostgres, fullPool},
		{"small", onPostgres, "<maxActive>5</maxActive><validationQuery>SELECT 1</validationQuery>"},
		{"large", onPostgres, strings.ReplaceAll(fullPool, "50<", "90<")},
		{"no number", onPostgres, strings.ReplaceAll(fullPool, "50<", "${pool}<")},
		{"Oracle", onOracle, fullPool},
	} {
		b.WriteString("== " + c.name + "\n")
		for _, r := range findings(t, pooledHome(t, c.url, c.first, fullPool), 9) {
			if r.ID == poolRule || r.ID == databaseRule {
				b.WriteString(resultLines([]Result{r}))
			}
		}
	}
	golden(t, "tuning/pools.txt", b.String())
}

func TestTuningAuditOfThreads(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.PassThroughProperties, "worker_pool_size_core=400", "worker_pool_size_core=100\nworker_pool_queue_length=50\nio_threads_per_reactor=16")
	var b strings.Builder
	for _, r := range (tuning{}).Audit(NewWorkspace(openOn(t, home, goodMachine()))) {
		if ruleNumber(r.ID) > 8 {
			b.WriteString(resultLines([]Result{r}))
		}
	}
	golden(t, "tuning/threads.txt", b.String())
	out := planTwice(t, home, "tuning: {profile: production, worker_pool: {queue_length: -1, io_threads: 2}}\n")
	if text := readFile(t, home, carbon.PassThroughProperties); !strings.Contains(text, "worker_pool_size_core=400\nworker_pool_queue_length=-1\nio_threads_per_reactor=2\n") {
		t.Errorf("%s\n%s", text, diffText(out.Plan))
	}
}

// A file that names fewer threads for input and output than there are processors gets as many.
func TestTuningProcessors(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.PassThroughProperties, "worker_pool_size_core=400", "io_threads_per_reactor=1\nworker_pool_size_core=400")
	in := openOn(t, home, goodMachine())
	out, err := BuildPlan(t.Context(), in, answersOf(t, production))
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffText(out.Plan); !strings.Contains(diff, "-io_threads_per_reactor=1\n+io_threads_per_reactor=2\n") || !strings.Contains(diff, "one for each processor of this machine") {
		t.Errorf("%s", diff)
	}
}
