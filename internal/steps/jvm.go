package steps

import (
	"fmt"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// jvm is guideline 3: the Java that runs the server, and its memory.
type jvm struct{ base }

const (
	keyHeapInitial = "jvm.heap_initial"
	keyHeapMax     = "jvm.heap_max"
	keyPermGenMax  = "jvm.permgen_max"
	keyHostMemory  = "jvm.host_memory"

	heapInitialOption = "-Xms"
	heapMaxOption     = "-Xmx"
	permGenMaxOption  = "-XX:MaxPermSize="
	permGenOption     = "-XX:PermSize="
)

// memoryOption is one of the three sizes of the guideline.
type memoryOption struct {
	key, prefix string
	name        string // "the initial heap"
	minimum     string // id of the Parameter in config-validation.xml
	shipped     uint64 // the minimum where that file does not tell one; the distribution's own
	id          string // of the audit rule
}

var memoryOptions = []memoryOption{
	{keyHeapInitial, heapInitialOption, "the initial heap", "initHeapSize", 256 * megabyte, "CS-3.2"},
	{keyHeapMax, heapMaxOption, "the maximum heap", "maxHeapSize", 512 * megabyte, "CS-3.3"},
	{keyPermGenMax, permGenMaxOption, "the PermGen space", "maxPermGenSize", 256 * megabyte, "CS-3.4"},
}

func (jvm) Info() Info {
	return Info{
		ID: "jvm", Section: "jvm", Guideline: 3, Title: "JVM",
		Why: `Carbon 4.2.0 is made for Java 6 (from update 24 on) and Java 7, and ships with the memory of a developer's machine: a heap of 1 GB and a
PermGen space of 256 MB. A server with more than a few services stops with "OutOfMemoryError: PermGen space", mostly on a redeployment.

The guideline's values are -Xms512m -Xmx2048m -XX:MaxPermSize=1024m, on a machine with about twice the memory of the heap: 4 GB for a heap of 2 GB.
The heap is not all: PermGen, threads and buffers lie beside it, and a server that swaps is slower than one with a small heap.

The options stand in bin/wso2server.sh, and again in bin/wso2server.bat and bin/yajsw/wrapper.conf for Windows. JAVA_OPTS of the environment comes later on
the same command line, and of an option given twice Java takes the last.`,
	}
}

func (jvm) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyHeapInitial, Kind: answers.Size, Label: "Initial heap", Example: "512m",
			Help: "-Xms: the heap that the server starts with. Not more than the maximum.",
		},
		{
			Key: keyHeapMax, Kind: answers.Size, Label: "Maximum heap", Example: "2048m",
			Help: "-Xmx: the most that the heap can grow to. The machine should have about twice as much memory.",
		},
		{
			Key: keyPermGenMax, Kind: answers.Size, Label: "Maximum PermGen", Example: "1024m",
			Help: "-XX:MaxPermSize: room for classes, for Java 6 and 7. Java 8 ignores it; for Java 9 and later the option is taken out, for Java 17 does not start with it.",
		},
		{
			Key: keyHostMemory, Kind: answers.Size, Label: "Memory of the server's machine", Example: "8g",
			Help: "Only when the install is prepared on another machine than the one it will run on: the heap is judged against this instead of the memory found here. Nothing is written.",
		},
	}
}

func (jvm) Applies(w *Workspace) (bool, string) {
	for _, rel := range []string{carbon.ServerSH, carbon.ServerBAT, carbon.WrapperConf} {
		if w.Has(rel) {
			return true, ""
		}
	}
	return false, "This install has none of the files that start the server (bin/wso2server.sh, bin/wso2server.bat)."
}

func (s jvm) Fields(w *Workspace, a *answers.Set) []Field {
	specs := s.Specs()
	limit := memoryLimit(w, a)
	files, _, _ := launchFiles(w)
	var fields []Field
	for i, o := range memoryOptions {
		if o.key == keyPermGenMax && serverJava(w) >= 9 {
			continue
		}
		f := Field{Spec: specs[i], Check: checkMemory, Now: presentOption(w, files, o.prefix)}
		f.Default, f.DefaultFrom = proposedMemory(o, f.Now.Text, limit)
		fields = append(fields, f)
	}
	if _, answered := a.Lookup(keyHostMemory); answered || tooLarge(a.Text(keyHeapMax), limit) {
		fields = append(fields, Field{Spec: specs[3], Check: checkMemory, Now: Present{Note: "not written to any file"}})
	}
	return fields
}

// presentOption is an option of the file that starts the server on this machine.
func presentOption(w *Workspace, files []launchFile, prefix string) Present {
	if len(files) == 0 {
		return Present{Note: carbon.ServerSH + " cannot be read"}
	}
	f := launchFileInUse(w, files)
	value, place, ok := f.option(prefix)
	if !ok {
		return Present{Note: "not set in " + f.rel + ": Java decides", Place: carbon.Place{File: f.rel}}
	}
	return Present{Text: value, Place: place}
}

