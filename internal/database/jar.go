package database

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of what is read of a jar. Oracle's largest has 8 MB and some 4,000 files.
const (
	MaxJar      = 64 << 20
	maxJarFiles = 20_000
	maxJarText  = 64 << 10 // of a manifest or a list of services
)

// DriverClass is a class of a JDBC driver.
type DriverClass struct {
	Name string // with dots
	Kind Kind
	JTDS bool
	// Java is the oldest that loads it, by the version of its class file: 6 for 50. Other classes tell nothing: Connector/J 5.1 for Java 5 has some for
	// Java 8 beside it, and what lies in META-INF/versions is read by newer Javas alone.
	Java int
}

// Jar is what InspectJar found in a file. Two Jars of the same SHA256 are the same file.
type Jar struct {
	Name    string // as it was given, in messages
	SHA256  string
	Size    int
	Drivers []DriverClass // those of known drivers, the one to choose of each kind first
	Listed  []string      // what META-INF/services/java.sql.Driver names
	Title   string        // Implementation-Title, or the name of the bundle
	Version string        // Implementation-Version, or that of the bundle
	Signed  bool
}

// Driver is the class and the jar that a block of a datasource needs.
type Driver struct {
	Class string // for driverClassName
	Jar   Jar
}

// JarErrorKind is why a file is no jar.
type JarErrorKind int

// The kinds of errors of InspectJar.
const (
	JarEmpty     JarErrorKind = iota + 1
	JarTooLarge               // more than MaxJar, or more files than any driver has
	JarNotZip                 // something else
	JarTruncated              // the beginning of one
	JarDamaged                // a part of it does not unpack to what it was
	JarNoDriver               // a jar without a JDBC driver
	JarEncrypted              // a zip file with a password
)

// JarError is what an operator is told about a file that is no driver.
type JarError struct {
	Kind JarErrorKind
	Name string
	What string // full sentences
	Fix  string // full sentences
}

func (e *JarError) Error() string { return e.Name + ": " + e.What + " " + e.Fix }

// driverClasses are the classes of the drivers, of each kind the one to write first. Connector/J 8 and later carry the old name, too, as a class that
// warns and does the same.
var driverClasses = []DriverClass{
	{Name: "com.mysql.cj.jdbc.Driver", Kind: MySQL},
	{Name: "com.mysql.jdbc.Driver", Kind: MySQL},
	{Name: "org.mariadb.jdbc.Driver", Kind: MariaDB},
	{Name: "org.postgresql.Driver", Kind: PostgreSQL},
	{Name: "oracle.jdbc.OracleDriver", Kind: Oracle},
	{Name: "com.microsoft.sqlserver.jdbc.SQLServerDriver", Kind: SQLServer},
	{Name: "net.sourceforge.jtds.jdbc.Driver", Kind: SQLServer, JTDS: true},
}

const fixJar = "Copy the jar again from where it comes from, as a binary file, and compare the sizes."

// InspectJar looks into the jar of a JDBC driver. It reads no class but its head, and unpacks a bounded part. The error is a *JarError; a jar without
// a driver is one, too.
func InspectJar(name string, data []byte) (Jar, error) {
	sum := sha256.Sum256(data)
	j := Jar{Name: printable(name), SHA256: hex.EncodeToString(sum[:]), Size: len(data)}
	refuse := func(k JarErrorKind, what, fix string) (Jar, error) {
		return j, &JarError{k, j.Name, what, fix}
	}
	switch {
	case len(data) == 0:
		return refuse(JarEmpty, "The file is empty.", fixJar)
	case len(data) > MaxJar:
		return refuse(JarTooLarge, fmt.Sprintf("The file has more than %d MB, as no driver has.", MaxJar>>20), "Take the jar of the driver alone.")
	}
	if n := centralEntries(data); n > maxJarFiles {
		return refuse(JarTooLarge, fmt.Sprintf("The jar says that it has %d files, more than any driver.", n), "Take the jar of the driver alone.")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
			return refuse(JarTruncated, "The jar ends before its table of contents: it was not copied whole.", fixJar)
		}
		return refuse(JarNotZip, "The file is not a jar"+looksLike(data)+".", "Take the file that ends in .jar from where the driver comes from.")
	}
	if len(z.File) > maxJarFiles {
		return refuse(JarTooLarge, fmt.Sprintf("The jar has %d files, more than any driver.", len(z.File)), "Take the jar of the driver alone.")
	}
	if err := j.read(z); err != nil {
		var told *JarError
		if errors.As(err, &told) {
			return refuse(told.Kind, told.What, told.Fix)
		}
		return refuse(JarDamaged, "A file in the jar does not unpack to what it was.", fixJar)
	}
	if len(j.Drivers) == 0 && len(j.Listed) == 0 {
		return refuse(JarNoDriver, "The jar has no JDBC driver in it"+nested(z)+".", "Take the jar of the driver itself.")
	}
	return j, nil
}

