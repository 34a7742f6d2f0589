package steps

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

const dbPassword = `p&w$1"<x>`

// driverOf writes the jar of a driver that is made for a Java, and returns its path.
func driverOf(t testing.TB, name, class string, java byte, more ...byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for entry, data := range map[string][]byte{
		strings.ReplaceAll(class, ".", "/") + ".class": {0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, java + 44, 0, 1, 0},
		"filling": more,
	} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: entry, Method: zip.Store})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pgDriver(t testing.TB) string {
	return driverOf(t, "postgresql-42.jar", "org.postgresql.Driver", 6)
}

// pgAnswers lead WSO2_CARBON_DB to PostgreSQL; more are further keys of it, or datasources, indented as there.
func pgAnswers(driver string, more ...string) string {
	return "datasources:\n  WSO2_CARBON_DB:\n    type: postgresql\n    host: db1\n    database: carbon\n    username: carbon\n    password: {env: DB_PW}\n    driver: " + driver + "\n" + strings.Join(more, "")
}

const amSame = "  WSO2AM_DB: {type: same, database: am}\n"

// TestDatasourcesGolden leads WSO2_CARBON_DB to every kind of server.
func TestDatasourcesGolden(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	for _, c := range []struct{ name, class, answers string }{
		{"postgresql", "org.postgresql.Driver", "type: postgresql, host: db1, database: carbon, parameters: {sslmode: verify-full, ApplicationName: \"a & b\"}"},
		{"mysql", "com.mysql.jdbc.Driver", "type: mysql, host: db1, port: 3307, database: carbon, parameters: {useSSL: \"true\", autoReconnect: \"true\"}"},
		{"mariadb", "org.mariadb.jdbc.Driver", "type: mariadb, host: \"2001:db8::7\", database: carbon"},
		{"oracle-sid", "oracle.jdbc.OracleDriver", "type: oracle, host: db1, sid: ORCL"},
		{"oracle-service", "oracle.jdbc.OracleDriver", "type: oracle, host: db1, port: 1522, service: orcl.example.com"},
		{"oracle-descriptor", "oracle.jdbc.OracleDriver", "type: oracle, descriptor: \"(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=orcl)))\""},
		{"sqlserver", "com.microsoft.sqlserver.jdbc.SQLServerDriver", "type: sqlserver, host: db1, database: carbon"},
		{"sqlserver-instance", "com.microsoft.sqlserver.jdbc.SQLServerDriver", "type: sqlserver, host: db1, instance: CARBON, database: carbon"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			driver := driverOf(t, "driver.jar", c.class, 6)
			out := planTwice(t, home, "datasources:\n  WSO2_CARBON_DB: {"+c.answers+", username: carbon, password: {env: DB_PW}, driver: "+driver+"}\n")
			diff := diffText(out.Plan)
			noSecret(t, diff, secret.New(dbPassword), secret.New("p&amp;w"))
			golden(t, "datasources/"+c.name+".diff", diff+actionLines(out.Plan))
		})
	}
}

func actionLines(p *apply.Plan) string {
	var b strings.Builder
	for _, a := range p.Actions {
		b.WriteString(a.Name + ": " + a.Detail + "\n")
	}
	return b.String()
}

// TestDatasourcesAll leads every datasource of both samples, and of a real pack, to one server.
func TestDatasourcesAll(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	api := pgAnswers(pgDriver(t), amSame, "  WSO2AM_STATS_DB: {type: same, database: stats}\n")
	t.Run("api", func(t *testing.T) {
		out := planTwice(t, sampleHome(t, "api"), api)
		golden(t, "datasources/all-api.diff", diffText(out.Plan)+actionLines(out.Plan))
	})
	t.Run("servlet", func(t *testing.T) {
		home := sampleHome(t, "servlet")
		out := planTwice(t, home, pgAnswers(pgDriver(t), "  WSO2BAM_DATASOURCE: {type: same, database: bam}\n"))
		golden(t, "datasources/all-servlet.diff", diffText(out.Plan)+actionLines(out.Plan)+adviceLines(out.Advice))
	})
	if home, ok := corpusHome(t); ok {
		before := twinOf(t, home)
		out := planTwice(t, home, strings.NewReplacer("database: am", "database: am, schema: skip", "    type: postgresql\n", "    type: postgresql\n    schema: skip\n").Replace(api))
		if got := homeDiffers(t, before, home); !slices.Equal(got, []string{carbon.ComponentsLib + "/postgresql-42.jar", carbon.MasterDS}) {
			t.Errorf("corpus: %v differ", got)
		}
		noSecret(t, diffText(out.Plan), secret.New(dbPassword))
	}
}

