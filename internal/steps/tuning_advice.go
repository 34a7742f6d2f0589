package steps

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

const (
	sysctlPath = "/etc/sysctl.d/90-carbon.conf"
	// limitsPath comes after the 20-nproc.conf and 90-nproc.conf of Red Hat: of two lines for the same thing pam_limits takes the later one.
	limitsPath = "/etc/security/limits.d/95-carbon.conf"
)

// Advice gives ready files for what lies in the machine, and tells what the profile has kept.
func (s tuning) Advice(w *Workspace, a *answers.Set) []Advice {
	all := adviseLarger(w, a)
	m := w.Install.Machine()
	if w.Install.Host.OS != "linux" {
		return append(all, Advice{
			Guideline: 9, Title: "Settings of the machine",
			Text: "The tuning pages speak of Linux, and this is another system: nothing of the machine was compared. When the server runs on Linux, run the audit there.",
		})
	}
	if text := sysctlFile(w, m); text != "" {
		all = append(all, Advice{
			Guideline: 9, Title: "Settings of the kernel",
			Text: "The file has the settings of WSO2's tuning pages that differ on this machine, with their present values; the largest buffers only come into use where a program asks for them. " +
				"They are in force for the whole machine: try them under load. In a container they have to be set on its host, or with --sysctl.",
			Commands:    []string{"sysctl -p " + sysctlPath},
			Attachments: []Attachment{{sysctlPath, text}},
		})
	}
	return append(all, adviseLimits(w, m)...)
}

// adviseLarger names what is larger than the tuning pages want and was left so.
func adviseLarger(w *Workspace, a *answers.Set) []Advice {
	if a.Text(keyTuningProfile) != profileProduction {
		return nil
	}
	var kept []string
	for _, s := range tuningSites(w) {
		if _, asked := s.setting.answer(a); asked || !s.set || !s.known || s.setting.yesNo || s.recommended == none {
			continue
		}
		if larger := s.setting.beyond(s.value, s.recommended) && s.value != s.recommended; larger && !s.setting.fixed {
			kept = append(kept, fmt.Sprintf("%s %s (%s, %s)", s.name, s.setting.text(s.value), s.setting.text(s.recommended), s.place))
		}
	}
	var text []string
	if len(kept) > 0 {
		text = append(text, "These are larger than the tuning pages want and were left: "+strings.Join(kept, "; ")+". Answer a smaller value to lower one.")
	}
	for _, r := range untold(tuningSites(w), a) {
		text = append(text, r.Place.String()+": "+r.Message+" "+r.Fix)
	}
	if len(text) == 0 {
		return nil
	}
	return []Advice{{Guideline: 9, Title: "Kept as they are", Text: strings.Join(text, "\n")}}
}

// userLimits are the limits that the server's user should have: never less than now. differ tells that the server gets less. The soft limit of open files
// alone is not that: Java raises it at its start.
type userLimits struct {
	filesSoft, filesHard, processes uint64
	differ                          bool
}

func wantedLimits(m carbon.Machine) userLimits {
	atLeast := func(r carbon.Reading, want uint64) uint64 {
		if r.Known() {
			return max(r.Value, want)
		}
		return want
	}
	l := userLimits{filesSoft: atLeast(m.Files.Soft, pageFilesSoft), filesHard: atLeast(m.Files.Hard, pageFilesHard), processes: atLeast(m.Processes.Soft, pageProcesses)}
	below := func(r carbon.Reading, want uint64) bool { return !r.Known() || r.Value < want }
	limit, _ := threads(m)
	l.differ = below(m.Files.Hard, pageFilesHard) || below(limit, pageProcesses)
	return l
}

// adviseLimits gives the limits for a login of the server's user, and for a service: pam_limits has no say in what systemd starts.
func adviseLimits(w *Workspace, m carbon.Machine) []Advice {
	l := wantedLimits(m)
	if !l.differ {
		return nil
	}
	s := newService(w.Install)
	text := fmt.Sprintf("Seen on %s: open files %s, up to %s; processes %s. limits.d is for servers that a user or an init script starts after a login; a service of systemd takes nothing from it and needs the drop-in. ",
		whose(m), limitText(m.Files.Soft), limitText(m.Files.Hard), limitText(m.Processes.Soft))
	if s.User == "root" {
		text += "The home belongs to root, so the files speak of root: give the home to a user of its own, and put that one in. "
	}
	text += "Log in anew, or restart the service, then run the audit while the server runs. In a container give --ulimit nofile and --pids-limit instead."
	ad := Advice{
		Guideline: 9, Title: "Limits of the server's user", Text: text,
		Attachments: []Attachment{{limitsPath, limitsFile(s.User, m, l)}},
	}
	if s.fault() == "" {
		ad.Commands = []string{"systemctl daemon-reload"}
		ad.Attachments = append(ad.Attachments, Attachment{s.UnitFile() + ".d/limits.conf", limitsDropIn(s, l)})
	}
	return []Advice{ad}
}

func limitText(r carbon.Reading) string {
	if !r.Known() {
		return "not known"
	}
	return countText(r)
}

// limitsFile is a file for /etc/security/limits.d with the lines that differ.
func limitsFile(user string, m carbon.Machine, l userLimits) string {
	domain := limitsDomain(user)
	var b strings.Builder
	b.WriteString("# Limits for the user of a Carbon server, from WSO2's tuning pages: those that are smaller on this machine. Nothing here is\n# less than it was. Not for services of systemd, which need a drop-in.\n")
	if domain == "*" {
		b.WriteString("# The name of the server's user cannot stand in such a file: this is for everybody but root.\n")
	}
	line := func(kind, item string, now carbon.Reading, want uint64, why string) {
		if now.Known() && now.Value >= want {
			return
		}
		value := "unlimited"
		if want != carbon.Unlimited {
			value = strconv.FormatUint(want, 10)
		}
		fmt.Fprintf(&b, "\n# %s; now %s\n%s %s %s %s\n", why, limitText(now), domain, kind, item, value)
	}
	line("soft", "nofile", m.Files.Soft, l.filesSoft, "open files: connections, logs, jars")
	line("hard", "nofile", m.Files.Hard, l.filesHard, "open files that a program may raise that to: Java does at its start")
	line("soft", "nproc", m.Processes.Soft, l.processes, fmt.Sprintf("processes and threads: up to %d for each server, more with larger pools", threadsPerNode))
	line("hard", "nproc", m.Processes.Hard, l.processes, "processes and threads that a program may raise that to")
	return b.String()
}

// limitsDomain is the user as limits.conf(5) has it: blanks part its columns, and some signs have a meaning of their own at the beginning.
func limitsDomain(user string) string {
	if user == "" || strings.ContainsFunc(user, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) || strings.ContainsAny(user[:1], "#@%*:-") {
		return "*"
	}
	return user
}

// limitsDropIn is a drop-in for the unit of the server. TasksMax is the limit of the control group, which is 15 % of the machine's as systemd ships it.
func limitsDropIn(s service, l userLimits) string {
	number := func(n uint64) string {
		if n == carbon.Unlimited {
			return "infinity"
		}
		return strconv.FormatUint(n, 10)
	}
	return fmt.Sprintf("# %s.d/limits.conf\n[Service]\nLimitNOFILE=%s\nLimitNPROC=%s\nTasksMax=%s\n", s.UnitFile(), number(l.filesHard), number(l.processes), number(l.processes))
}
