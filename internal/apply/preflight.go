package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"syscall"
)

// job is what a run is asked to do: what Apply and Restore have in common.
type job struct {
	kind     string
	restores string
	plan     *Plan
	hash     string
	want     map[string]wanted // of a restore, by path
	remove   []dirState        // folders to remove when they are empty, innermost first
	known    []dirState        // folders that an earlier run has removed: they are made again as they were
	undoes   []actionSummary   // actions of the earlier run, the last first
	warnings []string
}

// wanted is what a restore knows of a file beyond its bytes.
type wanted struct {
	target string     // the file itself, as the earlier run had found it
	state  *fileState // attributes to give back; nil: the file goes
	edited string     // where the present bytes are saved aside, "" = they are not
}

// item is one change and what preflight has found out about its target.
type item struct {
	change *Change
	entry  entry
	info   Info // of the target; zero when it is created
}

// survey is the result of a preflight.
type survey struct {
	items    []item
	dirs     []dirState // to make, outermost first
	problems []Problem
	stale    []string
	warnings []string
}

func (s *survey) problem(p, message, fix string) {
	s.problems = append(s.problems, Problem{Path: p, Message: message, Fix: fix})
}

// Preflight checks rights, space, read-only mounts, running server, symlink targets and staleness, all at once, and writes nothing.
func Preflight(ctx context.Context, p *Plan, o Options) []Problem {
	o = o.withDefaults()
	if err := p.check(); err != nil {
		return []Problem{{Message: err.Error() + ".", Fix: "This is a fault of carbon-setup: please report it."}}
	}
	tree, err := o.System.Open(p.Home)
	if err != nil {
		return []Problem{{Path: p.Home, Message: "The install cannot be opened: " + reason(err) + "."}}
	}
	defer tree.Close()
	s := inspect(ctx, tree, &job{kind: kindApply, plan: p}, o)
	return append(s.problems, staleProblems(s.stale)...)
}

// Outside returns a problem for every file of a plan that is reached by a link out of the home: Apply refuses it. It only reads.
func Outside(p *Plan) []Problem {
	tree, err := ReadOnly().Open(p.Home)
	if err != nil {
		return nil // there are other ways to find out
	}
	defer tree.Close()
	var problems []Problem
	links := newResolver(tree)
	for i := range p.Changes {
		var outside *outsideError
		if _, err := links.resolve(p.Changes[i].Path); errors.As(err, &outside) {
			problems = append(problems, outside.problem(p.Changes[i].Path))
		}
	}
	return problems
}

func staleProblems(files []string) []Problem {
	var problems []Problem
	for _, f := range files {
		problems = append(problems, Problem{Path: f, Message: "The file has changed since the plan was made.", Fix: "Plan again and review the new diff."})
	}
	return problems
}

// inspector makes a survey.
type inspector struct {
	survey
	tree     Reader
	me       Identity
	resolver *resolver
	job      *job
	looked   map[string]bool  // folders whose rights have been looked at, and whether files can be made there
	making   map[string]Info  // folders that will be made, with the rights they get
	places   map[string]Space // by folder
	needs    map[uint64]*need // by device
}

func inspect(ctx context.Context, tree Tree, j *job, o Options) *survey {
	in := &inspector{
		tree: tree, me: tree.Me(), resolver: newResolver(tree), job: j,
		looked: map[string]bool{}, making: map[string]Info{}, places: map[string]Space{}, needs: map[uint64]*need{},
	}
	in.warnings = j.warnings
	total := len(j.plan.Changes) + 1
	o.Progress(Event{Stage: StagePreflight, Total: total})
	in.server(ctx, o)
	in.stateFolder()
	for i := range j.plan.Changes {
		if ctx.Err() != nil {
			return &in.survey
		}
		c := &j.plan.Changes[i]
		in.change(c)
		o.Progress(Event{Stage: StagePreflight, Path: c.Path, Done: i + 1, Total: total})
	}
	in.twice()
	in.room()
	o.Progress(Event{Stage: StagePreflight, Done: total, Total: total})
	return &in.survey
}

