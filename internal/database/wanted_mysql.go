package database

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"carbon-setup/internal/secret"
)

// mysql reads the parameters of Connector/J. Its sslMode, from 8 on, goes before useSSL, requireSSL and verifyServerCertificate.
func (r *reading) mysql() {
	r.mysqlTLS()
	r.w.Roots = fileOf(r.get("trustCertificateKeyStoreUrl"))
	if r.has("trustCertificateKeyStorePassword") {
		r.w.RootsPassword = secret.New(r.get("trustCertificateKeyStorePassword"))
	}
	r.w.AllowPublicKeyRetrieval = r.on("allowPublicKeyRetrieval")
	r.w.PublicKeyFile = r.get("serverRSAPublicKeyFile")
	r.w.SessionVariables = r.get("sessionVariables")
	r.timeout(time.Millisecond, "connectTimeout")
	r.mysqlCharset()
	r.zeroDates()
	if r.on("autoReconnect") {
		r.say("autoReconnect", Note, "autoReconnect gives a failed statement to the application and reconnects for the next one. Carbon's pool does this by itself with testOnBorrow.", "")
	}
	if r.t.Mode == "replication" {
		r.say("mode", Warning, "With replication Connector/J sends what is read only to the replicas, and Carbon reads what it has just written.", "Name the source alone, or use failover.")
	}
}

func (r *reading) mysqlTLS() {
	modes := map[string]TLSMode{
		"DISABLED": TLSOff, "PREFERRED": TLSPrefer, "REQUIRED": TLSRequire, "VERIFY_CA": TLSVerifyCA, "VERIFY_IDENTITY": TLSVerifyFull,
	}
	old, said := r.legacyTLS()
	mode, ok := modes[strings.ToUpper(r.get("sslMode"))]
	if !ok {
		r.w.TLS = old
		return
	}
	r.w.TLS = mode
	if said && (mode == TLSOff) != (old == TLSOff) {
		r.say("sslMode", Bad, "sslMode and useSSL contradict each other: Connector/J 8 and later follow sslMode, 5.1 follows useSSL.", "Take one of them out, or let both say the same.")
	}
	r.w.VerifyIfOffered = false
}

// legacyTLS reads the three switches of Connector/J 5.1, and reports whether useSSL is there.
func (r *reading) legacyTLS() (TLSMode, bool) {
	require, verify := r.on("requireSSL"), r.on("verifyServerCertificate")
	if r.off("useSSL") {
		for _, name := range []string{"requireSSL", "verifyServerCertificate"} {
			if r.on(name) {
				r.say(name, Bad, fmt.Sprintf("%s=true asks for TLS and useSSL=false excludes it: the driver connects without TLS.", name), "Write useSSL=true, or take "+name+" out.")
			}
		}
		return TLSOff, true
	}
	set := r.has("useSSL")
	if !set && (require || verify) {
		r.say("useSSL", Note, "Connector/J 5.1 before 5.1.38 uses TLS only with useSSL=true.", "Write useSSL=true, too.")
	}
	if set && !r.has("verifyServerCertificate") {
		r.say("verifyServerCertificate", Note,
			"With useSSL=true Connector/J 5.1 verifies the certificate of the server, and 8 and later do not unless verifyServerCertificate=true says so.",
			"Write verifyServerCertificate=true or false, so that every release does the same.")
		verify = true
		r.w.VerifyIfOffered = !require
		if !require {
			return TLSPrefer, set
		}
	}
	switch {
	case verify:
		if !require {
			r.say("requireSSL", Note, "With verifyServerCertificate=true Connector/J 8 and later demand TLS; 5.1 goes on without it where the server offers none, unless requireSSL=true.",
				"Write requireSSL=true, too.")
		}
		return TLSVerifyCA, set
	case require:
		return TLSRequire, set
	}
	return TLSPrefer, set
}

