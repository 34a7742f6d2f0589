package database

import (
	"strings"
	"time"

	"carbon-setup/internal/secret"
)

// postgresql reads the parameters of pgjdbc.
func (r *reading) postgresql() {
	r.postgresqlTLS()
	r.w.Roots = r.get("sslrootcert")
	r.w.CurrentSchema, r.w.Options, r.w.ApplicationName = r.get("currentSchema"), r.get("options"), r.get("ApplicationName")
	r.w.Charset = "UTF-8"
	r.w.SimpleQueries = strings.EqualFold(r.get("preferQueryMode"), "simple")
	r.timeout(time.Second, "connectTimeout", "loginTimeout")
	if r.on("readOnly") && !strings.EqualFold(r.get("readOnlyMode"), "ignore") {
		r.w.ReadOnly = true
		r.say("readOnly", Bad, "With readOnly=true every transaction refuses to write, and Carbon has to.", "Take readOnly out.")
	}
	switch strings.ToLower(r.get("targetServerType")) {
	case "slave", "secondary":
		r.w.ReadOnly = true
		r.say("targetServerType", Bad, "targetServerType asks for a replica, which cannot be written.", "Write targetServerType=primary.")
	case "preferslave", "prefersecondary":
		r.say("targetServerType", Warning, "targetServerType prefers a replica, which cannot be written.", "Write targetServerType=primary.")
	}
	if r.has("charSet") {
		r.say("charSet", Note, "pgjdbc speaks UTF-8 with every PostgreSQL since 7.3, and reads past charSet.", "Leave it out.")
	}
}

// postgresqlTLS: sslmode goes before ssl. From 42.2.5 on ssl=true alone verifies issuer and name, before that the issuer alone; without either, releases
// from 42.0 on use TLS where it is offered.
func (r *reading) postgresqlTLS() {
	mode, ok := map[string]TLSMode{
		"disable": TLSOff, "allow": TLSPrefer, "prefer": TLSPrefer, "require": TLSRequire, "verify-ca": TLSVerifyCA, "verify-full": TLSVerifyFull,
	}[strings.ToLower(r.get("sslmode"))]
	trusting := strings.HasSuffix(r.get("sslfactory"), ".NonValidatingFactory")
	switch {
	case ok:
		r.w.TLS = mode
		if r.on("ssl") && mode == TLSOff || r.off("ssl") && mode != TLSOff && mode != TLSPrefer {
			r.say("ssl", Bad, "ssl and sslmode contradict each other: releases of pgjdbc before 42.2.5 follow ssl, later ones follow sslmode.", "Take ssl out.")
		}
	case r.on("ssl"):
		r.w.TLS = TLSVerifyFull
		if !trusting {
			r.say("ssl", Note, "With ssl=true pgjdbc verifies issuer and name of the certificate from 42.2.5 on, and the issuer alone before.", "Write sslmode=verify-full, verify-ca or require, which every release reads alike.")
		}
	}
	if trusting && r.w.TLS != TLSOff && r.w.TLS != TLSPrefer {
		r.w.TLS = TLSRequire
		if mode == TLSVerifyCA || mode == TLSVerifyFull {
			r.say("sslfactory", Bad, "sslfactory=...NonValidatingFactory accepts every certificate, and sslmode asks to verify it.", "Take sslfactory out.")
		}
	}
}

// oracle reads the parameters behind a service, which drivers from 19.3 on know, and what a descriptor says itself.
func (r *reading) oracle() {
	r.w.TLS = TLSOff
	d, err := parseDescriptor(r.t.Descriptor)
	tls, match := r.t.Mode == "tcps", r.on("ssl_server_dn_match")
	if r.t.Descriptor != "" && err == nil {
		tls, match = d.tls, d.matchDN
	}
	switch {
	case tls && match:
		r.w.TLS = TLSVerifyFull
	case tls:
		r.w.TLS = TLSVerifyCA
	}
	r.w.CertificateHost = r.get("ssl_server_cert_dn")
	r.w.Roots = r.first("wallet_location", "my_wallet_directory")
	r.timeout(time.Second, "transport_connect_timeout", "connect_timeout")
	if len(r.t.Parameters) > 0 {
		r.say("", Note, "Parameters in the URL are read by Oracle's drivers from 19.3 on alone; older ones take them for a part of the service.",
			"Give them as connectionProperties of the block, or write a descriptor.")
	}
}

// sqlServer reads the parameters of Microsoft's driver. From 10.2 on encrypt is true unless said otherwise, before that it was false.
func (r *reading) sqlServer() {
	r.w.TLS = TLSPrefer
	trust := r.on("trustServerCertificate")
	switch strings.ToLower(r.get("encrypt")) {
	case "":
		r.say("encrypt", Note, "Microsoft's driver encrypts and verifies the certificate by itself from 10.2 on, and does neither before, as long as encrypt is not there.",
			"Write encrypt=true or encrypt=false, so that every release does the same.")
		if trust {
			r.w.TLS = TLSRequire
		}
	case "false", "no", "optional":
		r.w.TLS = TLSPrefer
	case "strict":
		r.w.TLS = TLSVerifyFull
		if trust {
			r.say("trustServerCertificate", Warning, "With encrypt=strict the certificate is verified whatever trustServerCertificate says.", "Take trustServerCertificate out.")
		}
	default:
		r.w.TLS = TLSVerifyFull
		if trust {
			r.w.TLS = TLSRequire
			if r.has("hostNameInCertificate") || r.has("trustStore") {
				r.say("trustServerCertificate", Warning, "With trustServerCertificate=true every certificate is accepted: trustStore and hostNameInCertificate mean nothing.", "Take trustServerCertificate out.")
			}
		}
	}
	r.w.Roots, r.w.CertificateHost = r.get("trustStore"), r.get("hostNameInCertificate")
	if r.has("trustStorePassword") {
		r.w.RootsPassword = secret.New(r.get("trustStorePassword"))
	}
	r.w.ApplicationName = r.get("applicationName")
	r.timeout(time.Second, "loginTimeout")
	r.w.IntegratedLogin = r.on("integratedSecurity") || strings.HasPrefix(strings.ToLower(r.get("authentication")), "activedirectory")
	if r.w.IntegratedLogin && r.t.Username != "" && !strings.EqualFold(r.get("authenticationScheme"), "NTLM") && r.on("integratedSecurity") {
		r.say("integratedSecurity", Warning, "With integratedSecurity=true the driver logs in as the account of the process, and reads past user and password.", "Take integratedSecurity out to log in by name.")
	}
	if strings.EqualFold(r.get("applicationIntent"), "ReadOnly") {
		r.w.ReadOnly = true
		r.say("applicationIntent", Bad, "applicationIntent=ReadOnly asks for a replica, which cannot be written.", "Take applicationIntent out.")
	}
}

// jtds reads the parameters of jTDS.
func (r *reading) jtds() {
	r.w.TLS = TLSOff
	if mode, ok := map[string]TLSMode{"request": TLSPrefer, "require": TLSRequire, "authenticate": TLSVerifyCA}[strings.ToLower(r.get("ssl"))]; ok {
		r.w.TLS = mode
	}
	r.w.Charset, r.w.ApplicationName = r.get("charset"), r.get("appName")
	r.timeout(time.Second, "loginTimeout")
	r.w.IntegratedLogin = r.has("domain") && r.t.Username == "" || r.on("useKerberos")
}
