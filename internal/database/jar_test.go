package database

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// entry is a file of a jar.
type entry struct {
	name string
	data []byte
}

// classFile returns the head of a class for a release of Java.
func classFile(java int) []byte {
	return binary.BigEndian.AppendUint16([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0}, uint16(java+44))
}

func classOf(name string, java int) entry {
	return entry{strings.ReplaceAll(name, ".", "/") + ".class", append(classFile(java), "rest of the class"...)}
}

func jarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err == nil {
			_, err = f.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func text(name, content string) entry { return entry{name, []byte(content)} }

// connectorJ8 has what MySQL's driver has from 8 on: both classes, and newer ones aside.
func connectorJ8(t testing.TB) []byte {
	t.Helper()
	return jarOf(t,
		text("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Title: MySQL Connector\r\n /J\r\nImplementation-Version: 8.0.33\r\n\r\nName: x\r\nImplementation-Version: 1\r\n"),
		text("META-INF/services/java.sql.Driver", "# ours\ncom.mysql.cj.jdbc.Driver # the new\n\n"),
		classOf("com.mysql.jdbc.Driver", 8), classOf("com.mysql.cj.jdbc.Driver", 8), classOf("META-INF/versions/21/com.mysql.cj.jdbc.Driver", 21),
		classOf("com.mysql.cj.jdbc.Newer", 21),
	)
}

func TestInspectJar(t *testing.T) {
	for _, tt := range []struct {
		name  string
		data  []byte
		want  Jar
		kind  Kind
		jtds  bool
		class string
	}{
		{
			"mysql-connector-j-8.0.33.jar", connectorJ8(t), Jar{
				Title: "MySQL Connector/J", Version: "8.0.33", Listed: []string{"com.mysql.cj.jdbc.Driver"},
				Drivers: []DriverClass{{"com.mysql.cj.jdbc.Driver", MySQL, false, 8}, {"com.mysql.jdbc.Driver", MySQL, false, 8}},
			}, MySQL, false, "com.mysql.cj.jdbc.Driver",
		},
		{
			"mysql-connector-java-5.1.49.jar", jarOf(t, text("META-INF/MANIFEST.MF", "Bundle-Name: x\nBundle-Version: 5.1.49"), classOf("com.mysql.jdbc.Driver", 5), classOf("com.mysql.jdbc.JDBC42Connection", 8)),
			Jar{Title: "x", Version: "5.1.49", Drivers: []DriverClass{{"com.mysql.jdbc.Driver", MySQL, false, 5}}},
			MySQL, false, "com.mysql.jdbc.Driver",
		},
		{
			"both.jar", jarOf(t, classOf("com.microsoft.sqlserver.jdbc.SQLServerDriver", 7), classOf("net.sourceforge.jtds.jdbc.Driver", 1), text("META-INF/X.RSA", "")),
			Jar{Signed: true, Drivers: []DriverClass{{"com.microsoft.sqlserver.jdbc.SQLServerDriver", SQLServer, false, 7}, {"net.sourceforge.jtds.jdbc.Driver", SQLServer, true, 1}}},
			SQLServer, true, "net.sourceforge.jtds.jdbc.Driver",
		},
		{
			"../../etc.jar", jarOf(t, text("../../x", "y"), classOf("org.postgresql.Driver", 8)),
			Jar{Drivers: []DriverClass{{"org.postgresql.Driver", PostgreSQL, false, 8}}},
			PostgreSQL, false, "org.postgresql.Driver",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := InspectJar(tt.name, tt.data)
			tt.want.Name, tt.want.Size, tt.want.SHA256 = tt.name, len(tt.data), got.SHA256
			if err != nil || !reflect.DeepEqual(got, tt.want) || len(got.SHA256) != 64 {
				t.Errorf("%v\n got %+v\nwant %+v", err, got, tt.want)
			}
			d, ok := got.DriverFor(Target{Kind: tt.kind, JTDS: tt.jtds})
			if !ok || d.Class != tt.class {
				t.Errorf("%s, %t, want %s", d.Class, ok, tt.class)
			}
			if _, ok := got.DriverFor(Target{Kind: Oracle}); ok {
				t.Error("it has a driver for Oracle")
			}
		})
	}
	a, _ := InspectJar("a.jar", connectorJ8(t))
	b, _ := InspectJar("b.jar", connectorJ8(t))
	c, _ := InspectJar("a.jar", append(connectorJ8(t), 0))
	if a.Identity() != b.Identity() || a.Identity() == c.Identity() {
		t.Error("the identity is not that of the bytes")
	}
}

