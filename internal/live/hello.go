package live

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"

	"carbon-setup/internal/remote"
)

// Offer is what a client says that it can.
type Offer struct {
	Version uint16 // the highest
	Suites  []uint16
	Chain   bool // read the certificates, too
}

// Hello is what a server answers to an Offer.
type Hello struct {
	// Accepted: the server has chosen a version and a suite of the offer. Otherwise it has refused: with an alert, or by hanging up.
	Accepted bool
	Version  uint16
	Suite    uint16
	Alert    byte     // of a refusal; 0 = it hung up
	Chain    [][]byte // DER, of a server that was asked for it
}

// Numbers of RFC 5246 that are needed here.
const (
	recordAlert     = 21
	recordHandshake = 22
	firstRecord     = 20
	lastRecord      = 24

	messageClientHello = 1
	messageServerHello = 2
	messageCertificate = 11
	messageHelloDone   = 14

	alertWarning = 1

	maxRecord    = 1<<14 + 2048
	maxHandshake = 256 << 10
)

// Ask sends one ClientHello and reads what the server makes of it. crypto/tls cannot do it: it knows neither SSLv3 nor what nobody should use any more. The
// handshake is not finished. Errors are *Error.
func Ask(ctx context.Context, e Endpoint, o Offer) (Hello, error) {
	conn, err := connect(ctx, e, 2*maxHandshake)
	if err != nil {
		return Hello{}, explain(ctx, err, "TLS")
	}
	defer func() { _ = conn.Close() }() // it was only asked
	if _, err := conn.Write(clientHello(e.Name, o)); err != nil {
		return Hello{}, explain(ctx, err, "TLS")
	}
	h, err := (&helloReader{in: conn}).answer(o)
	var told *Error
	if err != nil {
		told = explain(ctx, err, "TLS")
		if told.Kind == Closed && !h.Accepted {
			return Hello{}, nil // a refusal without words, as Java's NIO listeners do it
		}
		return Hello{}, told
	}
	return h, nil
}

// clientHello is one record with one message.
func clientHello(name string, o Offer) []byte {
	body := binary.BigEndian.AppendUint16(nil, o.Version)
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it never fails
	body = append(body, random...)
	body = append(body, 0) // no session to resume
	// 0x00ff says that renegotiation is understood: some servers refuse who does not.
	offered := append(slices.Clone(o.Suites), 0x00ff)
	body = binary.BigEndian.AppendUint16(body, uint16(2*len(offered))) // #nosec G115 -- under a hundred suites
	for _, s := range offered {
		body = binary.BigEndian.AppendUint16(body, s)
	}
	body = append(body, 1, 0) // no compression
	if o.Version > SSL30 {
		extensions := helloExtensions(name, o.Version)
		body = binary.BigEndian.AppendUint16(body, uint16(len(extensions))) // #nosec G115 -- a few hundred bytes
		body = append(body, extensions...)
	}
	message := append([]byte{messageClientHello, 0}, binary.BigEndian.AppendUint16(nil, uint16(len(body)))...) // #nosec G115 -- the same
	message = append(message, body...)
	record := []byte{recordHandshake}
	record = binary.BigEndian.AppendUint16(record, min(o.Version, TLS10))
	record = binary.BigEndian.AppendUint16(record, uint16(len(message))) // #nosec G115 -- the same
	return append(record, message...)
}

// helloExtensions: without curves a server has none to choose, without signature algorithms TLS 1.2 means SHA-1.
func helloExtensions(name string, version uint16) []byte {
	var all []byte
	add := func(kind uint16, data []byte) {
		all = binary.BigEndian.AppendUint16(all, kind)
		all = binary.BigEndian.AppendUint16(all, uint16(len(data))) // #nosec G115 -- a few hundred bytes
		all = append(all, data...)
	}
	if name != "" && len(name) < 256 && net.ParseIP(name) == nil {
		n := uint16(len(name)) // #nosec G115 -- under 256
		data := binary.BigEndian.AppendUint16(nil, n+3)
		data = append(data, 0)
		data = binary.BigEndian.AppendUint16(data, n)
		add(0, append(data, name...))
	}
	add(10, []byte{0, 6, 0, 23, 0, 24, 0, 25}) // secp256r1, secp384r1, secp521r1: those that Java 7 has
	add(11, []byte{1, 0})
	if version >= TLS12 {
		add(13, []byte{0, 18, 4, 1, 5, 1, 6, 1, 2, 1, 4, 3, 5, 3, 6, 3, 2, 3, 2, 2})
	}
	return all
}

