package steps

import "carbon-setup/internal/answers"

// Teller is a Step that can say what answers turn out to be as soon as they are given: the key in a file, until when it is valid.
type Teller interface {
	// Tell returns sentences by the key of the answer that they are about. It may read files, and is not called while a screen is drawn.
	Tell(w *Workspace, a *answers.Set) map[string]string
}