// TestDatasourcesOddBlocks leads blocks to a server that are written in unusual ways.
func TestDatasourcesOddBlocks(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	const url = "<url>jdbc:h2:repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE</url>"
	const login = "<username>wso2carbon</username>\n                    <password>wso2carbon</password>\n                    <driverClassName>org.h2.Driver</driverClassName>\n                    <maxActive>50</maxActive>"
	for _, c := range []struct{ name, old, new string }{
		{"no url", url, ""},
		{"no login and class", url + "\n                    " + login, url + "<maxActive>50</maxActive>"},
		{"self-closed", url, "<url/>"},
		{"CDATA", url, "<url><![CDATA[jdbc:h2:repository/database/WSO2CARBON_DB;A=1&B=2]]></url>"},
		{"comments", url, "<url><!-- one -->jdbc:h2:repository<!-- two -->/database/WSO2CARBON_DB</url>"},
		{"blanks", url, "<url>\n  jdbc:h2:repository/database/WSO2CARBON_DB\n</url>"},
		{"no jndiConfig", "<jndiConfig>\n                <name>jdbc/WSO2CarbonDB</name>\n            </jndiConfig>", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			text := readFile(t, home, carbon.MasterDS)
			if !strings.Contains(text, c.old) {
				t.Fatalf("the sample has no %s", c.old)
			}
			setFile(t, home, carbon.MasterDS, strings.Replace(text, c.old, c.new, 1))
			planTwice(t, home, pgAnswers(pgDriver(t)))
			var b *dsBlock
			w := openHome(t, home)
			all, _ := readBlocks(w)
			if b = block(all, "WSO2_CARBON_DB"); b == nil {
				t.Fatal("the block has gone")
			}
			if b.url != "jdbc:postgresql://db1:5432/carbon" || b.username != "carbon" || !b.password.Equal(secret.New(dbPassword)) || b.class != "org.postgresql.Driver" {
				t.Errorf("%q %q %q", b.url, b.username, b.class)
			}
			if got := b.config.First("maxActive").Text(); got != "50" {
				t.Errorf("maxActive %q", got)
			}
			for _, name := range []string{"url", "username", "password", "driverClassName", "validationQuery"} {
				if n := len(b.config.Find(name)); n != 1 {
					t.Errorf("%d %s", n, name)
				}
			}
		})
	}
	t.Run("the same name twice", func(t *testing.T) {
		home := sampleHome(t, "api")
		replaceIn(t, home, carbon.MasterDS, "<name>WSO2AM_DB</name>", "<name>WSO2_CARBON_DB</name>")
		refused(t, home, pgAnswers(pgDriver(t)), "Two datasources have the name WSO2_CARBON_DB")
	})
	t.Run("commented out", func(t *testing.T) {
		refused(t, sampleHome(t, "api"), "datasources:\n  WSO2_USER_DB: {type: postgresql, host: db1, database: u, username: u, password: {env: DB_PW}, driver: "+pgDriver(t)+"}\n",
			"This install has no datasource WSO2_USER_DB.")
	})
}

