package steps

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

const (
	javaRule     = "CS-3.1"
	orderRule    = "CS-3.5"
	overrideRule = "CS-3.6"
	memoryRule   = "CS-3.7"
	launchRule   = "CS-3.8"

	fixJVM = "Run the step JVM."
)

func (s jvm) Audit(w *Workspace) []Result {
	all := []Result{auditJava(w.Install.Java)}
	files, left, err := launchFiles(w)
	if err != nil {
		return append(all, Result{
			ID: launchRule, Status: Unknown, Place: carbon.Place{File: carbon.ServerSH},
			Message: fmt.Sprintf("The memory of the JVM cannot be told: %s %s.", carbon.ServerSH, launchWhy(err)),
			Fix:     "Put the file of the distribution back, or make it readable.",
		})
	}
	f := launchFileInUse(w, files)
	for _, o := range memoryOptions {
		all = append(all, auditMemory(w, f, o))
	}
	all = append(all, auditHeapOrder(f))
	all = append(all, auditJavaOpts(w)...)
	all = append(all, auditHeapFits(w, f))
	for _, u := range left {
		all = append(all, Result{ID: launchRule, Status: Unknown, Place: carbon.Place{File: u.File}, Message: u.String() + ".", Fix: "It matters on Windows only."})
	}
	return settled(all)
}

// settled takes reason and fix off results that ask for nothing.
func settled(all []Result) []Result {
	for i := range all {
		if all[i].Status == OK {
			all[i].Why, all[i].Fix = "", ""
		}
	}
	return all
}

// launchWhy is what launchError says, to follow the name of the file.
func launchWhy(err error) string {
	var bad *edit.Error
	if errors.As(err, &bad) && strings.HasPrefix(bad.What, "may ") {
		return bad.What
	}
	return whyUnread(err)
}

var javaUpdate = regexp.MustCompile(`^1\.6\.0_([0-9]{1,4})`)

// auditJava judges the Java of JAVA_HOME. wso2server.sh prints "CARBON is supported only on JDK 1.6 and 1.7" for any other and goes on all the same.
func auditJava(j carbon.Java) Result {
	r := Result{ID: javaRule, Why: "Carbon 4.2.0 is made for Java 6 (from update 24 on) and Java 7.", Fix: "Install a JDK 7 and set JAVA_HOME to it."}
	r.Message = fmt.Sprintf("Java %s starts the server (%s).", j.Version, j.Source)
	switch {
	case j.Major == 0:
		r.Status, r.Message = Unknown, "Which Java starts the server is not known. "+j.Problem
		r.Fix = "Set JAVA_HOME as the server has it and run the audit again."
	case j.OnPath:
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("JAVA_HOME is not set. There is a Java %s on the PATH, but wso2server.sh does not start without JAVA_HOME.", j.Version)
		r.Fix = "Set JAVA_HOME to a JDK 7 in the environment of the server."
	case j.Major >= 9:
		r.Status, r.Severity = Fail, Error
		r.Message += " Carbon 4.2.0 does not start with it: the script passes -Djava.endorsed.dirs, which Java 9 dropped."
	case j.Major == 8:
		r.Status, r.Severity = Warn, Warning
		r.Message += " The script calls it unsupported and goes on; the kernel needs patches for it."
	case j.Major < 6:
		r.Status, r.Severity = Fail, Error
		r.Message += " Carbon 4.2.0 does not start with it."
	case oldJava6(j.Version):
		r.Status, r.Severity = Warn, Warning
		r.Message += " It is older than update 24."
	default:
		r.Status = OK
	}
	return r
}

func oldJava6(version string) bool {
	if version == "1.6.0" {
		return true
	}
	m := javaUpdate.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	n, _ := strconv.Atoi(m[1]) // at most four digits
	return n < 24
}

