package assets_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/pavlo-v-chernykh/keystore-go/v4"

	"carbon-setup/assets"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

var samples = []assets.Sample{assets.API, assets.Servlet}

// unpack writes the sample into a folder whose name has a blank.
func unpack(t *testing.T, which assets.Sample) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sample "+string(which))
	if err := assets.Unpack(t.Context(), dir, which); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, dir, rel string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(rel)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// walk calls f for every file, by its slash path.
func walk(t *testing.T, dir string, f func(rel string, info fs.FileInfo)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		f(filepath.ToSlash(rel), info)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := assets.Unpack(t.Context(), dir, assets.API); !errors.Is(err, assets.ErrNotEmpty) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder with a file: %v", err)
	}
	if err := assets.Unpack(t.Context(), filepath.Join(dir, "new"), "nonsense"); err == nil {
		t.Error("an unknown sample: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := assets.Unpack(ctx, filepath.Join(dir, "canceled"), assets.API); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if err := assets.Unpack(t.Context(), filepath.Join(dir, "precious"), assets.API); err == nil {
		t.Error("a file in the place of the folder: no error")
	}
}

func TestOpen(t *testing.T) {
	want := map[assets.Sample]carbon.Install{
		assets.API:     {Product: "Sample API Server", Version: "1.0.0", Kernel: "4.2.0", ServerKey: "AM", Transport: carbon.TransportPassThrough},
		assets.Servlet: {Product: "Sample Analytics Server", Version: "2.0.0", Kernel: "4.2.0", ServerKey: "SAMPLE", Transport: carbon.TransportServlet},
	}
	for _, which := range samples {
		dir := unpack(t, which)
		in, err := carbon.Open(t.Context(), dir, carbon.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := want[which]
		if in.Product != w.Product || in.Version != w.Version || in.Kernel != w.Kernel || in.ServerKey != w.ServerKey || in.Transport != w.Transport {
			t.Errorf("%s opens as %s, kernel %s, key %s, %s", which, in.Title(), in.Kernel, in.ServerKey, in.Transport)
		}
		if in.Started.Yes || in.Running != nil || len(in.Missing) > 0 {
			t.Errorf("%s: started %+v, running %+v, missing %v", which, in.Started, in.Running, in.Missing)
		}
		if in.Has(carbon.APIManagerXML) != (which == assets.API) {
			t.Errorf("%s: api-manager.xml is there: %v", which, in.Has(carbon.APIManagerXML))
		}
	}
}

// TestFilesParse has both parsers and both editors read every file.
func TestFilesParse(t *testing.T) {
	for _, which := range samples {
		dir := unpack(t, which)
		walk(t, dir, func(rel string, _ fs.FileInfo) {
			data := read(t, dir, rel)
			switch filepath.Ext(rel) {
			case ".xml", ".epr":
				doc := etree.NewDocument()
				doc.ReadSettings.PreserveCData = true
				doc.ReadSettings.CharsetReader = latin1
				if err := doc.ReadFromBytes(data); err != nil || doc.Root() == nil {
					t.Errorf("%s %s: etree: %v", which, rel, err)
				}
				if _, err := edit.ParseXML(rel, data); err != nil {
					t.Errorf("%s %s: %v", which, rel, err)
				}
			case ".properties", ".conf":
				p, err := edit.ParseProperties(rel, data)
				if err != nil {
					t.Errorf("%s %s: %v", which, rel, err)
				} else if len(p.Entries()) == 0 && rel != carbon.SecretConf {
					t.Errorf("%s %s: no entries", which, rel)
				}
			case ".sh", ".bat":
				s, err := edit.ParseScript(rel, data)
				if err != nil {
					t.Errorf("%s %s: %v", which, rel, err)
				} else if o, ok := s.Option("-Xmx"); !ok || o.Value != "1024m" {
					t.Errorf("%s %s: -Xmx is %+v", which, rel, o)
				}
			}
		})
	}
}

func TestLineEnds(t *testing.T) {
	crlf := map[assets.Sample][]string{
		assets.API: {
			"bin/wso2server.bat", "dbscripts/oracle.sql", "repository/conf/registry.xml", "repository/conf/etc/logging-config.xml",
			"repository/conf/security/cipher-text.properties", "repository/conf/security/secret-conf.properties",
			"repository/conf/datasources.properties", "repository/conf/synapse.properties",
		},
		assets.Servlet: {
			"bin/wso2server.bat", "dbscripts/oracle.sql", "repository/conf/registry.xml", "repository/conf/identity.xml",
			"repository/conf/etc/hector-config.xml",
			"repository/conf/security/cipher-text.properties", "repository/conf/security/secret-conf.properties",
		},
	}
	const mixed = "dbscripts/apimgt/oracle.sql"
	noFinalNewline := map[assets.Sample][]string{
		assets.API: {
			"repository/conf/tomcat/tomcat-users.xml", "repository/conf/tomcat/web.xml", "repository/conf/datasources.properties",
			"repository/conf/synapse.properties", "repository/conf/security/application-authentication.xml",
			"repository/conf/identity/identity-providers/default.xml",
		},
		assets.Servlet: {"repository/conf/tomcat/tomcat-users.xml", "repository/conf/tomcat/web.xml", "repository/conf/etc/hector-config.xml"},
	}
	for _, which := range samples {
		dir := unpack(t, which)
		walk(t, dir, func(rel string, _ fs.FileInfo) {
			if strings.HasSuffix(rel, ".jks") {
				return
			}
			data := read(t, dir, rel)
			all, windows := bytes.Count(data, []byte("\n")), bytes.Count(data, []byte("\r\n"))
			switch {
			case which == assets.API && rel == mixed:
				if windows == 0 || windows == all {
					t.Errorf("%s %s: %d of %d lines end in CRLF, want some", which, rel, windows, all)
				}
			case slices.Contains(crlf[which], rel):
				if windows != all {
					t.Errorf("%s %s: %d of %d lines end in CRLF, want all", which, rel, windows, all)
				}
			case bytes.ContainsRune(data, '\r'):
				t.Errorf("%s %s: has a carriage return", which, rel)
			}
			if bytes.HasSuffix(data, []byte("\n")) == slices.Contains(noFinalNewline[which], rel) {
				t.Errorf("%s %s: final newline is wrong", which, rel)
			}
		})
	}
}

// TestOddities holds the sample to what makes real files hard to edit.
func TestOddities(t *testing.T) {
	for _, c := range []struct {
		which assets.Sample
		rel   string
		text  string
		count int
	}{
		{assets.API, carbon.CarbonXML, "<!--HostName>www.wso2.org</HostName-->", 1},
		{assets.API, carbon.CarbonXML, "</EnableHTTPAdminConsole -->", 1},
		{assets.API, carbon.CarbonXML, `encoding="ISO-8859-1"`, 1},
		{assets.API, carbon.MasterDS, "<datasource>\n", 4}, // one in a comment
		{assets.API, carbon.MasterDS, "<url>jdbc:h2:<!--", 1},
		{assets.API, carbon.UserMgtXML, "<!--UserStoreManager class=", 3},
		{assets.API, carbon.UserMgtXML, "\n        <UserStoreManager class=", 1},
		{assets.API, carbon.Axis2XML, "WSDLEPRPrefix", 4},
		{assets.API, carbon.Axis2XML, "<!--/transportReceiver-->", 1},
		{assets.API, carbon.Log4jProperties, "log4j.appender.LOGEVENT.password=admin", 2},
		{assets.API, carbon.Log4jProperties, "log4j.appender.ERROR_LOGFILE=org.apache.log4j.FileAppender", 1},
		{assets.API, carbon.Axis2Client, "\u201cProxy\u201d", 1},
		{assets.API, carbon.ServerSH, "-DapplyPatches", 1},
		{assets.API, carbon.ServerSH, "repository/conf\"\\\n", 1}, // no blank before the backslash
		{assets.Servlet, carbon.ServerSH, "-javaagent:", 1},
		{assets.Servlet, carbon.ServerSH, "-DapplyPatches", 0},
		{assets.Servlet, carbon.CarbonXML, "Z\xfcrich", 1},
		{assets.Servlet, carbon.CarbonXML, "EmbeddedQpid", 0},
		{assets.Servlet, carbon.IdentityXML, "userRP.jks\r\n\t\t\t</Location>", 1},
		{assets.Servlet, carbon.Axis2XML, "<?xml", 0},
		{assets.Servlet, carbon.Log4jProperties, "CARBON_LOGFILE=org.apache.log4j.DailyRollingFileAppender", 1},
		{assets.Servlet, carbon.JNDIProperties, "amqp://admin:admin@", 2},
	} {
		data, err := assets.File(c.which, c.rel)
		if err != nil {
			t.Error(err)
			continue
		}
		if n := bytes.Count(data, []byte(c.text)); n != c.count {
			t.Errorf("%s %s: %q stands there %d times, want %d", c.which, c.rel, c.text, n, c.count)
		}
	}
}

func TestModes(t *testing.T) {
	for _, which := range samples {
		dir := unpack(t, which)
		for rel, want := range map[string]fs.FileMode{
			carbon.ServerSH: 0o755, carbon.CarbonXML: 0o755, carbon.UserMgtXML: 0o644, carbon.RegistryXML: 0o644, carbon.KeyStore: 0o644,
		} {
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(rel)))
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" && info.Mode().Perm() != want {
				t.Errorf("%s %s: mode %v, want %v", which, rel, info.Mode().Perm(), want)
			}
		}
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() || path == dir {
				return err
			}
			info, err := entry.Info()
			if err == nil && runtime.GOOS != "windows" && info.Mode().Perm() != 0o755 {
				t.Errorf("%s %s: mode %v", which, path, info.Mode().Perm())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, rel := range []string{"repository/components/dropins", "repository/carbonapps", "repository/logs", "repository/components/lib", "tmp"} {
			entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(rel)))
			if err != nil || len(entries) > 0 {
				t.Errorf("%s %s: not an empty folder: %v", which, rel, err)
			}
		}
	}
}