func (in *inspector) server(ctx context.Context, o Options) {
	if o.Running == nil {
		return
	}
	switch pid, err := o.Running(ctx); {
	case err != nil:
		in.problem("", "Whether a server runs from this install cannot be told: "+err.Error()+".", "Make sure that it is stopped, and try again as a user who may see its process.")
	case pid != 0:
		in.problem("", fmt.Sprintf("A server runs from this install (process %d). It would read some files old and some new.", pid), "Stop it first: bin/wso2server.sh stop")
	}
}

// stateFolder looks at the folder that lock, journal and backups go to.
func (in *inspector) stateFolder() {
	dir := StateDir
	info, err := in.tree.Stat(StateDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir = "."
	case err != nil:
		in.problem(StateDir, "The folder for backups cannot be looked at: "+reason(err)+".", in.fix(err))
		return
	case !info.Mode.IsDir():
		in.problem(StateDir, "The name is taken by something that is not a folder; backups go there.", "Move it out of the way.")
		return
	}
	if err := in.tree.Writable(dir); err != nil {
		in.problem(StateDir, "Backups cannot be written: "+in.whyNot(err, dir), in.fix(err))
		return
	}
	const ownFiles = 256 << 10 // manifest, journal, report, log
	in.take(dir, ownFiles, 16)
	if dir != StateDir {
		return
	}
	if err := in.tree.Writable(runsDir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		in.problem(runsDir, "Backups cannot be written: "+in.whyNot(err, runsDir), in.fix(err))
	}
	if info, err := in.tree.Stat(auditFile); err == nil && (!info.Mode.IsRegular() || !in.me.root() && info.UID != in.me.UID) {
		in.problem(auditFile, fmt.Sprintf("The audit trail cannot be written: it belongs to %s, and we run as %s.", ownerOf(info), userName(in.me.UID)), runAs(userName(info.UID)))
	}
	in.unfinished()
}

// unfinished refuses a run on top of one that was cut off.
func (in *inspector) unfinished() {
	run, err := unfinished(in.tree)
	switch {
	case err != nil:
		in.problem(runsDir, "Earlier runs cannot be read: "+reason(err)+".", in.fix(err))
	case run != nil:
		in.problem("", "Run "+run.ID+" was cut off before it was done.", "Start carbon-setup again without arguments: it finishes that run or takes it back first.")
	}
}

// change looks at one file, and books it when it can be changed.
func (in *inspector) change(c *Change) {
	want, restoring := in.job.want[c.Path]
	name := c.Path
	if restoring {
		name = want.target
	}
	target, err := in.resolver.resolve(name)
	if err != nil {
		in.unresolved(c, err)
		return
	}
	if restoring && target != name {
		in.problem(c.Path, "It, or a folder on the way to it, has become a link since the run; it leads to "+target+" now.", "Put the file back in its place.")
		return
	}
	it := item{change: c, entry: entry{Path: c.Path, Target: target, Op: c.Op, Guidelines: c.guidelines(), SecretsBefore: c.SecretsBefore, SecretsAfter: c.SecretsAfter}}
	ok := in.before(&it)
	if !in.folder(c.Path, it.entry.dir()) || !ok {
		return
	}
	in.after(&it, want)
	in.book(&it)
	in.items = append(in.items, it)
}

func (in *inspector) unresolved(c *Change, err error) {
	var outside *outsideError
	if errors.As(err, &outside) {
		p := outside.problem(c.Path)
		in.problem(p.Path, p.Message, p.Fix)
		return
	}
	in.problem(c.Path, "It cannot be looked at: "+reason(err)+".", in.fix(err))
}

// before compares the target with what the plan was made from, and says what it is.
func (in *inspector) before(it *item) bool {
	c, target := it.change, it.entry.Target
	info, err := in.tree.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if c.Op != Create {
			in.stale = append(in.stale, c.Path)
		}
		return c.Op == Create
	case err != nil:
		in.problem(c.Path, "It cannot be looked at: "+reason(err)+".", in.fix(err))
		return false
	case c.Op == Create:
		in.stale = append(in.stale, c.Path)
		return false
	case !info.Mode.IsRegular():
		in.problem(c.Path, "It is not a file.", "Put the file back, or leave out the guideline that changes it.")
		return false
	}
	it.info = info
	return in.replaceable(c.Path, target, info) && in.unchanged(it)
}