// TestDatasourcesKeep: a pool that was tuned stays, and so does a query that fits.
func TestDatasourcesKeep(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	home := sampleHome(t, "api")
	planTwice(t, home, pgAnswers(pgDriver(t)))
	replaceIn(t, home, carbon.MasterDS, "<maxActive>50</maxActive>", "<maxActive>80</maxActive>")
	text := readFile(t, home, carbon.MasterDS)
	setFile(t, home, carbon.MasterDS, strings.Replace(text, "<validationQuery>SELECT 1</validationQuery>", "<validationQuery>SELECT 1; COMMIT</validationQuery>", 1))
	t.Run("another host", func(t *testing.T) {
		out := planTwice(t, home, "datasources:\n  WSO2_CARBON_DB: {host: db2}\n")
		if added, _ := changes(diffText(out.Plan)); added != 1 {
			t.Errorf("more than the URL changes:\n%s", diffText(out.Plan))
		}
		if text := readFile(t, home, carbon.MasterDS); !strings.Contains(text, "//db2:5432/carbon<") || !strings.Contains(text, "SELECT 1; COMMIT") || !strings.Contains(text, "<maxActive>80<") {
			t.Errorf("not kept:\n%s", text)
		}
	})
	t.Run("another kind", func(t *testing.T) {
		oracle := driverOf(t, "ojdbc6.jar", "oracle.jdbc.OracleDriver", 6)
		planTwice(t, home, "datasources:\n  WSO2_CARBON_DB: {type: oracle, host: db1, sid: ORCL, username: c, password: {env: DB_PW}, driver: "+oracle+"}\n")
		if text := readFile(t, home, carbon.MasterDS); strings.Contains(text, "COMMIT") || !strings.Contains(text, "SELECT 1 FROM DUAL") {
			t.Errorf("the query of another kind is kept:\n%s", text)
		}
	})
	t.Run("h2", func(t *testing.T) {
		home := sampleHome(t, "api")
		out := buildPlan(t, home, "datasources:\n  WSO2_CARBON_DB: {type: h2}\n")
		if !out.Plan.Empty() || !strings.Contains(problemLines(out.Problems), "stays in the embedded H2 database") || !strings.Contains(adviceLines(out.Advice), "Still in H2") {
			t.Errorf("%v\n%s", planFiles(out.Plan), problemLines(out.Problems))
		}
	})
}

// changes counts the lines of a unified diff.
func changes(diff string) (added, removed int) {
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		case line[0] == '+':
			added++
		case line[0] == '-':
			removed++
		}
	}
	return added, removed
}

// TestDatasourcesRefuse are answers that cannot be planned, and why.
func TestDatasourcesRefuse(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	t.Setenv("ODD_PW", "a${b}")
	driver := pgDriver(t)
	const head = "datasources:\n  WSO2_CARBON_DB: "
	for _, c := range []struct{ name, answers, want string }{
		{"no host", head + "{type: postgresql, database: c, username: c, password: {env: DB_PW}, driver: " + driver + "}\n", "host"},
		{"no password", head + "{type: oracle, host: h, sid: S, username: c}\n", "password of the database user is missing"},
		{"no driver", head + "{type: postgresql, host: h, database: c, username: c, password: {env: DB_PW}}\n", "holds a JDBC driver for PostgreSQL"},
		{"same first", head + "{type: same}\n", "this is the first"},
		{"same as h2", head + "{type: h2}\n  WSO2AM_DB: {type: same, database: am}\n", "the answers name none for it"},
		{"no type", head + "{host: db1}\n  WSO2X_DB: {host: h}\n", "This install has no datasource WSO2X_DB"},
		{"placeholder", head + "{type: postgresql, host: h, database: c, username: c, password: {env: ODD_PW}, driver: " + driver + "}\n", "${"},
		{"placeholder in the user", head + "{type: postgresql, host: h, database: c, username: 'c${user.name}', password: {env: DB_PW}, driver: " + driver + "}\n", "make a user with another name"},
		{"placeholder in an option", head + "{type: postgresql, host: h, database: c, username: c, parameters: {sslrootcert: '${carbon.home}/ca.pem'}, password: {env: DB_PW}, driver: " + driver + "}\n", "Write the value itself"},
		{"two of sid and service", head + "{type: oracle, host: h, sid: S, service: T, username: c, password: {env: DB_PW}}\n", "sid"},
		{"JNDI of another", "datasources:\n  MINE: {type: postgresql, host: h, database: c, username: c, password: {env: DB_PW}, jndi: jdbc/WSO2AM_DB, use: [users], driver: " + driver + "}\n", "has the JNDI name jdbc/WSO2AM_DB already"},
		{"use of nothing", "datasources:\n  MINE: {type: postgresql, host: h, database: c, username: c, password: {env: DB_PW}, jndi: jdbc/M, use: [lunch], driver: " + driver + "}\n", `"lunch" is nothing`},
		{"mount without use", "datasources:\n  MINE: {type: postgresql, host: h, database: c, username: c, password: {env: DB_PW}, jndi: jdbc/M, use: [users], mount: [/x], driver: " + driver + "}\n", "used for mount"},
		{"mount of no path", "datasources:\n  MINE: {type: postgresql, host: h, database: c, username: c, password: {env: DB_PW}, jndi: jdbc/M, use: [mount], mount: [x], driver: " + driver + "}\n", "no path of the registry"},
		{"JNDI changed", head + "{type: postgresql, host: h, database: c, username: c, password: {env: DB_PW}, jndi: jdbc/Other, driver: " + driver + "}\n", "its JNDI name stays"},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, sampleHome(t, "api"), c.answers, c.want) })
	}
}

