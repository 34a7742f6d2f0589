package database

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carbon-setup/internal/remote"
)

// peerOf returns a dial function whose other side is serve, which is ended by the end of the connection.
func peerOf(serve func(c net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			serve(theirs)
		}()
		return ours, nil
	}
}

// hear reads until the other side hangs up.
func hear(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// say writes while it hears.
func say(c net.Conn, parts ...[]byte) {
	go hear(c)
	for _, p := range parts {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

func fullTarget(k Kind, parameters ...string) Target {
	t := target(k, 0, "carbon", "app", parameters...)
	t.Host = "192.0.2.7"
	if k == Oracle {
		t.Database, t.Service = "", "XE"
	}
	return t
}

// hostile is a server that is none.
type hostile struct {
	name  string
	serve func(c net.Conn)
	kinds map[Kind]ErrorKind // what each dialect calls it
}

func allKinds(e ErrorKind) map[Kind]ErrorKind {
	m := map[Kind]ErrorKind{}
	for _, k := range Kinds() {
		m[k] = e
	}
	return m
}

func but(m map[Kind]ErrorKind, e ErrorKind, kinds ...Kind) map[Kind]ErrorKind {
	for _, k := range kinds {
		m[k] = e
	}
	return m
}

func forever(c net.Conn, chunk []byte) {
	go hear(c)
	for {
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}

func slowly(c net.Conn, text []byte) {
	go hear(c)
	for i := 0; ; i = (i + 1) % len(text) {
		if _, err := c.Write(text[i : i+1]); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

var hostiles = []hostile{
	{"silence", hear, allKinds(Silent)},
	{"hangs up at once", func(net.Conn) {}, allKinds(Closed)},
	{"hangs up when spoken to", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, but(allKinds(Closed), Silent, MySQL, MariaDB)},
	{"a web server", func(c net.Conn) { say(c, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), []byte("<html>")) }, allKinds(OtherProtocol)},
	{"an SSH server", func(c net.Conn) { say(c, []byte("SSH-2.0-OpenSSH_9.2\r\n")) }, allKinds(OtherProtocol)},
	{"a mail server", func(c net.Conn) { say(c, []byte("220 mail.example.com ESMTP\r\n")) }, allKinds(OtherProtocol)},
	{"TLS from the first byte", func(c net.Conn) { say(c, []byte{0x15, 3, 3, 0, 2, 2, 10}) }, allKinds(OtherProtocol)},
	{"garbage", func(c net.Conn) { say(c, bytes.Repeat([]byte{0xA7, 0x13, 0x51}, 50)) }, allKinds(Unintelligible)},
	{"garbage without end", func(c net.Conn) { forever(c, bytes.Repeat([]byte{0xA7, 0x13, 0x51}, 5000)) }, allKinds(Unintelligible)},
	{"zeros without end", func(c net.Conn) { forever(c, make([]byte, 1<<16)) }, allKinds(Unintelligible)},
	{"0xFF without end", func(c net.Conn) { forever(c, bytes.Repeat([]byte{0xFF}, 1<<16)) }, allKinds(Unintelligible)},
	{"one byte each second", func(c net.Conn) { slowly(c, []byte("?")) }, allKinds(Unintelligible)},
}

// measured runs a test in a bubble of its own time, and fails it if it takes more memory or more time than allowed, or leaves a goroutine behind.
func measured(t *testing.T, target Target, serve func(c net.Conn), check func([]StageResult)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		const limit = 20 * time.Second
		results := Test(t.Context(), target, TestOptions{Timeout: limit, Machine: remote.Machine{Dial: peerOf(serve)}}, nil)
		if took := time.Since(start); took > 3*limit {
			t.Errorf("it took %s", took)
		}
		runtime.ReadMemStats(&after)
		const most = 96 << 20
		if used := after.TotalAlloc - before.TotalAlloc; used > most {
			t.Errorf("it used %d MiB", used>>20)
		}
		for _, r := range results {
			if r.Err != nil && (r.Err.What == "" || r.Err.Kind != Canceled && r.Err.Fix == "" || strings.Contains(r.Err.Error(), goodPassword)) {
				t.Errorf("the error says too little or too much: %v", r.Err)
			}
		}
		check(results)
		time.Sleep(time.Minute) // for the peers to notice
	})
}

func TestHostilePeers(t *testing.T) {
	for _, h := range hostiles {
		for _, k := range Kinds() {
			t.Run(fmt.Sprintf("%s/%s", h.name, k), func(t *testing.T) {
				measured(t, fullTarget(k), h.serve, func(results []StageResult) {
					if e := end(results); e.Status != Fail || e.Err.Kind != h.kinds[k] {
						t.Errorf("want %s:\n%s", h.kinds[k], told(results))
					}
				})
			})
		}
	}
}

func TestCancelEndsEveryStageAtOnce(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(string(k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					time.Sleep(3 * time.Second)
					cancel()
				}()
				start := time.Now()
				results := Test(ctx, fullTarget(k), TestOptions{Machine: remote.Machine{Dial: peerOf(hear)}}, nil)
				if took := time.Since(start); took != 3*time.Second {
					t.Errorf("it ended after %s", took)
				}
				if e := end(results); e.Status != Fail || e.Err.Kind != Canceled || len(results) != len(Stages()) {
					t.Error(told(results))
				}
			})
		})
	}
}

func TestCanceledBeforeItBegins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var heard []Stage
	results := Test(ctx, fullTarget(MySQL), TestOptions{Machine: remote.Machine{Dial: peerOf(hear)}}, func(r StageResult) { heard = append(heard, r.Stage) })
	if e := end(results); e.Stage != Resolve || e.Err.Kind != Canceled || len(heard) != len(Stages()) {
		t.Errorf("%v\n%s", heard, told(results))
	}
}