func (in *inspector) unchanged(it *item) bool {
	c := it.change
	data, err := in.tree.ReadFile(it.entry.Target)
	if err != nil {
		in.problem(c.Path, "It cannot be read: "+in.whyNot(err, it.entry.Target), in.fix(err))
		return false
	}
	if !bytes.Equal(data, c.Before) {
		in.stale = append(in.stale, c.Path)
		return false
	}
	attrs, err := in.tree.Xattrs(it.entry.Target)
	if err != nil {
		in.problem(c.Path, "Its extended attributes cannot be read: "+reason(err)+".", in.fix(err))
		return false
	}
	mtime := it.info.MTime
	it.entry.Before = &fileState{
		SHA256: sum(data), Size: int64(len(data)), Mode: octal(it.info.Mode.Perm()),
		UID: it.info.UID, GID: it.info.GID, MTime: &mtime, Xattrs: attrs,
	}
	return true
}

// replaceable looks at what forbids putting another file in the place of one.
func (in *inspector) replaceable(name, target string, info Info) bool {
	found := len(in.problems)
	if info.Mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
		in.problem(name, "It has the set-user-id, set-group-id or sticky bit, which a configuration file has no use for.", "Take the bit off: chmod u-s,g-s,-t "+target)
	}
	if !in.me.root() && info.UID != in.me.UID {
		in.problem(name, fmt.Sprintf("It belongs to %s, and we run as %s: the new file could not be given back to its owner.", ownerOf(info), userName(in.me.UID)),
			runAs(userName(info.UID)))
	} else if !in.me.inGroup(info.GID) {
		in.problem(name, fmt.Sprintf("It belongs to %s, and %s is not in that group: the new file could not be given back to it.", ownerOf(info), userName(in.me.UID)),
			runAs("a member of "+groupName(info.GID)))
	}
	special, err := in.tree.Special(target)
	switch {
	case err != nil && !unsupported(err):
		in.problem(name, "It cannot be looked at: "+reason(err)+".", in.fix(err))
	case special.Immutable:
		in.problem(name, "It is marked immutable.", "Take the mark off: chattr -i "+target)
	case special.AppendOnly:
		in.problem(name, "It is marked append-only.", "Take the mark off: chattr -a "+target)
	case special.Mount:
		in.problem(name, "It is a mount of its own, as when one file is mounted into a container; it cannot be replaced.", "Change the file where it comes from, or mount its whole folder.")
	}
	if info.Links > 1 {
		in.warnings = append(in.warnings, fmt.Sprintf("%s has %d names (hard links). The others keep the old content.", name, info.Links))
	}
	return len(in.problems) == found
}

// after says what the target has to be afterwards.
func (in *inspector) after(it *item, want wanted) {
	c := it.change
	if c.Op == Remove {
		return
	}
	after := &fileState{SHA256: sum(c.After), Size: int64(len(c.After))}
	switch {
	case want.state != nil:
		after.Mode, after.UID, after.GID, after.MTime, after.Xattrs = want.state.Mode, want.state.UID, want.state.GID, want.state.MTime, want.state.Xattrs
		if !in.me.root() && after.UID != in.me.UID || !in.me.inGroup(after.GID) {
			after.UID, after.GID = in.me.UID, in.me.GID
			in.warnings = append(in.warnings, fmt.Sprintf("%s belonged to %s:%s, and only root can give it back.", c.Path, userName(want.state.UID), groupName(want.state.GID)))
		}
	case c.Op == Modify:
		b := it.entry.Before
		after.Mode, after.UID, after.GID, after.Xattrs = b.Mode, b.UID, b.GID, b.Xattrs
	default:
		dir := in.parentInfo(it.entry.dir())
		after.Mode = octal(c.createMode())
		after.UID, after.GID = in.newOwner(dir)
	}
	it.entry.After = after
}

// newOwner is who a new file in a folder belongs to: root gives it to the owner of the folder, as the server has to be able to read it.
func (in *inspector) newOwner(dir Info) (uid, gid int) {
	if in.me.root() {
		return dir.UID, dir.GID
	}
	if dir.Mode&fs.ModeSetgid != 0 {
		return in.me.UID, dir.GID
	}
	return in.me.UID, in.me.GID
}

func (in *inspector) parentInfo(dir string) Info {
	if info, ok := in.making[dir]; ok {
		return info
	}
	info, err := in.tree.Stat(dir)
	if err != nil {
		return Info{Mode: 0o755, UID: in.me.UID, GID: in.me.GID}
	}
	return info
}