// mysqlCharset reads characterEncoding, which is the name that Java has for a character set.
func (r *reading) mysqlCharset() {
	r.w.Charset = r.get("characterEncoding")
	low := strings.ToLower(r.w.Charset)
	switch {
	case slices.Contains([]string{"utf8mb4", "utf8mb3"}, low):
		r.say("characterEncoding", Bad, fmt.Sprintf("characterEncoding=%s is MySQL's name of a character set. Connector/J wants Java's, and refuses this one.", low), "Write characterEncoding=UTF-8.")
	case r.off("useUnicode") && r.w.Charset != "":
		r.say("useUnicode", Warning, "Connector/J 5.1 follows characterEncoding only with useUnicode=true.", "Write useUnicode=true.")
	}
}

// zeroDates reads zeroDateTimeBehavior, whose values were spelled anew.
func (r *reading) zeroDates() {
	const name = "zeroDateTimeBehavior"
	switch value := r.get(name); {
	case !r.has(name):
	case slices.Contains([]string{"convertToNull"}, value):
		r.say(name, Note, "Connector/J 5.1 spells this value convertToNull, 8 and later spell it CONVERT_TO_NULL, and each refuses the other's.", "Write the one of the driver jar in repository/components/lib.")
	case strings.EqualFold(value, "CONVERT_TO_NULL"):
		r.say(name, Note, "Connector/J 8 and later spell this value CONVERT_TO_NULL, 5.1 spells it convertToNull, and each refuses the other's.", "Write the one of the driver jar in repository/components/lib.")
	case !strings.EqualFold(value, "exception") && !strings.EqualFold(value, "round"):
		r.say(name, Bad, "zeroDateTimeBehavior has a value that Connector/J refuses.", "It takes exception, round, and convertToNull with 5.1 or CONVERT_TO_NULL with 8 and later.")
	}
}

// mariadb reads the parameters of MariaDB Connector/J: sslMode of 3, useSSL with trustServerCertificate and disableSslHostnameVerification of 2.
func (r *reading) mariadb() {
	r.w.TLS = TLSOff
	useSSL := r.on("useSSL") || r.on("useSsl")
	if useSSL {
		r.w.TLS = TLSVerifyFull
		switch {
		case r.on("trustServerCertificate"):
			r.w.TLS = TLSRequire
		case r.on("disableSslHostnameVerification"):
			r.w.TLS = TLSVerifyCA
		}
	} else if r.on("trustServerCertificate") {
		r.say("trustServerCertificate", Warning, "trustServerCertificate=true means nothing without useSSL=true: the connection has no TLS.", "Write useSSL=true, or take it out.")
	}
	if mode, ok := map[string]TLSMode{
		"disable": TLSOff, "disabled": TLSOff, "trust": TLSRequire, "required": TLSRequire, "verify-ca": TLSVerifyCA, "verify_ca": TLSVerifyCA,
		"verify-full": TLSVerifyFull, "verify_identity": TLSVerifyFull,
	}[strings.ToLower(r.get("sslMode"))]; ok {
		if (r.has("useSSL") || r.has("useSsl")) && useSSL != (mode != TLSOff) {
			r.say("sslMode", Bad, "sslMode and useSSL contradict each other: MariaDB Connector/J 2 follows useSSL.", "Take one of them out, or let both say the same.")
		}
		if !useSSL {
			r.w.TLS = mode
		}
	}
	r.w.Roots = r.first("serverSslCert", "trustStore")
	if r.has("trustStorePassword") {
		r.w.RootsPassword = secret.New(r.get("trustStorePassword"))
	}
	r.w.AllowPublicKeyRetrieval = r.on("allowPublicKeyRetrieval")
	r.w.PublicKeyFile = r.get("serverRsaPublicKeyFile")
	r.w.SessionVariables = r.get("sessionVariables")
	r.w.Charset = "UTF-8"
	r.timeout(time.Millisecond, "connectTimeout")
	if r.t.Mode == "replication" || r.t.Mode == "aurora" {
		r.say("mode", Warning, "With "+r.t.Mode+" the driver sends what is read only to the replicas, and Carbon reads what it has just written.", "Name the primary alone, or use sequential.")
	}
}