// TestDatasourcesVault: the password of a datasource goes into the vault of the same run, and into one that is there; a vault that cannot be opened
// refuses it.
func TestDatasourcesVault(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	const alias = "Datasources.WSO2_CARBON_DB.Configuration.Password"
	t.Run("in the same run", func(t *testing.T) {
		home := ownHome(t, "api")
		out := planTwice(t, home, pgAnswers(pgDriver(t))+"vault: {enabled: true, password_file: persist}\n")
		noSecret(t, diffText(out.Plan), secret.New(dbPassword))
		if got := decrypted(t, home, ksPassword)[alias]; got != dbPassword {
			t.Errorf("the vault has %q", got)
		}
		if strings.Contains(readFile(t, home, carbon.MasterDS), "p&amp;w") {
			t.Error("the password is in clear text")
		}
	})
	t.Run("in one that is there", func(t *testing.T) {
		home := vaultedHome(t, "api")
		before := textsOf(t, home)
		planTwice(t, home, pgAnswers(pgDriver(t)))
		if got := changedAliases(before, textsOf(t, home)); !slices.Equal(got, []string{alias}) {
			t.Errorf("other ciphertexts: %v", got)
		}
		if got := decrypted(t, home, ksPassword)[alias]; got != dbPassword {
			t.Errorf("the vault has %q", got)
		}
	})
	t.Run("in one that cannot be opened", func(t *testing.T) {
		home := vaultedHome(t, "api")
		removeFile(t, home, "password-persist")
		refused(t, home, pgAnswers(pgDriver(t)), "secure vault")
	})
}

