package steps

import (
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func (s jvm) Validate(w *Workspace, a *answers.Set) []Problem {
	files, left, err := launchFiles(w)
	if err != nil {
		return nil // Plan names the file
	}
	sizes := heapSizes(w, files, a)
	var all []Problem
	all = append(all, heapOrder(sizes)...)
	all = append(all, belowMinimum(w, a)...)
	all = append(all, heapAndMemory(w, a)...)
	all = append(all, permGenAndJava(w, files, a)...)
	for _, o := range memoryOptions {
		if _, answered := a.Lookup(o.key); answered {
			all = append(all, overriddenOption(w, o.key, o.prefix)...)
		}
	}
	for _, u := range left {
		all = append(all, Problem{
			Severity: Warning, Key: "jvm", Message: u.String() + ". It is left as it is.",
			Fix: "It matters on Windows only. Change the JVM options in it by hand if the server is ever started with it.",
		})
	}
	return all
}

// heapSize is a size as it will be, with where it comes from.
type heapSize struct {
	bytes    uint64
	text     string
	where    string // "" = answered
	answered bool
	known    bool
}

func heapSizes(w *Workspace, files []launchFile, a *answers.Set) map[string]heapSize {
	sizes := map[string]heapSize{}
	for _, o := range memoryOptions {
		now := presentOption(w, files, o.prefix)
		h := heapSize{text: now.Text, where: now.Place.String()}
		if v, ok := a.Lookup(o.key); ok {
			h = heapSize{text: v.Text, answered: true}
		}
		h.bytes, h.known = parseMemory(h.text)
		sizes[o.key] = h
	}
	return sizes
}

func (h heapSize) String() string {
	if h.where == "" {
		return h.text
	}
	return h.text + ", " + h.where
}

// heapOrder holds that Java refuses an initial heap above the maximum ("Initial heap size set to a larger value than the maximum heap size").
func heapOrder(sizes map[string]heapSize) []Problem {
	initial, most := sizes[keyHeapInitial], sizes[keyHeapMax]
	if !initial.known || !most.known || initial.bytes <= most.bytes || !initial.answered && !most.answered {
		return nil
	}
	key := keyHeapInitial
	if !initial.answered {
		key = keyHeapMax
	}
	return []Problem{{
		Severity: Error, Key: key,
		Message: fmt.Sprintf("The initial heap (%s) would be larger than the maximum heap (%s), and Java would not start.", initial, most),
		Fix:     "Give an initial heap of at most the maximum.",
	}}
}

// minimum is what Carbon's own start-up check asks for.
type minimum struct {
	bytes uint64
	place carbon.Place
}

// heapMinimum reads etc/config-validation.xml, whose figures are megabytes. Below them JVMValidator logs a warning at each start and does nothing else.
func heapMinimum(w *Workspace, o memoryOption) minimum {
	if m, ok := validationFigure(w, "JVMValidator", o.minimum); ok {
		return m
	}
	return minimum{bytes: o.shipped}
}

func validationFigure(w *Workspace, validator, id string) (minimum, bool) {
	doc, err := w.XML(carbon.ConfigValidation)
	if err != nil {
		return minimum{}, false
	}
	for _, v := range doc.Find("/Configuration/Validator") {
		class, _ := v.Attr("class")
		if !strings.HasSuffix(class, "."+validator) {
			continue
		}
		for _, p := range v.Find("Parameter") {
			name, _ := p.Attr("id")
			n, err := strconv.ParseUint(p.Text(), 10, 32)
			if name == id && err == nil {
				return minimum{n * megabyte, carbon.Place{File: carbon.ConfigValidation, Line: p.Line()}}, true
			}
		}
	}
	return minimum{}, false
}

func belowMinimum(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	for _, o := range memoryOptions {
		if o.key == keyPermGenMax && serverJava(w) >= 8 {
			continue
		}
		bytes, ok := parseMemory(a.Text(o.key))
		least := heapMinimum(w, o)
		if !ok || bytes >= least.bytes {
			continue
		}
		message := fmt.Sprintf("%s is less than the %s that Carbon wants for %s", a.Text(o.key), memoryText(least.bytes), o.name)
		if place := least.place.String(); place != "" {
			message += " (" + place + ")"
		}
		all = append(all, Problem{
			Severity: Warning, Key: o.key, Message: message + "; it would log a warning at every start.",
			Fix: fmt.Sprintf("Give at least %s.", memoryText(least.bytes)),
		})
	}
	return all
}

// heapAndMemory refuses a heap that is as large as all memory, and warns of one that leaves less than about as much again for everything else.
func heapAndMemory(w *Workspace, a *answers.Set) []Problem {
	heap, ok := parseMemory(a.Text(keyHeapMax))
	limit := memoryLimit(w, a)
	if !ok {
		return nil
	}
	has := fmt.Sprintf("the %s that %s", memoryForPeople(limit.bytes), limit.what)
	fitting := memoryText(limit.fittingHeap())
	switch {
	case limit.bytes == 0:
		return []Problem{{
			Severity: Note, Key: keyHeapMax, Message: "How much memory this machine has is not known, so the heap was not judged against it.",
			Fix: fmt.Sprintf("See that the server's machine has about %s.", memoryForPeople(2*heap)),
		}}
	case heap >= limit.bytes:
		return []Problem{{
			Severity: Error, Key: keyHeapMax,
			Message: fmt.Sprintf("A heap of %s does not fit into %s: the server would swap or be killed before the heap is full.", a.Text(keyHeapMax), has),
			Fix:     fmt.Sprintf("Give at most %s; or, if the server will run on another machine, say in %s how much memory that one has.", fitting, keyHostMemory),
		}}
	case limit.scant(heap):
		return []Problem{{
			Severity: Warning, Key: keyHeapMax,
			Message: fmt.Sprintf("A heap of %s wants about %s of memory, and this is more than %s. PermGen, threads and buffers lie beside the heap.",
				a.Text(keyHeapMax), memoryForPeople(2*heap), has),
			Fix: fmt.Sprintf("Give at most %s, or more memory to the machine.", fitting),
		}}
	}
	return nil
}

// permGenAndJava: MaxPermSize is for Java 6 and 7. Java 8 to 16 ignore it with a warning, and 17 is "Unrecognized VM option" and does not start.
// Java 9 dropped -Djava.endorsed.dirs, which both scripts pass, and does not start with it.
func permGenAndJava(w *Workspace, files []launchFile, a *answers.Set) []Problem {
	java := w.Install.Java
	if java.OnPath {
		return permGenUnknown(java, a)
	}
	_, answered := a.Lookup(keyPermGenMax)
	present := presentOption(w, files, permGenMaxOption)
	var all []Problem
	if java.Major >= 9 {
		all = append(all, Problem{
			Severity: Warning, Key: "jvm",
			Message: fmt.Sprintf("The server would be started with Java %s (%s), and Carbon 4.2.0 does not start with Java 9 or later: its scripts pass -Djava.endorsed.dirs, which Java no longer knows.", java.Version, java.Source),
			Fix:     "Set JAVA_HOME to a JDK 7.",
		})
	}
	switch {
	case answered && java.Major >= 9:
		all = append(all, Problem{
			Severity: Warning, Key: keyPermGenMax,
			Message: fmt.Sprintf("Java %d has no PermGen; this answer is not written, and -XX:MaxPermSize is taken out where it stands.", java.Major),
			Fix:     "Leave " + keyPermGenMax + " out, or set JAVA_HOME to a JDK 7 first.",
		})
	case java.Major >= 9 && present.Text != "":
		all = append(all, Problem{
			Severity: Note, Key: "jvm",
			Message: fmt.Sprintf("-XX:MaxPermSize (%s) is taken out: Java %d has no PermGen, and Java 17 does not start with the option.", present.Place, java.Major),
			Fix:     "Nothing is to be done.",
		})
	case answered && java.Major == 8:
		all = append(all, Problem{
			Severity: Note, Key: keyPermGenMax, Message: "Java 8 has no PermGen: it ignores -XX:MaxPermSize and says so at each start.",
			Fix: "Nothing is to be done. The value is written, for a Java 7 that may come.",
		})
	case java.Major == 0:
		all = append(all, permGenUnknown(java, a)...)
	}
	return all
}

// permGenUnknown says what is assumed where nothing tells which Java the server will have.
func permGenUnknown(java carbon.Java, a *answers.Set) []Problem {
	if _, answered := a.Lookup(keyPermGenMax); !answered {
		return nil
	}
	why := strings.TrimSuffix(java.Problem, ".")
	if java.OnPath {
		why = fmt.Sprintf("JAVA_HOME is set nowhere that can be seen from here, and wso2server.sh does not take the Java %s on the PATH", java.Version)
	}
	return []Problem{{
		Severity: Note, Key: keyPermGenMax, Message: "Which Java will start the server is not known (" + why + "), so Java 7 is assumed, which has a PermGen.",
		Fix: "Set JAVA_HOME as the server will have it and run carbon-setup again if it is Java 9 or later, for Java 17 does not start with -XX:MaxPermSize.",
	}}
}

// overriddenOption says that what is written will not be in force. Where the script itself holds the other value it is refused, as the editor refuses it.
func overriddenOption(w *Workspace, key, prefix string) []Problem {
	files, _, err := launchFiles(w)
	if err != nil {
		return nil
	}
	for _, f := range files {
		if by, ok := f.assigned(prefix); ok {
			return []Problem{{
				Severity: Error, Key: key, Message: by.source + ", and puts the variable on the command line of the server, where it would win over what is written here.",
				Fix: "Take the option out of the variable, and give the value here.",
			}}
		}
	}
	by, ok := overriding(w, prefix)
	if !ok {
		return nil
	}
	return []Problem{{
		Severity: Warning, Key: key, Message: by.source + ". It comes after the script's own options, so it wins, and what is written here has no effect while it is set.",
		Fix: "Take the option out of JAVA_OPTS, wherever it is set for the server.",
	}}
}