func TestInspectJarRefuses(t *testing.T) {
	whole := connectorJ8(t)
	damaged := bytes.Clone(whole)
	copy(damaged[bytes.Index(damaged, []byte("com/mysql/cj/jdbc/Driver.class"))+34:], "XXXXXX")
	encrypted := bytes.Clone(whole)
	for at := 0; ; {
		i := bytes.Index(encrypted[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		encrypted[at+i+8] |= 1
		at += i + 4
	}
	many := make([]entry, maxJarFiles+1)
	for i := range many {
		many[i] = text("x", "")
	}
	driver := "Take the jar of the driver itself."
	page := "Take the file that ends in .jar from where the driver comes from."
	for _, tt := range []struct {
		name string
		data []byte
		want JarError
	}{
		{"empty", nil, JarError{JarEmpty, "x.jar", "The file is empty.", fixJar}},
		{"large", make([]byte, MaxJar+1), JarError{JarTooLarge, "x.jar", "The file has more than 64 MB, as no driver has.", "Take the jar of the driver alone."}},
		{"many", jarOf(t, many...), JarError{JarTooLarge, "x.jar", "The jar says that it has 20001 files, more than any driver.", "Take the jar of the driver alone."}},
		{"cut off", whole[:len(whole)/2], JarError{JarTruncated, "x.jar", "The jar ends before its table of contents: it was not copied whole.", fixJar}},
		{"zeros", make([]byte, 100), JarError{JarNotZip, "x.jar", "The file is not a jar.", page}},
		{"page", []byte("\n<!DOCTYPE html><html>"), JarError{JarNotZip, "x.jar", "The file is not a jar: it is a web page, such as a download that asks to log in.", page}},
		{"gzip", []byte("\x1f\x8b\x08\x00"), JarError{JarNotZip, "x.jar", "The file is not a jar: it is a .gz or .tgz archive with, perhaps, the jar in it.", page}},
		{"program", []byte("\x7fELF\x02"), JarError{JarNotZip, "x.jar", "The file is not a jar: it is a program.", page}},
		{"class", classFile(8), JarError{JarNotZip, "x.jar", "The file is not a jar: it is a single class file.", page}},
		{"LFS", []byte("version https://git-lfs.github.com/spec/v1\n"), JarError{JarNotZip, "x.jar", "The file is not a jar: it is the place holder of Git LFS.", page}},
		{"no driver", jarOf(t, classOf("a.B", 8)), JarError{JarNoDriver, "x.jar", "The jar has no JDBC driver in it.", driver}},
		{"jar in zip", jarOf(t, text("dist/mysql-connector-j-9.1.0.jar", "")), JarError{JarNoDriver, "x.jar", "The jar has no JDBC driver in it, but another jar: mysql-connector-j-9.1.0.jar.", driver}},
		{"damaged", damaged, JarError{JarDamaged, "x.jar", "A file in the jar does not unpack to what it was.", fixJar}},
		{"no class", jarOf(t, text("org/postgresql/Driver.class", "not a class file")), JarError{JarDamaged, "x.jar", "The class of the driver is not a class file.", fixJar}},
		{"bomb", jarOf(t, text("org/postgresql/Driver.class", strings.Repeat("\x00", 5<<20))), JarError{JarTooLarge, "x.jar", "A file in the jar unpacks to more than any of a driver.", fixJar}},
		{"encrypted", encrypted, JarError{JarEncrypted, "x.jar", "The file is a zip file with a password.", "Unpack it, and take the jar."}},
	} {
		_, err := InspectJar("x.jar", tt.data)
		var told *JarError
		if !errors.As(err, &told) || *told != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, err, tt.want)
		}
	}
}