// centralEntries returns the number of files that the end of a zip file tells, so that a table of millions is not read; 0 if it tells none.
func centralEntries(data []byte) int {
	const size, entries = 22, 10
	from := max(0, len(data)-size-1<<16)
	if i := bytes.LastIndex(data[from:], []byte("PK\x05\x06")); i >= 0 && from+i+size <= len(data) {
		n := int(binary.LittleEndian.Uint16(data[from+i+entries:]))
		if n == 0xFFFF { // more than the field holds: the real number stands in a record that no jar of a driver needs
			return maxJarFiles + 1
		}
		return n
	}
	return 0
}

// read gathers what is of interest.
func (j *Jar) read(z *zip.Reader) error {
	files := map[string]*zip.File{}
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			return &JarError{Kind: JarEncrypted, What: "The file is a zip file with a password.", Fix: "Unpack it, and take the jar."}
		}
		if _, twice := files[f.Name]; !twice {
			files[f.Name] = f
		}
		up := strings.ToUpper(f.Name)
		j.Signed = j.Signed || path.Dir(up) == "META-INF" && slices.Contains([]string{".RSA", ".DSA", ".EC"}, path.Ext(up))
	}
	for _, c := range driverClasses {
		f := files[strings.ReplaceAll(c.Name, ".", "/")+".class"]
		if f == nil {
			continue
		}
		java, err := classJava(f)
		if err != nil {
			return err
		}
		c.Java = java
		j.Drivers = append(j.Drivers, c)
	}
	if err := j.services(files["META-INF/services/java.sql.Driver"]); err != nil {
		return err
	}
	return j.manifest(files["META-INF/MANIFEST.MF"])
}

// classJava returns the oldest Java that loads a class file: 6 for version 50. The file is unpacked to its end, within bounds, so that a damaged one is
// found.
func classJava(f *zip.File) (int, error) {
	const largest = 4 << 20
	data, err := unpack(f, largest)
	if err != nil {
		return 0, err
	}
	if len(data) < 10 || binary.BigEndian.Uint32(data) != 0xCAFEBABE {
		return 0, &JarError{Kind: JarDamaged, What: "The class of the driver is not a class file.", Fix: fixJar}
	}
	return max(int(binary.BigEndian.Uint16(data[6:]))-44, 1), nil
}

// unpack returns a file of up to most bytes; a larger one is an error, whatever size it says it has.
func unpack(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, &JarError{Kind: JarTooLarge, What: "A file in the jar unpacks to more than any of a driver.", Fix: fixJar}
	}
	return data, nil
}

// services reads the classes that a driver names for java.util.ServiceLoader.
func (j *Jar) services(f *zip.File) error {
	if f == nil {
		return nil
	}
	data, err := unpack(f, maxJarText)
	if err != nil {
		return err
	}
	const most = 16
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name != "" && len(j.Listed) < most {
			j.Listed = append(j.Listed, printable(name))
		}
	}
	return nil
}

// manifest reads title and version. Lines of more than 72 bytes go on in the next, after a blank.
func (j *Jar) manifest(f *zip.File) error {
	if f == nil {
		return nil
	}
	data, err := unpack(f, maxJarText)
	if err != nil {
		var told *JarError
		if errors.As(err, &told) && told.Kind == JarTooLarge {
			return nil // the digests of thousands of classes; the driver loads all the same
		}
		return err
	}
	text := strings.NewReplacer("\r\n ", "", "\n ", "", "\r\n", "\n", "\r", "\n").Replace(string(data))
	main, _, _ := strings.Cut(text, "\n\n")
	values := map[string]string{}
	for line := range strings.Lines(main) {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); utf8.ValidString(value) {
			values[strings.ToLower(name)] = printable(value)
		}
	}
	first := func(names ...string) string {
		for _, n := range names {
			if values[n] != "" {
				return values[n]
			}
		}
		return ""
	}
	j.Title = first("implementation-title", "bundle-name", "specification-title")
	j.Version = first("implementation-version", "bundle-version", "specification-version")
	return nil
}

// looksLike says what a file is that is no jar.
func looksLike(data []byte) string {
	trimmed := bytes.ToLower(bytes.TrimLeft(data[:min(len(data), 512)], "\xEF\xBB\xBF \t\r\n"))
	switch {
	case bytes.HasPrefix(trimmed, []byte("<!doctype html")) || bytes.HasPrefix(trimmed, []byte("<html")):
		return ": it is a web page, such as a download that asks to log in"
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		return ": it is a .gz or .tgz archive with, perhaps, the jar in it"
	case bytes.HasPrefix(data, []byte("\x7fELF")) || bytes.HasPrefix(data, []byte("MZ")):
		return ": it is a program"
	case bytes.HasPrefix(data, []byte("\xca\xfe\xba\xbe")):
		return ": it is a single class file"
	case bytes.HasPrefix(data, []byte("version https://git-lfs")):
		return ": it is the place holder of Git LFS"
	}
	return ""
}