func TestKeystores(t *testing.T) {
	dir := unpack(t, assets.API)
	password := []byte("wso2carbon")
	load := func(rel string) keystore.KeyStore {
		ks := keystore.New()
		if err := ks.Load(bytes.NewReader(read(t, dir, rel)), password); err != nil {
			t.Fatalf("%s: %v", rel, err)
		}
		return ks
	}
	identity := load(carbon.KeyStore)
	entry, err := identity.GetPrivateKeyEntry("wso2carbon", password)
	if err != nil || len(identity.Aliases()) != 1 {
		t.Fatalf("aliases %v: %v", identity.Aliases(), err)
	}
	cert, err := x509.ParseCertificate(entry.CertificateChain[0].Content)
	if err != nil {
		t.Fatal(err)
	}
	if cert.Subject.CommonName != "localhost" || cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
		t.Errorf("the certificate is for %s, not self-signed for localhost", cert.Subject)
	}
	trust := load(carbon.TrustStore)
	for _, alias := range []string{"wso2carbon", "localhost"} {
		trusted, err := trust.GetTrustedCertificateEntry(alias)
		if err != nil || !bytes.Equal(trusted.Certificate.Content, cert.Raw) {
			t.Errorf("the truststore does not trust the key by alias %s: %v", alias, err)
		}
	}
}

