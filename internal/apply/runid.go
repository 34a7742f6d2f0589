package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"
)

// newRun makes the folder of a new run. Its id is the time in UTC and a number, and is greater than every earlier one, even in the same second
// and when the clock was set back.
func newRun(tree Tree, now time.Time) (string, error) {
	if err := makePrivateDirs(tree, runsDir); err != nil {
		return "", err
	}
	names, err := tree.ReadDir(runsDir)
	if err != nil {
		return "", err
	}
	last := ""
	for _, name := range names {
		if runID(name) {
			last = name
		}
	}
	for {
		last = nextRun(last, now)
		err := makePrivateDir(tree, path.Join(runsDir, last))
		if !errors.Is(err, fs.ErrExist) {
			return last, err
		}
	}
}

const runTime = "20060102-150405"

// runID reports whether a name is that of a run's folder.
func runID(name string) bool {
	if len(name) != len(runTime)+4 || name[len(runTime)] != '-' {
		return false
	}
	_, err := time.Parse(runTime, name[:len(runTime)])
	return err == nil && isNumber(name[len(runTime)+1:])
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// nextRun returns the id that follows last ("" = none) at a time.
func nextRun(last string, now time.Time) string {
	stamp, number := now.UTC().Format(runTime), 1
	if last != "" && stamp <= last[:len(runTime)] {
		stamp = last[:len(runTime)]
		_, _ = fmt.Sscanf(last[len(runTime)+1:], "%d", &number)
		number++
		if number > 999 {
			at, _ := time.Parse(runTime, stamp)
			stamp, number = at.Add(time.Second).Format(runTime), 1
		}
	}
	return fmt.Sprintf("%s-%03d", stamp, number)
}