// TestDatasourcesDriver copies a driver and takes away what is in its way.
func TestDatasourcesDriver(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	const lib = carbon.ComponentsLib + "/"
	big := make([]byte, 9<<20) // larger than any configuration file may be
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct {
		name          string
		there         func(t *testing.T, home string) // what is in the home before
		driver        func(t testing.TB) string
		removed, kept []string
	}{
		{"none there", func(*testing.T, string) {}, pgDriver, nil, nil},
		{"larger than a configuration file", func(*testing.T, string) {}, func(t testing.TB) string {
			return driverOf(t, "postgresql-42.jar", "org.postgresql.Driver", 6, big...)
		}, nil, nil},
		{"an older one with its bundle", func(t *testing.T, home string) {
			setFile(t, home, lib+"postgresql-9.1.jar", read(driverOf(t, "x.jar", "org.postgresql.Driver", 5)))
			setFile(t, home, carbon.Dropins+"/postgresql_9.1_1.0.0.jar", "made at a start")
			setFile(t, home, lib+"mysql.jar", read(driverOf(t, "x.jar", "com.mysql.jdbc.Driver", 5)))
			setFile(t, home, carbon.Dropins+"/mysql_1.0.0.jar", "made at a start")
		}, pgDriver, []string{lib + "postgresql-9.1.jar", carbon.Dropins + "/postgresql_9.1_1.0.0.jar"}, []string{lib + "mysql.jar", carbon.Dropins + "/mysql_1.0.0.jar"}},
		{"an older large one of the same name", func(t *testing.T, home string) {
			setFile(t, home, lib+"postgresql-42.jar", read(driverOf(t, "x.jar", "org.postgresql.Driver", 5, big...)))
			setFile(t, home, carbon.Dropins+"/postgresql_42_1.0.0.jar", "made at a start")
		}, pgDriver, []string{carbon.Dropins + "/postgresql_42_1.0.0.jar"}, nil},
		{"an older large one", func(t *testing.T, home string) {
			setFile(t, home, lib+"postgresql-old.jar", read(driverOf(t, "x.jar", "org.postgresql.Driver", 5, big...)))
		}, pgDriver, []string{lib + "postgresql-old.jar"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			c.there(t, home)
			before := homeFiles(t, home)
			driver := c.driver(t)
			// WSO2AM_STATS_DB names no driver: it takes the one of the others.
			answers := pgAnswers(driver, amSame, "  WSO2AM_STATS_DB: {type: postgresql, host: db2, database: s, username: s, password: {env: DB_PW}}\n")
			o := apply.Options{System: apply.Real(), Now: time.Now, Who: apply.Who{User: "test"}}
			plan := buildPlan(t, home, answers).Plan
			plan.Actions = nil // no database here
			if _, err := apply.Apply(t.Context(), plan, o); err != nil {
				t.Fatal(err)
			}
			if readFile(t, home, lib+"postgresql-42.jar") != read(driver) {
				t.Error("the driver is not the one that was given")
			}
			if info, err := os.Stat(filepath.Join(home, lib+"postgresql-42.jar")); err != nil || info.Mode().Perm()&0o444 == 0 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			for _, rel := range c.removed {
				if _, err := os.Stat(filepath.Join(home, rel)); err == nil {
					t.Errorf("%s is still there", rel)
				}
			}
			for _, rel := range c.kept {
				readFile(t, home, rel)
			}
			if again := buildPlan(t, home, answers).Plan; !again.Empty() {
				t.Errorf("planned again, %v change", planFiles(again))
			}
			for _, r := range findings(t, home, 6) {
				if r.ID == ruleDBDriver && r.Status != OK {
					t.Errorf("audit: %+v", r)
				}
			}
			if _, _, err := apply.Restore(t.Context(), home, apply.RestoreOptions{Options: o}); err != nil {
				t.Fatal(err)
			}
			after := homeFiles(t, home)
			for rel, f := range before {
				if !bytes.Equal(f.data, after[rel].data) || f.mode != after[rel].mode {
					t.Errorf("%s is not as before", rel)
				}
			}
			if _, left := after[lib+"postgresql-42.jar"]; left != (before[lib+"postgresql-42.jar"].data != nil) {
				t.Error("the driver is left")
			}
		})
	}
}

// TestDatasourcesDriverRefused are jars that the server could not use.
func TestDatasourcesDriverRefused(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := os.ReadFile(pgDriver(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, driver, want string }{
		{"missing", "/nowhere/x.jar", "does not exist"},
		{"a folder", t.TempDir(), "read"},
		{"empty", file("a.jar", ""), "empty"},
		{"a page", file("b.jar", "<!DOCTYPE html><html></html>"), "web page"},
		{"cut off", file("c.jar", string(good[:len(good)-30])), "not copied whole"},
		{"damaged", file("d.jar", strings.Replace(string(good), "\xCA\xFE\xBA\xBE", "\xCA\xFE\xBA\xBF", 1)), "unpack"},
		{"of another server", driverOf(t, "e.jar", "org.mariadb.jdbc.Driver", 6), "has no driver for PostgreSQL: it is for MariaDB"},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, sampleHome(t, "api"), pgAnswers(c.driver), c.want) })
	}
	t.Run("for a newer Java", func(t *testing.T) {
		java := t.TempDir()
		setFile(t, java, "bin/java", "")
		if err := os.Chmod(filepath.Join(java, "bin", "java"), 0o700); err != nil { // #nosec G302 -- a stand-in for a program
			t.Fatal(err)
		}
		machine := testMachine(t)
		machine.Getenv = func(name string) string { return map[string]string{"JAVA_HOME": java}[name] }
		in, err := carbon.Open(t.Context(), sampleHome(t, "api"), machine)
		if err != nil {
			t.Fatal(err)
		}
		_, err = BuildPlan(t.Context(), in, answersOf(t, pgAnswers(driverOf(t, "f.jar", "org.postgresql.Driver", 8))))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(problemLines(invalid.Problems), "made for Java 8 and later, and the server runs with Java 7") {
			t.Errorf("%v, Java %+v", err, in.Java)
		}
	})
	const second = "  WSO2AM_DB: {type: postgresql, host: db2, database: s, username: s, password: {env: DB_PW}, driver: "
	t.Run("two of the same name", func(t *testing.T) {
		refused(t, sampleHome(t, "api"), pgAnswers(pgDriver(t), second+driverOf(t, "postgresql-42.jar", "org.postgresql.Driver", 5)+"}\n"), "Two drivers have the file name postgresql-42.jar")
	})
	t.Run("two with the same class", func(t *testing.T) {
		refused(t, sampleHome(t, "api"), pgAnswers(pgDriver(t), second+driverOf(t, "pg.jar", "org.postgresql.Driver", 5)+"}\n"), "hold the same driver")
	})
	t.Run("the same one twice", func(t *testing.T) {
		driver := pgDriver(t)
		out := planTwice(t, sampleHome(t, "api"), pgAnswers(driver, second+driver+"}\n"))
		if got := planFiles(out.Plan); len(got) != 2 {
			t.Errorf("%v change", got)
		}
	})
	t.Run("two in the home", func(t *testing.T) {
		home := sampleHome(t, "api")
		planTwice(t, home, pgAnswers(pgDriver(t)))
		setFile(t, home, carbon.ComponentsLib+"/pg-old.jar", string(good))
		if got := resultLines(findings(t, home, 6)); !strings.Contains(got, "Several jars hold org.postgresql.Driver") {
			t.Errorf("audit:\n%s", got)
		}
		removeFile(t, home, carbon.ComponentsLib+"/pg-old.jar")
		removeFile(t, home, carbon.ComponentsLib+"/postgresql-42.jar")
		if got := resultLines(findings(t, home, 6)); !strings.Contains(got, ruleDBDriver+" fail") {
			t.Errorf("audit without a driver:\n%s", got)
		}
	})
}

