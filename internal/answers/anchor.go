package answers

import (
	"path/filepath"
	"slices"
)

// Anchored returns the answers as they can be read from any folder: a path that is not absolute starts in dir, or in the folder of the file that it came
// from, unless ~ or $ says where it starts. An empty dir is the folder that the program works in.
func (s *Set) Anchored(dir string) *Set {
	out := s.Clone()
	s.each(s.tree, "", func(spec Spec, v Value) {
		from := resolving{Resolver: Resolver{Dir: dir}}
		if v.At.File != "" {
			from.Dir = filepath.Dir(v.At.File)
		}
		switch {
		case spec.Kind == Path:
			v.Text = from.absolute(v.Text)
		case spec.Paths:
			v.List = slices.Clone(v.List)
			for i, path := range v.List {
				v.List[i] = from.absolute(path)
			}
		default:
			return
		}
		out.values[spec.Key] = v
	})
	return out
}
