package steps

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/database"
)

// probeOptions are what a test through the driver that the server will load needs; ok is false where Java or the driver is missing. planned is the truststore
// as the answers change it, nil when they do not.
func probeOptions(w *Workspace, d *dsWish, planned *ks.Truststore) (o database.ProbeOptions, ok bool) {
	jar := driverFor(w, d)
	class := jar.class(d.target)
	if java := w.Install.Java; java.Home == "" || java.Problem != "" || class == "" {
		return o, false
	}
	o = database.ProbeOptions{
		Java: filepath.Join(w.Install.Java.Home, "bin", "java"), Jars: []string{jar.full}, Class: class, Home: w.Install.Home, Target: d.target, Timeout: javaTime,
	}
	if d.block != nil && keepsQuery(d.block, d) {
		o.Query = d.block.query
	}
	if ref := readStores(w).carbonStore("TrustStore"); ref != nil && len(ref.vault) == 0 {
		o.TrustStore, o.TrustStorePassword = ref.abs, ref.password
		if ref.rel != "" {
			o.TrustStore = filepath.Join(w.Install.Home, filepath.FromSlash(ref.rel))
		}
		if planned != nil {
			o.TrustStoreData, _ = planned.Bytes(ref.password) // nil: the one on the disk
		}
	}
	return o, true
}

// throughJava is the test that comes nearest to a start of the server: its Java, its driver, its URL. It is not made when the stages have failed, as its
// words would be harder to read than theirs.
func (t *stagedTest) throughJava(d *dsWish, o database.ProbeOptions) Check {
	id := "datasources." + d.name + ".driver"
	return Check{ID: id, Title: d.name + ": through the JDBC driver", Timeout: javaTime + endTime, Run: func(ctx context.Context) Result {
		if t.failed() {
			return stageResult(id, d.name, database.StageResult{Status: database.Skipped})
		}
		r := probeResult(ctx, t.tests, id, o)
		r.Of = d.name
		return r
	}}
}

func probeResult(ctx context.Context, tests *databaseTests, id string, o database.ProbeOptions) Result {
	r := Result{ID: id, Guideline: 6}
	got, err := tests.java(ctx, o)
	var told *database.ProbeError
	switch {
	case err == nil:
		r.Status = OK
		r.Message = fmt.Sprintf("%s %s connects with Java %s in %d ms, and the validation query returns a row.", o.Class, got.DriverRelease, got.Java, got.ConnectTime/time.Millisecond)
		return r
	case !errors.As(err, &told):
		r.Status, r.Message = Unknown, "Not tested through the driver: "+err.Error()+"."
		return r
	}
	r.Status, r.Severity, r.Message, r.Fix = Fail, Error, told.What, told.Fix
	switch told.Kind { //nolint:exhaustive // what is wrong with the machine, not with the connection
	case database.ProbeNoJava, database.ProbeJavaFails, database.ProbeNoFolder, database.ProbeCanceled:
		r.Status, r.Severity = Unknown, Warning
	}
	if told.Server != "" {
		r.Message += " The driver says: " + told.Server
	}
	return r
}
