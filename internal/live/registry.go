package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"

	"carbon-setup/internal/remote"
)

// Stub is where an RMI registry sends the clients of a name on to.
type Stub struct {
	Host string
	Port int
}

// Numbers of the RMI wire protocol (Java Remote Method Invocation Specification, chapter 10) and of Java's serialization.
const (
	rmiStream     = 0x4b
	rmiAck        = 0x4e
	rmiCall       = 0x50
	rmiReturn     = 0x51
	rmiNormal     = 1
	opLookup      = 2
	registryHash  = 0x44154dc9d4e63bdf // of the interface of java.rmi.registry.Registry
	maxRMI        = 64 << 10
	maxHostName   = 255
	returnHead    = 1 + 4 + 2 + 1 // return, stream magic and version, block of 15 bytes, its first byte
	blockOfReturn = 15
)

// ErrNotBound is returned when the registry answers and does not know the name.
var ErrNotBound = errors.New("the name is not in the registry")

// Registry shakes hands with an RMI registry and looks a name up. The error is ErrNotBound, or an *Error; with ErrNoStub the registry has the name and sends an object
// that is no stub of the usual kind.
func Registry(ctx context.Context, e Endpoint, name string) (Stub, error) {
	conn, err := connect(ctx, e, maxRMI)
	if err != nil {
		return Stub{}, explain(ctx, err, "RMI")
	}
	defer func() { _ = conn.Close() }() // it was only asked
	if _, err := conn.Write([]byte{'J', 'R', 'M', 'I', 0, 2, rmiStream}); err != nil {
		return Stub{}, explain(ctx, err, "RMI")
	}
	if err := readAck(conn); err != nil {
		return Stub{}, explain(ctx, err, "RMI")
	}
	if _, err := conn.Write(lookupCall(name)); err != nil {
		return Stub{}, explain(ctx, err, "RMI")
	}
	stub, err := readStub(conn)
	if err != nil && !errors.Is(err, ErrNotBound) && !errors.Is(err, ErrNoStub) {
		return Stub{}, explain(ctx, err, "RMI")
	}
	return stub, err
}

// ErrNoStub is returned when the answer to a look-up holds no address.
var ErrNoStub = errors.New("no stub")

// readAck reads that the server takes the protocol, and by which address it sees the client.
func readAck(in io.Reader) error {
	var ack [3]byte
	if _, err := io.ReadFull(in, ack[:1]); err != nil {
		return err
	}
	if ack[0] != rmiAck {
		return remote.ErrUnintelligible
	}
	if _, err := io.ReadFull(in, ack[1:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint16(ack[1:])
	if n > maxHostName {
		return remote.ErrUnintelligible
	}
	_, err := io.CopyN(io.Discard, in, int64(n)+4)
	return err
}

// lookupCall is the address that a client gives of itself, and the call of lookup(name) of the registry.
func lookupCall(name string) []byte {
	call := []byte{0, 9}
	call = append(call, "127.0.0.1"...)
	call = append(call, 0, 0, 0, 0) // no port to call back
	call = append(call, rmiCall, 0xac, 0xed, 0, 5, 0x77, 34)
	call = append(call, make([]byte, 22)...) // the registry is object 0 of no machine in particular
	call = binary.BigEndian.AppendUint32(call, opLookup)
	call = binary.BigEndian.AppendUint64(call, registryHash)
	call = append(call, 0x74)
	call = binary.BigEndian.AppendUint16(call, uint16(len(name))) // #nosec G115 -- a short name of ours
	return append(call, name...)
}

// readStub reads the answer until the address in it is known. The server keeps the connection open, so the end of the answer is not waited for.
func readStub(in io.Reader) (Stub, error) {
	var got []byte
	buffer := make([]byte, 4096)
	for {
		n, err := in.Read(buffer)
		got = append(got, buffer[:n]...)
		if len(got) >= returnHead {
			if got[0] != rmiReturn || !bytes.Equal(got[1:7], []byte{0xac, 0xed, 0, 5, 0x77, blockOfReturn}) {
				return Stub{}, remote.ErrUnintelligible
			}
			if got[7] != rmiNormal {
				return Stub{}, ErrNotBound
			}
			if s, ok := stubIn(got); ok {
				return s, nil
			}
		}
		if err != nil {
			if len(got) >= returnHead {
				return Stub{}, ErrNoStub
			}
			return Stub{}, err
		}
	}
}

// stubIn finds the reference that RemoteObject writes: the name of its kind, host and port.
func stubIn(data []byte) (Stub, bool) {
	for _, kind := range []struct {
		mark string
		skip int // bytes between the kind and the host
	}{{"\x00\x0aUnicastRef", 0}, {"\x00\x0bUnicastRef2", 1}} {
		for rest := data; ; {
			i := bytes.Index(rest, []byte(kind.mark))
			if i < 0 {
				break
			}
			rest = rest[i+len(kind.mark):]
			if s, ok := address(rest, kind.skip); ok {
				return s, true
			}
		}
	}
	return Stub{}, false
}

func address(data []byte, skip int) (Stub, bool) {
	if len(data) < skip+2 {
		return Stub{}, false
	}
	data = data[skip:]
	n := int(binary.BigEndian.Uint16(data))
	if n == 0 || n > maxHostName || len(data) < 2+n+4 {
		return Stub{}, false
	}
	host, port := data[2:2+n], binary.BigEndian.Uint32(data[2+n:])
	if port == 0 || port > 65535 || !utf8.Valid(host) {
		return Stub{}, false
	}
	return Stub{string(host), int(port)}, true
}