// auditMemory compares one size with the guideline's, scaled to the machine.
func auditMemory(w *Workspace, f launchFile, o memoryOption) Result {
	value, place, ok := f.option(o.prefix)
	r := Result{ID: o.id, Place: place, Fix: fixJVM, Why: "With an option that Java does not take the server does not start, or has other memory than was decided for it."}
	if java := serverJava(w); o.key == keyPermGenMax && java >= 8 {
		return auditPermGen(java, r, value, ok)
	}
	sizes, scaled := proposal(hostMemory(w))
	want, from := sizes[o.key], "the guideline"
	if scaled {
		from = "the guideline scaled to this machine"
	}
	bytes, valid := parseMemory(value)
	switch {
	case !ok:
		r.Status, r.Severity, r.Place = Warn, Warning, carbon.Place{File: f.rel}
		r.Message = fmt.Sprintf("%s has no %s: Java chooses %s by the machine it finds.", f.rel, o.prefix, o.name)
		r.Why = "A server should have the memory that was decided for it, on every machine."
	case !valid && strings.ContainsAny(value, "$%`"):
		r.Status, r.Message = Unknown, fmt.Sprintf("%s is %s: a variable decides, and its value is not known here.", o.prefix, value)
	case !valid:
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("%s%s is not a size that Java reads, so the server does not start.", o.prefix, value)
	case bytes < want:
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("Less than the %s of %s: %s is %s%s.", memoryText(want), from, o.name, o.prefix, value)
		r.Why = map[string]string{
			keyHeapInitial: "A heap that starts small is enlarged again and again while the server starts.",
			keyHeapMax:     "A server whose heap is full stops answering, and ends with an OutOfMemoryError.",
			keyPermGenMax:  `A server with more than a few services ends with "OutOfMemoryError: PermGen space", mostly on a redeployment.`,
		}[o.key]
	default:
		r.Status, r.Message = OK, fmt.Sprintf("%s%s: %s is at least the %s of %s.", o.prefix, value, o.name, memoryText(want), from)
	}
	return r
}

func auditPermGen(java int, r Result, value string, ok bool) Result {
	switch {
	case !ok:
		r.Status, r.Message = OK, fmt.Sprintf("There is no %s, and Java %d has no PermGen.", permGenMaxOption, java)
	case java >= 17:
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("Java %d does not know %s%s and does not start with it.", java, permGenMaxOption, value)
	case java >= 9:
		r.Status, r.Severity = Warn, Note
		r.Message = fmt.Sprintf("Java %d has no PermGen and ignores %s%s; Java 17 does not start with it.", java, permGenMaxOption, value)
	default:
		r.Status, r.Message = OK, fmt.Sprintf("Java %d has no PermGen and ignores %s%s.", java, permGenMaxOption, value)
	}
	return r
}

func auditHeapOrder(f launchFile) Result {
	initial, place, ok1 := f.option(heapInitialOption)
	most, _, ok2 := f.option(heapMaxOption)
	from, valid1 := parseMemory(initial)
	to, valid2 := parseMemory(most)
	r := Result{ID: orderRule, Place: place, Status: OK, Message: "The initial heap is not larger than the maximum heap."}
	if ok1 && ok2 && valid1 && valid2 && from > to {
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("The initial heap (%s) is larger than the maximum heap (%s): Java does not start.", initial, most)
		r.Why, r.Fix = "A server that does not start serves nobody, and its log says nothing of it: Java ends before.", fixJVM
	}
	return r
}

func auditHeapFits(w *Workspace, f launchFile) Result {
	most, place, ok := f.option(heapMaxOption)
	if by, over := overriding(w, heapMaxOption); over {
		most, place, ok = by.value, by.place, true
	}
	heap, valid := parseMemory(most)
	limit := hostMemory(w)
	r := Result{ID: memoryRule, Place: place, Why: "PermGen, threads and buffers lie beside the heap; a server that swaps hardly answers, and one that meets the limit of its control group is killed."}
	has := fmt.Sprintf("the %s that %s", memoryForPeople(limit.bytes), limit.what)
	switch {
	case !ok || !valid:
		r.Status, r.Message = Unknown, "It cannot be told whether the heap fits into the memory: its maximum is not known."
	case limit.bytes == 0:
		r.Status, r.Message = Unknown, "It cannot be told whether the heap fits into the memory: how much this machine has is not known."
	case heap >= limit.bytes:
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("A heap of %s does not fit into %s.", most, has)
	case limit.scant(heap):
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("A heap of %s wants about %s of memory, and this is more than %s.", most, memoryForPeople(2*heap), has)
	default:
		r.Status, r.Message = OK, fmt.Sprintf("A heap of %s fits well into %s.", most, has)
	}
	if r.Status == Warn || r.Status == Fail {
		r.Fix = "Give the machine more memory, or the server a smaller heap in the step JVM."
	}
	return r
}

