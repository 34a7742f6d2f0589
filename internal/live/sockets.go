package live

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Socket is one that something listens on.
type Socket struct {
	Protocol string // "tcp" or "udp"
	Address  netip.AddrPort
	Own      bool // the process has it
}

// Sockets are those of a machine, as a process sees them.
type Sockets struct {
	All []Socket
	// Owners: it is known which of them the process has. It is not for a process of another user, unless one is root.
	Owners bool
}

// Listening reads from a /proc which sockets listen in the network of a process, and which of them are its own.
func Listening(proc string, pid int) (Sockets, error) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	own, err := ownSockets(dir)
	s := Sockets{Owners: err == nil}
	found := false
	for _, table := range []struct{ file, protocol, state string }{{"tcp", "tcp", "0A"}, {"tcp6", "tcp", "0A"}, {"udp", "udp", "07"}, {"udp6", "udp", "07"}} {
		all, err := readTable(filepath.Join(dir, "net", table.file), table.state)
		if errors.Is(err, os.ErrNotExist) {
			continue // without IPv6
		}
		if err != nil {
			return Sockets{}, err
		}
		found = true
		for _, row := range all {
			s.All = append(s.All, Socket{table.protocol, row.address, own[row.inode]})
		}
	}
	if !found {
		return Sockets{}, os.ErrNotExist
	}
	return s, nil
}

// SameNetwork reports whether the network of a process is that of this one; a server in a container has its own. What cannot be told is taken for the same.
func SameNetwork(proc string, pid int) bool {
	theirs, err1 := os.Readlink(filepath.Join(proc, strconv.Itoa(pid), "ns", "net"))
	ours, err2 := os.Readlink(filepath.Join(proc, "self", "ns", "net"))
	return err1 != nil || err2 != nil || theirs == ours
}

// ownSockets are the inodes of the sockets that a process has open.
func ownSockets(dir string) (map[string]bool, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, "fd", e.Name()))
		if err != nil {
			continue // closed in the meantime
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return own, nil
}

type tableRow struct {
	address netip.AddrPort
	inode   string
}

// maxTable is more than the sockets of any machine take.
const maxTable = 64 << 20

// readTable reads the rows of a state from /proc/PID/net/tcp and its like.
func readTable(file, state string) ([]tableRow, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	var rows []tableRow
	lines := bufio.NewScanner(io.LimitReader(f, maxTable))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != state {
			continue
		}
		if address, ok := tableAddress(fields[1]); ok {
			rows = append(rows, tableRow{address, fields[9]})
		}
	}
	return rows, lines.Err()
}

// tableAddress reads "0100007F:1F90": the address as the processor has it, in words of 32 bits.
func tableAddress(text string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(text, ":")
	raw, err1 := hex.DecodeString(host)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err1 != nil || err2 != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	address, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(address.Unmap(), uint16(number)), true
}

// On returns the sockets on a port.
func (s Sockets) On(protocol string, port int) []Socket {
	var on []Socket
	for _, one := range s.All {
		if one.Protocol == protocol && int(one.Address.Port()) == port {
			on = append(on, one)
		}
	}
	return on
}
