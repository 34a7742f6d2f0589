package live

import "fmt"

// The versions of TLS by their numbers on the wire; crypto/tls has no longer a word for the first.
const (
	SSL30 uint16 = 0x0300
	TLS10 uint16 = 0x0301
	TLS11 uint16 = 0x0302
	TLS12 uint16 = 0x0303
)

// VersionName is the name as Java has it: "SSLv3", "TLSv1.2".
func VersionName(version uint16) string {
	switch version {
	case SSL30:
		return "SSLv3"
	case TLS10:
		return "TLSv1"
	case TLS11:
		return "TLSv1.1"
	case TLS12:
		return "TLSv1.2"
	case TLS12 + 1:
		return "TLSv1.3"
	}
	return fmt.Sprintf("version 0x%04x", version)
}

// Strength parts the cipher suites by what is wrong with them.
type Strength int

// The strengths, from none to good.
const (
	Null      Strength = iota + 1 // nothing is encrypted
	Anonymous                     // nobody proves who he is
	Export                        // keys of 40 or 56 bits, by the law of the nineties
	DES                           // keys of 56 bits
	RC4
	TripleDES // blocks of 64 bits
	Good
)

// String is what people call such suites.
func (s Strength) String() string {
	switch s {
	case Null:
		return "suites without encryption (NULL)"
	case Anonymous:
		return "anonymous suites"
	case Export:
		return "EXPORT suites"
	case DES:
		return "DES"
	case RC4:
		return "RC4"
	case TripleDES:
		return "3DES"
	case Good:
		return "AES"
	}
	return "unknown suites"
}

// Weak are the strengths to ask a server for one by one, worst first.
func Weak() []Strength { return []Strength{Null, Anonymous, Export, DES, RC4, TripleDES} }

// suites are those that a Java from 6 to 8 may speak, by the numbers of the IANA registry.
var suites = map[Strength][]suite{
	Null: {
		{0x0001, "TLS_RSA_WITH_NULL_MD5"},
		{0x0002, "TLS_RSA_WITH_NULL_SHA"},
		{0x003b, "TLS_RSA_WITH_NULL_SHA256"},
		{0xc001, "TLS_ECDH_ECDSA_WITH_NULL_SHA"},
		{0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"},
		{0xc00b, "TLS_ECDH_RSA_WITH_NULL_SHA"},
		{0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"},
	},
	Anonymous: {
		{0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"},
		{0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
		{0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA"},
		{0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA"},
		{0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"},
		{0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"},
		{0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"},
		{0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"},
		{0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"},
		{0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"},
		{0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"},
		{0xc015, "TLS_ECDH_anon_WITH_NULL_SHA"},
		{0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA"},
		{0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA"},
		{0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"},
		{0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"},
	},
	Export: {
		{0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"},
		{0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"},
		{0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"},
		{0x000b, "TLS_DH_DSS_EXPORT_WITH_DES40_CBC_SHA"},
		{0x000e, "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA"},
		{0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA"},
		{0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"},
	},
	DES: {
		{0x0009, "TLS_RSA_WITH_DES_CBC_SHA"},
		{0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA"},
		{0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"},
	},
	RC4: {
		{0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
		{0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
		{0xc002, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA"},
		{0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},
		{0xc00c, "TLS_ECDH_RSA_WITH_RC4_128_SHA"},
		{0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
	},
	TripleDES: {
		{0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"},
		{0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0xc003, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA"},
		{0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
		{0xc00d, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA"},
		{0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
	},
	Good: {
		{0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		{0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		{0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
		{0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
		{0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
		{0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
		{0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
		{0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
		{0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
		{0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
		{0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
		{0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
		{0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
		{0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
		{0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
		{0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
		{0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
		{0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"},
		{0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
		{0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
	},
}

type suite struct {
	id   uint16
	name string
}

// Suites are the numbers of the suites of these strengths.
func Suites(of ...Strength) []uint16 {
	var all []uint16
	for _, s := range of {
		for _, one := range suites[s] {
			all = append(all, one.id)
		}
	}
	return all
}

// Ordinary are the suites that a server and its clients may agree on without being asked for weakness: all but NULL, anonymous and EXPORT ones.
func Ordinary() []uint16 { return Suites(Good, TripleDES, RC4, DES) }

// SuiteName is the name in the IANA registry.
func SuiteName(id uint16) string {
	for _, of := range suites {
		for _, s := range of {
			if s.id == id {
				return s.name
			}
		}
	}
	return fmt.Sprintf("suite 0x%04x", id)
}