// nested says where the driver of a zip file may be.
func nested(z *zip.Reader) string {
	for _, f := range z.File {
		if path.Ext(f.Name) == ".jar" {
			return ", but another jar: " + printable(path.Base(f.Name))
		}
	}
	return ""
}

// Identity tells files apart: two jars of the same identity are copies.
func (j Jar) Identity() string { return j.SHA256 }

// DriverFor returns the class to write for a target, and false if the jar has none of the drivers that are known.
func (j Jar) DriverFor(t Target) (Driver, bool) {
	for _, c := range j.Drivers {
		if c.Kind == t.Kind && c.JTDS == t.JTDS {
			return Driver{c.Name, j}, true
		}
	}
	return Driver{}, false
}

// Fits returns what is wrong with the jar for databases of kind k and a Java of release javaMajor, 0 if that is not known. Jars of jTDS fit SQL Server.
func (j Jar) Fits(k Kind, javaMajor int) []Fault {
	var fs faultList
	var mine []DriverClass
	var others []string
	for _, c := range j.Drivers {
		if c.Kind == k {
			mine = append(mine, c)
		} else if title := c.Kind.Title(); !slices.Contains(others, title) {
			others = append(others, title)
		}
	}
	if len(mine) == 0 {
		what := fmt.Sprintf("%s has no driver for %s", j.Name, k.Title())
		switch {
		case len(others) > 0:
			what += ": it is for " + strings.Join(others, " and ")
		case len(j.Listed) > 0:
			what += ": its driver is " + j.Listed[0]
		}
		fix := "Take the jar of " + driverOf(k) + "."
		if k == MySQL && slices.Contains(others, MariaDB.Title()) {
			fix = "Take the jar of " + driverOf(k) + ", or choose MariaDB as the database."
		}
		fs.bad("jar", what+".", fix)
		return fs
	}
	if len(others) > 0 {
		fs.warn("jar", fmt.Sprintf("%s holds drivers for %s, too.", j.Name, strings.Join(others, " and ")), "Take a jar with one driver alone.")
	}
	if need := mine[0].Java; need > javaMajor && javaMajor > 0 {
		fs.bad("jar", fmt.Sprintf("%s is made for Java %d and later, and the server runs with Java %d: the driver would not be loaded.", j.Name, need, javaMajor),
			"Take "+olderFor(k, javaMajor)+".")
	}
	return fs
}

// driverOf names the driver of a kind.
func driverOf(k Kind) string {
	switch k {
	case MySQL:
		return "MySQL Connector/J"
	case MariaDB:
		return "MariaDB Connector/J"
	case PostgreSQL:
		return "the PostgreSQL JDBC driver"
	case Oracle:
		return "Oracle's thin driver, ojdbc"
	case SQLServer:
		return "Microsoft's JDBC driver, mssql-jdbc or sqljdbc, or of jTDS"
	}
	return "a JDBC driver"
}

// olderFor names the last releases of a driver for an old Java.
func olderFor(k Kind, javaMajor int) string {
	type release struct {
		java int
		name string
	}
	releases := map[Kind][]release{
		MySQL:      {{8, "Connector/J 8 or later"}, {5, "Connector/J 5.1"}},
		MariaDB:    {{8, "MariaDB Connector/J 2.7 or 3"}, {7, "MariaDB Connector/J 1.8"}},
		PostgreSQL: {{8, "release 42 of pgjdbc"}, {7, "a release of pgjdbc for Java 7, such as 42.2.29.jre7"}, {6, "a release of pgjdbc for Java 6, such as 42.2.27.jre6"}},
		Oracle:     {{11, "ojdbc11 or ojdbc8"}, {8, "ojdbc8"}, {7, "ojdbc7 of 12.1"}, {6, "ojdbc6 of 11.2 or 12.1"}},
		SQLServer:  {{11, "mssql-jdbc with jre11 or jre8 in its name"}, {8, "mssql-jdbc with jre8 in its name"}, {7, "mssql-jdbc 6.1 or 6.2 with jre7 in its name"}, {6, "sqljdbc4.jar of release 4.0, or jTDS 1.2"}},
	}
	for _, r := range releases[k] {
		if javaMajor >= r.java {
			return r.name
		}
	}
	return "an older release of the driver"
}