// TestDatasourcesWiring adds a datasource for users, for the registry, and for a registry that servers share.
func TestDatasourcesWiring(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	for _, c := range []struct{ name, more string }{
		{"users", "jndi: jdbc/WSO2UM_DB, use: [users]"},
		{"registry", "jndi: jdbc/WSO2REG_DB, use: [registry]"},
		{"mount", "jndi: jdbc/WSO2REG_DB, use: [mount]"},
		{"mount-one", "jndi: jdbc/WSO2REG_DB, use: [users, mount], mount: [/_system/governance]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := sampleHome(t, "api")
			out := planTwice(t, home, "datasources:\n  MINE_DB: {type: postgresql, host: db1, database: mine, username: mine, password: {env: DB_PW}, driver: "+pgDriver(t)+", "+c.more+"}\n")
			noSecret(t, diffText(out.Plan), secret.New(dbPassword))
			golden(t, "datasources/wiring-"+c.name+".diff", diffText(out.Plan)+actionLines(out.Plan))
		})
	}
	t.Run("with a vault", func(t *testing.T) {
		home := vaultedHome(t, "api")
		planTwice(t, home, "datasources:\n  MINE_DB: {type: postgresql, host: db1, database: mine, username: mine, password: {env: DB_PW}, driver: "+pgDriver(t)+", jndi: jdbc/WSO2UM_DB, use: [users]}\nvault: {enabled: true, password_file: persist}\n")
		if got := decrypted(t, home, ksPassword)["Datasources.MINE_DB.Configuration.Password"]; got != dbPassword {
			t.Errorf("the vault has %q", got)
		}
	})
}

// TestDatasourcesParameterSaidOnce holds that what there is to say about an option of the URL is said once, at its question, and names the option.
func TestDatasourcesParameterSaidOnce(t *testing.T) {
	t.Setenv("DB_PW", dbPassword)
	driver := driverOf(t, "mysql-connector-j-8.jar", "com.mysql.cj.jdbc.Driver", 8)
	yaml := "datasources:\n  WSO2_CARBON_DB: {type: mysql, host: db1, database: carbon, username: carbon, password: {env: DB_PW}, driver: " + driver + ", parameters: {sslMode: VERIFY_CA}}\n"
	said := problemLines(problems(t, sampleHome(t, "servlet"), yaml))
	if n := strings.Count(said, "5.1 reads past it"); n != 1 || !strings.Contains(said, "datasources.WSO2_CARBON_DB.parameters: sslMode: ") {
		t.Errorf("said %d times:\n%s", n, said)
	}
}