// folder looks, once, at the rights to put files into a folder, and books the folders that have to be made.
func (in *inspector) folder(name, dir string) bool {
	if ok, seen := in.looked[dir]; seen {
		return ok
	}
	ok := in.lookAtFolder(name, dir)
	in.looked[dir] = ok
	return ok
}

func (in *inspector) lookAtFolder(name, dir string) bool {
	info, err := in.tree.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !in.folder(name, path.Dir(dir)) {
			return false
		}
		parent := in.parentInfo(path.Dir(dir))
		made := parent
		made.UID, made.GID = in.newOwner(parent)
		for _, d := range in.job.known {
			if d.Path == dir && in.me.root() {
				made.Mode, made.UID, made.GID = fs.ModeDir|d.Mode.perm(), d.UID, d.GID
			}
		}
		in.making[dir] = made
		in.dirs = append(in.dirs, dirState{Path: dir, Mode: octal(made.Mode.Perm()), UID: made.UID, GID: made.GID})
		return true
	case err != nil:
		in.problem(name, "Its folder "+dir+" cannot be looked at: "+reason(err)+".", in.fix(err))
		return false
	case !info.Mode.IsDir():
		in.problem(name, dir+" is not a folder.", "Put the folder back, or leave out the guideline that changes the file.")
		return false
	}
	if err := in.tree.Writable(dir); err != nil {
		in.problem(name, "Its folder cannot be written to: "+in.whyNot(err, dir), in.fix(err))
		return false
	}
	if special, err := in.tree.Special(dir); err == nil && (special.Immutable || special.AppendOnly) {
		in.problem(name, "Its folder "+dir+" is marked immutable or append-only.", "Take the mark off: chattr -i -a "+dir)
		return false
	}
	if info.Mode&fs.ModeSticky != 0 && !in.me.root() && info.UID != in.me.UID {
		in.problem(name, fmt.Sprintf("Its folder belongs to %s with the sticky bit set: only the owner can replace files in it.", ownerOf(info)), runAs(userName(info.UID)))
		return false
	}
	return true
}

// twice refuses two changes that turn out to be of one file.
func (in *inspector) twice() {
	by := map[string]string{}
	for i := range in.items {
		e := &in.items[i].entry
		if first, ok := by[e.Target]; ok {
			in.problem(e.Path, "It is the same file as "+first+", by a link; the plan changes both.", "Put a file in the place of the link.")
		}
		by[e.Target] = e.Path
	}
}

// whyNot says why the system refuses, with the rights that count.
func (in *inspector) whyNot(err error, name string) string {
	why := reason(err)
	if info, err2 := in.tree.Stat(name); err2 == nil && errors.Is(err, fs.ErrPermission) {
		why += fmt.Sprintf("; %s belongs to %s, and we run as %s", name, ownerOf(info), userName(in.me.UID))
	}
	return why + "."
}

// fix is what to do about an error of the system.
func (in *inspector) fix(err error) string {
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		return "Put the folders and links on the way to it back, or leave out the guideline that changes it."
	case errors.Is(err, fs.ErrPermission) && !in.me.root():
		if home, err := in.tree.Stat("."); err == nil && home.UID != in.me.UID && home.UID != 0 {
			return "Run carbon-setup as root or as " + userName(home.UID) + ", to whom the install belongs."
		}
		return "Run carbon-setup as root, or correct owner and mode."
	case errors.Is(err, syscall.EROFS):
		return "Mount the file system writable and try again."
	}
	return "Look for what withholds it (a mount option, a security module, the disk) and try again."
}

// runAs names who may do it.
func runAs(also string) string {
	if also == userName(0) {
		return "Run carbon-setup as root."
	}
	return "Run carbon-setup as root or as " + also + "."
}

// stillThere reports whether the targets are what preflight has seen; it asks for attributes only.
func stillThere(tree Reader, items []item) []string {
	var moved []string
	for i := range items {
		it := &items[i]
		info, err := tree.Stat(it.entry.Target)
		switch {
		case it.entry.Before == nil && errors.Is(err, fs.ErrNotExist):
		case it.entry.Before != nil && err == nil && info.same(it.info):
		default:
			moved = append(moved, it.change.Path)
		}
	}
	return moved
}
