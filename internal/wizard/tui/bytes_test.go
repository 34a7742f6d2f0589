//go:build unix

package tui

import (
	"testing"
	"time"
)

// The budgets, in bytes at 80x24. A line that carries 2 KB a second then shows a typed character in 13 ms and a line of diff in 50 ms.
const (
	bytesPerCharacter = 25
	bytesPerLine      = 100
	bytesFirstScreen  = 4000
)

// typing returns the bytes for each of the characters typed into a field.
func typing(t testing.TB, s *session) float64 {
	t.Helper()
	s.sees("Guidelines").keys(down + down + down).sees("> [ ]  4").keys(enterK).sees("4 of 16").keys(ctrlU + "a")
	before := s.settle()
	const text = "m01.long-name.example.com"
	for _, r := range text {
		n := s.count()
		s.keys(string(r))
		for wait := 0; s.count() == n && wait < 2000; wait++ { // one frame for each: typing at human speed
			time.Sleep(time.Millisecond)
		}
	}
	s.sees("> a" + text)
	return float64(s.settle()-before) / float64(len(text))
}

// scrolling returns the bytes for each line of diff scrolled down, and idling those of a second of nothing.
func scrolling(t testing.TB, s *session) (perLine float64, idle int) {
	t.Helper()
	s.keys(ctrlU+"am01.example.com\t"+ctrlU+"am01.example.com").until("the second name", secondName)
	idleFrom := s.settle()
	time.Sleep(time.Second)
	idle = s.count() - idleFrom
	s.keys(enterK).sees("accepted.")
	s.keys(escK).sees("[x]  4").keys("r").sees("d diff").keys("d").sees("hunk 1 of")
	before := s.settle()
	lines := 0
	for range 25 {
		n := s.count()
		s.keys(down)
		for wait := 0; s.count() == n && wait < 200; wait++ {
			time.Sleep(time.Millisecond)
		}
		lines++
	}
	return float64(s.settle()-before) / float64(lines), idle
}

func TestBytesOnTheWire(t *testing.T) {
	s := startSession(t, sampleHome(t), at80x24())
	s.sees("R  Review and apply")
	if first := s.settle(); first > bytesFirstScreen {
		t.Errorf("the first screen takes %d bytes, more than %d", first, bytesFirstScreen)
	}
	if got := typing(t, s); got > bytesPerCharacter {
		t.Errorf("a typed character takes %.1f bytes, more than %d", got, bytesPerCharacter)
	}
	perLine, idle := scrolling(t, s)
	if perLine > bytesPerLine {
		t.Errorf("a scrolled line of diff takes %.1f bytes, more than %d", perLine, bytesPerLine)
	}
	if idle != 0 {
		t.Errorf("a form that nobody touches sent %d bytes in a second", idle)
	}
}

func BenchmarkTerminal(b *testing.B) {
	home := sampleHome(b)
	for b.Loop() {
		begin := time.Now()
		s := startSession(b, home, at80x24())
		s.sees("R  Review and apply")
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms/first-screen")
		b.ReportMetric(float64(s.settle()), "B/first-screen")
		b.ReportMetric(typing(b, s), "B/character")
		perLine, idle := scrolling(b, s)
		b.ReportMetric(perLine, "B/diff-line")
		b.ReportMetric(float64(idle), "B/idle-second")
		s.keys(f10)
		s.code()
		if err := removeState(home); err != nil {
			b.Fatal(err)
		}
	}
}