func TestJarFits(t *testing.T) {
	mysql, _ := InspectJar("mysql.jar", connectorJ8(t))
	mariadb, _ := InspectJar("mariadb.jar", jarOf(t, classOf("org.mariadb.jdbc.Driver", 8)))
	mixed, _ := InspectJar("mixed.jar", jarOf(t, classOf("org.mariadb.jdbc.Driver", 8), classOf("oracle.jdbc.OracleDriver", 6), classOf("org.postgresql.Driver", 6)))
	db2, _ := InspectJar("db2.jar", jarOf(t, text("META-INF/services/java.sql.Driver", "com.ibm.db2.jcc.DB2Driver")))
	for _, tt := range []struct {
		jar  Jar
		kind Kind
		java int
		want []Fault
	}{
		{mysql, MySQL, 8, nil},
		{mysql, MySQL, 0, nil},
		{mysql, MySQL, 7, []Fault{{"jar", Bad, "mysql.jar is made for Java 8 and later, and the server runs with Java 7: the driver would not be loaded.", "Take Connector/J 5.1."}}},
		{mysql, PostgreSQL, 8, []Fault{{"jar", Bad, "mysql.jar has no driver for PostgreSQL: it is for MySQL.", "Take the jar of the PostgreSQL JDBC driver."}}},
		{mariadb, MySQL, 8, []Fault{{"jar", Bad, "mariadb.jar has no driver for MySQL: it is for MariaDB.", "Take the jar of MySQL Connector/J, or choose MariaDB as the database."}}},
		{mixed, MariaDB, 6, []Fault{
			{"jar", Warning, "mixed.jar holds drivers for PostgreSQL and Oracle, too.", "Take a jar with one driver alone."},
			{"jar", Bad, "mixed.jar is made for Java 8 and later, and the server runs with Java 6: the driver would not be loaded.", "Take an older release of the driver."},
		}},
		{db2, Oracle, 8, []Fault{{"jar", Bad, "db2.jar has no driver for Oracle: its driver is com.ibm.db2.jcc.DB2Driver.", "Take the jar of Oracle's thin driver, ojdbc."}}},
	} {
		if got := tt.jar.Fits(tt.kind, tt.java); !reflect.DeepEqual(got, tt.want) && len(got)+len(tt.want) > 0 {
			t.Errorf("%s, %s, Java %d:\n got %+v\nwant %+v", tt.jar.Name, tt.kind, tt.java, got, tt.want)
		}
	}
}

// TestRealJars looks into the drivers that Debian has packages of.
func TestRealJars(t *testing.T) {
	for file, want := range map[string]string{
		"postgresql.jar": "org.postgresql.Driver", "mariadb-java-client.jar": "org.mariadb.jdbc.Driver", "jtds.jar": "net.sourceforge.jtds.jdbc.Driver",
	} {
		data, err := os.ReadFile(filepath.Join("/usr/share/java", file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		j, err := InspectJar(file, data)
		if err != nil || len(j.Drivers) != 1 || j.Drivers[0].Name != want || j.Drivers[0].Java < 5 {
			t.Errorf("%s: %+v, %v", file, j, err)
		}
	}
}

func FuzzInspectJar(f *testing.F) {
	f.Add(connectorJ8(f))
	f.Add(jarOf(f, classOf("org.postgresql.Driver", 8), text("META-INF/MANIFEST.MF", "a:b\n c")))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := InspectJar("x.jar", data)
		var told *JarError
		if err != nil && (!errors.As(err, &told) || told.What == "" || told.Fix == "" || told.Kind == 0) {
			t.Fatalf("%#v", err)
		}
		for _, s := range append([]string{j.Title, j.Version}, j.Listed...) {
			if printable(s) != s && !strings.HasSuffix(s, "...") {
				t.Fatalf("%q", s)
			}
		}
		for _, k := range Kinds() {
			_ = j.Fits(k, 7)
		}
	})
}
