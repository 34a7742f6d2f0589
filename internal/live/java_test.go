package live_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carbon-setup/internal/live"
)

// javaServer speaks everything that a Java can, the way Carbon's listeners do when nobody tells them otherwise.
const javaServer = `
import javax.net.ssl.*;
import java.io.*;
import java.security.*;

public class Server {
    public static void main(String[] args) throws Exception {
        KeyStore keys = KeyStore.getInstance("JKS");
        keys.load(new FileInputStream(args[0]), "changeit".toCharArray());
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0);
        server.setEnabledProtocols(args[1].split(","));
        server.setEnabledCipherSuites(server.getSupportedCipherSuites());
        System.out.println(server.getLocalPort());
        while (true) {
            SSLSocket s = (SSLSocket) server.accept();
            new Thread(() -> { try { s.startHandshake(); s.close(); } catch (IOException e) { } }).start();
        }
    }
}
`

// freePort is one that nobody has at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it was only asked for its number
	return l.Addr().(*net.TCPAddr).Port
}

// A real Java with everything on is recognized by every question, and its RMI registry tells where it sends clients.
func TestRealJava(t *testing.T) {
	java, err1 := exec.LookPath("java")
	keytool, err2 := exec.LookPath("keytool")
	if err := errors.Join(err1, err2); err != nil {
		t.Logf("no JDK here: %v", err)
		return
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	source := write("Server.java", javaServer)
	security := write("security", "jdk.tls.disabledAlgorithms=\njdk.certpath.disabledAlgorithms=\njdk.tls.legacyAlgorithms=\n")
	store := filepath.Join(dir, "keys.jks")
	generate := exec.CommandContext(t.Context(), keytool, "-genkeypair", "-alias", "esb", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=esb.example.com",
		"-ext", "san=dns:esb.example.com", "-storetype", "JKS", "-keystore", store, "-storepass", "changeit", "-keypass", "changeit", "-validity", "30")
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("keytool: %v\n%s", err, out)
	}
	rmi, rmiServer := freePort(t), freePort(t)
	cmd := exec.CommandContext(t.Context(), java, "-Djava.security.properties="+security, "-Dcom.sun.management.jmxremote.port="+strconv.Itoa(rmi),
		"-Dcom.sun.management.jmxremote.rmi.port="+strconv.Itoa(rmiServer), "-Dcom.sun.management.jmxremote.authenticate=false", "-Dcom.sun.management.jmxremote.ssl=false",
		"-Djava.rmi.server.hostname=am01.example.com", source, store, "SSLv3,TLSv1,TLSv1.1,TLSv1.2")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	e := live.Endpoint{Address: net.JoinHostPort("127.0.0.1", strings.TrimSpace(line)), Name: "esb.example.com", Timeout: 10 * time.Second}
	s, err := live.Look(t.Context(), e)
	if err != nil || len(s.Chain) != 1 || !s.Proven {
		t.Fatalf("look: %+v %v", s, err)
	}
	for _, version := range []uint16{live.SSL30, live.TLS10, live.TLS11, live.TLS12} {
		if h, err := live.Ask(t.Context(), e, live.Offer{Version: version, Suites: live.Ordinary(), Chain: true}); err != nil || !h.Accepted || h.Version != version || string(h.Chain[0]) != string(s.Chain[0]) {
			t.Errorf("%s: %+v %v", live.VersionName(version), h, err)
		}
	}
	for _, weak := range live.Weak() {
		if h, err := live.AskWeak(t.Context(), e, weak); err != nil || !h.Accepted {
			t.Errorf("%s: %+v %v", weak, h, err)
		}
	}
	registry := live.Endpoint{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(rmi)), Timeout: 10 * time.Second}
	if stub, err := live.Registry(t.Context(), registry, "jmxrmi"); err != nil || stub != (live.Stub{Host: "am01.example.com", Port: rmiServer}) {
		t.Errorf("registry: %+v %v", stub, err)
	}
	if _, err := live.Registry(t.Context(), registry, "nosuch"); !errors.Is(err, live.ErrNotBound) {
		t.Errorf("registry without the name: %v", err)
	}
}