// launchFileInUse is the file that starts the server on this kind of machine. files is not empty.
func launchFileInUse(w *Workspace, files []launchFile) launchFile {
	if w.Install.Host.OS == "windows" {
		for _, f := range files {
			if f.rel == carbon.ServerBAT {
				return f
			}
		}
	}
	return files[0]
}

// limitedMemory is the memory that the heap is judged against, and a clause that says whose it is; 0 = unknown.
type limitedMemory struct {
	bytes uint64
	what  string
}

func memoryLimit(w *Workspace, a *answers.Set) limitedMemory {
	if bytes, ok := parseMemory(a.Text(keyHostMemory)); ok && bytes > 0 {
		return limitedMemory{bytes, "the machine of jvm.host_memory has"}
	}
	return hostMemory(w)
}

// hostMemory is the limit of the control group where it has one, else the physical memory.
func hostMemory(w *Workspace) limitedMemory {
	h := w.Install.Host
	if h.Cgroup > 0 && (h.Memory == 0 || h.Cgroup < h.Memory) {
		return limitedMemory{h.Cgroup, "the control group that carbon-setup runs in may use"}
	}
	return limitedMemory{h.Memory, "this machine has"}
}

// scant reports less memory than "about twice the heap". A machine sold with 4 GB reports some less, hence not quite twice.
func (l limitedMemory) scant(heap uint64) bool { return l.bytes > 0 && l.bytes/9 < heap/5 }

// fittingHeap is the largest heap that leaves as much memory beside it, and not less than Carbon needs.
func (l limitedMemory) fittingHeap() uint64 {
	return max(l.bytes/2/(128*megabyte)*(128*megabyte), 512*megabyte)
}

// tooLarge reports a heap that fills all memory: the JVM would be killed or swap before it is full.
func tooLarge(heap string, l limitedMemory) bool {
	bytes, ok := parseMemory(heap)
	return ok && l.bytes > 0 && bytes >= l.bytes
}

// proposal returns the guideline's sizes, scaled down where they do not fit into the memory.
func proposal(l limitedMemory) (sizes map[string]uint64, scaled bool) {
	sizes = map[string]uint64{keyHeapInitial: 512 * megabyte, keyHeapMax: 2 * gigabyte, keyPermGenMax: gigabyte}
	if !l.scant(sizes[keyHeapMax]) {
		return sizes, false
	}
	heap := l.fittingHeap()
	sizes[keyHeapMax] = heap
	sizes[keyHeapInitial] = min(sizes[keyHeapInitial], heap)
	sizes[keyPermGenMax] = min(sizes[keyPermGenMax], max(heap/2/(64*megabyte)*(64*megabyte), 256*megabyte))
	return sizes, true
}

// proposedMemory is the default of a question. A value in force that is at least the proposal and fits stays.
func proposedMemory(o memoryOption, now string, l limitedMemory) (text, from string) {
	sizes, scaled := proposal(l)
	want := sizes[o.key]
	if bytes, ok := parseMemory(now); ok && bytes >= want && (o.key != keyHeapMax || !l.scant(bytes)) {
		return memoryText(bytes), "the present value"
	}
	if scaled {
		return memoryText(want), fmt.Sprintf("the guideline, scaled to the %s that %s", memoryForPeople(l.bytes), l.what)
	}
	return memoryText(want), "the guideline"
}

func (s jvm) Plan(w *Workspace, a *answers.Set) error {
	files, _, err := launchFiles(w)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := planLaunchFile(w, f, a); err != nil {
			return err
		}
	}
	return nil
}

// serverJava is the major version of the Java that starts the server; 0 = unknown. A java on the PATH tells nothing: wso2server.sh refuses to
// start without JAVA_HOME, so it will be another one.
func serverJava(w *Workspace) int {
	if w.Install.Java.OnPath {
		return 0
	}
	return w.Install.Java.Major
}

func planLaunchFile(w *Workspace, f launchFile, a *answers.Set) error {
	java := serverJava(w)
	for _, o := range memoryOptions {
		want, ok := parseMemory(a.Text(o.key))
		if !ok || o.key == keyPermGenMax && java >= 9 {
			continue
		}
		if err := setMemory(f, o, want); err != nil {
			return err
		}
	}
	if java < 9 {
		return nil
	}
	for _, prefix := range []string{permGenMaxOption, permGenOption} {
		if err := f.remove(prefix, fmt.Sprintf("Java %d has no PermGen, and later ones do not start with the option", java)); err != nil {
			return err
		}
	}
	return nil
}

// setMemory leaves a value alone that is the same size in another unit.
func setMemory(f launchFile, o memoryOption, want uint64) error {
	now, _, ok := f.option(o.prefix)
	if bytes, valid := parseMemory(now); ok && valid && bytes == want {
		return nil
	}
	return f.set(o.prefix, memoryText(want), o.name[len("the "):]+" of the JVM")
}