// TestKeytool has Java itself read the keystores.
func TestKeytool(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		t.Skip("keytool is not installed; TestKeystores reads the stores without it")
	}
	dir := unpack(t, assets.API)
	for rel, want := range map[string]string{carbon.KeyStore: "PrivateKeyEntry", carbon.TrustStore: "trustedCertEntry"} {
		out, err := exec.CommandContext(t.Context(), keytool, "-list", "-storetype", "JKS", "-storepass", "wso2carbon",
			"-keystore", filepath.Join(dir, filepath.FromSlash(rel))).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", rel, err, out)
		}
	}
}

// TestScripts runs the start script with a stand-in for Java that prints how it was called.
func TestScripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	java := filepath.Join(t.TempDir(), "jdk 8")
	if err := os.MkdirAll(filepath.Join(java, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	stub := "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done\n"
	if err := os.WriteFile(filepath.Join(java, "bin", "java"), []byte(stub), 0o755); err != nil {
		t.Fatal(err)
	}
	// The products' line has $JAVACMD without quotes, so a link without a blank leads there.
	link := filepath.Join(t.TempDir(), "jdk")
	if err := os.Symlink(java, link); err != nil {
		t.Fatal(err)
	}
	for _, which := range samples {
		dir := unpack(t, which)
		script := filepath.Join(dir, "bin", "wso2server.sh")
		for _, shell := range []string{"bash", "sh"} {
			if out, err := exec.CommandContext(t.Context(), shell, "-n", script).CombinedOutput(); err != nil {
				t.Errorf("%s: %s -n: %v %s", which, shell, err, out)
			}
		}
		cmd := exec.CommandContext(t.Context(), "sh", script, "-Dsetup")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "JAVA_HOME=" + link, "JAVA_OPTS=-Da=1 -Db=2"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", which, err, out)
		}
		lines := strings.Split(string(out), "\n")
		for _, want := range []string{"-Xmx1024m", "-Da=1", "-Db=2", "-Dcarbon.home=" + dir, "org.wso2.carbon.bootstrap.Bootstrap", "-Dsetup"} {
			if !slices.Contains(lines, want) {
				t.Errorf("%s: java is not called with %s:\n%s", which, want, out)
			}
		}
	}
}

// TestNoPublicSecrets makes sure that no key was put into the tree by mistake.
func TestNoPublicSecrets(t *testing.T) {
	err := filepath.WalkDir("sample", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".jks", ".p12", ".pem", ".key":
			t.Errorf("%s is in the tree; keys are made when a sample is unpacked", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkUnpack(b *testing.B) {
	for b.Loop() {
		if err := assets.Unpack(b.Context(), filepath.Join(b.TempDir(), "sample"), assets.API); err != nil {
			b.Fatal(err)
		}
	}
}