// helloReader reads the messages of a handshake out of its records.
type helloReader struct {
	in      io.Reader
	pending []byte // of the handshake, not yet read
	total   int
	alert   *byte
}

var errAlert = errors.New("alert")

// answer reads up to the ServerHello, or to the certificates when they are wanted.
func (r *helloReader) answer(o Offer) (h Hello, err error) {
	for {
		kind, body, err := r.message()
		if errors.Is(err, errAlert) {
			return Hello{Alert: *r.alert}, nil
		}
		if err != nil {
			return h, err
		}
		switch {
		case kind == messageServerHello && !h.Accepted:
			if h, err = parseServerHello(body, o); err != nil || !o.Chain {
				return h, err
			}
		case kind == messageCertificate && h.Accepted:
			h.Chain, err = parseChain(body)
			return h, err
		case kind == messageHelloDone && h.Accepted:
			return h, nil // an anonymous suite: there are no certificates
		case !h.Accepted:
			return h, remote.ErrUnintelligible
		}
	}
}

// message returns the next one.
func (r *helloReader) message() (kind byte, body []byte, err error) {
	for {
		if len(r.pending) >= 4 {
			n := int(r.pending[1])<<16 | int(r.pending[2])<<8 | int(r.pending[3])
			if n > maxHandshake {
				return 0, nil, remote.ErrTooMuch
			}
			if len(r.pending) >= 4+n {
				kind, body = r.pending[0], r.pending[4:4+n]
				r.pending = r.pending[4+n:]
				return kind, body, nil
			}
		}
		if err := r.record(); err != nil {
			return 0, nil, err
		}
	}
}

// record reads one more.
func (r *helloReader) record() error {
	var head [5]byte
	if _, err := io.ReadFull(r.in, head[:1]); err != nil {
		return err
	}
	if head[0] < firstRecord || head[0] > lastRecord {
		return remote.ErrUnintelligible
	}
	if _, err := io.ReadFull(r.in, head[1:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(head[3:]))
	if head[1] != 3 || n > maxRecord || n == 0 {
		return remote.ErrUnintelligible
	}
	if r.total += n; r.total > maxHandshake {
		return remote.ErrTooMuch
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r.in, data); err != nil {
		return err
	}
	switch head[0] {
	case recordHandshake:
		r.pending = append(r.pending, data...)
		return nil
	case recordAlert:
		if len(data) != 2 {
			return remote.ErrUnintelligible
		}
		if data[0] == alertWarning && data[1] != 0 { // an unknown name, say; 0 is the end
			return nil
		}
		r.alert = &data[1]
		return errAlert
	}
	return remote.ErrUnintelligible
}

// parseServerHello takes version and suite, which have to be of the offer.
func parseServerHello(body []byte, o Offer) (h Hello, err error) {
	const upToSession = 2 + 32
	if len(body) < upToSession+1 {
		return h, remote.ErrUnintelligible
	}
	h.Version = binary.BigEndian.Uint16(body)
	rest := body[upToSession:]
	n := int(rest[0])
	if n > 32 || len(rest) < 1+n+3 {
		return h, remote.ErrUnintelligible
	}
	h.Suite = binary.BigEndian.Uint16(rest[1+n:])
	if h.Version > o.Version || h.Version < SSL30 || !slices.Contains(o.Suites, h.Suite) {
		return Hello{}, remote.ErrUnintelligible
	}
	h.Accepted = true
	return h, nil
}

// parseChain splits the list of certificates.
func parseChain(body []byte) (chain [][]byte, err error) {
	length := func(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
	if len(body) < 3 || length(body) != len(body)-3 {
		return nil, remote.ErrUnintelligible
	}
	for rest := body[3:]; len(rest) > 0; {
		if len(rest) < 3 || len(rest) < 3+length(rest) {
			return nil, remote.ErrUnintelligible
		}
		n := length(rest)
		chain = append(chain, slices.Clone(rest[3:3+n]))
		rest = rest[3+n:]
	}
	return chain, nil
}

// AskWeak asks for the suites of one strength. EXPORT and DES were taken out of TLS 1.2 and 1.1, so Java has them in TLS 1.0 alone.
func AskWeak(ctx context.Context, e Endpoint, s Strength) (Hello, error) {
	h, err := Ask(ctx, e, Offer{Version: TLS12, Suites: Suites(s)})
	if err != nil || h.Accepted || s != Export && s != DES {
		return h, err
	}
	return Ask(ctx, e, Offer{Version: TLS10, Suites: Suites(s)})
}
