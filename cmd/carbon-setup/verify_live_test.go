package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live/livetest"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
)

// movedPorts are the ports of the sample: where their numbers stand.
var movedPorts = []struct{ file, before, number, after string }{
	{carbon.CatalinaXML, ` port="`, "9443", `"`},
	{carbon.CatalinaXML, ` port="`, "9763", `"`},
	{carbon.Axis2XML, `<parameter name="port" locked="false">`, "8280", "<"},
	{carbon.Axis2XML, `<parameter name="port" locked="false">`, "8243", "<"},
	{carbon.CarbonXML, "<RMIRegistryPort>", "9999", "<"},
	{carbon.CarbonXML, "<RMIServerPort>", "11111", "<"},
	{carbon.APIManagerXML, "<ThriftServerPort>", "10397", "<"},
}

// freeports DIR: gives the sample in DIR ports that nobody has, so that scripts can run side by side.
func freePortsCmd(ts *testscript.TestScript, _ bool, args []string) {
	var held []net.Listener
	for _, p := range movedPorts {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		ts.Check(err)
		held = append(held, l) // until all have theirs
		path := filepath.Join(ts.MkAbs(args[0]), p.file)
		data, err := os.ReadFile(path)
		ts.Check(err)
		was, is := p.before+p.number+p.after, p.before+strconv.Itoa(l.Addr().(*net.TCPAddr).Port)+p.after
		if !strings.Contains(string(data), was) {
			ts.Fatalf("%s does not hold %s", p.file, was)
		}
		ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(string(data), was, is)), 0o600))
	}
	for _, l := range held {
		ts.Check(l.Close())
	}
}

// await FILE: waits until the file is there.
func awaitCmd(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
	}
	ts.Fatalf("%s did not appear", args[0])
}

// standInMain is the command that stands in for the server of a home: livecarbon -Dcarbon.home=DIR org.wso2.carbon.bootstrap.Bootstrap [USER:PASSWORD...].
// It opens every port of the home, serves the key esb of esb.jks, whose password is in KS_PW, and lets the accounts in.
func standInMain() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := standIn(ctx, strings.TrimPrefix(os.Args[1], "-Dcarbon.home="), os.Args[3:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func standIn(ctx context.Context, home string, accounts []string) error {
	in, err := carbon.Open(ctx, home, carbon.Options{})
	if err != nil {
		return err
	}
	cert, err := standInKey(home)
	if err != nil {
		return err
	}
	known := map[string][]string{}
	for _, a := range accounts {
		user, password, _ := strings.Cut(a, ":")
		known[user] = append(known[user], password)
	}
	rmi := 0
	table := steps.PortTable(steps.NewWorkspace(in))
	for _, p := range table {
		if p.What == "JMX: RMI server" {
			rmi = p.Number
		}
	}
	for _, p := range table {
		switch {
		case p.Opens != steps.Opens:
		case strings.HasPrefix(p.What, "HTTPS"):
			err = (&livetest.Carbon{TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, Accounts: known}).Start(ctx, p.Number)
		case p.What == "JMX: RMI registry":
			_, err = livetest.StartPeer(ctx, p.Number, livetest.Registry("jmxrmi", "am01.example.com", rmi))
		default:
			_, err = livetest.StartPeer(ctx, p.Number, livetest.Silent)
		}
		if err != nil {
			return err
		}
	}
	const started = "TID: [0] [AM] [2015-03-01 10:00:00,000]  INFO {CarbonCoreActivator} -  Starting WSO2 Carbon... {x}\n" +
		"TID: [0] [AM] [2015-03-01 10:00:09,000]  WARN {Validator} -  Carbon is configured to use the default keystore (wso2carbon.jks). {x}\n" +
		"TID: [0] [AM] [2015-03-01 10:00:41,000]  INFO {StartupFinalizerServiceComponent} -  WSO2 Carbon started in 41 sec {x}\n"
	if err := os.MkdirAll(filepath.Join(home, carbon.LogsDir), 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, carbon.CarbonLog), []byte(started), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, carbon.PIDFile), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return err
	}
	<-ctx.Done()
	return os.Remove(filepath.Join(home, carbon.PIDFile))
}

func standInKey(home string) (tls.Certificate, error) {
	rel := carbon.SecurityDir + "/esb.jks"
	data, err := os.ReadFile(filepath.Join(home, rel))
	if err != nil {
		return tls.Certificate{}, err
	}
	source, err := ks.Load(ks.Passwords{Store: secret.New(os.Getenv("KS_PW"))}, ks.File{Name: rel, Data: data})
	if err != nil {
		return tls.Certificate{}, err
	}
	id, err := source.Identity("", secret.Secret{})
	if err != nil {
		return tls.Certificate{}, err
	}
	cert := tls.Certificate{PrivateKey: id.Signer()}
	for _, c := range id.Chain {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert, nil
}