// auditJavaOpts reports the memory options that come by way of a variable.
func auditJavaOpts(w *Workspace) []Result {
	var results []Result
	for _, o := range memoryOptions {
		by, ok := overriding(w, o.prefix)
		if !ok {
			continue
		}
		r := Result{
			ID: overrideRule, Status: Warn, Severity: Warning, Place: by.place, Message: by.source + ", which wins over the option on the script's command line.",
			Why: "Two places set the same thing, and the one that people look at is not the one in force.",
			Fix: "Take the option out of the variable, wherever it is set for the server.",
		}
		if java := serverJava(w); o.key == keyPermGenMax && java >= 17 {
			r.Status, r.Severity = Fail, Error
			r.Message = fmt.Sprintf("%s, and Java %d does not start with it.", by.source, java)
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		results = append(results, Result{ID: overrideRule, Status: OK, Message: "No JAVA_OPTS that can be seen from here overrides the memory options."})
	}
	return results
}

func (s jvm) Verify(w *Workspace, a *answers.Set) []Result {
	files, _, err := launchFiles(w)
	if err != nil {
		return []Result{{ID: launchRule, Guideline: 3, Status: Fail, Severity: Error, Place: carbon.Place{File: carbon.ServerSH}, Message: carbon.ServerSH + " " + launchWhy(err) + "."}}
	}
	var all []Result
	for _, f := range files {
		for _, o := range memoryOptions {
			if _, answered := a.Lookup(o.key); answered {
				all = append(all, verifyMemory(w, f, o, a))
			}
		}
	}
	for _, o := range memoryOptions {
		if _, answered := a.Lookup(o.key); !answered {
			continue
		}
		for _, p := range overriddenOption(w, o.key, o.prefix) {
			all = append(all, Result{ID: overrideRule, Guideline: 3, Status: Warn, Severity: Warning, Message: p.Message, Fix: p.Fix})
		}
	}
	return all
}

func verifyMemory(w *Workspace, f launchFile, o memoryOption, a *answers.Set) Result {
	value, place, ok := f.option(o.prefix)
	r := Result{ID: o.id, Guideline: 3, Status: OK, Place: place}
	if java := serverJava(w); o.key == keyPermGenMax && java >= 9 {
		if r.Message = fmt.Sprintf("%s has no %s, as Java %d wants it.", f.rel, permGenMaxOption, java); ok {
			r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("%s%s is still there.", permGenMaxOption, value)
		}
		return r
	}
	want, _ := parseMemory(a.Text(o.key))
	have, valid := parseMemory(value)
	if r.Message = fmt.Sprintf("%s is %s.", o.prefix, value); !ok || !valid || have != want {
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("%s should be %s and is %q.", o.prefix, memoryText(want), value)
	}
	return r
}

func (s jvm) Advice(w *Workspace, a *answers.Set) []Advice {
	var all []Advice
	for _, o := range memoryOptions {
		by, ok := overriding(w, o.prefix)
		if _, answered := a.Lookup(o.key); !ok || !answered {
			continue
		}
		all = append(all, Advice{
			Guideline: 3, Title: "JAVA_OPTS overrides " + o.name,
			Text: by.source + ", which wins over what is written into the scripts. Take it out where JAVA_OPTS is set for the server: the profile of its user, its service unit, or a script that starts it.",
		})
	}
	if r := auditJava(w.Install.Java); r.Status == Fail {
		all = append(all, Advice{Guideline: 3, Title: "The server needs another Java", Text: r.Message + " " + r.Fix})
	}
	return all
}
